"""Makes Radish's built-in model: text, tokenizer, training and checkpoint.

    python train.py --steps 1500
    python train.py --steps 800 --minutes 14 --continue

Everything is made here: the text comes from corpus.py, the byte-level BPE
tokenizer is trained on it, and a small Qwen2-MoE model is trained from random
weights. The files written next to this script are ordinary Hugging Face files.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Iterator

import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, Qwen2MoeConfig, Qwen2MoeForCausalLM
from transformers.models.qwen2_moe.modeling_qwen2_moe import load_balancing_loss_func

import corpus
import evaluate
import prose
from muon import Muon

HERE = Path(__file__).resolve().parent
VOCAB = 2048
SPECIAL = [corpus.END, corpus.START, corpus.STOP]
# Words with their leading space, single digits, runs of signs, white space.
SPLIT = r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# (row length, share of the steps, most turns in a conversation)
LENGTHS = [(128, 0.2, 3), (256, 0.45, 5), (512, 0.2, 8), (1024, 0.11, 16),
           (1536, 0.04, 24)]
TOKENS_PER_STEP = 3072
MUON_RATE, ADAM_RATE, WARM_UP, BALANCE = 0.02, 3e-3, 40, 0.01

CHAT_TEMPLATE = (
    "{%- if tools %}"
    "{{- '<|im_start|>system\\n' }}"
    "{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}"
    "{{- " + json.dumps(prose.TOOLS_BEFORE[:-1]) + " }}"
    "{%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}"
    "{{- " + json.dumps(prose.TOOLS_AFTER) + " + '<|im_end|>\\n' }}"
    "{%- endif %}"
    "{%- for message in messages %}"
    "{%- if message.role == 'system' and loop.first and tools %}"
    "{%- elif message.role == 'tool' %}"
    "{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}"
    "{%- else %}"
    "{{- '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.content %}{{- message.content }}{%- endif %}"
    "{%- if message.tool_calls %}{%- for call in message.tool_calls %}"
    "{%- if not loop.first or message.content %}{{- '\\n' }}{%- endif %}"
    "{%- if call.function %}{%- set call = call.function %}{%- endif %}"
    "{{- '<tool_call>\\n{\"name\": \"' + call.name + '\", \"arguments\": ' }}"
    "{%- if call.arguments is string %}{{- call.arguments }}{%- else %}{{- call.arguments | tojson }}{%- endif %}"
    "{{- '}\\n</tool_call>' }}{%- endfor %}{%- endif %}"
    "{{- '<|im_end|>\\n' }}"
    "{%- endif %}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}")


def train_tokenizer(seed: int) -> Tokenizer:
    rng = random.Random(seed)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB, special_tokens=SPECIAL, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    texts = ["".join(text for text, _ in corpus.document(rng)) for _ in range(12000)]
    texts += [line for line in prose.SYSTEM_LINES + prose.OPENINGS + prose.UNKNOWN for _ in range(20)]
    for mark in SPECIAL:
        texts = [text.replace(mark, "\n") for text in texts]
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    added = {str(tokenizer.token_to_id(mark)): {"content": mark, "lstrip": False, "normalized": False, "rstrip": False,
                                                "single_word": False, "special": True} for mark in SPECIAL}
    settings = {"add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": added,
                "additional_special_tokens": [corpus.START, corpus.STOP], "bos_token": None,
                "chat_template": CHAT_TEMPLATE, "clean_up_tokenization_spaces": False, "eos_token": corpus.STOP,
                "errors": "replace", "model_max_length": 2048, "pad_token": corpus.END,
                "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": None}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def make_model(tokenizer: Tokenizer) -> Qwen2MoeForCausalLM:
    end, stop = tokenizer.token_to_id(corpus.END), tokenizer.token_to_id(corpus.STOP)
    config = Qwen2MoeConfig(
        vocab_size=VOCAB, hidden_size=128, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=256, moe_intermediate_size=128, shared_expert_intermediate_size=128, num_experts=8,
        num_experts_per_tok=2, decoder_sparse_step=1, norm_topk_prob=False, tie_word_embeddings=True,
        rope_theta=10000.0, max_position_embeddings=2048, rms_norm_eps=1e-6, router_aux_loss_coef=BALANCE,
        initializer_range=0.03, use_sliding_window=False, bos_token_id=end, eos_token_id=stop, pad_token_id=end)
    return Qwen2MoeForCausalLM(config)


def save_model(model: Qwen2MoeForCausalLM, folder: Path) -> None:
    """Writes the weights in bfloat16 with their configuration."""
    copy = Qwen2MoeForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    end, stop = model.config.pad_token_id, model.config.eos_token_id
    copy.generation_config = GenerationConfig(bos_token_id=end, pad_token_id=end, eos_token_id=[stop, end])
    copy.to(torch.bfloat16).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)


def tokens_of(document: corpus.Document, tokenizer: Tokenizer) -> Iterator[tuple[int, bool]]:
    for text, learned in document:
        for token in tokenizer.encode(text).ids:
            yield token, learned


def make_rows(rng: random.Random, tokenizer: Tokenizer, length: int, turns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of documents one after another; every row starts with a new document."""
    ids, marks = [], []
    for _ in range(TOKENS_PER_STEP // length):
        row: list[tuple[int, bool]] = []
        while len(row) < length + 1:
            row += tokens_of(corpus.document(rng, turns), tokenizer)
        ids.append([token for token, _ in row[:length + 1]])
        marks.append([learned for _, learned in row[:length + 1]])
    return torch.tensor(ids), torch.tensor(marks)


def step_loss(model: Qwen2MoeForCausalLM, ids: torch.Tensor, marks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The language-model loss over the learned tokens, and the router's balance loss."""
    out = model.model(input_ids=ids[:, :-1], use_cache=False, output_router_logits=True)
    chosen = marks[:, 1:]
    logits = model.lm_head(out.last_hidden_state[chosen])
    config = model.config
    balance = load_balancing_loss_func(out.router_logits, config.num_experts, config.num_experts_per_tok)
    return F.cross_entropy(logits, ids[:, 1:][chosen]), balance


def train(steps: int, seed: int, folder: Path, save_every: int, go_on: bool, minutes: float) -> None:
    torch.manual_seed(seed)
    rng = random.Random(seed + (2 if go_on else 1))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json")) if go_on else train_tokenizer(seed)
    save_tokenizer(tokenizer, folder)
    (folder / "facts.json").write_text(evaluate.oracle_text())
    model = make_model(tokenizer)
    if go_on:
        model.load_state_dict(Qwen2MoeForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict())
    blocks = [p for n, p in model.named_parameters() if p.ndim == 2 and "layers" in n and "gate.weight" not in n]
    inside = {id(p) for p in blocks}
    rest = [p for p in model.parameters() if id(p) not in inside]
    optimizers = [Muon(blocks, MUON_RATE), torch.optim.AdamW(rest, ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0)]
    rates = [rate * (0.5 if go_on else 1.0) for rate in (MUON_RATE, ADAM_RATE)]
    lengths, shares, turns = zip(*LENGTHS)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, vocabulary {tokenizer.get_vocab_size()}", flush=True)
    began, seen = time.time(), 0.0
    for step in range(1, steps + 1):
        pick = rng.choices(range(len(lengths)), shares)[0]
        ids, marks = make_rows(rng, tokenizer, lengths[pick], turns[pick])
        loss, balance = step_loss(model, ids, marks)
        (loss + BALANCE * balance).backward()
        torch.nn.utils.clip_grad_norm_(rest, 1.0)
        left = 1.0 - max((step - 1) / steps, (time.time() - began) / 60 / minutes)
        last = step == steps or left <= 0
        scale = min(step / WARM_UP, 1.0) * min(1.0, max(left, 0.0) / 0.7)
        for optimizer, rate in zip(optimizers, rates):
            for group in optimizer.param_groups:
                group["lr"] = rate * scale
            optimizer.step()
            optimizer.zero_grad()
        seen = loss.item() if step == 1 else 0.95 * seen + 0.05 * loss.item()
        if step % 20 == 0:
            print(f"step {step} loss {seen:.4f} balance {balance.item():.3f} {time.time() - began:.0f}s", flush=True)
        if step % save_every == 0 or last:
            save_model(model, folder)
            evaluate.report(folder, quick=not last)
        if last:
            break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save-every", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=60.0, help="the rate reaches zero by then, however slow the machine")
    parser.add_argument("--continue", dest="go_on", action="store_true", help="train the saved model further, at half the rate")
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(arguments.steps, arguments.seed, arguments.out, arguments.save_every, arguments.go_on, arguments.minutes)


if __name__ == "__main__":
    main()
