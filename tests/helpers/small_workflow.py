"""A Snakemake workflow of two jobs in a git repository: the tool for versions serves any."""

import sys
from pathlib import Path

from tests.helpers.clones import Clone

SNAKEFILE = """
rule all:
    input: "results/r/a.txt", "results/r/b.txt"
    default_target: True

rule a:
    input: "in.txt"
    output: "results/r/a.txt"
    log: "results/r/logs/a.log"
    benchmark: "results/r/benchmarks/a.tsv"
    shell: "cp {input} {output}; date +%s.%N > {log}"

rule b:
    input: "results/r/a.txt"
    output: "results/r/b.txt"
    log: "results/r/logs/b.log"
    shell: "cp {input} {output}; date +%s.%N > {log}"
"""
IGNORED = (
    ".snakemake/\n/results/*\n!/results/*.dvc\n!/results/r/\n/results/r/*\n!/results/r/*.dvc\n"
)
VERSIONS = Path(__file__).resolve().parents[2] / "tools" / "versions.py"


class Small(Clone):
    """Such a repository; `root` may be a folder of it."""

    @classmethod
    def begin(cls, repository: Path, folder: str = ".", dvc: str = ".") -> "Small":
        """Make a repository with the workflow in a folder and DVC in one, and run it."""
        place = cls(repository / folder)
        place.root.mkdir(parents=True)
        whole = cls(repository)
        whole.git("init", "--quiet", "--initial-branch", "main")
        kind = ("--subdir",) if dvc != "." else ()
        assert cls(repository / dvc).dvc("init", "--quiet", *kind).status == 0
        (place.root / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
        (place.root / ".gitignore").write_text(IGNORED, encoding="utf-8")
        (repository / "other.txt").write_text("of someone else\n", encoding="utf-8")
        place.begin_with("1\n")
        return place

    def begin_with(self, text: str) -> None:
        """Commit the workflow's input, and run it."""
        (self.root / "in.txt").write_text(text, encoding="utf-8")
        self.commit("Begin with another input")
        done = self.run(sys.executable, "-m", "snakemake", "--cores", "1")
        assert done.status == 0, done.output

    def left(self) -> str:
        """Return what Snakemake says there is left to do."""
        done = self.run(sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run")
        assert done.status == 0, done.output
        return done.output

    def versions(self, *arguments: str, **environment: str):
        """Run the tool."""
        return self.run(sys.executable, str(VERSIONS), *arguments, **environment)

    def saved(self, *arguments: str) -> str:
        """Take a snapshot of the results with a commit, and return what was printed."""
        done = self.versions("snapshot", "--commit", *arguments, "results/r")
        assert done.status == 0, done.output
        return done.output

    def restored(self, *arguments: str) -> str:
        """Restore the snapshot of this commit, and return what was printed."""
        done = self.versions("restore", *arguments)
        assert done.status == 0, done.output
        return done.output

    def linked(self) -> list[Path]:
        """Return the results that are links."""
        found = (path for path in self.root.glob("results/**/*") if path.is_file())
        return [path for path in found if path.is_symlink() or path.lstat().st_nlink > 1]
