"""What changed between two versions of the tables."""

import pytest

from tools.versioning import tables

CLAIMS = "id,estimate,verdict\ng1,{},{}\ng2,3.0,holds\n"
HEADING = f"{','.join(tables.KEY)},replicate,accuracy,nll\n"


def rows(**arms):
    lines = []
    for criterion, values in arms.items():
        for number, value in enumerate(values, 1):
            key = ["graves", "mnist", "logistic", "vi", criterion, *"abcdefghi"]
            lines.append(",".join([*key, str(number), str(value), "0"]))
    return tables.read(HEADING + "\n".join(lines))


def test_claims():
    before = tables.read(CLAIMS.format("1.5", "holds"))
    after = tables.read(CLAIMS.format("0.5", "undecided") + "g3,1.0,holds\n")

    first, second = tables.claims(before, after)

    assert first == ("g1", 1.5, 0.5, "holds -> undecided")
    assert first.difference == -1.0
    assert second == ("g3", None, 1.0, "none -> holds")
    assert second.difference is None
    assert tables.claims(before, before) == []


def test_scores_are_means_over_replicates_with_the_greatest_change_first():
    before = rows(snr=[0.8, 0.6], magnitude=[0.5, 0.5], random=[0.1, 0.1])
    after = rows(snr=[0.9, 0.7], magnitude=[0.1, 0.5], random=[0.1, 0.1], fresh=[1.0])

    found = tables.scores(before, after)

    assert [change.name.split()[4] for change in found] == ["magnitude", "snr", "fresh"]
    assert [change.difference for change in found] == [
        pytest.approx(-0.2),
        pytest.approx(0.1),
        None,
    ]


def test_replicates_in_another_order_are_no_change():
    before = rows(snr=[0.8, 0.6])
    assert tables.scores(before, before[::-1]) == []


def test_files():
    before, after = {"a": "1", "b": "1", "c": "1"}, {"b": "2", "c": "1", "d": "1"}
    assert tables.files(before, after) == [("a", "removed"), ("b", "changed"), ("d", "added")]


def test_a_table():
    changes = [tables.Change("g1", 1.5, 0.5, "holds"), tables.Change("g2", None, 2.0)]
    assert list(tables.render(changes, "claim", 1)) == [
        "claim     before      after  difference",
        "g1        1.5000     0.5000     -1.0000  holds",
        "... and 1 more (--all shows them)",
    ]
    assert list(tables.render([], "claim", 1)) == ["claim: no change"]


def test_the_command(restored):
    revision = restored.head()

    same = restored.make("diff", f"REV={revision}")
    path = restored.root / "results" / "tiny" / "claims.csv"
    text = path.read_text(encoding="utf-8")
    assert ",undecided," in text or ",fails," in text or ",holds," in text
    for verdict in ("undecided", "fails", "holds"):
        text = text.replace(f",{verdict},", ",changed,")
    path.write_text(text, encoding="utf-8")
    (restored.root / "results/tiny/graves/figures/noise_curves.svg").unlink()
    other = restored.make("diff", f"REV={revision}")

    assert same.status == 0, same.output
    assert "claim: no change" in same.output
    assert "accuracy of: no change" in same.output
    assert "figures: no change" in same.output
    assert other.status == 0, other.output
    assert "-> changed" in other.output
    assert "removed  graves/figures/noise_curves.svg" in other.output


def test_no_revision(restored):
    done = restored.make("diff")
    assert done.status != 0
    assert "make diff REV=" in done.output
    unknown = restored.make("diff", "REV=nowhere")
    assert unknown.status != 0
    assert "compare.py: git show failed" in unknown.output
