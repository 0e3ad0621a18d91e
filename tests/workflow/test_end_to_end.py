import json
import re
import resource
import sys

import pandas as pd
import pytest
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from prunescape.evaluation import columns, table
from prunescape.pipeline import paths, plan
from tests.helpers.places import ROOT
from tests.helpers.workplace import CONFIG, RUN, Finished, Workplace, counts, described

RULES = sorted(ROOT.glob("workflow/rules/*.smk"))
KEYS = ["input", "output", "log", "benchmark", "threads", "resources", "conda", "shell"]
FITS = {"point", "vi", "vi_signed", "as_published"}
FIGURES = {"accuracy_sparsity", "noise_curves", "mask_overlap", "cost_accuracy"}
VI = f"{RUN}/graves/digits/logistic/vi/r1-2"


def made(finished: Finished) -> set[str]:
    """Return the results of the run without what describes its jobs."""
    files = finished.place.files(RUN)
    return {file for file in files if not file.startswith((f"{RUN}/logs/", f"{RUN}/benchmarks/"))}


def test_a_run_makes_exactly_the_planned_files(finished, record_property):
    record_property("seconds", finished.seconds)
    arms = {
        ("vi", "snr", "exact_k"),
        ("vi", "magnitude", "exact_k"),
        ("vi", "random", "exact_k"),
        ("vi", "snr", "threshold"),
        ("point", "magnitude", "exact_k"),
        ("as_published", "snr", "threshold"),
    }
    levels = {
        ("vi", "exact_k"): ["0.70", "0.90", "0.95"],
        ("vi", "threshold"): ["0.1", "1"],
        ("point", "exact_k"): ["0.90"],
        ("as_published", "threshold"): ["0.1", "1"],
    }
    block = f"{RUN}/graves/digits/logistic/{{}}/r1-2"
    stage = {fit: "train" if fit == "point" else "fit_variational" for fit in FITS}
    expected = {
        *(
            f"{RUN}/{name}.csv"
            for name in ("scores", "gradient_noise", "diverged", "published", "costs", "training")
        ),
        *(
            f"{RUN}/{name}"
            for name in ("claims.csv", "claim_parts.csv", "forest.svg", "forest.png")
        ),
        *(f"{RUN}/{name}" for name in ("scores.parquet", "environment.json", "explorer.html")),
        *(f"{RUN}/graves/{name}.csv" for name in ("gradient_noise", "diverged", "claims", "costs")),
        f"{RUN}/graves/training.csv",
        *(f"{folder}/history.csv" for folder in (RUN, f"{RUN}/graves")),
        f"{RUN}/graves/claim_parts.csv",
        *(f"{RUN}/graves/main_table.{end}" for end in ("csv", "tex")),
        *(f"{RUN}/graves/{name}.parquet" for name in ("scores", "reliability")),
        f"{RUN}/graves/declarations.json",
        *(f"{RUN}/verdicts.rst", f"{RUN}/graves/overlaps.csv"),
        f"{block.format('vi')}/measure/input_moments.safetensors",
        *(f"{RUN}/graves/figures/{name}.{end}" for name in FIGURES for end in ("svg", "png")),
    }
    for fit in FITS:
        expected |= {
            f"{block.format(fit)}/{stage[fit]}/checkpoint.safetensors",
            f"{block.format(fit)}/evaluate/none/none/none/none/b1/rows.json",
        }
    expected |= {f"{block.format(fit)}/score/scores.safetensors" for fit, _, _ in arms}
    for fit, criterion, selection in arms:
        arm = f"{criterion}/global/{selection}/oneshot/b1"
        expected.add(f"{block.format(fit)}/evaluate/{arm}/rows.json")
    expected |= {
        name.replace("rows.json", "outcomes.safetensors")
        for name in expected
        if name.endswith("rows.json")
    }
    for (fit, selection), each in levels.items():
        masks = f"{block.format(fit)}/prune/{selection}"
        expected |= {f"{masks}/{level}/masks.safetensors" for level in each}

    assert made(finished) == expected
    assert all((finished.place.root / file).stat().st_size for file in expected)


