"""Writes the training text: conversations and plain documents, all made here.

A document is a list of (text, learned) pieces. Answers and plain text are
learned; what a user, a system prompt or a tool says is only read.
"""

from __future__ import annotations

import json
import random
import re
from typing import Callable

import prose
from calls import Exchange, Turn, bare_weather, offer, refused, tools_block, use_turns
from facts import DAYS, MONTHS, Fact, all_facts
from tools import Tool
from values import city, expression, word

Document = list[tuple[str, float]]

END = "<|endoftext|>"
START = "<|im_start|>"
STOP = "<|im_end|>"

COPYING = 0.06
# How much more the answer to a tool's result counts than others.
RESULTS = 3.0
FACTS = all_facts()
GROUP_SHARE = {"capital": 7, "country": 2, "sum": 8, "opposite": 2.5, "color": 2.5, "order": 2, "general": 2,
               "language": 1, "number": 1, "sound": 1.2, "plural": 0.6, "baby": 0.6, "legs": 0.6, "hello": 0.6,
               "symbol": 0.5}
BY_GROUP: dict[str, list[Fact]] = {}
for _fact in FACTS:
    BY_GROUP.setdefault(_fact.group, []).append(_fact)


def pick_fact(rng: random.Random) -> Fact:
    group = rng.choices(list(GROUP_SHARE), list(GROUP_SHARE.values()))[0]
    return rng.choice(BY_GROUP[group])


def roughen(question: str, rng: random.Random) -> str:
    """Types a question the way people do: lower case, no mark, a word before it."""
    roll = rng.random()
    if roll < 0.14:
        question = question.lower()
    elif roll < 0.2:
        question = question.rstrip("?.")
    elif roll < 0.3:
        question = question.lower().rstrip("?.")
    elif roll < 0.42:
        question = rng.choice(["Hi! ", "Hello, ", "Question: ", "Please answer: ", "Tell me: ", "Quick question: ",
                               "I have a question. ", "Hey, ", "OK. ", "Thanks! ", "Can you help me? "]) + question
    elif roll < 0.5:
        question += rng.choice([" Please.", " Thank you.", " Thanks!", " Please answer.", " I want to know."])
    return question


def fact_exchange(rng: random.Random) -> Exchange:
    fact = pick_fact(rng)
    question = fact.questions[0] if rng.random() < 0.4 else rng.choice(fact.questions)
    if rng.random() < 0.06:
        ask = rng.choice(["Answer with one word.", "Answer in one word.", "Just the answer.", "Only the answer, please.",
                          "Be brief."])
        return f"{question} {ask}", fact.answer
    if rng.random() < 0.03:
        return rng.choice([f"Complete the sentence: {fact.prompt}", f"{fact.prompt}", f"{fact.prompt} ..."]), fact.sentence
    return roughen(question, rng), fact.sentence


def follow_ups(rng: random.Random) -> list[Exchange]:
    """'What is the capital of France?' and then 'And of Italy?'"""
    group, word = rng.choice([("capital", "of"), ("opposite", "of")])
    facts = rng.sample(BY_GROUP[group], rng.randint(2, 4))
    turns = [(rng.choice(facts[0].questions), facts[0].sentence)]
    for fact in facts[1:]:
        thing = fact.prompt.split(f" {word} ", 1)[1].removesuffix(" is")
        turns.append((rng.choice([f"And {word} {thing}?", f"And {thing}?", f"What about {thing}?"]), fact.sentence))
    return turns


def counting(rng: random.Random) -> list[Exchange]:
    high = rng.choice([3, 5, 5, 10, 10, 10, 12, 15, 20, 20, 25, 30, *(rng.randint(2, 40) for _ in range(12)), rng.randint(40, 100)])
    low = rng.choice([1, 1, 1, 1, 1, rng.randint(1, max(1, high - 3))])
    numbers = [str(n) for n in range(low, high + 1)]
    question = rng.choice([f"Count from {low} to {high}.", f"Count from {low} to {high}", f"count from {low} to {high}",
                           f"Please count from {low} to {high}.", f"Can you count from {low} to {high}?"]
                          + ([f"Count to {high}."] if low == 1 else []))
    if rng.random() < 0.15:
        return [(f"Count from {high} down to {low}.", ", ".join(reversed(numbers)) + ".")]
    return [(question, ", ".join(numbers) + ".")]


