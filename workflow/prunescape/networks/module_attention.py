"""Attention whose projections are layers like others (needs torch).

nn.MultiheadAttention reads its weights instead of calling layers: query, key and value come from
one matrix, `in_proj_weight` [3 E, E], and `out_proj`, an nn.Linear, is never called. Where query,
key and value are one tensor (self-attention), its result is that of two linear layers with the
attention itself between them: softmax(Q K' / sqrt(d)) V in each head (Vaswani et al. 2017,
arXiv 1706.03762, equation 1). So written, both matrices are scored, pruned and counted as layers;
`in_proj` is one layer of 3 E units. All parameters keep their names.
"""

import contextlib
import math

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)
from torch import nn

from prunescape.networks import module_starts
from prunescape.networks.network import Shape

HELD = ("in_proj_weight", "in_proj_bias")


class Projection(nn.Module):
    """Makes queries, keys and values, [..., E] -> [..., 3 E]; the attention has its numbers."""

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        super().__init__()
        self._attention = [attention]  # in a list it is no module of this one

    @property
    def weight(self) -> nn.Parameter:
        """The matrix [3 E, E]."""
        return self._attention[0].in_proj_weight

    @property
    def bias(self) -> nn.Parameter | None:
        """Its bias [3 E], or None."""
        return self._attention[0].in_proj_bias

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return queries, keys and values, one after the other."""
        return F.linear(values, self.weight, self.bias)

    def hide(self) -> None:
        """Take the numbers away, so that nothing but this layer's replacement can use them."""
        for name in HELD:
            self._attention[0].register_parameter(name, None)


class SelfAttention(nn.MultiheadAttention):
    """nn.MultiheadAttention for one tensor as query, key and value, which calls its layers."""

    in_proj: Projection

    def forward(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        key_padding_mask: torch.Tensor | None = None,
        need_weights: bool = True,
        attn_mask: torch.Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return what nn.MultiheadAttention does; `is_causal` only describes `attn_mask`."""
        values = query if self.batch_first else query.transpose(0, 1)
        q, k, v = (
            each.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2)
            for each in self.in_proj(values).chunk(3, dim=-1)
        )
        added = self._added(attn_mask, key_padding_mask, q.dtype)
        dropped = self.dropout if self.training else 0.0
        weights = None
        if need_weights:
            scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_dim)
            weights = F.dropout((scores if added is None else scores + added).softmax(-1), dropped)
            found = weights @ v
            weights = weights.mean(1) if average_attn_weights else weights
        else:
            found = F.scaled_dot_product_attention(q, k, v, added, dropped)
        # No number of images, which would stay what it is in a graph that is made of one run.
        outputs: torch.Tensor = self.out_proj(found.transpose(1, 2).flatten(2))
        return outputs if self.batch_first else outputs.transpose(0, 1), weights

    def _added(
        self,
        mask: torch.Tensor | None,
        padding: torch.Tensor | None,
        dtype: torch.dtype,
    ) -> torch.Tensor | None:
        """Return what is added to the scores, [1 or images, 1 or heads, 1 or L, L]; None: nothing.

        A mask of booleans is True where nothing may be looked at.
        """
        found = None
        for each in (mask, padding):
            if each is None:
                continue
            shown = each
            if each.dtype == torch.bool:
                shown = torch.zeros_like(each, dtype=dtype).masked_fill_(each, -math.inf)
            if each is padding:
                shown = shown[:, None, None]
            else:
                own = (-1, self.num_heads) if each.dim() == 3 else (1, 1)
                shown = shown.reshape(*own, *each.shape[-2:])
            found = shown if found is None else found + shown
        return found


def convert(module: nn.Module, input_shape: Shape) -> None:
    """Make the self-attention in a module call its layers, in place.

    Left as it is, to run as a whole, is attention between different tensors, over one image
    without an axis of images, with keys of another size, or with added keys.

    Args:
        module: the module.
        input_shape: shape of one image; the module runs on made-up ones.
    """
    found = [each for each in module.modules() if type(each) is nn.MultiheadAttention]
    plain = [each for each in found if _is_plain(each)]
    for each in _of_one_tensor(module, plain, input_shape):
        each.__class__ = SelfAttention
        each.in_proj = Projection(each)


def _is_plain(attention: nn.MultiheadAttention) -> bool:
    added = attention.bias_k is not None or attention.add_zero_attn
    return attention.in_proj_weight is not None and not added


def _of_one_tensor(
    module: nn.Module, candidates: list[nn.MultiheadAttention], input_shape: Shape
) -> list[nn.MultiheadAttention]:
    """Return the candidates that run, and always on one tensor [N, L, E] or [L, N, E]."""
    ways: dict[nn.Module, list[bool]] = {each: [] for each in candidates}

    def note(attention: nn.Module, given: tuple, named: dict) -> None:
        names = dict(zip(("query", "key", "value"), given, strict=False)) | named
        query = names["query"]
        alike = names["key"] is query and names["value"] is query
        ways[attention].append(alike and query.dim() == 3)

    with contextlib.ExitStack() as hooks:
        for each in candidates:
            hooks.callback(each.register_forward_pre_hook(note, with_kwargs=True).remove)
        mode = module.training
        # A module that can't run is told by whoever runs it next.
        with contextlib.suppress(Exception), module_starts.fenced(0), torch.no_grad():
            if candidates:
                module.eval()(module_starts.probe(2, input_shape))
        module.train(mode)
    return [each for each in candidates if ways[each] and all(ways[each])]
