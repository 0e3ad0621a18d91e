"""The path grammar, the plan of models, arms and rows, and the source files that a job runs.

Read when the workflow is parsed: standard library only.
"""
