"""The inputs and params of jobs, in a module for every file of workflow/rules.

The functions take the config and a job's wildcards; rules name them and compute nothing. Paths are
relative to the working folder; structured settings are JSON with sorted keys (equal values have
equal texts). Standard library only: the workflow imports this when it is parsed.
"""
