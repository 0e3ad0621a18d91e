"""The machine and the run: devices, the run's lock, failures, costs, the environment."""
