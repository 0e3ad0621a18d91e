"""Old names of rules, and their new names, for messages."""

from collections.abc import Iterable

RULES = {
    "check": "check_network",
    "check_noise": "check_gradient_noise",
    "compare": "compare_published",
}
"""Old name of a rule -> new name."""


def check_rules(names: Iterable[str]) -> None:
    """Check that no name is a rule's old one; Snakemake would ignore it in a profile.

    Raises:
        ValueError: if there are old names, with the new ones.
    """
    old = [f"{name} is now {RULES[name]}" for name in sorted(set(names) & set(RULES))]
    if old:
        raise ValueError(f"the profile or command line names rules of old: {', '.join(old)}")
