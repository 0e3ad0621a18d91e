"""A file beside the results that no job makes but one reads, as appended.json, is in snapshots."""

from tests.helpers.small_workflow import Small

FILE = "results/r/appended.json"


def test_it_comes_and_goes_with_the_snapshot(tmp_path):
    place = Small.begin(tmp_path / "first")
    place.saved()
    (place.root / FILE).write_text("{}\n", encoding="utf-8")
    snakefile = (place.root / "Snakefile").read_text(encoding="utf-8")
    changed = snakefile.replace(
        'input: "results/r/a.txt"\n', f'input: "results/r/a.txt", "{FILE}"\n'
    )
    (place.root / "Snakefile").write_text(
        changed.replace("{input} {output}", "{input[0]} {output}")
    )
    place.begin_with("2\n")
    place.saved()

    place.git("clone", "--quiet", str(place.root), str(tmp_path / "clone"))
    clone = Small(tmp_path / "clone")
    clone.restored()

    assert (clone.root / FILE).read_text(encoding="utf-8") == "{}\n"
    assert "Nothing to be done" in clone.left()
    # The snapshot before had none.
    clone.git("checkout", "--quiet", "HEAD~2")
    clone.restored()
    assert not (clone.root / FILE).exists()
    assert "Nothing to be done" in clone.left()
