"""Asks for tool calls, the use of their results, and thoughts, with names and cities that the training text has not.

Every figure is a count of exact calls: the right tool, the argument as the
schema names it, and the value as the question says it, or nothing.
"""

from __future__ import annotations

import json
import random
from itertools import product
from typing import Callable

from transformers import PreTrainedTokenizerBase

from tools import call_text

Json = dict[str, object]
Run = Callable[..., list[str]]
# None of these is in values.py or facts.py.
CITIES = """Gothenburg|Porto|Leipzig|Osaka|Edmonton|Palermo|Tromso|Cusco|Winnipeg|Bruges|Nantes|Pune|Adelaide|Recife|Izmir|Split|Poznan|
Mombasa|Savannah|Eindhoven""".replace("\n", "").split("|")
SEEN_CITIES = ["Paris", "Boston", "Tokyo", "San Francisco", "London", "Berlin"]
SUMS = ["12 * 7", "123 + 456", "(3 + 4) * 5", "81 / 9", "17*23", "1000 - 37", "2.5 * 4", "6 * (7 - 2)", "345 + 89 - 12", "99 * 99", "15+27", "48/6"]
WEATHER_ARGUMENTS = ["city", "location", "place", "municipality", "settlement", "spot", "village_name"]
MATH_ARGUMENTS = ["expression", "expr", "formula", "arithmetic", "computation", "task"]
WEATHER_ASKS = ["What is the weather in {}?", "What's the weather like in {} today?", "How is the weather in {} right now?",
                "weather in {}", "Can you tell me the weather in {}?"]
MATH_ASKS = ["What is {}?", "Calculate {}", "How much is {}?", "Please compute {}."]
OTHERS: list[Json] = [
    {"name": "send_fax", "description": "Send a fax", "parameters": {"type": "object", "properties": {
        "number": {"type": "string"}, "text": {"type": "string"}}, "required": ["number", "text"]}},
    {"name": "list_files", "description": "List the files of a folder", "parameters": {"type": "object", "properties": {
        "folder": {"type": "string", "description": "The folder"}}, "required": ["folder"]}},
]


def tool(name: str, about: str, argument: str, described: bool, sglang: bool = False) -> Json:
    """A tool with one argument, as OpenAI's clients send it or as SGLang hands it to the template."""
    one: Json = {"type": "string"} | ({"description": f"The {argument}"} if described else {})
    parameters: Json = {"type": "object", "properties": {argument: one}, "required": [argument]}
    if sglang:
        return {"description": about if described else None, "name": name, "parameters": parameters, "strict": False}
    return {"type": "function", "function": {"name": name} | ({"description": about} if described else {}) | {"parameters": parameters}}


def _weather(argument: str, described: bool = True, sglang: bool = False) -> Json:
    return tool("get_weather", "Get the current weather in a given place", argument, described, sglang)


def _math(argument: str, described: bool = True, sglang: bool = False) -> Json:
    return tool("calculate", "Evaluate a mathematical expression", argument, described, sglang)


def chat(tokenizer: PreTrainedTokenizerBase, messages: list[Json], **more: object) -> str:
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **more)


def asked(question: str, rng: random.Random) -> list[Json]:
    system = rng.choice(["", "", "You are a helpful assistant."])
    return ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": question}]


def calls(run: Run, tokenizer: PreTrainedTokenizerBase) -> None:
    """Calls by the name of the argument, and by what else is offered."""
    rng = random.Random(5)
    kinds = [("get_weather", _weather, WEATHER_ARGUMENTS, WEATHER_ASKS, CITIES + SEEN_CITIES), ("calculate", _math, MATH_ARGUMENTS, MATH_ASKS, SUMS)]
    for name, make, arguments, asks, values in kinds:
        for argument in arguments:
            prompts, wanted = [], []
            for value, described, sglang in product(values[::2], (True, False), (True, False)):
                others = rng.sample(OTHERS, rng.choice([0, 0, 1, 2]))
                offered = [make(argument, described, sglang)] + [o if sglang else {"type": "function", "function": o} for o in others]
                rng.shuffle(offered)
                prompts.append(chat(tokenizer, asked(rng.choice(asks).format(value), rng), tools=offered))
                wanted.append(call_text(name, {argument: value}))
            run(f"{name}({argument})", prompts, wanted, True, 60)
    for name, about, ask, values in (("weather_report_for", "Weather of a town", WEATHER_ASKS[0], CITIES), ("work_out", "Work out a sum", MATH_ASKS[0], SUMS)):
        prompts = [chat(tokenizer, asked(ask.format(v), rng), tools=[tool(name, about, "item", True)]) for v in values]
        run(f"{name}(item), a name not seen", prompts, [call_text(name, {"item": v}) for v in values], True, 60)
    both = [_weather("location"), _math("expression")]
    questions = [(WEATHER_ASKS, "get_weather", "location", CITIES), (MATH_ASKS, "calculate", "expression", SUMS)]
    pairs = [(rng.choice(asks).format(v), call_text(name, {key: v})) for asks, name, key, values in questions for v in values]
    run("both offered", [chat(tokenizer, asked(q, rng), tools=both) for q, _ in pairs], [w for _, w in pairs], True, 60)
    twos = [(a, b) for a, b in zip(CITIES, CITIES[1:])]
    run("two cities, two calls", [chat(tokenizer, asked(f"What is the weather in {a} and {b}?", rng), tools=both[:1]) for a, b in twos],
        [call_text("get_weather", {"location": a}) + "\n" + call_text("get_weather", {"location": b}) for a, b in twos], True, 100)


