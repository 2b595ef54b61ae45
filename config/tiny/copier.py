"""Two layers that copy, set by hand: the start from which the model learns to use names that it never saw.

Gradient descent finds such a pair of layers only after very long training. The
first writes next to every token what the token before it is. The second looks
for the place before which the present token stood, and brings the token there.
Both do this roughly; training makes it exact and joins it to the rest.
"""

from __future__ import annotations

import torch
from transformers import Qwen2MoeForCausalLM

SHARP = 10.0  # how sharply the first layer looks at one distance
MATCH, WRITE, BRING = 3.0, 1.0, 1.0
SLOW = 7  # pairs of dimensions that turn slowly enough to compare tokens far apart


def _axes(table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The principal axes `[128, 128]` of normalized embeddings, widest first, and the spread along each."""
    table = table / table.pow(2).mean(1, keepdim=True).sqrt()
    _, spread, axes = torch.linalg.svd(table - table.mean(0), full_matrices=False)
    return axes, spread / len(table) ** 0.5


@torch.no_grad()
def set_copier(model: Qwen2MoeForCausalLM, first: int) -> None:
    """Sets layers `first` and `first + 1` of the model; their experts add nothing yet."""
    config = model.config
    heads, pairs = config.num_attention_heads, config.num_key_value_heads
    size = config.hidden_size // heads
    half, group = size // 2, heads // pairs
    axes, spread = _axes(model.model.embed_tokens.weight.data)
    turns = config.rope_theta ** (-torch.arange(half) / half)
    # What is written is as large as an embedding; both matrices have their part in that.
    scale = model.model.embed_tokens.weight.data.pow(2).mean().sqrt().item() ** 0.5
    slow = torch.cat([torch.arange(half - SLOW, half), torch.arange(size - SLOW, size)])
    before, search = (model.model.layers[first + i].self_attn for i in (0, 1))
    for name, value in before.named_parameters():
        value.zero_()
    for name, value in search.named_parameters():
        value.mul_(0.3) if name.endswith("weight") else value.zero_()
    search.o_proj.weight.zero_()
    for layer in model.model.layers[first:first + 2]:
        for name, value in layer.mlp.named_parameters():
            if "down_proj" in name:
                value.zero_()
    for kv in range(pairs):
        kept = slice(kv * 2 * SLOW, (kv + 1) * 2 * SLOW)
        known = axes[kept] / spread[kept, None]
        rows = slice(kv * size, (kv + 1) * size)
        before.k_proj.bias[rows][:half] = SHARP
        before.v_proj.weight[rows][:2 * SLOW] = scale * known
        for number, distance in enumerate((1, 2)):
            head = kv * group + number
            query = before.q_proj.bias[head * size:(head + 1) * size]
            query[:half], query[half:] = SHARP * torch.cos(-distance * turns), SHARP * torch.sin(-distance * turns)
            low = axes[-(2 * SLOW) * (head + 1):len(axes) - (2 * SLOW) * head]
            before.o_proj.weight[:, head * size:head * size + 2 * SLOW] = WRITE * scale * low.T
            if distance == 1:
                search.q_proj.weight[head * size + slow] = MATCH * known
                search.k_proj.weight[kv * size + slow] = MATCH * low / WRITE
                brought = axes[kv * size:(kv + 1) * size]
                search.v_proj.weight[rows] = scale * brought
                search.o_proj.weight[:, head * size:(head + 1) * size] = BRING * scale * brought.T