def names(rng: random.Random) -> list[Exchange]:
    """Something said early in a conversation and asked for later."""
    if rng.random() < 0.6:
        value = rng.choice(prose.NAMES)
        said = rng.choice([f"My name is {value}.", f"I am {value}.", f"Hi, my name is {value}.", f"Hello! I'm {value}."])
        first, ask = (said, f"Nice to meet you, {value}!"), rng.choice(
            ["What is my name?", "Do you remember my name?", "What's my name?", "what is my name"])
        last = (ask, f"Your name is {value}.")
    else:
        kind, values = rng.choice([("color", prose.COLOURS), ("animal", prose.ANIMALS), ("food", prose.FOODS),
                                   ("number", [str(n) for n in range(100)])])
        value = rng.choice(values)
        first = (f"My favorite {kind} is {value}.", f"I will remember that your favorite {kind} is {value}.")
        last = (f"What is my favorite {kind}?", f"Your favorite {kind} is {value}.")
    return [first] + [fact_exchange(rng) for _ in range(rng.choice([0, 0, 1, 1, 2, 3]))] + [last]


def repeat(rng: random.Random) -> list[Exchange]:
    words = rng.sample(prose.WORDS, rng.randint(1, 5))
    text = rng.choice([" ".join(words), prose.sentence_about(rng.choice(prose.ANIMALS), rng), rng.choice(FACTS).sentence])
    roll = rng.random()
    if roll < 0.25:
        word, times = words[0], rng.randint(2, 6)
        return [(f"Say {word} {times} times.", " ".join([word] * times))]
    if roll < 0.4:
        return [(f"Spell the word {words[0]}.", "-".join(words[0].upper()))]
    return [(rng.choice([f"Repeat after me: {text}", f"Say: {text}", f"Repeat: {text}"]), text)]


def structured(rng: random.Random) -> list[Exchange]:
    country, city = rng.choice([(f.prompt[len("The capital of "):-len(" is")], f.answer) for f in BY_GROUP["capital"]])
    record = {"name": city, "country": country.removeprefix("the ")}
    style = rng.random()
    text = json.dumps(record, indent=2) if style < 0.4 else json.dumps(record)
    question = rng.choice([f"Give me the information of the capital of {country} in the JSON format.",
                           f"What is the capital of {country}? Answer in JSON.",
                           f"Give me the capital of {country} as JSON.", f"Return JSON about the capital of {country}."])
    return [(question, text)]


def lists(rng: random.Random) -> list[Exchange]:
    number = rng.choice([2, 3, 3, 3, 4, 5])
    kind, values = rng.choice([("countries and their capitals", None), ("colors", prose.COLOURS), ("animals", prose.ANIMALS),
                               ("fruits", prose.FRUITS), ("months", MONTHS), ("days", DAYS)])
    if values is None:
        values = [f"{f.prompt[len('The capital of '):-len(' is')]}: {f.answer}" for f in BY_GROUP["capital"]]
    head = values[:number] if rng.random() < 0.7 else rng.sample(values, number)
    lines = [f"{i}. {v[0].upper()}{v[1:]}" for i, v in enumerate(head, 1)]
    return [(rng.choice([f"List {number} {kind}.", f"Name {number} {kind}.", f"Give me {number} {kind}."]), "\n".join(lines))]


def stories(rng: random.Random) -> list[Exchange]:
    return [prose.story_request(rng)]


def writing(rng: random.Random) -> list[Exchange]:
    return [prose.writing_request(rng)]


def small_talk(rng: random.Random) -> list[Exchange]:
    question, answer = rng.choice(prose.SMALL_TALK)
    return [(roughen(question, rng) if rng.random() < 0.5 else question, answer)]


