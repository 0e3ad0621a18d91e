"""How many jobs of each rule an edit of the tiny run's settings or code reruns."""

from tests.helpers.workplace import RUN

NETWORK = f"{RUN}/graves/digits/logistic"
VI = f"{NETWORK}/vi/r1-2"
PAGES = {"forest": 1, "explorer": 1, "front_page": 1}
JUDGE = {"claims": 1, "gather_claims": 1, **PAGES}
VERDICTS = {"figure": 4, "tabulate": 1, "gather": 1, "compare_published": 1, **JUDGE}
REPORT = {"aggregate": 1, **VERDICTS}
EVALUATE = {"evaluate": 10, **REPORT}
# The dense networks, one of each fit, have no masks.
PRUNE = {"prune": 8, "overlap": 1, "evaluate": 6, **REPORT}
# One fit has no arms, and only one compensates, which takes the moments of the layers' inputs.
SCORE = {"measure": 1, "score": 3, **PRUNE, **EVALUATE}
FIT = {"train": 1, "fit_variational": 3, **SCORE}
# A posterior that is evaluated by 3 criteria at 3 levels, and at 2 thresholds; and dense.
SCORE_VI = {"score": 1, "prune": 5, "overlap": 1, "evaluate": 4, **REPORT}
FIT_VI = {"fit_variational": 1, "measure": 1, **SCORE_VI, "evaluate": 5}
