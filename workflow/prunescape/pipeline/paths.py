"""The path grammar: the path of every file of a run, below results/<run>.

Folders follow the order of the table's key columns. Rules use the patterns as they are, targets
through `str.format`. Standard library only.

A block of replicates that was appended for some rows has its number behind `last`, r6-10_1; its
networks are trained in r6-10 (`plan.Block`).
"""

MODEL = "{study}/{dataset}/{network}/{fit}/r{first}-{last}"
NETWORK_CHECK = "{study}/{dataset}/{network}/{fit}/check/network.json"
POINT = MODEL + "/train/checkpoint.safetensors"
GIVEN = MODEL + "/import_weights/checkpoint.safetensors"
NOISE_CHECK = MODEL + "/train/noise.json"
POSTERIOR = MODEL + "/fit_variational/checkpoint.safetensors"
SCORES = MODEL + "/score/scores.safetensors"
MOMENTS = MODEL + "/measure/input_moments.safetensors"
MASKS = MODEL + "/prune/{selection}/{level}/masks.safetensors"
STEP_MASKS = MODEL + "/prune_step/{schedule}/s{step}/masks.safetensors"
RETRAINED = MODEL + "/retrain/{schedule}/{part}/checkpoint.safetensors"
RETRAINED_MASKS = MODEL + "/retrain/{schedule}/{part}/masks.safetensors"
RETRAINED_SCORES = MODEL + "/retrain/{schedule}/{part}/scores.safetensors"
ROWS = MODEL + "/evaluate/{criterion}/{scope}/{selection}/{schedule}/b{batch}/rows.json"
OUTCOMES = (
    MODEL + "/evaluate/{criterion}/{scope}/{selection}/{schedule}/b{batch}/outcomes.safetensors"
)
OVERLAPS = "{study}/overlaps.csv"
FLIPS = "{study}/flips.csv"
BROKEN_IMAGES = "{study}/broken_images.safetensors"
FIGURE = "{study}/figures/{figure}"
MAIN_TABLE = "{study}/main_table"
CHOICE = "label/choice.json"
MEASURED = "label/measured.json"
LABEL = "label.json"
LABEL_PAGE = "label.html"
EXPORT = "exports/{export}/export.json"
EXPORTED = "exports/{export}/{form}.{extension}"
FORMS = ("dense", "masked", "compact")
"""The files of an export: the network before pruning, with zeros, and without pruned units."""
MODULE_FORMS = ("dense", "masked")
"""Those that every export of a user's module has."""
SIZES = "sizes.csv"
TABLE = "scores.parquet"
TABLE_CSV = "scores.csv"
NOISE_TABLE = "gradient_noise.csv"
DIVERGED = "diverged.csv"
CLAIMS = "claims.csv"
CLAIM_PARTS = "claim_parts.csv"
FOREST = "forest"
APPENDED = "appended.json"
DECLARATIONS = "declarations.json"
PUBLISHED = "published.csv"
COSTS = "costs.csv"
TRAINING = "training.csv"
HISTORY = "history.csv"
RELIABILITY = "reliability.parquet"
FRONT_PAGE = "verdicts.rst"
EXPLORER = "explorer.html"
ENVIRONMENT = "environment.json"


def of_study(path: str) -> str:
    """Return the path of one study's part of a table of the run."""
    return f"{{study}}/{path}"


def log(path: str) -> str:
    """Return the log of the job that writes `path`."""
    return f"logs/{path.rpartition('.')[0] or path}.log"


def benchmark(path: str) -> str:
    """Return the benchmark record of the job that writes `path`."""
    return f"benchmarks/{path.rpartition('.')[0] or path}.tsv"
