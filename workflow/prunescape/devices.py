"""Which device computes, and how torch is set up for it (needs torch)."""

import torch


def device(name: str) -> torch.device:
    """Return the device called `cpu`, `cuda` or `auto` (a GPU where there is one); set torch up.

    One thread a job, since jobs run side by side; numbers too small for a normal float32 count as
    zero, since arithmetic on them is many times slower.

    Raises:
        ValueError: for `cuda` where torch finds no GPU.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: cuda, but torch finds no GPU; device: auto falls back to the CPU")
    use_gpu = name == "cuda" or (name == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if use_gpu else "cpu")
