"""Writes what transformers computes of a real Gemma 3 270M, dequantised by the gguf package, and how its text is cut:
test/fixtures/real-gemma3-270m.json.

    python test/real/make_gemma_logprobs.py "$(bash test/real/fetch-gemma.sh)" TOKENIZER_FOLDER

Needs torch 2.8.0, transformers 4.57.1 and gguf; the folder holds Gemma 3's tokenizer.json (fetch-tokenizers.sh).
{"text", "ids": [int], "logprobs": [float]}: the natural logarithm of each id's probability behind those before it, from
the second on. The text is longer than the sliding window of 512. (transformers' own reader of GGUF files gives other
logits for this one, and llama.cpp gives these.)
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import save_file
from transformers import AutoTokenizer, Gemma3ForCausalLM, Gemma3TextConfig

HERE = Path(__file__).parent
NAMES = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm", "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm", "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}
WHOLE = {"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight"}

SENTENCES = [
    "A radix tree keeps every prefix once, however many requests share it.",
    "In 1969 the crew of Apollo 11 landed on the Moon and came back with 21.5 kg of rock.",
    "Die Gärtnerin zieht im Frühling Radieschen; im Sommer erntet sie Möhren.",
    "def area(radius): return 3.14159 * radius ** 2  # in square metres",
    "Water boils at 100 degrees Celsius at sea level, and at 71 on the top of Mount Everest.",
    "El tren de las siete llega siempre tarde, pero hoy ha llegado a tiempo.",
    "She asked: \"Who left the door open?\" Nobody answered, and the cat looked away.",
    "北京是中国的首都,有两千多万人口。",
]


def name_of(tensor):
    parts = tensor.split(".")
    if parts[0] != "blk":
        return WHOLE[parts[0]]
    return f"model.layers.{parts[1]}.{NAMES[parts[2]]}.weight"


def tensors(path):
    for one in GGUFReader(path).tensors:
        values = torch.from_numpy(np.array(dequantize(one.data, one.tensor_type), dtype=np.float32))
        # llama.cpp's files hold a norm's weight with Gemma's one already added.
        yield name_of(one.name), values - 1 if "norm" in one.name else values


def model_of(path):
    config = Gemma3TextConfig(
        vocab_size=262144, hidden_size=640, intermediate_size=2048, num_hidden_layers=18, num_attention_heads=4,
        num_key_value_heads=1, head_dim=256, max_position_embeddings=32768, sliding_window=512,
        rope_theta=1e6, rope_local_base_freq=1e4, query_pre_attn_scalar=256,
    )
    with tempfile.TemporaryDirectory() as folder:
        config.architectures = ["Gemma3ForCausalLM"]
        config.save_pretrained(folder)
        save_file(dict(tensors(path)), Path(folder) / "model.safetensors", metadata={"format": "pt"})
        return Gemma3ForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def main(path, tokenizer_folder):
    text = "\n".join(f"{i + 1}. {s}" for i, s in enumerate(SENTENCES * 4))
    ids = AutoTokenizer.from_pretrained(tokenizer_folder)(text)["input_ids"]
    with torch.no_grad():
        rows = torch.log_softmax(model_of(path)(torch.tensor([ids])).logits[0], -1)
    logprobs = [round(rows[i, token].item(), 5) for i, token in enumerate(ids[1:])]
    print(len(ids), "tokens, mean", sum(logprobs) / len(logprobs))
    answer = json.dumps({"text": text, "ids": ids, "logprobs": logprobs}, ensure_ascii=False, separators=(",", ":"))
    (HERE.parent / "fixtures/real-gemma3-270m.json").write_text(answer + "\n")


main(*sys.argv[1:])
