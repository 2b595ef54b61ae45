#!/usr/bin/env python3
"""OpenVINO as an embedder (embedder.py): a BERT of transformers, converted.

    python openvino_embedder.py FOLDER THREADS PRECISION

PRECISION is that of the plugin (f32, bf16), or `default`: what it chooses on this CPU. The first line tells it.
"""
import sys

import openvino as ov
import torch
from embedder import Embedder, serve


def compiled(folder: str, threads: int, precision: str) -> ov.CompiledModel:
    example = torch.ones((2, 8), dtype=torch.int64)
    model = ov.convert_model(
        Embedder(folder), example_input={"input_ids": example, "attention_mask": example}
    )
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision != "default":
        config["INFERENCE_PRECISION_HINT"] = precision
    return ov.Core().compile_model(model, "CPU", config)


def main() -> None:
    folder, threads, precision = sys.argv[1:4]
    model = compiled(folder, int(threads), precision)
    used = model.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    facts = {"version": ov.__version__, "name": f"openvino {used}"}
    serve(facts, lambda ids, mask: model({"input_ids": ids, "attention_mask": mask})[0])


main()
