"""Finished Snakemake runs under DVC: what Snakemake knows of them, and where their bytes are."""
