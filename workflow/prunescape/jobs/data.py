"""Jobs of data.smk: the raw files and the splits that they read."""

from prunescape.data import own_sources, prepared_parts, sources
from prunescape.jobs.common import Wildcards, fit_of
from prunescape.pipeline import fits
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


def set_apart(config: Config, wildcards: Wildcards) -> list[int]:
    """Return how many images of a data set are set apart for calibration; [] for none."""
    dataset = config["datasets"][wildcards.dataset]
    return [dataset["calibration"]] if "calibration" in dataset else []


def with_parts(config: Config, *parts: str) -> list[str]:
    """Return the data sets that have these parts and no others."""
    named = config["datasets"].items()
    return [name for name, dataset in named if set(prepared_parts.of(dataset)) == {*parts}]


def split_files(config: Config, dataset: str) -> list[str]:
    """Return all split files of a data set."""
    parts = prepared_parts.of(config["datasets"][dataset])
    return [f"data/{dataset}/{part}.safetensors" for part in parts]


def collections(config: Config) -> list[tuple[str, str]]:
    """Return (source, torchvision's name) for sources that download a torchvision collection."""
    own = {name: places for name, places in config["sources"].items() if name not in sources.FILES}
    named = [(source, own_sources.collection(places[0])) for source, places in own.items()]
    return [(source, collection) for source, collection in named if collection]


def training_images(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the split files that a fit or a schedule trains on."""
    return trained_on(config, wildcards.dataset)


def trained_on(config: Config, dataset: str) -> list[str]:
    """Return the split files of a data set on which networks are trained; [] if none can be."""
    if not prepared_parts.learns(config["datasets"][dataset]):
        return []
    splits = prepared_parts.LEARNT if config["split"] == "final" else ["train"]
    return [f"data/{dataset}/{split}.safetensors" for split in splits]


def measured_images(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the split files on which statistics of a fit's networks are measured.

    They are those that the fit trains on; of a given network the calibration images, if the data
    set has this part.
    """
    dataset = wildcards.dataset
    parts = prepared_parts.of(config["datasets"][dataset])
    if fits.is_given(fit_of(config, wildcards)) and prepared_parts.CALIBRATION in parts:
        return [f"data/{dataset}/{prepared_parts.CALIBRATION}.safetensors"]
    return trained_on(config, dataset)


def measured_apart(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the files of `measured_images` where a schedule trains on others; else []."""
    measured = measured_images(config, wildcards)
    return [] if measured == training_images(config, wildcards) else measured


def checked_images(config: Config, wildcards: Wildcards) -> list[str]:
    """Return the split files whose shape, classes and number a network is checked for.

    Trainings need their number; without any, the calibration part has the rest.
    """
    return training_images(config, wildcards) or measured_images(config, wildcards)


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
