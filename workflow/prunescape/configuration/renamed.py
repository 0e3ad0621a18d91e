"""Names that users wrote and that have changed: told where an old one is met."""

from collections.abc import Iterable

CRITERIA = {"obd": "obd_empirical"}
"""Old name of a criterion -> its name now."""
RULES = {
    "check": "check_network",
    "check_noise": "check_gradient_noise",
    "compare": "compare_published",
}
"""Old name of a rule -> its name now."""


def check_rules(names: Iterable[str]) -> None:
    """Look whether rules are called by old names, which Snakemake ignores in a profile.

    Raises:
        ValueError: if some are, with their names of today.
    """
    old = [f"{name} is now {RULES[name]}" for name in sorted(set(names) & set(RULES))]
    if old:
        raise ValueError(f"the profile or command line names rules of old: {', '.join(old)}")
