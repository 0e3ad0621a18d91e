"""Fits with given weights: their files, replicates, and what needs a training that wasn't here."""

import pytest

from prunescape.configuration import validation
from tests.helpers.given import FILES, PLACE, pruned, with_given

ARMS = "catalogue.study.arms"


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).touch()


def lines(changes=(), **fit):
    return validation.problems(with_given(changes, **fit))


def filled(changes=(), **fit):
    config = with_given(changes, **fit)
    validation.validate(config)
    return config["catalogue"]["study"]


def test_files_are_counted_where_the_study_does_not_say_how_many_replicates():
    assert lines() == []
    assert filled()["replicates"] == [2]
    assert filled(weights=FILES[:1])["replicates"] == [1]
    assert filled({"catalogue.study.replicates": [1, 1]})["replicates"] == [1, 1]
    again = with_given()
    validation.validate(again)
    once = {**again}
    validation.validate(again)
    assert again == once


def test_another_number_of_replicates_is_a_line():
    assert lines({"catalogue.study.replicates": [2, 3]}) == [
        f"{PLACE}.weights: found 2 with 5 replicates of the study (catalogue.study.replicates); "
        "allowed: a file for each replicate"
    ]
    other = {"kind": "given", "networks": ["net"], "scaling": "unit", "weights": FILES[:1]}
    assert lines({"catalogue.study.fits.more": other}) == [
        "catalogue.study.fits.more.weights: found 1, but mine has 2; allowed: as many for all fits "
        "of a study"
    ]


def test_files_are_there_and_end_as_safetensors_do(tmp_path):
    assert lines(weights=["c.safetensors", "b.safetensors"]) == [
        f"{PLACE}.weights[0]: found 'c.safetensors', but there is no such file: looked for "
        f"{tmp_path / 'c.safetensors'}; allowed: files that are there"
    ]
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/c.safetensors").touch()
    config = with_given(weights=["c.safetensors", "b.safetensors"])
    (line,) = validation.problems(config, [str(tmp_path / "beside/mine.yaml")])
    assert "(beside mine.yaml there is one: beside/c.safetensors)" in line
    (line,) = lines(weights=["a.pt", "b.safetensors"])
    assert line.startswith(f"{PLACE}.weights[0]: found 'a.pt'; allowed: the path of a .safetensors")
    assert "tools/convert.py" in line


def test_one_file_is_not_two_replicates(tmp_path):
    content = bytes(range(256)) * 40
    (tmp_path / "a.safetensors").write_bytes(content)
    (tmp_path / "b.safetensors").write_bytes(b"other" + content[5:])
    (tmp_path / "copy.safetensors").write_bytes(content)
    (tmp_path / "link.safetensors").symlink_to("a.safetensors")
    assert lines() == []
    for other in ("./a.safetensors", "copy.safetensors", "link.safetensors"):
        assert lines(weights=["b.safetensors", "a.safetensors", other][1:]) == [
            f"{PLACE}.weights[1]: found '{other}', the same weights as 'a.safetensors' in [0]; "
            "allowed: a file for each replicate"
        ]
    lost = ["a.safetensors", "gone.safetensors"]
    assert [line.partition(", but")[2] for line in lines(weights=lost)] != []


def test_weights_are_those_of_one_network_that_draws_no_zeros():
    assert lines(networks=["net", "other"]) == [
        f"{PLACE}.networks: found 2 networks; allowed: one, as the files have the weights of one"
    ]
    sparse = [{"kind": "linear", "units": 10, "nonzero": 0.5}]
    (line,) = lines({"networks.other": sparse}, networks=["other"])
    assert line.startswith(f"{PLACE}.networks[0]: found 'other', whose layers draw which weights")


def test_keys_of_training_are_unknown():
    (line,) = lines(epochs=3)
    assert line.startswith(f"{PLACE}.epochs: found an unknown key; allowed: kind, networks")
    assert line.endswith("(with kind: given)")
    (line,) = lines(weights=[])
    assert line.startswith(f"{PLACE}.weights: found an empty list; allowed: a list of at least 1")


@pytest.mark.parametrize(
    ("criterion", "needs", "allowed"),
    [
        ("snr", "a posterior", "posterior: true"),
        ("hg", "a preconditioner", "optimiser.kind: psgd"),
        ("snip", "initial weights", "initial_weights"),
        ("movement", "a training here", "kind: trained"),
    ],
)
def test_criteria_that_read_what_is_not_there(criterion, needs, allowed):
    assert lines({ARMS: [pruned(criterion)]}) == [
        f"{ARMS}[0].criteria[0]: found '{criterion}', which needs {needs}, for mine; allowed: fits "
        f"with {allowed}"
    ]