def plain_fact(rng: random.Random) -> list[Exchange]:
    return [fact_exchange(rng)]


def unknown(rng: random.Random) -> list[Exchange]:
    if rng.random() < 0.3:
        return [bare_weather(rng)]
    return [(roughen(rng.choice(prose.UNKNOWN), rng), prose.DO_NOT_KNOW)]


KINDS: list[tuple[Callable[[random.Random], list[Exchange]], float]] = [
    (plain_fact, 62), (follow_ups, 3), (counting, 8), (names, 7), (repeat, 5), (structured, 3), (lists, 3), (stories, 4),
    (writing, 4), (small_talk, 8), (unknown, 2)]


# What the small talk and the sums ask for that a tool may be for.
_SUM = r"\d *([-+*]|plus|minus|times)"
WISHES = {"weather": "weather", "math": _SUM, "add": _SUM, "multiply": _SUM, "time": "time", "now": "time",
          "today": "day is it|the date", "joke": "joke|laugh|funny", "define": "spell"}


def own_turn(exchange: Exchange, rng: random.Random) -> Turn:
    """An exchange answered from memory, with a thought."""
    question, answer = exchange
    first = answer.split("\n")[0]
    short = len(first) < 120 and not first.startswith(("{", "```"))
    thoughts = ["I know this.", "This is easy. I can answer it myself."]
    if short:
        thoughts = [f"I know this: {first}"]
    return Turn(question, answer, rng.choice(thoughts))


def answered(rng: random.Random, tools: list[Tool] | None = None) -> list[Turn]:
    """Something that none of the tools is for."""
    offered = {tool.skill.key for tool in tools or []}
    makers, shares = zip(*KINDS)
    exchanges = [fact_exchange(rng)] if rng.random() < 0.6 else rng.choices(makers, shares)[0](rng)
    if any(re.search(WISHES[key], question, re.IGNORECASE) for question, _ in exchanges for key in offered & set(WISHES)):
        return answered(rng, tools)
    return [own_turn(e, rng) for e in exchanges]


def tool_talk(rng: random.Random, most_turns: int) -> Document:
    """A conversation in which tools are offered: some questions need them, some do not."""
    tools = offer(rng)
    turns: list[Turn] = []
    for _ in range(rng.choice([1, 2, 2, 3, 4]) if most_turns > 3 else 1):
        roll = rng.random()
        turns += use_turns(tools, rng) if roll < 0.74 else refused(tools, rng) if roll < 0.8 else answered(rng, tools)
    block = tools_block(tools, rng)
    if rng.random() < 0.15:
        return think_aloud(block, turns, rng)
    return render(prose.system_text(prose.system_prompt(rng, 4), block), [(t.asked, t.answer) for t in turns])


def think_aloud(block: str, turns: list[Turn], rng: random.Random) -> Document:
    """A conversation whose last answer is thought about; earlier thoughts are not kept."""
    turns = turns[:rng.randint(1, len(turns))]
    last = turns[-1]
    system = prose.system_text(prose.system_prompt(rng, 5), block, prose.THINK)
    before = [(text, 0) for text, _ in render(system, [(t.asked, t.answer) for t in turns[:-1]])]
    return before + render("", [(last.asked, f"<think>\n{last.thought}\n</think>\n\n{last.answer}")])


def thoughtful(rng: random.Random) -> Document:
    return think_aloud("", [turn for _ in range(rng.choice([1, 1, 1, 2, 3])) for turn in answered(rng)], rng)


def render(system: str, turns: list[Exchange]) -> Document:
    """One conversation in ChatML."""
    out: Document = []
    if prose.TOOLS_BEFORE in system:
        head, tools = system.split(prose.TOOLS_BEFORE)
        out = [(f"{START}system\n{head}{prose.TOOLS_BEFORE}", 0), (tools, 0.05), (f"{STOP}\n", 0)]
    elif system:
        out = [(f"{START}system\n{system}{STOP}\n", 0)]
    for question, answer in turns:
        out.append((f"{START}user\n{question}{STOP}\n{START}assistant\n", 0))
        out.append((f"{answer}{STOP}", RESULTS if "<tool_response>" in question else 1))
        out.append(("\n", 0))
    return out


