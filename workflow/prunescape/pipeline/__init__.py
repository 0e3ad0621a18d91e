"""The path grammar, the plan of what there is to do, and which code a job runs.

Read when the workflow is parsed: standard library only.
"""
