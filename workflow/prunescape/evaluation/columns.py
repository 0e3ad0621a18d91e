"""The columns of a run's tables; docs/table.md repeats them and a test compares.

Standard library only, since claims are checked against the columns before anything runs.
"""

KEY = {
    "study": "Study of the catalogue.",
    "dataset": "Data set with its split.",
    "network": "Architecture, activation and fixed sparse weights.",
    "fit": "Everything of training: input scaling, objective, prior, optimiser, epochs.",
    "criterion": "How weights are ranked; none: dense.",
    "scope": "Among whom k is counted: global, layer, output_unit, floor, erdos_renyi, erk, "
    "input_unit, neuron, none, or the name of one of the study's own.",
    "selection": "How the weights are chosen: exact_k, threshold, none.",
    "effect": "What happens to the chosen: zero, compensate, freeze, recalibrate, "
    "reconstruct, none, or the name of one of your own.",
    "schedule": "Course of pruning and retraining, such as oneshot; none: dense.",
    "step": "Position in the schedule; 0 for oneshot and none.",
    "level": "Share asked for, in [0, 1]; under selection = threshold the threshold; 0 if dense.",
    "replicate": "Number of the replicate, from 1.",
    "noise": "Kind of input noise: grey_raw, grey_normalised, gaussian, salt_pepper, "
    "occlusion, a standard corruption (mnist_c_..., cifar_c_...), or the name of one of your own; "
    "none: clean.",
    "noise_level": "Strength of the noise, in (0, 1]; 0 for the clean row.",
    "prediction": "What predicts: mean, the weights as they are (of a posterior: their means), or "
    "sampled, the average of networks drawn from the posterior.",
}
VALUE = {
    "total_weights": "Prunable weights; biases are not counted.",
    "kept_weights": "Weights that the mask keeps.",
    "sparsity_actual": "Share of the prunable weights measured to be exactly zero.",
    "frozen_weights": "Weights that keep their value and no longer learn.",
    "min_layer_kept": "Kept weights of the layer that kept fewest.",
    "kept_by_layer": "Kept weights of each layer, in order, separated by spaces.",
    "dead_units": "Units without a kept incoming weight or, but for outputs, a kept outgoing one.",
    "multiply_adds": "Multiply-adds of an image: weights that are kept or frozen, each as often as "
    "an image uses it.",
    "n_images": "Images evaluated.",
    "n_correct": "Images classified correctly.",
    "accuracy": "n_correct / n_images, in [0, 1].",
    "nll": "Mean negative log-likelihood of the true class, in nats.",
    "ece": "Expected calibration error over 15 equal-width bins, in [0, 1].",
    "ece_equal_mass": "Expected calibration error over 15 bins of equally many images, in [0, 1].",
    "brier": "Mean squared distance of probabilities from the true class, in [0, 2].",
    "silent_by_layer": "Units (or filters) of each layer that are zero for every image.",
}
NOISE_COLUMNS = [
    *("study", "dataset", "network", "fit", "replicate"),
    *("noise_rank_fixed", "noise_rank_trained", "floored"),
]

MADE = ("accuracy", "error", "corruption_error", "relative_corruption_error")
"""Measures of claims that are made of accuracies, in points or in percent of a baseline's."""


def of(table: str) -> tuple[str, ...]:
    """Return the key columns of the table `scores` or `gradient_noise`, in their order."""
    noise = tuple(name for name in NOISE_COLUMNS if name in KEY)
    return tuple(KEY) if table == "scores" else noise


def measures(table: str) -> tuple[str, ...]:
    """Return the measures that claims may use: numeric columns, and those made of accuracies."""
    numbers = ("step", "level", "replicate", "noise_level", *VALUE)
    names = numbers if table == "scores" else ("replicate", *NOISE_COLUMNS)
    texts = {name for name in (*VALUE, *KEY) if name.endswith("_by_layer")}
    texts |= {name for name in KEY if name not in numbers}
    shown = [name for name in names if name not in texts and name != "accuracy"]
    return tuple(dict.fromkeys([*(MADE if table == "scores" else ()), *shown]))