def test_a_posterior_has_what_criteria_of_posteriors_read():
    arms = {ARMS: [pruned("snr"), pruned("log_alpha"), pruned("magnitude")]}
    assert lines(arms, posterior=True) == []


def test_a_schedule_says_how_given_weights_train_on():
    fine = {"kind": "retrain", "epochs": 1}
    how = {"optimiser": {"kind": "adam", "learning_rate": 0.001}, "batch_size": 32}
    arms = {ARMS: [pruned("magnitude", "fine")]}
    assert lines({**arms, "catalogue.study.schedules": {"fine": {**fine, "fit": how}}}) == []
    assert lines({**arms, "catalogue.study.schedules": {"fine": fine}}) == [
        f"{ARMS}[0].schedules[0]: found 'fine', whose fit has no optimiser and no batch_size, for "
        "mine, whose weights are given; allowed: schedules.fine.fit with optimiser and batch_size"
    ]
    rewound = {"fine": {**fine, "fit": how, "start": "initial"}}
    (line,) = lines({**arms, "catalogue.study.schedules": rewound})
    assert "whose start needs initial weights, for mine" in line


def test_a_posterior_may_be_fitted_around_given_weights():
    assert lines({"catalogue.study.fits.vi.warm_start": "mine"}) == []
    (line,) = lines({"catalogue.study.fits.vi.warm_start": "mine"}, posterior=True)
    assert "whose objective.kind is variational" in line


def test_another_kind_of_fit_is_a_line():
    assert lines(kind="gven") == [
        f"{PLACE}.kind: found 'gven', perhaps given is meant; allowed: trained, given"
    ]


def test_a_mean_and_a_deviation_go_together():
    assert lines(scaling={"mean": [0.3], "std": [0.4]}) == []
    (line,) = lines(scaling={"mean": [0.3]})
    assert line.startswith(f"{PLACE}.scaling.std: found nothing, but the key is required; allowed")
    (line,) = lines(scaling={"mean": [0.3], "std": [0]})
    assert line == f"{PLACE}.scaling.std[0]: found 0; allowed: a number > 0 and <= 1000"


PUBLISHED = "torchvision:resnet18"


def published(*weights, network="torchvision:resnet18", **fit):
    """Return what is wrong with a fit of a network that has published weights."""
    found = lines({"networks.own": network}, networks=["own"], weights=[*weights], **fit)
    return [line for line in found if line.startswith(PLACE)]


def test_published_weights_need_no_file_and_count_as_one_replicate():
    assert published(PUBLISHED) == []
    assert published("torchvision:resnet50/IMAGENET1K_V1", network="torchvision:resnet50") == []
    both = [f"torchvision:resnet50/IMAGENET1K_V{i}" for i in (1, 2)]
    assert published(*both, network="torchvision:resnet50(num_classes=1000)") == []
    assert published(PUBLISHED, "a.safetensors") == []
    changes = {"networks.own": PUBLISHED}
    assert filled(changes, networks=["own"], weights=[PUBLISHED])["replicates"] == [1]


@pytest.mark.parametrize(
    "network",
    [
        "torchvision:resnet34",
        "torchvision:resnet18(num_classes=10)",
        [{"kind": "linear", "units": 10}],
        "docs/examples/resnet.py:resnet20",
    ],
)
def test_published_weights_are_those_of_their_network(network):
    line = (
        f"{PLACE}.weights[0]: found 'torchvision:resnet18' for own, which is another network; "
        'allowed: for "torchvision:resnet18", which has 1000 classes'
    )
    assert line in published(PUBLISHED, network=network)


def test_input_that_is_scaled_anew_is_asked_for():
    named = "torchvision:googlenet"
    [line] = published(named, network=named)
    assert line.endswith(
        'for "torchvision:googlenet(transform_input=True)", which has 1000 classes'
    )
    assert published(named, network="torchvision:googlenet(transform_input=True)") == []


def test_published_weights_that_may_be_the_same_are_told():
    assert published(PUBLISHED, f"{PUBLISHED}/IMAGENET1K_V1") == [
        f"{PLACE}.weights[1]: found 'torchvision:resnet18/IMAGENET1K_V1' beside "
        "torchvision:resnet18, which may be the same; allowed: names for both"
    ]


def test_published_weights_are_no_posterior():
    assert published(PUBLISHED, posterior=True) == [
        f"{PLACE}.posterior: found true with torchvision:resnet18, which has no standard "
        "deviations; allowed: false"
    ]


@pytest.mark.parametrize("named", ["torchvision:", "torchvision:resnet18(num_classes=3)"])
def test_another_form_of_a_name_is_told(named):
    [line] = published(named)
    assert line.startswith(f"{PLACE}.weights[0]: found '{named}'; allowed: the path of a .safeten")
    assert line.endswith(" or torchvision:<model>")
