"""Jobs of data.smk: the raw files and the splits that they read."""

from prunescape.data import own_sources, sources
from prunescape.jobs.common import Wildcards
from prunescape.pipeline.plan import Config


def raw_files(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the files that a data set is made of."""
    source = config["datasets"][wildcards.dataset]["source"]
    if source in sources.FILES:
        return [f"data/{source}/raw/{name}" for name in sources.FILES[source]]
    return own_sources.files(source, config["sources"][source][0])


def read_images(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the arguments that name the files of a data set for prepare.py: an option and paths.

    For the user's own images the path is their file or folder: a command line may have no room for
    all files of a folder.
    """
    dataset = config["datasets"][wildcards.dataset]
    source = dataset["source"]
    if source in sources.FILES:
        return ["--raw", *raw_files(config, wildcards)]
    path = own_sources.path(source, config["sources"][source][0])
    found = ["--own", path, "--background", dataset["background"]]
    for name in ("resize", "crop"):
        if name in dataset:
            found += [f"--{name}", str(dataset[name])]
    return [*found, *["--colour"] * dataset["colour"]]


def learnt_from(config: Config, wildcards: Wildcards) -> list[int]:
    """Return how many images a data set's networks learn from; [] for all."""
    dataset = config["datasets"][wildcards.dataset]
    return [dataset["train"]] if "train" in dataset else []


def collections(config: Config) -> list[tuple[str, str]]:
    """Return (source, torchvision's name) for sources that download a torchvision collection."""
    own = {name: places for name, places in config["sources"].items() if name not in sources.FILES}
    named = [(source, own_sources.collection(places[0])) for source, places in own.items()]
    return [(source, collection) for source, collection in named if collection]


def training_images(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the split files that a fit trains on."""
    return trained_on(config, wildcards.dataset)


def trained_on(config: Config, dataset: str) -> list[str]:
    """Return the split files of a data set on which networks are trained."""
    splits = ["train", "validation"] if config["split"] == "final" else ["train"]
    return [f"data/{dataset}/{split}.safetensors" for split in splits]


def validation_images(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the split files that a training measures its accuracy on, if it is asked to."""
    return [evaluated_images(config, wildcards)] if config["validate_every"] else []


def evaluated_images(config: Config, wildcards: Wildcards) -> str:
    """Return the split file on which the table's networks are evaluated."""
    return evaluated_on(config, wildcards.dataset)


def evaluated_on(config: Config, dataset: str) -> str:
    """Return the split file of a data set on which networks are evaluated."""
    split = "test" if config["split"] == "final" else "validation"
    return f"data/{dataset}/{split}.safetensors"
