"""Fits: their networks and where they start."""

from prunescape.configuration import validation
from tests.helpers.configurations import (
    ARM,
    DELETE,
    FIT,
    SMALL,
    changed,
    problem_at,
    problems,
    problems_at,
)


def test_what_a_network_in_a_file_does_not_go_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("def net(): ...")
    own = {"catalogue__study__fits__point__initial_weights": {"distribution": "own"}}
    assert problems(networks__net="net.py:net", **own) == []
    (line,) = problems(**own)
    assert line == (
        "catalogue.study.fits.point.initial_weights.distribution: found 'own' with the network "
        "net, which is not in a file; allowed: another distribution"
    )


def test_networks_of_a_fit_exist():
    assert problem_at("catalogue.study.fits.point.networks", ["net", "mlp"]) == (
        "catalogue.study.fits.point.networks[1]: found 'mlp'; allowed: one of the networks (net, "
        "other)"
    )


def test_warm_start_names_a_fit_of_the_study():
    assert problem_at(f"{FIT}.warm_start", "points") == (
        f"{FIT}.warm_start: found 'points', perhaps point is meant; "
        "allowed: another fit of the study (point, vi)"
    )


def test_warm_start_is_not_circular():
    assert problem_at(f"{FIT}.warm_start", "vi") == (
        f"{FIT}.warm_start: found a circle, vi -> vi; allowed: a fit that has initial_weights"
    )
    config = changed(SMALL, {"catalogue.study.fits.a": SMALL["catalogue"]["study"]["fits"]["vi"]})
    config["catalogue"]["study"]["fits"]["a"]["warm_start"] = "vi"
    config["catalogue"]["study"]["fits"]["vi"]["warm_start"] = "a"
    assert validation.problems(config) == [
        "catalogue.study.fits.a.warm_start: found a circle, a -> vi -> a; "
        "allowed: a fit that has initial_weights"
    ]


def test_warm_start_leads_from_a_likelihood_to_a_variational_fit():
    fits = "catalogue.study.fits"
    config = changed(SMALL, {f"{fits}.next": SMALL["catalogue"]["study"]["fits"]["vi"]})
    config["catalogue"]["study"]["fits"]["next"]["warm_start"] = "vi"
    assert validation.problems(config) == [
        f"{fits}.next.warm_start: found 'vi', whose objective.kind is variational; "
        "allowed: a fit with objective.kind: likelihood"
    ]
    config = changed(
        SMALL, {f"{fits}.vi.objective": {"kind": "likelihood"}, f"{ARM}.criteria": ["random"]}
    )
    assert validation.problems(config) == [
        f"{fits}.vi.warm_start: found with objective.kind: likelihood; "
        "allowed: only with variational"
    ]


def test_fit_has_one_start():
    assert problem_at(f"{FIT}.initial_weights", {"distribution": "zeros"}) == (
        f"{FIT}.warm_start: found beside initial_weights; allowed: one of the two"
    )
    assert problem_at(f"{FIT}.warm_start", DELETE) == (
        f"{FIT}.initial_weights: found nothing; allowed: a start, which is initial_weights or "
        "warm_start"
    )


def test_fit_that_is_started_from_has_the_same_networks():
    assert problem_at(f"{FIT}.networks", ["net", "other"]) == (
        f"{FIT}.networks[1]: found 'other'; allowed: networks of the warm_start point (net)"
    )


def test_warm_up_does_not_end_before_it_begins():
    assert problem_at(f"{FIT}.objective.kl.warm_up", [5, 2]) == (
        f"{FIT}.objective.kl.warm_up: found [5, 2]; allowed: [first, last] with first <= last"
    )


def test_preconditioned_sgd_fits_likelihoods_only():
    assert problem_at(f"{FIT}.optimiser", {"kind": "psgd", "floor": 0.01}) == (
        f"{FIT}.optimiser.kind: found 'psgd' with objective.kind: variational; "
        "allowed: only with likelihood"
    )


def test_images_are_drawn_with_replacement_or_taken_in_the_order_of_the_files():
    unshuffled = {"replacement": True, "shuffle": False}
    (line,) = problems(
        **{
            FIT.replace(".", "__"): SMALL["catalogue"]["study"]["fits"][FIT.rpartition(".")[2]]
            | unshuffled
        }
    )
    assert line == (
        f"{FIT}.replacement: found true with shuffle: false; allowed: only where images are "
        "shuffled"
    )


def test_a_bounded_log_alpha_goes_with_the_settings_that_it_is_a_function_of():
    place = f"{FIT}.objective.log_alpha"
    assert problems(**{place.replace(".", "__"): {"clamp": [3, 3], "epsilon": 1e-8}}) == [
        f"{place}: found without 'prior: ard'; allowed: only with these",
        f"{place}.clamp: found [3, 3]; allowed: [least, most] with least < most",
    ]


def test_replicates_that_would_be_one_network():
    at = "catalogue__study__fits__point__"

    def found(**changes):
        return problems(**{name.replace("at__", at): value for name, value in changes.items()})

    assert found(at__shuffle=False) == [
        "catalogue.study.fits.point.initial_weights.distribution: found 'zeros' with shuffle: "
        "false: all replicates of net would be one network; allowed: another distribution, or "
        "batches that differ"
    ]
    (line,) = found(datasets__digits__train=32)
    assert "found 'zeros' with batch_size: 32, one batch with all images: all replic" in line
    assert found(datasets__digits__train=33) == []
    assert found(at__shuffle=False, replicates=[1]) == []
    assert found(at__shuffle=False, at__initial_weights={"distribution": "he_uniform"}) == []
    sparse = [{"kind": "linear", "units": 10, "nonzero": 0.5}]
    assert found(at__shuffle=False, networks__net=sparse) == []


def test_a_loss_in_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("def loss(logits, labels, weights): ...\ndef f(x): ...\n")
    place = "catalogue.study.fits.point.objective"
    loss = {"kind": "likelihood", "loss": "own.py:loss"}
    assert problems_at(place, loss) == []
    assert problem_at(place, loss | {"loss": "own.py:f"}).startswith(
        f"{place}.loss: found 'own.py:f': its parameters are x; allowed: logits, labels"
    )
    assert problem_at(place, loss | {"loss": "none.py:f"}).startswith(f"{place}.loss: found 'none")
    assert problem_at(place, loss | {"loss": "own"}).startswith(f"{place}.loss: found 'own'; allo")
    assert problem_at(place, loss | {"label_smoothing": 0.1}) == (
        f"{place}.loss: found with label_smoothing; allowed: one of the two"
    )
    psgd = {"kind": "psgd", "floor": 0.1}
    changes = {place: loss, "catalogue.study.fits.point.optimiser": psgd}
    assert validation.problems(changed(SMALL, changes)) == [
        f"{place}.loss: found with optimiser.kind: psgd; allowed: adam, sgd"
    ]
    assert len(problems_at(FIT + ".objective.loss", "own.py:loss")) == 1
