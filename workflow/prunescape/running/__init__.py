"""The machine and the run: devices, the folder's lock, failures, costs, the environment."""
