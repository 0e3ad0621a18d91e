"""prunescape: what a neural network can lose.

A room a stage of the pipeline, each a folder whose docstring says what lives there. Only `running`
knows of Snakemake and of arguments. The ground floor, `foundations`, needs numpy at most;
modules that need torch say so in their first line.
"""

import os

# Without it, bits of torch's products on a processor (MKL) depend on where in memory a matrix
# begins, and so on a member's company; on an AMD Zen 3 they did. MKL reads it at its first product,
# so that products made before this is imported switch it off for good.
os.environ.setdefault("MKL_CBWR", "AUTO")
