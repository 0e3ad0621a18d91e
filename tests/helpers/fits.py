"""Networks, objectives and optimisers of the fits that tests disturb."""

PERCEPTRON = [
    {"kind": "linear", "units": 19},
    {"kind": "relu"},
    {"kind": "linear", "units": 10},
]
SPARSE = [
    {"kind": "conv", "filters": 6, "size": 3, "nonzero": 0.5},
    {"kind": "max_pool", "size": 2},
    {"kind": "k_winners", "k": 9, "boost": {"strength": 1.5, "factor": 0.85}},
    {"kind": "linear", "units": 10},
]
POINT = {"kind": "likelihood"}
POSTERIOR = {
    "kind": "variational",
    "prior": "ard",
    "kl": {"weight": 1.0, "warm_up": [0, 3]},
    "sigma": {"parameter": "log", "initial": 0.05},
    "sigma_in_kl": "standard_deviation",
    "sampling": "activations",
}
AT_ONCE = POSTERIOR | {"kl": {"weight": 1.0, "warm_up": [0, 0]}}
"""The same with the whole divergence from the first epoch on."""
MOMENTUM = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}
PSGD = {
    "kind": "psgd",
    "scale": 0.1,
    "floor": 0.001,
    "normalisation": "images",
    "start": "measured",
}