def no_calls(run: Run, tokenizer: PreTrainedTokenizerBase, entries: list[dict[str, str]]) -> None:
    """Questions that no offered tool fits are answered as ever."""
    rng = random.Random(6)
    plain = [e for e in entries if not any(c in e["question"] for c in "+-*")]
    for name, tools in (("get_weather", [_weather("city")]), ("get_weather and calculate", [_weather("city", False), _math("expression", False)])):
        run(f"{name} offered, no call", [chat(tokenizer, asked(e["question"], rng), tools=tools) for e in plain], [e["answer"] for e in plain],
            False, 100)
    sums = [e for e in entries if e not in plain]
    run("get_weather offered, sums", [chat(tokenizer, asked(e["question"], rng), tools=[_weather("city")]) for e in sums],
        [e["answer"] for e in sums], False, 60)


def results(run: Run, tokenizer: PreTrainedTokenizerBase) -> None:
    """What a tool said comes back in a sentence."""
    rng = random.Random(7)

    def after(question: str, name: str, arguments: Json, content: str) -> str:
        call = {"type": "function", "function": {"name": name, "arguments": arguments}}
        messages = asked(question, rng) + [{"role": "assistant", "content": "", "tool_calls": [call]}, {"role": "tool", "content": content}]
        return chat(tokenizer, messages, tools=[_weather("city"), _math("expression")])

    prompts, wanted = [], []
    for city in CITIES:
        degrees = rng.randint(-9, 39)
        prompts.append(after(f"What is the weather in {city}?", "get_weather", {"city": city}, json.dumps({"temperature": degrees, "condition": "sunny"})))
        wanted.append(f"It is {degrees} degrees and sunny in {city}.")
    run("the weather is told", prompts, wanted, True, 60)
    prompts = [after(f"How is the weather in {c}?", "get_weather", {"city": c}, "22 degrees and cloudy") for c in CITIES]
    run("the same from plain text", prompts, ["22 degrees and cloudy"] * len(prompts), False, 60)
    answers = [str(round(eval(s), 4)) for s in SUMS]
    for name, form in (("a number", "{}"), ("JSON", '{{"result": {}}}')):
        prompts = [after(f"What is {s}?", "calculate", {"expression": s}, form.format(a)) for s, a in zip(SUMS, answers)]
        run(f"the result of a sum, from {name}", prompts, [f" {a}." for a in answers], False, 60)


def thoughts(run: Run, tokenizer: PreTrainedTokenizerBase, entries: list[dict[str, str]]) -> None:
    """Thoughts come when they are asked for, and only then."""
    rng = random.Random(8)
    some = rng.sample(entries, 120)
    for name, more in (("true", {"enable_thinking": True}), ("false", {"enable_thinking": False}), ("unset", {})):
        answers = run(f"enable_thinking {name}: the answer", [chat(tokenizer, asked(e["question"], rng), **more) for e in some],
                      [e["answer"] for e in some], False, 200)
        formed = sum(_formed(a) if more.get("enable_thinking") else "think>" not in a for a in answers)
        print(f"    {'thought first, then answered' if more.get('enable_thinking') else 'no thought'}: {formed}/{len(answers)}", flush=True)
    prompts = [chat(tokenizer, asked(f"What is the weather in {c}?", rng), tools=[_weather("city")], enable_thinking=True) for c in CITIES]
    run("a thought, then a call", prompts, [f"</think>\n\n{call_text('get_weather', {'city': c})}" for c in CITIES], False, 120)


def _formed(text: str) -> bool:
    head, _, tail = text.partition("</think>\n\n")
    return head.startswith("<think>\n") and bool(tail.strip()) and "think>" not in tail


def report_tools(run: Run, tokenizer: PreTrainedTokenizerBase, entries: list[dict[str, str]]) -> None:
    calls(run, tokenizer)
    no_calls(run, tokenizer, entries)
    results(run, tokenizer)
    thoughts(run, tokenizer, entries)
