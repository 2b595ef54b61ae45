#!/usr/bin/env python3
"""OpenVINO as an embedder: a BERT of transformers, converted, its last hidden states averaged and scaled to length 1.

    python openvino_embedder.py FOLDER THREADS PRECISION

Reads {"texts": [[id, …], …]} from stdin, a JSON line each, and answers {"value": {"wallMs": ms, "vectors": [[…], …]}}
by its own clock, in the order of the texts. Texts go by length, so that a batch of them has little padding.
PRECISION is that of the plugin (f32, bf16), or `default`: what it chooses on this CPU. The first line tells it.
"""
import json
import sys
import time

import numpy as np
import openvino as ov
import torch
from transformers import AutoModel

# Tokens of a batch, padding included.
BATCH_TOKENS = 4096


class Embedder(torch.nn.Module):
    def __init__(self, folder: str) -> None:
        super().__init__()
        self.model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1), dim=1)


def compiled(folder: str, threads: int, precision: str) -> ov.CompiledModel:
    example = torch.ones((2, 8), dtype=torch.int64)
    model = ov.convert_model(
        Embedder(folder), example_input={"input_ids": example, "attention_mask": example}
    )
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision != "default":
        config["INFERENCE_PRECISION_HINT"] = precision
    return ov.Core().compile_model(model, "CPU", config)


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


def run(model: ov.CompiledModel, texts: list[list[int]]) -> dict:
    start = time.perf_counter()
    vectors: list[list[float]] = [[] for _ in texts]
    for places in batches(texts):
        width = len(texts[places[0]])
        ids = np.zeros((len(places), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, place in enumerate(places):
            ids[row, : len(texts[place])] = texts[place]
            mask[row, : len(texts[place])] = 1
        output = model({"input_ids": ids, "attention_mask": mask})[0]
        for row, place in enumerate(places):
            vectors[place] = output[row].tolist()
    return {"wallMs": 1000 * (time.perf_counter() - start), "vectors": vectors}


def answer(reply: dict) -> None:
    print(json.dumps(reply), flush=True)


def main() -> None:
    folder, threads, precision = sys.argv[1:4]
    model = compiled(folder, int(threads), precision)
    used = model.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    answer({"value": {"version": ov.__version__, "inferencePrecision": used}})
    for line in sys.stdin:
        try:
            answer({"value": run(model, json.loads(line)["texts"])})
        except Exception as error:
            answer({"error": repr(error)})


main()
