#!/usr/bin/env python3
"""Write a Q8_0 GGUF of the shape that a config.json names, with seeded random weights and a made-up tokenizer.

    v/bin/python dummy_gguf.py FOLDER_OR_CONFIG OUT.gguf      (v as in requantize_gguf.py)

The peer of `--dummy`: same shape, other values, so for speed only. Llama, Mistral, Qwen2 and Qwen3.
"""
import argparse
import json
import os

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType, quantize

ARCHITECTURES = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}


class Shape:
    def __init__(self, config: dict) -> None:
        self.hidden = config["hidden_size"]
        self.inner = config["intermediate_size"]
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.kv_heads = config.get("num_key_value_heads") or self.heads
        self.head_dim = config.get("head_dim") or self.hidden // self.heads
        self.vocab = config["vocab_size"]


def write_metadata(writer: GGUFWriter, config: dict, shape: Shape) -> None:
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(2)
    writer.add_block_count(shape.layers)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(shape.hidden)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(float(config.get("rope_theta", 10000)))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    write_tokenizer(writer, shape.vocab)


def write_tokenizer(writer: GGUFWriter, vocab: int) -> None:
    """llama.cpp refuses a model without one; the benches bring token ids and never use it."""
    # Byte-level BPE writes the bytes that are no printable characters as those from U+0100 on.
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    tokens = [chr(byte) for byte in sorted(printable)] + [chr(0x100 + i) for i in range(len(others))]
    tokens += ["ab", *(f"<{i}>" for i in range(vocab - 257))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.NORMAL] * vocab)
    writer.add_token_merges(["a b"])


def layer_shapes(architecture: str, shape: Shape) -> dict[str, tuple[int, ...]]:
    q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    shapes: dict[str, tuple[int, ...]] = {
        "attn_norm": (shape.hidden,),
        "attn_q": (q, shape.hidden),
        "attn_k": (kv, shape.hidden),
        "attn_v": (kv, shape.hidden),
        "attn_output": (shape.hidden, q),
        "ffn_norm": (shape.hidden,),
        "ffn_gate": (shape.inner, shape.hidden),
        "ffn_up": (shape.inner, shape.hidden),
        "ffn_down": (shape.hidden, shape.inner),
    }
    if architecture == "qwen3":
        shapes |= {"attn_q_norm": (shape.head_dim,), "attn_k_norm": (shape.head_dim,)}
    return shapes


def write_tensors(writer: GGUFWriter, config: dict, architecture: str, shape: Shape) -> None:
    random = np.random.default_rng(0)

    def add(name: str, dims: tuple[int, ...]) -> None:
        if len(dims) == 1:
            writer.add_tensor(name, np.ones(dims, np.float32))
            return
        values = random.standard_normal(dims, np.float32) * np.float32(0.02)
        kind = GGMLQuantizationType.Q8_0
        writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)

    add("token_embd.weight", (shape.vocab, shape.hidden))
    add("output_norm.weight", (shape.hidden,))
    if not config.get("tie_word_embeddings"):
        add("output.weight", (shape.vocab, shape.hidden))
    for layer in range(shape.layers):
        for name, dims in layer_shapes(architecture, shape).items():
            add(f"blk.{layer}.{name}.weight", dims)
            if architecture == "qwen2" and name in ("attn_q", "attn_k", "attn_v"):
                writer.add_tensor(f"blk.{layer}.{name}.bias", np.zeros(dims[0], np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("out")
    args = parser.parse_args()
    path = os.path.join(args.config, "config.json") if os.path.isdir(args.config) else args.config
    with open(path) as file:
        config = json.load(file)
    architecture = ARCHITECTURES.get(config["architectures"][0])
    if architecture is None:
        raise SystemExit(f"no GGUF for {config['architectures'][0]}, only {', '.join(ARCHITECTURES)}")
    temporary = f"{args.out}.{os.getpid()}"
    shape = Shape(config)
    writer = GGUFWriter(temporary, architecture)
    write_metadata(writer, config, shape)
    write_tensors(writer, config, architecture, shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(temporary, args.out)
    print(f"{args.out}: {architecture}, {os.path.getsize(args.out) / 1e6:.0f} MB")


main()
