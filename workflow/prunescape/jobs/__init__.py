"""What each job reads and is told, a module for each file of workflow/rules.

Functions of the config and of a job's wildcards; rules name them and compute nothing. Paths are
relative to the working folder, structured settings are JSON with sorted keys (the same text for the
same value). Standard library only: the workflow reads this when it is parsed.
"""