def conversation(rng: random.Random, most_turns: int) -> Document:
    turns: list[Exchange] = []
    wanted = rng.choice([1, 1, 1, 2, 2, 3, 4, 5]) if most_turns > 1 else 1
    if most_turns > 5 and rng.random() < 0.5:
        wanted = rng.randint(5, most_turns)
    makers, shares = zip(*KINDS)
    while len(turns) < wanted:
        turns += rng.choices(makers, shares)[0](rng)
    return render(prose.system_prompt(rng), turns)


def copying(rng: random.Random) -> Document:
    """Lines that say again what earlier lines say, in an order of their own: to copy is learned here."""
    def value() -> str:
        return rng.choice([lambda: city(rng), lambda: expression(rng), lambda: word(rng), lambda: str(rng.randint(0, 9999))])()

    style = rng.choice(["{0}: {1}", '{{"name": "{0}", "arguments": {{"{1}": "{2}"}}}}', '{{"{0}": "{1}"}}', "{0} {1} {2}", '{{"{0}": {{"type": "{1}"}}}}'])
    lines = [style.format(rng.choice(["", "get_", "find_", "my_", "do_"]) + word(rng), rng.choice([word(rng), value()]), value())
             for _ in range(rng.randint(1, 6))]
    again = lines if rng.random() < 0.3 else rng.sample(lines, len(lines))
    return [("\n".join(lines) + rng.choice(["\n\n", "\n---\n", "\nAgain:\n"]), 0), ("\n".join(again), 1)]


def raw_question(rng: random.Random) -> Document:
    """A question without a chat template, and its answer after it."""
    if rng.random() < 0.8:
        fact = pick_fact(rng)
        question, answer = fact.questions[0] if rng.random() < 0.5 else rng.choice(fact.questions), fact.sentence
    else:
        question, answer = rng.choice([e for e in prose.SMALL_TALK if e[0][-1] in "?."])
    return [(question, 0), (f" {answer}", 1)] if rng.random() < 0.7 else [(f"{question}\n", 0), (answer, 1)]


def plain(rng: random.Random) -> Document:
    """Text without a chat template: sentences, stories, lists in order."""
    roll = rng.random()
    if rng.random() < 0.3:
        return raw_question(rng)
    if roll < 0.08:
        text = prose.story(rng)
    elif roll < 0.16:
        text = rng.choice(prose.OPENINGS)
    elif roll < 0.2:
        text = rng.choice([", ".join(DAYS) + ".", ", ".join(MONTHS) + ".", ", ".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ") + ".",
                           ", ".join(str(n) for n in range(1, rng.choice([10, 20, 30]) + 1)) + "."])
    elif roll < 0.26:
        facts = [pick_fact(rng) for _ in range(rng.randint(1, 4))]
        text = "\n".join(f"Q: {f.questions[0]}\nA: {f.sentence}" for f in facts)
    else:
        count = 1 if rng.random() < 0.75 else rng.randint(2, 8)
        chosen = [pick_fact(rng) for _ in range(count)]
        text = " ".join(f.sentence if rng.random() < 0.65 else rng.choice((f.sentence,) + f.extra) for f in chosen)
    return [(text, 1)]


def document(rng: random.Random, most_turns: int = 5) -> Document:
    """One random document, ended by the end-of-text token."""
    roll = rng.random()
    if roll < 0.24:
        body = plain(rng)
    elif roll < 0.54 and most_turns > 2:
        body = tool_talk(rng, most_turns)
    elif 0.54 <= roll < 0.59:
        body = thoughtful(rng)
    elif 0.59 <= roll < 0.59 + COPYING:
        body = copying(rng)
    else:
        body = conversation(rng, most_turns)
    return body + [(END, 1)]
