"""Git repositories with the workflow, in which tests take and restore snapshots."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.helpers.places import ROOT
from tests.helpers.workplace import Done, Workplace, make

ADDED = (".gitignore", ".dvc/config", ".dvc/.gitignore", "data/README.md")
GIT = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}


class Clone(Workplace):
    """A workplace that is a git repository with DVC in it."""

    @classmethod
    def of_run(cls, run: Workplace, root: Path) -> "Clone":
        """Make a repository of a finished run; nothing is under DVC yet."""
        clone = run.copy(root)
        for name in ADDED:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
        made = cls(clone.root)
        made.git("init", "--quiet", "--initial-branch", "main")
        made.commit("Begin")
        return made

    def clone(self, root: Path) -> "Clone":
        """Return a new clone of this repository."""
        self.git("clone", "--quiet", str(self.root), str(root))
        return Clone(root)

    def copy(self, root: Path) -> "Clone":
        """Return a copy with everything that git ignores."""
        return Clone(super().copy(root).root)

    def git(self, *arguments: str) -> str:
        """Run git here and return what it printed."""
        done = subprocess.run(
            ["git", *GIT, *arguments], cwd=self.root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, message: str) -> None:
        """Commit everything that git does not ignore."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def make(self, *arguments: str) -> Done:
        """Run make on the tiny config, in the environment of the tests."""
        return self.run(*make(*arguments), **AUTHOR)

    def versions(self, *arguments: str, **environment: str) -> Done:
        """Run the tool."""
        return self.run(sys.executable, "tools/versions.py", *arguments, **AUTHOR, **environment)

    def snapshot(self, *arguments: str, **environment: str) -> Done:
        """Take a snapshot of the tiny run."""
        return self.versions("snapshot", *arguments, *self.targets(), **environment)

    def targets(self) -> list[str]:
        """Return what the Makefile has in a snapshot of the tiny run."""
        found = [*self.root.glob("data/*/raw"), *self.root.glob("data/*/*.safetensors")]
        return [*sorted(str(path.relative_to(self.root)) for path in found), "results/tiny"]

    def edit(self, change) -> None:
        """Change the tiny config by a function."""
        config = self.config()
        change(config)
        self.configure(config)

    def dvc(self, *arguments: str) -> Done:
        """Run DVC."""
        return self.run(sys.executable, "-m", "dvc", *arguments)

    def head(self) -> str:
        """Return the commit that is checked out."""
        return self.git("rev-parse", "HEAD").strip()

    def pointers(self) -> dict[str, str]:
        """Return the text of every pointer and of the provenance."""
        names = [*self.root.rglob("*.dvc"), self.root / "provenance.json"]
        return {str(p): p.read_text(encoding="utf-8") for p in names if p.is_file()}

    def objects(self, *names: str) -> list[Path]:
        """Return the places below folders of caches or remotes of this clone's outputs."""
        pointer = yaml.safe_load((self.root / "results/tiny.dvc").read_text(encoding="utf-8"))
        md5 = pointer["outs"][0]["md5"]
        return [Path(name, "files/md5", md5[:2], md5[2:]) for name in names]


def content(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {
        os.path.relpath(path, folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def failed(done, *words):
    """Check that a command ended with status 1 and one line that has some words in it."""
    assert done.status == 1, done.output
    last = done.output.strip().splitlines()[-1]
    assert last.startswith("versions.py: "), done.output
    for word in words:
        assert word in last
