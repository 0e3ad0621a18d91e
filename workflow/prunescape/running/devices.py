"""Choose the device that computes, and set torch up for it (needs torch)."""

import ctypes
import functools

import torch

from prunescape.foundations.choices import choose
from prunescape.running import gpus


def device(name: str, precision: str = "highest") -> torch.device:
    """Return the device called `cpu`, `cuda` or `auto` (a GPU if there is one); set torch up.

    `precision` is passed to `torch.set_float32_matmul_precision`, for matrix products of float32:
    `highest` computes them in float32; `high` in TF32 on a GPU or a processor whose AMX has it;
    `medium` in bfloat16 on a processor with AMX. A GPU's convolutions are in float32 under
    `highest`, else in TF32. On a processor, MKL multiplies float32, or oneDNN if it is faster.

    If there are several GPUs, the process takes one that no other job has, and waits until one is
    free.

    A job has one thread, since jobs run side by side. Subnormal float32 numbers count as zero,
    since arithmetic on them is many times slower. Freed memory is kept for the next tensor.

    Raises:
        ValueError: for another name or precision, and for `cuda` if torch finds no GPU.
    """
    choose(dict.fromkeys(("cpu", "cuda", "auto")), name, "device")
    choose(dict.fromkeys(("highest", "high", "medium")), precision, "precision")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision(precision)
    torch.backends.cudnn.allow_tf32 = precision != "highest"  # True by default
    _keep_memory()
    if name == "cpu":
        return _processor(precision)
    # Before torch looks for GPUs, since it looks once; a build without CUDA must not claim a GPU.
    ids = gpus.visible() if torch.backends.cuda.is_built() else []
    if ids:
        gpus.claim(ids)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if name == "cuda":
        raise ValueError(
            f"device: cuda, but torch {torch.__version__} finds no GPU (visible: "
            f"{', '.join(gpus.visible()) or 'none'}); device: auto falls back to the CPU"
        )
    return _processor(precision)


def _processor(precision: str) -> torch.device:
    """Return the CPU, after choosing the faster library for its float32 products."""
    if precision != "medium" and _onednn_multiplies_float32():
        torch.set_float32_matmul_precision("medium")
    return torch.device("cpu")


@functools.cache
def _onednn_multiplies_float32() -> bool:
    """Return whether oneDNN should multiply float32; torch lets it only under `medium`.

    MKL uses AVX-512 on Intel's processors only; on an AMD Zen 5 oneDNN is twice as fast. Under
    `medium` oneDNN uses bfloat16 if the processor has AMX, which must not happen. A trial product
    with factors that bfloat16 would round shows whether it does.
    """
    name = torch.cpu.get_capabilities().get("cpu_name", "")
    if torch.backends.cpu.get_cpu_capability() != "AVX512" or "AMD" not in name:
        return False
    factors = torch.full((64, 64), 1 + 2.0**-12)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    exact = torch.equal(factors @ torch.eye(64), factors)
    torch.set_float32_matmul_precision(before)
    return exact


def _keep_memory() -> None:
    """Have glibc, if it is the C library, return no memory to the system.

    Otherwise half the time of evaluating a convolutional network goes into getting memory for large
    tensors from the system again.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        # malloc.h: M_MMAP_MAX = -4, M_TRIM_THRESHOLD = -1.
        set_option(-4, 0)
        set_option(-1, 2**31 - 1)
