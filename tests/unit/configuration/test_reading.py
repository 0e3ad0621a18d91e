"""Files of settings are read as Snakemake reads them, and lose or run nothing."""

import json
import os

import pytest
from snakemake.common.configfile import load_configfile

from prunescape.configuration import reading
from tests.helpers.places import ROOT

CONFIGS = [ROOT / "config.yaml", *sorted(ROOT.glob("config/*.yaml"))]
NESTED = "[" * 3000 + "]" * 3000
REPEATED = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}' if i else '*a'] * 10)}]\n" for i in range(8)
)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_what_is_read_is_what_snakemake_reads(path):
    assert reading.read(path) == load_configfile(path)


@pytest.mark.parametrize(
    "text",
    [
        "run: 'a'\nseed: 1\n",
        "\ufeffrun: a\n",
        json.dumps({"run": "a", "seed": 1}),
        "\ufeff" + json.dumps({"run": "a"}),
        "a: &a {b: 1}\nc: {<<: *a, b: 2}\nd: [*a, *a]\n",
        "run: a\r\nseed: 1\r\n",
        'run: "\\u00e4"  # ä\n',
        "a: [0, -0, 0.5, 00.5, 1_000, 0x1f, '010', '1:30', 08, 1e-3, 1:70, +1, .5]\n",
    ],
    ids=["yaml", "marked yaml", "json", "marked json", "aliases", "windows", "escape", "numbers"],
)
def test_every_spelling_that_snakemake_takes(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode())
    assert reading.read(path) == load_configfile(path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\n'a': 3\n", ", line 3: found the key 'a' again; allowed: each key once"),
        ("a:\n  - {b: 1, b: 1}\n", ", line 2: found the key 'b' again; allowed: each key once"),
        ('{"a": {"b": 1, "b": 2}}', ": found the key 'b' again; allowed: each key once"),
        ("__use_yte__: true\nrun: a\n", ", line 1: found the key '__use_yte__', with which YTE"),
        ("a:\n  __definitions__: []\n", ", line 2: found the key '__definitions__', with which"),
        ('{"__use_yte__": true}', ": found the key '__use_yte__', with which YTE would run Python"),
        ("a: &a\n  b: [*a]\n", ", line 1: found an alias inside of what it stands for"),
        (f"a: {NESTED}", ": found more than 50 lists or mappings in each other"),
        (f"a: {'[' * 60 + ']' * 60}", ", line 1: found more than 50 lists or mappings in each"),
        (f'{{"a": {NESTED}}}', ": found more than 50 lists or mappings in each other"),
        (REPEATED, ", line 6: found more than 1,000,000 values, aliases expanded"),
        ("a: 1\nb: [010]\n", ', line 2: found 010, which YAML reads as 8; allowed: 8, or "010" in'),
        (f"a: 1{':1' * 300_000}\n", ", line 1: found a number of 600,001 characters; allowed: 100"),
        (f'{{"a": {"9" * 5000}}}', ", line 1: found a number of 5,000 characters; allowed: 100"),
        ("a: 1:30\n", ', line 1: found 1:30, which YAML reads as 90; allowed: 90, or "1:30" in'),
        ("a:\n\tb: 1\n", r", line 2: found no YAML (found character '\t' that cannot start"),
        ("a: !!python/object/apply:os.getcwd []\n", ", line 1: found no YAML (could not deter"),
        ("a: 1\n---\nb: 2\n", ", line 2: found no YAML (but found another document)"),
        ("- a\n", ": found a list of 1; allowed: keys with their values"),
        ("", ": found nothing (an empty value); allowed: keys with their values"),
    ],
    ids=lambda text: text[:40],  # a name of 3,000 brackets fills a screen
)
def test_what_would_lose_a_value_or_run_code_is_one_line(tmp_path, text, line):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        reading.read(path)
    assert str(error.value).startswith(f"{path}{line}")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(ValueError, match=r"no\.yaml: can't be read \(No such file"):
        reading.read(tmp_path / "no.yaml")
    with pytest.raises(ValueError, match=r"can't be read \(Is a directory\)"):
        reading.read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match=r"pipe: found a pipe or device, which has nothing"):
        reading.read(tmp_path / "pipe")
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"run: a\nname: \xff\n")
    with pytest.raises(ValueError, match=r"mine\.yaml, line 2: found bytes that are not UTF-8"):
        reading.read(path)
