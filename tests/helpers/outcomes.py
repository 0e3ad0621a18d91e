"""What faults were tried and what became of them, kept by tests for docs/reliability.md.

`python -m tests.helpers.outcomes` prints the tables of the page from what the tests have kept.
"""

import json
from collections.abc import Iterable

from tests.helpers.killing import ALL, Kill
from tests.helpers.places import ROOT

KEPT = ROOT / "tests" / "artefacts" / "faults"


def keep(fault: str, tries: int, outcome: str, kills: Iterable[Kill] = ()) -> None:
    """Keep what became of a fault, under its name; the next time replaces it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    record = {"fault": fault, "tries": tries, "outcome": outcome}
    record["kills"] = [kill._asdict() for kill in kills]
    name = "".join(letter if letter.isalnum() else "_" for letter in fault)
    (KEPT / f"{name}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def main() -> None:
    """Print the tables."""
    records = [json.loads(path.read_text()) for path in sorted(KEPT.glob("*.json"))]
    print("| fault | tries | outcome |\n|---|---|---|")
    for record in records:
        print(f"| {record['fault']} | {record['tries']} | {record['outcome']} |")
    print("\n| rule | kills | of the job, of the run | at seconds of seconds |\n|---|---|---|---|")
    kills = [Kill(**kill) for record in records for kill in record["kills"]]
    for rule in dict.fromkeys(kill.rule for kill in kills):
        found = [kill for kill in kills if kill.rule == rule]
        runs = sum(kill.what == ALL for kill in found)
        moments = ", ".join(f"{kill.at:.1f} of {kill.of:.1f}" for kill in found)
        print(f"| {rule} | {len(found)} | {len(found) - runs}, {runs} | {moments} |")


if __name__ == "__main__":
    main()
