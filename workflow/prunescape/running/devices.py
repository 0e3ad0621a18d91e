"""Which device computes, and how torch is set up for it (needs torch)."""

import ctypes
import functools

import torch

from prunescape.foundations.choices import choose
from prunescape.running import gpus


def device(name: str, precision: str = "highest") -> torch.device:
    """Return the device called `cpu`, `cuda` or `auto` (a GPU where there is one); set torch up.

    Matrix products of float32 are computed as `torch.set_float32_matmul_precision` says: `highest`
    in float32; `high` in TF32 on a GPU or a processor whose AMX has it; `medium` in bfloat16 on a
    processor with AMX. A GPU's convolutions are in float32 under `highest`, else in TF32. On a
    processor, float32 is multiplied by MKL, or by oneDNN where that uses more of it.

    Of several GPUs, the process gets one that no other job has, and waits until one is free.

    One thread a job, since jobs run side by side; numbers too small for a normal float32 count as
    zero, since arithmetic on them is many times slower; freed memory is kept for the next tensor.

    Raises:
        ValueError: for another name or precision, and for `cuda` where torch finds no GPU.
    """
    choose(dict.fromkeys(("cpu", "cuda", "auto")), name, "device")
    choose(dict.fromkeys(("highest", "high", "medium")), precision, "precision")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision(precision)
    torch.backends.cudnn.allow_tf32 = precision != "highest"  # without this, convolutions use it
    _keep_memory()
    if name == "cpu":
        return _processor(precision)
    # Before torch looks for GPUs, since it looks once; a build without CUDA must not keep one.
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
    """Return the CPU, with the faster library for float32 products of its kind."""
    if precision != "medium" and _onednn_multiplies_float32():
        torch.set_float32_matmul_precision("medium")
    return torch.device("cpu")


@functools.cache
def _onednn_multiplies_float32() -> bool:
    """Return whether oneDNN is to multiply float32, which torch lets it do as `medium` alone.

    MKL uses the AVX-512 of Intel's processors only; on an AMD Zen 5 oneDNN is twice as fast. Under
    `medium` it may use bfloat16, and does so where a processor has AMX. So a product decides whose
    factors bfloat16 would round.
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
    """Tell glibc, where it is the C library, to hand no memory back to the system.

    Getting every large tensor from the system anew takes half the time of evaluating a
    convolutional network.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        # malloc.h: M_MMAP_MAX = -4, M_TRIM_THRESHOLD = -1.
        set_option(-4, 0)
        set_option(-1, 2**31 - 1)
