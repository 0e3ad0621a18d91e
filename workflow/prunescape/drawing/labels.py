"""The dictionary of all figures and pages: words for what the table and config.yaml name.

Names that are not listed, such as a user's own criterion or fit, are shown as config.yaml has them.
"""

from collections.abc import Iterable

from prunescape.evaluation.noise_suites import SUITES
from prunescape.scoring.needs import SHUFFLED

SCORES = {
    "snr": r"$|\mu|/\sigma$",
    "magnitude": r"$|w|$",
    "inverse_sigma": r"$1/\sigma$",
    "magnitude_x_std": r"$|w|\,$× std of input",
    "log_alpha": r"$-\log\alpha$",
    "hg": r"$|Hg|$",
    "g": r"$|g|$",
    "taylor": r"$|w|\,$× mean $|g_n|$",
    "wanda": r"$|w|\,$× norm of input",
    "obd": r"$w^2h/2$",
    "obd_empirical": r"$w^2/2\,$× mean $g_n^2$",
    "obd_hessian": r"$w^2h/2$ of the Hessian",
    "obs": r"$w^2/H^{-1}$",
    "opd": r"$w^2P$",
    "movement": r"$-\Sigma wg$",
    "gradient_magnitude": r"$|wg|$",
    "gradient_norm": r"norm of $g_n$",
    "grasp": r"$w_0Hg_0$",
    "synflow": "flow",
    "snip": r"$|w_0g_0|$",
    "lamp": r"$w^2/\Sigma$",
}
CRITERIA = {
    "none": "unpruned",
    "snr": f"signal to noise {SCORES['snr']}",
    "magnitude": f"magnitude {SCORES['magnitude']}",
    "inverse_sigma": f"certainty {SCORES['inverse_sigma']}",
    "magnitude_x_std": SCORES["magnitude_x_std"],
    "log_alpha": f"dropout rate {SCORES['log_alpha']}",
    "hg": f"step {SCORES['hg']}",
    "g": f"gradient {SCORES['g']}",
    "taylor": f"Taylor {SCORES['taylor']}",
    "wanda": f"Wanda {SCORES['wanda']}",
    "obd": f"OBD {SCORES['obd']}",
    "obd_empirical": f"empirical OBD {SCORES['obd_empirical']}",
    "obd_hessian": f"OBD {SCORES['obd_hessian']}",
    "obs": f"OBS {SCORES['obs']}",
    "opd": f"OPD {SCORES['opd']}",
    "movement": f"movement {SCORES['movement']}",
    "gradient_magnitude": f"gradient {SCORES['gradient_magnitude']}",
    "gradient_norm": f"gradient, {SCORES['gradient_norm']}",
    "grasp": f"GraSP {SCORES['grasp']}",
    "synflow": "synaptic flow",
    "snip": f"SNIP {SCORES['snip']}",
    "lamp": f"LAMP {SCORES['lamp']}",
    "random": "random",
}
SCOPES = {
    "global": "all layers together",
    "layer": "each layer alone",
    "output_unit": "each unit's inputs alone",
    "floor": "all layers, with a minimum a layer",
    "erdos_renyi": "each layer by Erdős-Rényi",
    "erk": "each layer by Erdős-Rényi with kernels",
    "input_unit": "whole inputs",
    "neuron": "whole neurons",
}
EFFECTS = {
    "zero": "removed weights set to zero",
    "compensate": "mean input of removed weights folded into the bias",
    "freeze": "selected weights frozen",
    "recalibrate": "removed weights set to zero, normalisation measured anew",
    "reconstruct": "removed weights set to zero, the others fitted to the layer's outputs",
}
SCHEDULES = {
    "oneshot": "one shot",
    "oneshot_finetune": "one shot, fine-tuned",
    "iterative10": "iterative, 10 % a step",
    "fine": "iterative, fine steps",
    "cut200": "cut after 200 steps",
}
NETWORKS = {
    "logistic": "logistic regression",
    "mlp_250_100": "MLP 250-100",
    "lenet_300_100": "LeNet-300-100",
    "lenet_5": "LeNet-5",
    "tanh_32": "32 tanh units",
    "published_tanh_32": "32 tanh units, biases pruned too",
    "small_dense": "dense CNN",
    "small_k_winners": "k-winners",
    "small_k_winners_boosted": "k-winners, boosted",
    "small_sparse_weights": "sparse weights",
    "small_sparse": "k-winners and sparse weights",
    "small_sparse_boosted": "k-winners and sparse weights, boosted",
    "published_dense": "dense CNN, as published",
    "published_sparse": "sparse CNN, as published",
    "dense_cnn_1": "dense CNN-1",
    "dense_cnn_2": "dense CNN-2",
    "sparse_cnn_1": "sparse CNN-1",
    "sparse_cnn_2": "sparse CNN-2",
    "dense_cnn_2_sp3": "dense CNN-2, sparse hidden layer",
    "sparse_cnn_2_d3": "sparse CNN-2, dense hidden layer",
    "sparse_cnn_2_w1": "sparse CNN-2, all hidden weights",
    "sparse_cnn_2_dsw": "sparse CNN-2, k-winners but in the hidden layer",
}
FITS = {
    "point": "maximum likelihood",
    "vi": "variational",
    "vi_signed": "variational, pixels from −1 to 1",
    "adam": "Adam",
    "ard": "sparse variational dropout",
    "log_uniform": "log-uniform prior",
    "dense": "maximum likelihood",
    "psgd": "SGD scaled by gradient noise",
    "sgd": "SGD",
    "as_published": "as published",
}
_BRIEF = {
    "scope": {
        "global": "all layers",
        "layer": "each layer",
        "output_unit": "each unit",
        "floor": "minimum a layer",
        "erdos_renyi": "Erdős-Rényi",
        "erk": "Erdős-Rényi with kernels",
        "input_unit": "whole inputs",
        "neuron": "whole neurons",
    },
    "effect": {
        "zero": "set to zero",
        "compensate": "mean kept in the bias",
        "freeze": "frozen",
        "recalibrate": "normalisation measured anew",
        "reconstruct": "the others fitted anew",
    },
    "schedule": {
        "oneshot": "one shot",
        "oneshot_finetune": "fine-tuned",
        "iterative10": "iterative",
        "fine": "fine steps",
        "cut200": "cut after 200 steps",
    },
}
_CORRUPTIONS = {
    kind: f"{name} {kind.removeprefix(f'{suite}_').replace('_', ' ')}"
    for suite, name in (("mnist_c", "MNIST-C"), ("cifar_c", "CIFAR-10-C"))
    for kind in SUITES[suite].kinds
}
NOISES = {
    "grey_raw": "share of pixels set to grey",
    "grey_normalised": "share of pixels set to grey (after scaling)",
    "gaussian": "Gaussian noise, standard deviation",
    "salt_pepper": "share of pixels set to black or white",
    "occlusion": "share of the area covered",
    **{kind: f"{name}, severity / 5" for kind, name in _CORRUPTIONS.items()},
}
SHORT_NOISES = {
    "grey_raw": "grey pixels",
    "grey_normalised": "grey (scaled)",
    "gaussian": "Gaussian noise",
    "salt_pepper": "black and white",
    "occlusion": "occlusion",
    **_CORRUPTIONS,
}
_PLAIN = {
    r"\mu": "μ",
    r"\sigma": "σ",
    r"\log": "log ",
    r"\alpha": "α",
    r"\Sigma": "Σ",
    r"\,": " ",
    "^2": "²",
    "^{-1}": "⁻¹",
    "_0": "₀",
    "_n": "ₙ",
}
_BY_COLUMN = {
    "criterion": CRITERIA,
    "scope": SCOPES,
    "effect": EFFECTS,
    "schedule": SCHEDULES,
    "noise": NOISES,
    "network": NETWORKS,
    "fit": FITS,
}


