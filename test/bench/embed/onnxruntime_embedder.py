#!/usr/bin/env python3
"""onnxruntime as an embedder (embedder.py): a BERT of transformers, exported by torch and optimised as its docs say.

    python onnxruntime_embedder.py FOLDER THREADS PRECISION

PRECISION is f32, or int8: `quantize_dynamic` with a scale for each column.
"""
import sys
import tempfile
from pathlib import Path

import onnx
import onnxruntime
import torch
from embedder import Embedder, serve
from onnxruntime.quantization import quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from transformers import AutoConfig


def exported(folder: str, out: Path, precision: str) -> Path:
    example = torch.ones((2, 8), dtype=torch.int64)
    names = ["input_ids", "attention_mask"]
    plain, fused, rounded = (out / f"{name}.onnx" for name in ("plain", "fused", "int8"))
    torch.onnx.export(
        Embedder(folder, attn_implementation="eager"),
        (example, example),
        plain,
        input_names=names,
        output_names=["vectors"],
        dynamic_axes={name: {0: "B", 1: "S"} for name in names},
        opset_version=17,
        dynamo=False,
    )
    config = AutoConfig.from_pretrained(folder)
    optimize_model(
        str(plain),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
    ).save_model_to_file(str(fused))
    if precision == "f32":
        return fused
    # Its shape inference does not know the fused nodes.
    default = {"DefaultTensorType": onnx.TensorProto.FLOAT}
    quantize_dynamic(fused, rounded, per_channel=True, extra_options=default)
    return rounded


def main() -> None:
    folder, threads, precision = sys.argv[1:4]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    with tempfile.TemporaryDirectory() as out:
        path = exported(folder, Path(out), precision)
        session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    facts = {"version": onnxruntime.__version__, "name": f"onnxruntime {precision}"}
    serve(
        facts,
        lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0],
    )


main()
