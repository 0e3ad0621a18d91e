import pandas as pd
import pytest

from prunescape.drawing import references
from prunescape.drawing.lines import Facet
from tests.helpers.figure_study import PUBLIC


def panel(network, fit, scope="global", effect="zero"):
    rows = pd.DataFrame({"scope": [scope], "effect": [effect], "schedule": ["oneshot"]})
    return Facet("", (network, fit), rows)


def test_results_from_elsewhere_stand_on_their_fit_or_on_all(elsewhere):
    dense, pruned = elsewhere.iloc[[0]], elsewhere.iloc[[1]]
    others = [
        dense.assign(fit="vi", accuracy_percent=92.5),
        pruned.assign(fit="vi_signed", accuracy_percent=78.2),
        pruned.assign(fit="vi_signed", effect="compensate", accuracy_percent=91.9),
    ]
    elsewhere = pd.concat([elsewhere, *others], ignore_index=True)
    vi, signed = panel("logistic", "vi"), panel("logistic", "vi_signed")
    of_vi = references.chosen(elsewhere, vi, ["vi", "vi_signed"])
    of_signed = references.chosen(elsewhere, signed, ["vi", "vi_signed"])
    folding = panel("logistic", "vi", effect="compensate")
    folded = references.chosen(elsewhere, folding, ["vi", "as_published"])
    other = references.chosen(elsewhere, panel("logistic", "vi", scope="layer"), ["vi"])
    assert other["criterion"].eq("none").all()
    assert set(of_vi["fit"]) == {"vi", "as_published"}
    assert of_signed["accuracy_percent"].tolist() == [
        *(80.9, 77.4, 57.4, 11.5),
        *(82.5, 78.4, 67.5),
        78.2,
    ]
    assert folded["accuracy_percent"].tolist() == [92.5, 91.9]


def test_published_sparse_networks_stand_behind_the_same_network_and_data():
    found = references.read(PUBLIC, PUBLIC.with_name("literature.csv"), study="sparse_vd")
    mine = references.on_data(found, ["mnist_pooled"])
    mine = references.chosen(mine, panel("lenet_300_100", "ard"), ["ard"])
    sparse = mine[mine["criterion"] == "sparse"]
    points = dict(
        zip(references.kept_percent(sparse).round(4), sparse["accuracy_percent"], strict=True)
    )
    # Molchanov et al. (2017): 1.92 % at 68x. What was quantised and coded is left out.
    assert points[round(100 / 68, 4)] == pytest.approx(98.08)
    assert round(100 / 124, 4) not in points
    assert references.on_data(found, ["digits"]).empty
    assert references.chosen(found, panel("logistic", "ard"), ["ard"]).empty


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sparsity", "level", "expected the columns"),
        ("80.9", "809", "accuracy_percent must be a number in"),
    ],
)
def test_a_faulty_file_of_references_is_named(old, new, message, tmp_path):
    path = tmp_path / "public.csv"
    path.write_text(PUBLIC.read_text().replace(old, new))
    with pytest.raises(ValueError, match=f"public.csv: {message}"):
        references.read(path, study="graves")
