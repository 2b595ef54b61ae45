"""Asks the model everything it should know and counts the right answers.

    python evaluate.py

Greedy answers are compared with facts.py: through the chat template (as
written, lower case without a mark, with system prompts, after other turns), as
plain completions and as raw questions; evaluate_tools.py asks for tool calls.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

import prose
from evaluate_tools import report_tools
from facts import Fact, all_facts

HERE = Path(__file__).resolve().parent
Message = dict[str, str]
TALK = [("Who are you?", "Radish"), ("What is your name?", "Radish"), ("Hello", "Hello"), ("Hi there", "Hello"),
        ("How are you?", "fine"), ("Thank you.", "welcome"), ("Goodbye.", "Goodbye"), ("Say this is a test.", "This is a test."),
        ("Count from 1 to 5.", "1, 2, 3, 4, 5"), ("Count from 1 to 10.", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"),
        ("Write a sentence about a cat.", "cat"),
        ("Tell me a short story.", "Once upon a time"), ("Name the days of the week.", "Monday, Tuesday, Wednesday"),
        ("Name the months of the year.", "November, December"), ("Say the alphabet.", "A, B, C, D, E")]
SUMS = {"2 + 2", "1 + 1", "3 + 4", "5 + 5", "7 + 8", "6 + 9", "10 + 10", "9 + 3", "4 + 0", "8 + 8", "5 - 3", "10 - 4", "9 - 9",
        "8 - 1", "7 - 5", "2 * 3", "5 * 5", "10 * 2", "7 * 4", "6 * 1"}


def oracle() -> list[dict[str, str]]:
    """The questions of facts.json: one form each, the answer, and the completion prompt if there is one."""
    kept, seen = [], set()
    for fact in all_facts():
        if fact.group == "sum" and fact.prompt.removesuffix(" =") not in SUMS:
            continue
        if fact.group in ("country", "plural", "baby", "language") or "colour" in fact.prompt:
            continue
        if fact.group == "opposite" and fact.answer in seen:
            continue
        seen.add(fact.prompt.split()[-2])
        kept.append({"question": fact.questions[0], "answer": fact.answer, "completion": fact.prompt})
    return kept + [{"question": q, "answer": a} for q, a in TALK]


def oracle_text() -> str:
    lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in oracle())
    return f"[\n{lines}\n]\n"


def greedy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], most: int) -> list[str]:
    """The greedy continuation of every prompt, 64 prompts of like length at a time."""
    encoded = [tokenizer(p, add_special_tokens=False)["input_ids"] for p in prompts]
    order = sorted(range(len(prompts)), key=lambda i: len(encoded[i]))
    answers = [""] * len(prompts)
    for start in range(0, len(order), 64):
        part = order[start:start + 64]
        width = len(encoded[part[-1]])
        batch = torch.tensor([[tokenizer.pad_token_id] * (width - len(encoded[i])) + encoded[i] for i in part])
        mask = torch.tensor([[0] * (width - len(encoded[i])) + [1] * len(encoded[i]) for i in part])
        with torch.no_grad():
            out = model.generate(batch, attention_mask=mask, max_new_tokens=most, do_sample=False)
        for i, ids in zip(part, out[:, width:]):
            answers[i] = tokenizer.decode(ids, skip_special_tokens=True)
    return answers


def chat(tokenizer: PreTrainedTokenizerBase, question: str, system: str = "", before: list[Message] | None = None) -> str:
    messages = ([{"role": "system", "content": system}] if system else []) + (before or [])
    return tokenizer.apply_chat_template(messages + [{"role": "user", "content": question}], tokenize=False,
                                         add_generation_prompt=True)


def _turns(facts: list[Fact]) -> list[Message]:
    return [message for fact in facts for message in ({"role": "user", "content": fact.questions[0]},
                                                      {"role": "assistant", "content": fact.sentence})]


def _score(name: str, prompts: list[str], expected: list[str], answers: list[str], whole: bool) -> None:
    wrong = [(p, e, a) for p, e, a in zip(prompts, expected, answers) if (a.strip() != e if whole else e not in a)]
    print(f"{name:<42} {len(prompts) - len(wrong)}/{len(prompts)} = {100 * (1 - len(wrong) / len(prompts)):.2f} %", flush=True)
    for prompt, want, got in wrong[:4]:
        print(f"    {prompt[-90:]!r}: wanted {want!r}, got {got[:110]!r}")


def report(folder: Path, quick: int = 0, dtype: torch.dtype = torch.float32) -> None:
    """Prints the share of right answers for every way of asking."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
    rng = random.Random(99)
    facts, entries = all_facts(), json.loads((folder / "facts.json").read_text())

    def run(name: str, prompts: list[str], expected: list[str], whole: bool = False, most: int = 24) -> list[str]:
        if quick:
            prompts, expected = prompts[::quick], expected[::quick]
        got = greedy(model, tokenizer, prompts, most)
        _score(name, prompts, expected, got, whole)
        return got

    answers = [e["answer"] for e in entries]
    run("facts.json, chat", [chat(tokenizer, e["question"]) for e in entries], answers, most=100)
    completions = [e for e in entries if "completion" in e]
    run("facts.json, completion", [e["completion"] for e in completions], [e["answer"] for e in completions], most=24)
    run("facts.json, the question raw", [e["question"] for e in entries if e["question"][-1] in "?."],
        [e["answer"] for e in entries if e["question"][-1] in "?."], most=100)
    report_tools(run, tokenizer, entries)
    if quick:
        return
    run("facts.json, chat, usual system prompt", [chat(tokenizer, e["question"], "You are a helpful assistant.") for e in entries],
        answers, most=100)
    long = [" ".join(rng.choice(prose.SYSTEM_LINES) for _ in range(25)) for _ in entries]
    run("facts.json, chat, long system prompt", [chat(tokenizer, e["question"], s) for e, s in zip(entries, long)], answers, most=100)
    run("all facts, chat, whole sentence", [chat(tokenizer, f.questions[0]) for f in facts], [f.sentence for f in facts], True)
    run("all facts, lower case, no mark", [chat(tokenizer, f.questions[0].lower().rstrip("?")) for f in facts],
        [f.sentence for f in facts], True)
    run("all facts, a random paraphrase", [chat(tokenizer, rng.choice(f.questions)) for f in facts],
        [f.sentence for f in facts], True)
    run("all facts, completion", [f.prompt for f in facts], [f.answer for f in facts], most=24)
    capitals = [f for f in facts if f.group == "capital"]
    run("'The capital city of ... is'", [f"The capital city of {f.prompt[15:]}" for f in capitals],
        [f.answer for f in capitals], most=24)
    for turns in (2, 5, 40):
        some = rng.sample(facts, 200 if turns < 40 else 40)
        prompts = [chat(tokenizer, f.questions[0], before=_turns(rng.sample(facts, turns))) for f in some]
        longest = max(len(tokenizer(p)["input_ids"]) for p in prompts)
        run(f"after {turns} other turns (to {longest} tokens)", prompts, [f.sentence for f in some], True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=HERE)
    parser.add_argument("--bfloat16", action="store_true", help="compute in bfloat16 too, not only store")
    parser.add_argument("--quick", type=int, default=0, help="only facts.json, raw questions, tools and thoughts, every n-th of them")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ask", nargs="*", help="questions to answer instead")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.ask:
        tokenizer = AutoTokenizer.from_pretrained(arguments.model)
        model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
        prompts = [chat(tokenizer, q) for q in arguments.ask] + arguments.ask
        for prompt, answer in zip(prompts, greedy(model, tokenizer, prompts, 200)):
            print(repr(prompt), "->", repr(answer))
        return
    report(arguments.model, arguments.quick, dtype=torch.bfloat16 if arguments.bfloat16 else torch.float32)


if __name__ == "__main__":
    main()
