#!/usr/bin/env python3
"""Makes a model that the given one can draft for: the same, with layers that add noise.

    python make_deep_model.py FOLDER OUT TIMES NOISE

OUT has TIMES as many layers as FOLDER's model, copies of its own. What the new ones add to the residual stream comes
out of o_proj and down_proj, which are normal noise of NOISE times the standard deviation of the layer's own: by it
drafts are right more or less often. The seed is fixed.
"""
import json
import re
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

LAYER = re.compile(r"^model\.layers\.(\d+)\.")
OUTPUTS = re.compile(r"\.(o_proj|down_proj)\.weight$")


def deepened(tensors: dict, num_layers: int, times: int, noise: float) -> dict:
    generator = torch.Generator().manual_seed(1)
    deep = dict(tensors)
    for layer in range(num_layers, times * num_layers):
        for name, tensor in tensors.items():
            match = LAYER.match(name)
            if match is None or int(match[1]) != layer % num_layers:
                continue
            copy = tensor
            if OUTPUTS.search(name):
                std = noise * tensor.float().std()
                copy = (torch.randn(tensor.shape, generator=generator) * std).to(tensor.dtype)
            deep[LAYER.sub(f"model.layers.{layer}.", name)] = copy.clone()
    return deep


def main() -> None:
    folder, out, times, noise = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    config = json.loads((folder / "config.json").read_text())
    num_layers = config["num_hidden_layers"]
    out.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.json"):
        shutil.copy(file, out)
    config["num_hidden_layers"] = times * num_layers
    (out / "config.json").write_text(json.dumps(config, indent=2))
    deep = deepened(load_file(folder / "model.safetensors"), num_layers, times, noise)
    save_file(deep, out / "model.safetensors", metadata={"format": "pt"})


main()
