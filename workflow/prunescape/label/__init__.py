"""The label of a network: how far it can be pruned, what that breaks, and what noise does then."""
