"""The explorer: one page with the whole table in it, for reading without a server or a network."""
