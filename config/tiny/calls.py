"""Conversations with tools: who is asked, which tool is called, what its answer becomes."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Callable

import prose
from tools import BY_KEY, SKILLS, Json, Tool, Use, call_text, make_tool, make_use
from values import expression

Exchange = tuple[str, str]
NOT_HERE = "I am sorry, I can not see that from here."
SKIES = "sunny|cloudy|rainy|windy|clear|foggy|snowy|stormy|partly cloudy|light rain|overcast|hot|cold|mild".split("|")
# Kinds that one question could mean both of.
ALIKE = [{"math", "add"}, {"math", "multiply"}, {"time", "now"}, {"search", "news"}]
WEIGHTS = {"weather": 12.0, "math": 10.0, "add": 0.6, "multiply": 0.6, "time": 0.6}


@dataclass(frozen=True)
class Turn:
    """What is said to the model, its answer, and a thought that leads there."""

    asked: str
    answer: str
    thought: str


def offer(rng: random.Random) -> list[Tool]:
    """One to five tools of different kinds."""
    count = rng.choice([1, 1, 1, 2, 2, 2, 3])
    keys: list[str] = []
    while len(keys) < count:
        key = rng.choices(SKILLS, [WEIGHTS.get(s.key, 0.25) for s in SKILLS])[0].key
        if key not in keys and not any({key, other} in ALIKE for other in keys):
            keys.append(key)
    tools: list[Tool] = []
    for key in keys:
        tool = make_tool(BY_KEY[key], rng)
        if all(tool.name != other.name for other in tools):
            tools.append(tool)
    return tools


def tools_block(tools: list[Tool], rng: random.Random) -> str:
    return prose.TOOLS_BEFORE + "\n".join(json.dumps(t.schema(rng), ensure_ascii=False) for t in tools) + prose.TOOLS_AFTER


def _weather(use: Use, rng: random.Random) -> Exchange:
    degrees, sky, where = rng.choice([rng.randint(-15, 42), rng.randint(-150, 420) / 10]), rng.choice(SKIES), use.values[0]
    unit = use.arguments.get(use.tool.unit_name)
    spoken = f"{degrees} degrees" + (f" {unit}" if unit in ("celsius", "fahrenheit", "Celsius", "Fahrenheit") and rng.random() < 0.5 else "")
    roll = rng.random()
    if roll < 0.2:
        sign = rng.choice(["°C", " °C", "C", "°F", "°"])
        plain = rng.choice([f"{degrees}{sign}, {sky}", f"{sky}, {degrees}{sign}", f"{sky.capitalize()} and {degrees} degrees", sky.capitalize(),
                            f"{degrees} degrees", f"{sky}", f"{degrees}{sign}", f"{degrees} degrees and {sky}"])
        return plain, f"The weather in {where}: {plain}."
    heat: Json = {rng.choice(["temperature", "temperature", "temperature", "temp", "degrees", "temp_c", "temperature_c"]): degrees}
    if roll < 0.3:
        sign = rng.choice(["°C", "C", "°F", " °C"])
        heat = {rng.choice(["temperature", "temp"]): f"{degrees}{sign}"}
        spoken = f"{degrees}{sign}"
    elif spoken != f"{degrees} degrees":
        heat["unit"] = unit
    look: Json = {rng.choice(["condition", "sky", "weather", "conditions", "description", "summary", "condition"]): sky}
    place: Json = {rng.choice(["city", "location", "place"]): where} if rng.random() < 0.3 else {}
    more: Json = {rng.choice(["humidity", "wind"]): rng.randint(1, 99)} if rng.random() < 0.15 else {}
    kind = rng.random()
    if kind < 0.15:
        return _json(place | heat | more, rng), f"It is {spoken} in {where}."
    if kind < 0.3:
        return _json(place | look | more, rng), f"It is {sky} in {where}."
    both = heat | look if rng.random() < 0.8 else look | heat
    return _json(place | both | more, rng), f"It is {spoken} and {sky} in {where}."


def _json(record: Json, rng: random.Random) -> str:
    style = rng.random()
    if style < 0.75:
        return json.dumps(record, ensure_ascii=False)
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) if style < 0.93 else json.dumps(record, indent=2, ensure_ascii=False)


def _computed(text: str, rng: random.Random) -> object:
    if rng.random() < 0.5 or "sqrt" in text or "^" in text or "**" in text:
        return rng.choice([rng.randint(0, 9999), rng.randint(-999, 99), rng.randint(0, 99999) / 100])
    try:
        value = eval(text.replace(" ", ""), {"__builtins__": {}})
    except (ZeroDivisionError, SyntaxError):
        return rng.randint(0, 999)
    return round(value, 4) if isinstance(value, float) else value


def _math(use: Use, rng: random.Random) -> Exchange:
    text = str(use.values[0])
    value = _computed(text, rng)
    response = str(value) if rng.random() < 0.4 else _json({rng.choice(["result", "result", "result", "value", "answer", "output"]): value}, rng)
    return response, f"{text} = {value}."


def _general(use: Use, rng: random.Random) -> Exchange:
    value = use.tool.skill.outcome(rng)
    if use.tool.skill.key in ("add", "multiply"):
        a, b = (int(str(v)) for v in use.values)
        value = a + b if use.tool.skill.key == "add" else a * b
    key = use.tool.skill.result if rng.random() < 0.7 else rng.choice(["result", "answer", "value", "output"])
    plain = rng.random() < 0.3
    reply = use.tool.skill.reply
    if not reply and plain:
        return str(value), f"The tool says: {value}."
    return str(value) if plain else _json({key: value}, rng), (reply or "The {key} is {value}.").format(*use.values, key=key, value=value)


def respond(use: Use, rng: random.Random) -> Exchange:
    """What the tool answers, and how the model passes it on."""
    if rng.random() < 0.05:
        trouble = rng.choice(["not found", "no connection", "timeout", "unknown city", "server error", "access denied"])
        return _json({"error": trouble}, rng), f"I am sorry, the tool reports an error: {trouble}."
    maker: Callable[[Use, random.Random], Exchange] = {"weather": _weather, "math": _math}.get(use.tool.skill.key, _general)
    return maker(use, rng)


def _response(texts: list[str]) -> str:
    return "\n".join(f"<tool_response>\n{text}\n</tool_response>" for text in texts)


def _two(tools: list[Tool], rng: random.Random) -> tuple[str, list[Use]]:
    """A question that needs two or three calls."""
    tool = rng.choice(tools)
    if len(tools) > 1 and rng.random() < 0.25:
        uses = [make_use(t, rng) for t in rng.sample(tools, 2)]
        return " ".join(u.question for u in uses), uses
    if tool.skill.key not in ("weather", "time", "math", "population", "stock", "define") or tool.state:
        tool = next((t for t in tools if t.skill.key in ("weather", "time", "math") and not t.state), tool)
    count = rng.choice([2, 2, 2, 3])
    uses = [make_use(tool, rng) for _ in range(count)]
    if len(tool.skill.slots) > 1 or tool.state or any(set(u.arguments) != set(uses[0].arguments) for u in uses):
        return " ".join(u.question for u in uses[:2]), uses[:2]
    for use in uses[1:]:
        for name in list(use.arguments)[1:]:
            use.arguments[name] = uses[0].arguments[name]
    values = [str(u.values[0]) for u in uses]
    joined = ", ".join(values[:-1]) + f" and {values[-1]}"
    said = str(uses[0].values[0])
    question = uses[0].question.replace(said, joined, 1) if said in uses[0].question else joined
    return question, uses


def use_turns(tools: list[Tool], rng: random.Random) -> list[Turn]:
    """A question, the call, and mostly the result and what it becomes."""
    if rng.random() < 0.15 and any(t.arguments for t in tools):
        question, uses = _two([t for t in tools if t.arguments], rng)
    else:
        uses = [make_use(rng.choice(tools), rng)]
        question = uses[0].question
    if rng.random() < 0.1:
        question = rng.choice(["Hi! ", "Hello, ", "Please tell me: ", "Quick question: ", "OK. "]) + question
    elif rng.random() < 0.06:
        question += rng.choice([" Please.", " Thank you.", " Use the tool.", " Use a tool if you need one.",
                                " Output a reasoning before act, then use the tools to help you."])
    text = "\n".join(call_text(u.tool.name, u.arguments) for u in uses)
    first = Turn(question, text, rng.choice([f"The tool {uses[0].tool.name} fits. I call it.", f"I can use {uses[0].tool.name} for this."]))
    if rng.random() < 0.15:
        return [first]
    results = [respond(u, rng) for u in uses]
    return [first, Turn(_response([r for r, _ in results]), " ".join(s for _, s in results),
                        rng.choice(["The tool answered. I tell the user what it says.", "I have the result now."]))]


def refused(tools: list[Tool], rng: random.Random) -> list[Turn]:
    """A wish that no offered tool fulfils."""
    keys = {t.skill.key for t in tools} | {"math", "add", "multiply", "joke"}
    skill = rng.choice([s for s in SKILLS if s.key not in keys and not any({s.key, k} in ALIKE for k in keys)])
    use = make_use(make_tool(skill, rng), rng)
    answer = NOT_HERE if skill.key in ("weather", "time", "now", "today") else prose.DO_NOT_KNOW
    return [Turn(use.question, answer, rng.choice(["No tool fits here.", "I have no tool for this."]))]


def bare_weather(rng: random.Random) -> Exchange:
    """The weather asked of a model that was given no tools."""
    return make_use(make_tool(BY_KEY["weather"], rng), rng).question, NOT_HERE