def label(column: str, value: str) -> str:
    """Return the readable name of `value`, a word of the table's key column `column`."""
    if column == "criterion" and value.startswith(SHUFFLED):
        return f"{label(column, value.removeprefix(SHUFFLED))}, shuffled in each layer"
    return _BY_COLUMN.get(column, {}).get(value, value)


def brief(column: str, value: str) -> str:
    """Return the readable name of a scope, effect or schedule in a word or two, for legends."""
    return _BRIEF[column].get(value, value)


def plain(column: str, value: str) -> str:
    """Return the readable name without mathematical type, for a page or a terminal."""
    parts = label(column, value).split("$")
    for i in range(1, len(parts), 2):  # what stood between two $
        for marked, written in _PLAIN.items():
            parts[i] = parts[i].replace(marked, written)
    return "".join(parts)


def taken(effects: Iterable[str]) -> str:
    """Return what becomes of the weights that masks take, under these effects: "removed", ..."""
    frozen, removed = _fates(effects)
    return " or ".join(["removed"] * (removed or not frozen) + ["frozen"] * frozen)


def left(effects: Iterable[str]) -> str:
    """Return what the other weights are: "kept", or that they are not what `taken` says."""
    frozen, removed = _fates(effects)
    if not frozen:
        return "kept"
    return "neither removed nor frozen" if removed else "not frozen"


def _fates(effects: Iterable[str]) -> tuple[bool, bool]:
    """Return whether some effects freeze weights, and whether some remove them."""
    found = set(effects) - {"none"}
    return "freeze" in found, bool(found - {"freeze"})


def place(column: str, value: str) -> tuple[bool, int, str]:
    """Return a sort key: words in the order above, then others by name, `as_published` last."""
    listed = list(_BY_COLUMN.get(column, {}))
    place = listed.index(value) if value in listed else len(listed)
    return (value == "as_published", place, value)


def score(criterion: str) -> str:
    """Return the formula of a criterion's score, for an axis of thresholds."""
    return SCORES.get(criterion, f"score of {criterion}")
