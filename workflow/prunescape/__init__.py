"""prunescape: what a neural network can lose.

The library knows neither Snakemake nor argument parsing. Its ground floor (`streams`, `files`,
`masks`, `levels`) needs numpy only; modules that need torch say so in their first line.
"""

import os

# Without it, bits of torch's products on a processor (MKL) depend on where in memory a matrix
# begins, and so on a member's company; on an AMD Zen 3 they did. MKL reads it at its first product,
# so that products made before this is imported switch it off for good.
os.environ.setdefault("MKL_CBWR", "AUTO")