def test_paths_follow_the_grammar_in_the_head_of_the_snakefile(finished):
    head = (ROOT / "Snakefile").read_text(encoding="utf-8").split("\n\n")[0]
    [base] = re.findall(r"^#   (results/\S+)<stage>/\.\.\.$", head, re.MULTILINE)
    stages = re.findall(r"^#       (.+?)(?:  .*)?$", head, re.MULTILINE)
    grammar = [re.sub("<[^>]+>", "[^/]+", base + stage) for stage in stages]
    patterns = [value for value in vars(paths).values() if str(value).startswith(paths.MODEL + "/")]
    # What the tiny config makes, and what it has no example of.
    made_here = [file for file in made(finished) if "/r1-2/" in file]
    possible = [f"{RUN}/{re.sub('{[a-z]+}', '1', pattern)}" for pattern in patterns]

    for file in made_here + possible:
        assert sum(bool(re.match(each, file)) for each in grammar) == 1, file
    for each, stage in zip(grammar, stages, strict=True):
        assert any(re.match(each, file) for file in possible), stage


def test_the_table_has_exactly_the_planned_rows(finished):
    scores = table.read_parquet(finished.place.root / RUN / "scores.parquet")
    config = load_configfile(ROOT / "config.yaml")
    update_config(config, load_configfile(ROOT / CONFIG))

    keys = list(scores[list(columns.KEY)].itertuples(index=False, name=None))

    assert len(keys) == len(set(keys))
    assert set(keys) == set(plan.keys(config))
    # Two replicates of: 4 dense networks, clean and at 2 grey levels; 3 criteria with 2 effects, at
    # 0.70 clean and with gaussian noise, at 0.90 clean and at 2 grey levels, at 0.95 clean; one arm
    # at 0.90, clean and at 2 grey levels; and two fits at 2 thresholds.
    assert len(keys) == 2 * (4 * 3 + 3 * 2 * (2 + 3 + 1) + 3 + 2 * 2)
    assert set(scores["fit"]) == FITS
    assert set(scores["noise"]) == {"none", "grey_raw", "gaussian"}
    assert set(scores["effect"]) == {"none", "zero", "compensate"}


@pytest.mark.slow
def test_a_second_run_from_nothing_makes_the_same_bytes(finished, fresh):
    done = fresh.snakemake("--cores", "1", f"{RUN}/scores.csv")

    assert done.status == 0, done.output
    for name in (f"{RUN}/scores.csv", f"{RUN}/scores.parquet"):
        assert (fresh.root / name).read_bytes() == (finished.place.root / name).read_bytes()


@pytest.mark.slow
def test_a_replicate_has_the_same_numbers_in_a_block_of_its_own(workplace):
    name = "evaluate/snr/global/exact_k/oneshot/b1/rows.json"
    together = json.loads((workplace.root / VI / name).read_text())["rows"]
    alone = f"{VI.removesuffix('r1-2')}r2-2/{name}"
    workplace.configure({**workplace.config(), "replicates": [1, 1]})

    done = workplace.snakemake(alone)

    assert done.status == 0, done.output
    second = [row for row in together if row["replicate"] == 2]
    assert len(second) == len(together) / 2
    assert json.loads((workplace.root / alone).read_text())["rows"] == second


def test_make_run_prints_the_verdicts(finished):
    verdicts = pd.read_csv(finished.place.root / RUN / "claims.csv").set_index("id")["verdict"]

    assert set(verdicts.index) == {"g1", "g2", "g3"}
    assert set(verdicts) <= {"holds", "fails", "undecided"}
    for name, verdict in verdicts.items():
        assert re.search(rf"^{name} +{verdict} +-?\d", finished.done.output, re.MULTILINE)
    assert f"table: {RUN}/scores.csv" in finished.done.output


