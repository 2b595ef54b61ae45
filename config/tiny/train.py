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
import os
import random
import time
from pathlib import Path
from typing import Iterator

import torch
import torch.distributed as dist
import torch.nn.functional as F
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, Qwen2MoeConfig, Qwen2MoeForCausalLM
from transformers.models.qwen2_moe.modeling_qwen2_moe import load_balancing_loss_func

import corpus
import evaluate
import prose
from copier import set_copier
from muon import Muon
from template import chat_template

HERE = Path(__file__).resolve().parent
VOCAB = 2048
SPECIAL = [corpus.END, corpus.START, corpus.STOP]
# Tokens of their own that stay in the text, as Qwen3 has them.
MARKS = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"]
LAYERS = 6
# Words with their leading space, single digits, runs of signs, white space.
SPLIT = r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# (row length, share of the steps, most turns in a conversation)
LENGTHS = [(128, 0.15, 2), (256, 0.45, 3), (512, 0.3, 5), (1024, 0.07, 16),
           (1536, 0.03, 24)]
TOKENS_PER_STEP = 2048
APART, CALLS = 513, 3.0
MUON_RATE, ADAM_RATE, WARM_UP, BALANCE = 0.02, 3e-3, 40, 0.01

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
    for mark in SPECIAL + MARKS:
        texts = [text.replace(mark, "\n") for text in texts]
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def add_marks(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.add_tokens([AddedToken(mark, normalized=False, special=False) for mark in MARKS])
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    added = {str(tokenizer.token_to_id(mark)): {"content": mark, "lstrip": False, "normalized": False, "rstrip": False,
                                                "single_word": False, "special": mark in SPECIAL} for mark in SPECIAL + MARKS}
    settings = {"add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": added,
                "additional_special_tokens": [corpus.START, corpus.STOP], "bos_token": None,
                "chat_template": chat_template(), "clean_up_tokenization_spaces": False, "eos_token": corpus.STOP,
                "errors": "replace", "model_max_length": 2048, "pad_token": corpus.END,
                "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": None}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def make_model(tokenizer: Tokenizer) -> Qwen2MoeForCausalLM:
    end, stop = tokenizer.token_to_id(corpus.END), tokenizer.token_to_id(corpus.STOP)
    config = Qwen2MoeConfig(
        vocab_size=VOCAB + len(MARKS), hidden_size=128, num_hidden_layers=LAYERS, num_attention_heads=4, num_key_value_heads=2,
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


def tokens_of(document: corpus.Document, tokenizer: Tokenizer) -> Iterator[tuple[int, float]]:
    for text, weight in document:
        if weight == 1 and "<tool_call>" in text:
            weight = CALLS
        for token in tokenizer.encode(text).ids:
            yield token, weight


Rows = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def make_rows(rng: random.Random, tokenizer: Tokenizer, length: int, turns: int) -> Rows:
    """Rows of documents one after another: token ids, weight of each in the loss, position in its document."""
    ids, weights, places = [], [], []
    for _ in range(TOKENS_PER_STEP // length):
        row: list[tuple[int, float]] = []
        place: list[int] = []
        while len(row) < length + 1:
            row += tokens_of(corpus.document(rng, turns), tokenizer)
            place += range(len(row) - len(place))
        ids.append([token for token, _ in row[:length + 1]])
        weights.append([weight for _, weight in row[:length + 1]])
        places.append(place[:length + 1])
    return torch.tensor(ids), torch.tensor(weights, dtype=torch.float32), torch.tensor(places)


def apart_mask(places: torch.Tensor) -> torch.Tensor:
    """What to add to the attention scores: nothing inside a document, minus infinity before it and ahead."""
    document = (places == 0).cumsum(1)
    seen = (document[:, :, None] == document[:, None, :]).tril()
    return torch.zeros(seen.shape).masked_fill_(~seen, torch.finfo(torch.float32).min)[:, None]


def step_loss(model: Qwen2MoeForCausalLM, rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
    """The language-model loss over the learned tokens, and the router's balance loss.

    In short rows a document does not see the one before it.
    """
    ids, weights, places = rows
    apart = {"attention_mask": apart_mask(places[:, :-1])} if ids.shape[1] <= APART else {}
    out = model.model(input_ids=ids[:, :-1], use_cache=False, output_router_logits=True, **apart)
    chosen = weights[:, 1:] > 0
    logits = model.lm_head(out.last_hidden_state[chosen])
    config = model.config
    balance = load_balancing_loss_func(out.router_logits, config.num_experts, config.num_experts_per_tok)
    share = weights[:, 1:][chosen]
    return (F.cross_entropy(logits, ids[:, 1:][chosen], reduction="none") * share).sum() / share.sum(), balance


def grow(folder: Path, model: Qwen2MoeForCausalLM, tokenizer: Tokenizer) -> None:
    """Fills the model from a saved one, perhaps with fewer layers and tokens, so that it answers as that one does.

    New layers come first, as copier.py sets them; a new token starts as the mean of the tokens that it was written with.
    """
    old = Qwen2MoeForCausalLM.from_pretrained(folder, dtype=torch.float32)
    state, target = old.state_dict(), model.state_dict()
    missing = model.config.num_hidden_layers - old.config.num_hidden_layers
    for name, value in target.items():
        parts = name.split(".")
        if parts[1] == "layers" and missing:
            if int(parts[2]) < missing:
                continue
            parts[2] = str(int(parts[2]) - missing)
        source = state[".".join(parts)]
        value[:source.shape[0]].copy_(source)
    table, known = model.model.embed_tokens.weight.data, old.config.vocab_size
    plain = Tokenizer.from_str(tokenizer.to_str())
    for token in range(known, table.shape[0]):
        mark = tokenizer.id_to_token(token)
        pieces = [i for part in (mark[:-1], mark[-1]) for i in plain.encode(part).ids]
        table[token] = table[pieces].mean(0) + 0.01 * torch.randn(table.shape[1])
    if missing:
        set_copier(model, 0)


def share_gradients(params: list[torch.nn.Parameter], left: float) -> float:
    """The mean of every gradient over the processes, and the mean of `left`."""
    if not dist.is_initialized():
        return left
    flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in params] + [torch.tensor([left])])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for p, part in zip(params, flat.split([p.numel() for p in params] + [1])):
        p.grad = part.view_as(p)
    return flat[-1].item()


def train(steps: int, seed: int, folder: Path, save_every: int, go_on: float, minutes: float) -> None:
    torch.manual_seed(seed)
    rank = dist.get_rank() if dist.is_initialized() else 0
    rng, choice = random.Random(seed + (2 if go_on else 1) + 1000 * rank), random.Random(seed)
    tokenizer = add_marks(Tokenizer.from_file(str(folder / "tokenizer.json")) if go_on else train_tokenizer(seed))
    if rank == 0:
        save_tokenizer(tokenizer, folder)
    (folder / "facts.json").write_text(evaluate.oracle_text())
    model = make_model(tokenizer)
    if go_on:
        grow(folder, model, tokenizer)
    torch.manual_seed(seed + rank)
    blocks = [p for n, p in model.named_parameters() if p.ndim == 2 and "layers" in n and "gate.weight" not in n]
    everything = list(model.parameters())
    inside = {id(p) for p in blocks}
    rest = [p for p in everything if id(p) not in inside]
    optimizers = [Muon(blocks, MUON_RATE), torch.optim.AdamW(rest, ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0)]
    rates = [rate * (go_on or 1.0) for rate in (MUON_RATE, ADAM_RATE)]
    lengths, shares, turns = zip(*LENGTHS)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, vocabulary {tokenizer.get_vocab_size()}", flush=True)
    began, seen = time.time(), 0.0
    for step in range(1, steps + 1):
        pick = choice.choices(range(len(lengths)), shares)[0]
        loss, balance = step_loss(model, make_rows(rng, tokenizer, lengths[pick], turns[pick]))
        (loss + BALANCE * balance).backward()
        left = share_gradients(everything, 1.0 - max((step - 1) / steps, (time.time() - began) / 60 / minutes))
        torch.nn.utils.clip_grad_norm_(rest, 1.0)
        last = step == steps or left <= 0
        scale = min(step / WARM_UP, 1.0) * min(1.0, max(left, 0.0) / 0.7)
        for optimizer, rate in zip(optimizers, rates):
            for group in optimizer.param_groups:
                group["lr"] = rate * scale
            optimizer.step()
            optimizer.zero_grad()
        seen = loss.item() if step == 1 else 0.95 * seen + 0.05 * loss.item()
        if rank:
            if last:
                break
            continue
        if step % 10 == 0:
            print(f"step {step} loss {seen:.4f} balance {balance.item():.3f} {time.time() - began:.0f}s", flush=True)
        if step % save_every == 0 or last:
            save_model(model, folder)
        if last:
            evaluate.report(folder)
            break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save-every", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=60.0, help="the rate reaches zero by then, however slow the machine")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--continue", dest="go_on", type=float, default=0.0, metavar="RATE", help="train the saved model further, at this share of the rate")
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(arguments.steps, arguments.seed, arguments.out, arguments.save_every, arguments.go_on, arguments.minutes)


if __name__ == "__main__":
    main()
