"""Count and time what a network costs. It imports nothing of this project."""

import time

import numpy as np
import pyarrow
import torch
from inputs import images, layers, net, scaled, weights


def written(state, way):
    """Return a state_dict as bytes: dense, csr or bit-mask; what isn't pruned is always dense."""
    parts = []
    for key, value in sorted(state.items()):
        if way == "dense" or key not in weights:
            parts.append(value.numpy())
            continue
        rows = value.flatten(1).numpy()
        filled = rows != 0
        begins, columns = np.append(0, filled.sum(1).cumsum()), np.nonzero(filled)[1]
        csr = np.concatenate([begins, columns]).astype(np.int32)
        parts += [csr if way == "csr" else np.packbits(filled), rows[filled]]
    return b"".join(each.tobytes() for each in parts)


def sizes(unpruned, pruned):
    """Return bytes before pruning and after, where the smallest way of writing counts."""
    dense = written(unpruned, "dense")
    texts = {way: written(pruned, way) for way in ("dense", "csr", "bit-mask")}
    zstd = pyarrow.Codec("zstd", compression_level=19)
    compressed = [len(zstd.compress(text)) for text in texts.values()]
    way = min(texts, key=lambda each: len(texts[each]))
    sides = {"unpruned": len(dense), "pruned": len(texts[way]), "way": way}
    return sides | {"compressed": [len(zstd.compress(dense)), min(compressed)]}


@torch.no_grad()
def multiply_adds(unpruned, pruned):
    """Return multiply-adds of an image: of all weights, and of those that aren't zero."""
    uses = {}  # how often an image uses each weight of a layer
    hooks = [
        layer.register_forward_hook(lambda *given, k=key: uses.update({k: given[2][0, 0].numel()}))
        for key, layer in layers.items()
    ]
    net(scaled(images[:1]))
    for hook in hooks:
        hook.remove()
    every = sum(unpruned[key].numel() * uses[key] for key in weights)
    nonzero = sum(int(pruned[key].count_nonzero()) * uses[key] for key in weights)
    return {"all": every, "nonzero": nonzero}


@torch.inference_mode()
def times(state, batch):
    """Return the time of a batch on one thread in ms, the shortest of 50, for all that is told."""
    torch.set_num_threads(1)
    net.load_state_dict(state)
    pixels, found = np.random.default_rng(0).random((batch, *images.shape[1:]), np.float32), []
    for _ in range(50):
        begin = time.perf_counter()
        net(scaled(pixels))
        found.append(1000 * (time.perf_counter() - begin))
    return dict.fromkeys(("median", "low", "high"), min(found))
