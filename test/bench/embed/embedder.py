"""What peers in Python have in common: a BERT of transformers with mean pooling, texts of like length together.

A peer reads {"texts": [[id, …], …]} from stdin, a JSON line each, and answers {"value": {"wallMs": ms, "vectors":
[[…], …]}} by its own clock, in the order of the texts. Its first line says what it is.
"""
import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from transformers import AutoModel

# Tokens of a batch, padding included.
BATCH_TOKENS = 4096

# Ids and mask, both [B, S] int64, to vectors [B, dim].
Compute = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Embedder(torch.nn.Module):
    """Its last hidden states averaged and scaled to length 1."""

    def __init__(self, folder: str, **options: str) -> None:
        super().__init__()
        self.model = AutoModel.from_pretrained(folder, dtype=torch.float32, **options).eval()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1), dim=1)


def batches(texts: list[list[int]]) -> list[list[int]]:
    """Places of texts that go together, the longest first."""
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    found: list[list[int]] = []
    for place in order:
        longest = len(texts[found[-1][0]]) if found else 0
        if not found or (len(found[-1]) + 1) * longest > BATCH_TOKENS:
            found.append([])
        found[-1].append(place)
    return found


def run(compute: Compute, texts: list[list[int]]) -> dict:
    start = time.perf_counter()
    vectors: list[list[float]] = [[] for _ in texts]
    for places in batches(texts):
        width = len(texts[places[0]])
        ids = np.zeros((len(places), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, place in enumerate(places):
            ids[row, : len(texts[place])] = texts[place]
            mask[row, : len(texts[place])] = 1
        output = compute(ids, mask)
        for row, place in enumerate(places):
            vectors[place] = output[row].tolist()
    return {"wallMs": 1000 * (time.perf_counter() - start), "vectors": vectors}


def answer(reply: dict) -> None:
    print(json.dumps(reply), flush=True)


def serve(facts: dict, compute: Compute) -> None:
    answer({"value": facts})
    for line in sys.stdin:
        try:
            answer({"value": run(compute, json.loads(line)["texts"])})
        except Exception as error:
            answer({"error": repr(error)})
