import pytest

from tests.helpers.workplace import Workplace

FIT = ("catalogue", "graves", "fits", "vi")
ARM = ("catalogue", "graves", "arms", 0)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (
            (*FIT, "epoch"),
            3,
            "catalogue.graves.fits.vi.epoch: found an unknown key, perhaps epochs is meant; ",
        ),
        (
            (*FIT, "epochs"),
            "many",
            "catalogue.graves.fits.vi.epochs: found 'many'; allowed: an integer >= 1",
        ),
        (
            (*ARM, "levels"),
            ["0.70", 0.9],
            "catalogue.graves.arms[0].levels[1]: found 0.9; allowed: a decimal from 0 to 1 in "
            'quotes, such as "0.90"',
        ),
        (
            ("studies",),
            ["grave"],
            "studies[0]: found 'grave', perhaps graves is meant; allowed: a study of the catalogue",
        ),
        (
            ("not_tested",),
            {"g9": "too short"},
            "not_tested.g9: found 'g9'; allowed: a claim of claims.yaml (g1, ",
        ),
    ],
    ids=["unknown key", "wrong type", "unquoted level", "unknown study", "unknown claim"],
)
def test_a_wrong_config_stops_before_any_job(fresh: Workplace, place, value, message):
    config = block = fresh.config()
    for key in place[:-1]:
        block = block[key]
    block[place[-1]] = value
    fresh.configure(config)

    done = fresh.snakemake()

    assert done.status != 0
    [line] = [line for line in done.output.splitlines() if line.startswith(message)]
    assert "allowed: " in line
    assert "Traceback" not in done.output
    assert "Building DAG" not in done.output
    assert fresh.files("results") == fresh.files("data") == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--dry-run", "train", "compare"),
        ("--dry-run", "--until=compare"),
        ("--dry-run", "--set-threads", "compare=2"),
        ("--groups", "compare=together"),
    ],
    ids=["target", "option", "threads", "group"],
)
def test_a_rule_of_old_is_told_its_new_name_before_any_job(fresh: Workplace, arguments):
    done = fresh.snakemake(*arguments)

    assert done.status != 0
    line = "the profile or command line names rules of old: compare is now compare_published"
    assert done.output.splitlines().count(line) == 1
    assert fresh.files("results") == fresh.files("data") == set()
