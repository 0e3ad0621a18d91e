"""prunescape: what a neural network can lose.

The library knows neither Snakemake nor argument parsing. Its ground floor (`streams`, `files`,
`masks`, `levels`) needs numpy only; modules that need torch say so in their first line.
"""
