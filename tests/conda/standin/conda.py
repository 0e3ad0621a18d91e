"""A stand-in for the command `conda`, as much of it as Snakemake calls, on top of py-rattler.

Not conda: it is for testing `snakemake --sdm conda` where no conda channel is reached. Solving and
linking are rattler's, the library behind pixi; the only packages are the channel's, this machine's
Python and pip. Channels in environment files are looked for under CONDA_CHANNEL_ALIAS, conda's own
setting, so the files are used as they are.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import yaml
from rattler import Channel, ChannelConfig, Gateway, VirtualPackage, install, solve

HERE = Path(__file__).resolve().parent
VERSION = "24.7.1"
"""The oldest that Snakemake 9 accepts."""


async def link(prefix: Path, channels: list[str], packages: list[str]) -> None:
    """Solve for packages and link them into a new environment."""
    alias = ChannelConfig(channel_alias=f"{os.environ['CONDA_CHANNEL_ALIAS'].rstrip('/')}/")
    solved = await solve(
        [Channel(name, alias) for name in channels if name != "nodefaults"],
        packages,
        platforms=["linux-64", "noarch"],
        virtual_packages=VirtualPackage.detect(),
        gateway=Gateway(),
    )
    cache = os.environ["CONDA_PKGS_DIRS"]
    await install(solved, target_prefix=prefix, cache_dir=cache, show_progress=False)
    (prefix / "conda-meta").mkdir(exist_ok=True)
    (prefix / "conda-meta" / "history").touch()


def create(file: Path, prefix: Path) -> None:
    """Create the environment that a file describes, as `conda env create` does."""
    described = yaml.safe_load(file.read_text(encoding="utf-8"))
    packages = [entry for entry in described["dependencies"] if isinstance(entry, str)]
    wheels = [
        line
        for entry in described["dependencies"]
        if isinstance(entry, dict)
        for line in entry["pip"]
    ]
    asyncio.run(link(prefix, described["channels"], packages))
    if wheels:
        requirements = prefix / "requirements.txt"
        requirements.write_text("\n".join(wheels), encoding="utf-8")
        pip = [prefix / "bin" / "python", "-m", "pip", "install", "--quiet", "--requirement"]
        subprocess.run([*pip, requirements], check=True)


def main() -> None:
    """Answer as conda would."""
    arguments = sys.argv[1:]
    match arguments:
        case ["--version"]:
            print(f"conda {VERSION}")
        case ["info", *_]:
            print(json.dumps({"conda_prefix": str(HERE), "platform": "linux-64"}))
        case ["config", "--get", *_]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["env", "create", *rest]:
            parser = argparse.ArgumentParser()
            parser.add_argument("--file", type=Path, required=True)
            parser.add_argument("--prefix", type=Path, required=True)
            options, _ = parser.parse_known_args(rest)
            create(options.file, options.prefix)
        case ["clean", *_]:
            pass  # nothing but the channel's two packages is kept
        case _:
            sys.exit(f"the stand-in for conda knows no {arguments}")


main()