def test_make_run_again_does_nothing_and_prints_the_verdicts_again(workplace):
    assert workplace.planned() == []  # the copied files came later than what was made of them
    before = {file: (workplace.root / file).stat().st_mtime_ns for file in workplace.files(RUN)}

    done = workplace.make("run")

    assert done.status == 0, done.output
    assert "Nothing to be done" in done.output
    assert re.search(r"^g1 +(holds|fails|undecided)", done.output, re.MULTILINE)
    assert before == {f: (workplace.root / f).stat().st_mtime_ns for f in workplace.files(RUN)}


def test_the_environment_is_recorded(finished):
    record = json.loads((finished.place.root / RUN / "environment.json").read_text())

    assert record["python"] == ".".join(map(str, sys.version_info[:3]))
    assert all(record["packages"][name] for name in ("snakemake", "torch", "numpy", "pandas"))
    assert record["processor"]
    assert record["cores"] >= 1
    assert isinstance(record["gpus"], list)
    assert set(record["git"]) == {"commit", "changed"}
    # The config as it was run: merged with the tiny one, defaults filled in.
    assert record["config"]["run"] == "tiny"
    assert record["config"]["catalogue"]["graves"]["fits"]["vi"]["batch_size"] == 128
    assert record["config"]["catalogue"]["graves"]["schedules"] == {}


def test_every_job_leaves_a_log_and_a_benchmark(finished, fresh):
    root = finished.place.root
    for job in fresh.planned():
        assert (root / f"{described(job, 'logs')}.log").is_file()
        measured = pd.read_csv(root / f"{described(job, 'benchmarks')}.tsv", sep="\t")
        assert measured[["s", "max_rss", "cpu_time"]].shape == (1, 3)


def test_the_log_of_a_training_job_shows_its_progress(finished):
    for log in finished.place.root.glob(f"{RUN}/logs/**/checkpoint.log"):
        assert re.search(r"100%\|#+\| .*step/s, epoch \d+, loss ", log.read_text()), log


def test_a_gate_that_lets_nothing_pass_fails_the_run_by_name(workplace):
    rows = workplace.root / VI / "evaluate/snr/global/exact_k/oneshot/b1/rows.json"
    record = json.loads(rows.read_text())
    record["rows"][5]["revived_weights"] = 3
    rows.write_text(json.dumps(record))

    done = workplace.snakemake()

    assert done.status == 1
    assert re.search(r"^aggregate\.py failed: no_revival: 1 row ", done.output, re.MULTILINE)
    assert "Traceback" not in done.output
    assert not (workplace.root / RUN / "graves" / "scores.parquet").exists()


def test_a_source_that_cannot_be_reached_is_explained(fresh):
    fresh.configure({**fresh.config(), "sources": {"digits": ["directory:nowhere"]}})

    done = fresh.snakemake()

    assert done.status == 1
    assert "download.py: no mirror of sources.digits gave its raw files" in done.output
    assert "directory:nowhere: no such folder" in done.output
    assert "Ways out: " in done.output
    assert re.search(r"^failed: data/digits/logs/download\.log: ", done.output, re.MULTILINE)
    assert "Traceback" not in done.output
    assert "FileNotFoundError" not in done.output  # of a folder of results that nobody made yet


def test_prune_runs_without_snakemake(finished, tmp_path, record_property):
    arms = [["snr", "global", 0], ["magnitude", "global", 0], ["random", "global", 0]]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    done = Workplace(tmp_path).run(
        *(sys.executable, str(ROOT / "workflow" / "scripts" / "prune.py"), "--level=0.90"),
        *("--scores", str(finished.place.root / VI / "score" / "scores.safetensors")),
        *("--selection", "exact_k", "--arms", json.dumps(arms), "--study", "graves"),
        *("--rounding", "nearest"),
        *("--seed", str(load_configfile(ROOT / "config.yaml")["seed"])),
        *("--output", "masks.safetensors"),
    )

    assert done.status == 0
    ending = r"prune\.py: [\d.]+ CPU s to start, [\d.]+ at work, \d+ MB at most\n"
    assert re.fullmatch(ending, done.output)
    expected = finished.place.root / VI / "prune" / "exact_k" / "0.90" / "masks.safetensors"
    assert (tmp_path / "masks.safetensors").read_bytes() == expected.read_bytes()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    record_property("cpu_seconds", seconds)


def written_out(file):
    """Return the texts of a file's rules; `use rule` repeats another one's."""
    text = file.read_text(encoding="utf-8")
    blocks = re.split(r"^(?= *(?:use )?rule\b.*:\n)", text, flags=re.MULTILINE)
    return [block for block in blocks if re.match(r" *rule\b", block)]


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_nothing_stands_unquoted_in_a_command(file):
    for rule in written_out(file):
        command = rule.partition("shell:")[2]
        placed = re.findall(r"\{.*?\}", command)
        assert placed, rule
        assert all(each.endswith(":q}") for each in placed), placed


GROWING = {
    *(
        "arms",
        "blocks",
        "conditions",
        "courses",
        "cuts",
        "designs",
        "not_tested",
        "lengths",
        "noise",
        "outcomes",
        "outline",
    )
}


def test_a_list_that_grows_with_the_config_is_no_argument():
    text = "".join(file.read_text(encoding="utf-8") for file in RULES)
    by_file = re.findall(r"@<\(printf %s \{params\.(\w+):q\}\)", text)
    assert set(by_file) == GROWING
    assert len(by_file) == sum(text.count(f"{{params.{name}:q}}") for name in GROWING)


def test_a_command_may_be_longer_than_the_system_takes(tmp_path):
    # A bit more than Linux takes in all arguments, and much more than in one.
    (tmp_path / "Snakefile").write_text(
        "rule all:\n"
        "    output: 'read'\n"
        "    params: text='x y ' * 600_000\n"
        "    shell: 'cat <(printf %s {params.text:q}) > {output:q}'\n"
    )

    done = Workplace(tmp_path).run(sys.executable, "-m", "snakemake", "--cores", "1")

    assert done.status == 0, done.output[-2000:]
    assert (tmp_path / "read").read_text() == "x y " * 600_000


def test_json_is_read_from_a_file_or_an_argument(tmp_path):
    (tmp_path / "arms.json").write_text("[1, 2]")
    (tmp_path / "half.json").write_text("[1")
    code = "import _script, sys; print(_script.structure(sys.argv[1]))"

    def read(text):
        command = [sys.executable, "-c", code, text]
        done = Workplace(tmp_path).run(*command, PYTHONPATH=str(ROOT / "workflow" / "scripts"))
        return done.output.splitlines()[-1]

    assert read("[1, 2]") == read("@arms.json") == "[1, 2]"
    assert "not JSON: Expecting" in read("@half.json")
    assert "ArgumentTypeError: none.json: No such file" in read("@none.json")


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_every_rule_has_all_keys_in_one_order(file):
    rules = [rule.partition("\n")[2] for rule in written_out(file)]

    assert bool(rules) == (file.stem != "common")
    for rule in rules:
        indent = re.match(" +", rule)[0]
        keys = re.findall(rf"^{indent}(\w+):", rule, re.MULTILINE)
        optional = {"name", "params", "wildcard_constraints", "priority", "localrule"}
        assert [key for key in keys if key not in optional] == KEYS


def test_snakemake_finds_nothing_to_mend(fresh):
    done = fresh.snakemake("--lint")

    assert done.status == 0, done.output


def test_the_default_run_has_at_most_400_jobs(fresh):
    (fresh.root / CONFIG).write_text("{}")

    planned = counts(fresh.planned())

    assert 50 < sum(planned.values()) <= 400
    assert {"download_mnist", "fit_variational", "figure", "claims"} <= set(planned)


def test_make_lists_its_targets():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)

    done = Workplace(ROOT).run("make")  # help is the default

    assert done.status == 0
    assert (
        re.findall(r"^  make ([a-z-]+) +\S", done.output, re.MULTILINE) == " ".join(targets).split()
    )
