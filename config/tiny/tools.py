"""Tools for the corpus: what they are named, how they are described, how people ask for them.

Names, arguments and values vary so widely that the model has to copy them from
the schema and the question; it can not remember them.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Callable

from values import amount, city, clock, country, day, expression, language, note, person, room, state_city, ticker, topic, word

Json = dict[str, object]
Draw = Callable[[random.Random], object]


@dataclass(frozen=True)
class Slot:
    """One argument: names it may have, what it holds, and how a value is drawn."""

    names: str
    about: str
    draw: Draw
    type: str = "string"


@dataclass(frozen=True)
class Skill:
    """One kind of tool. Names, descriptions and questions are separated by '|'; questions hold {0}, {1} for the values."""

    key: str
    names: str
    about: str
    slots: tuple[Slot, ...]
    asks: str
    result: str = "result"
    outcome: Draw = field(default=lambda rng: rng.choice(["ok", "done"]))
    reply: str = ""


PLACE = Slot("city|city|city|location|location|location|place|town|city_name|locality|area|where|address|region|q|query|name|loc|point",
             "The city|The city name|City to look up|The name of the city|Name of the place|The city, e.g. San Francisco|"
             "The city and state, e.g. San Francisco, CA|Where|A town or a city|The location to get the weather for|"
             "The city to find the weather for, e.g. 'San Francisco'|City and country e.g. Paris, France|"
             "Name of the city, for example London", city)
FORMULA = Slot("expression|expression|expression|expr|formula|equation|input|query|calculation|math|text|statement|exp|value|problem",
               "The expression|The expression to evaluate|A mathematical expression|Math expression, e.g. 2 + 2|"
               "What to calculate|The formula to compute|Arithmetic expression to evaluate", expression)


def _pair(names: str) -> tuple[Slot, Slot]:
    first, second = zip(*(pair.split(",") for pair in names.split("|")))
    return tuple(Slot("|".join(n), "A number|The number|An integer", amount, "integer") for n in (first, second))  # type: ignore[return-value]


NUMBERS = "a,b|x,y|num1,num2|first,second|left,right|n1,n2|first_number,second_number"
SKILLS = [
    Skill("weather", "get_weather|get_weather|get_weather|get_current_weather|get_current_weather|weather|fetch_weather|lookup_weather|"
          "weather_forecast|get_forecast|check_weather|getWeather|current_weather|find_weather|query_weather|weather_api|"
          "get_temperature|read_weather|forecast|getCurrentWeather|weather_lookup|get_weather_data",
          "Get the weather|Get the current weather|Get the weather of a city|Get the current weather in a given location|"
          "Get the weather for a city|Look up the weather|Returns the weather of a place|Get current weather for a location|"
          "Weather in a city|Tells the temperature and the sky of a place|Get weather information", (PLACE,),
          "What is the weather in {0}?|What is the weather in {0}?|What's the weather in {0}?|What's the weather like in {0}?|"
          "What's the weather like in {0} today?|What is the weather like in {0}?|How is the weather in {0}?|How's the weather in {0}?|"
          "Tell me the weather in {0}.|Weather in {0}|Weather in {0}?|weather in {0}|Weather {0}|Is it raining in {0}?|"
          "Will it rain in {0} tomorrow?|How warm is it in {0}?|Do I need an umbrella in {0}?|What is the temperature in {0}?|"
          "Give me the forecast for {0}.|Can you check the weather in {0}?|How cold is it in {0} right now?|"
          "I am in {0}. How is the weather?|Please look up the weather of {0}.|Check the weather in {0}|"
          "I travel to {0} tomorrow. What will the weather be?|What will the weather be in {0} tomorrow?|Is it sunny in {0}?|"
          "Get the weather in {0}.|Get the weather for {0}|Show me the weather for {0}.|What is the current weather in {0}?|"
          "What's the temperature in {0} now?|What is the weather in {0} now?|Could you tell me the weather in {0}, please?|"
          "How hot is it in {0} today?|what's the weather in {0}"),
    Skill("math", "calculate|calculate|calculate|calculator|evaluate|compute|calc|math|evaluate_expression|do_math|eval_math|"
          "run_calculation|compute_expression|solve_math|math_eval|arithmetic|calculateExpression",
          "Calculate|Calculate an expression|Evaluate a mathematical expression|Evaluate an arithmetic expression|Does math|"
          "Calculates the value of an expression|A simple calculator|Compute the result of a formula|"
          "Perform a calculation|Evaluates math and returns the result", (FORMULA,),
          "What is {0}?|What is {0}?|What is {0}?|What's {0}?|Calculate {0}|Calculate {0}.|Compute {0}.|How much is {0}?|"
          "Evaluate {0}|{0} = ?|{0}|Please calculate {0}.|Use the calculator: {0}|Can you compute {0} for me?|Solve {0}|"
          "What is the result of {0}?|what is {0}|calculate {0}|I need the value of {0}.|Tell me what {0} is.|What does {0} equal?"),
    Skill("add", "add|add_numbers|sum|add_two_numbers|plus", "Add two numbers|Adds a and b|Compute the sum of two numbers|Returns the sum",
          _pair(NUMBERS), "Add {0} and {1}.|What is the sum of {0} and {1}?|What is {0} + {1}?|What is {0} plus {1}?|Compute {0} + {1}.|"
          "Add {0} to {1}.|Sum {0} and {1}", "result", amount, "{0} + {1} = {value}."),
    Skill("multiply", "multiply|multiply_numbers|times|product|mul", "Multiply two numbers|Multiplies a and b|Compute the product",
          _pair(NUMBERS), "Multiply {0} and {1}.|What is the product of {0} and {1}?|What is {0} * {1}?|What is {0} times {1}?|"
          "Multiply {0} by {1}.", "result", amount, "{0} * {1} = {value}."),
    Skill("time", "get_time|get_current_time|current_time|clock|time_in|what_time|get_local_time",
          "Get the time|Get the current time in a city|Tells the time of a place|Local time of a city",
          (Slot("city|location|timezone|place|zone|town|where|city_name", "The city|The place|City name|The location", city),),
          "What time is it in {0}?|What's the time in {0}?|Tell me the time in {0}.|Time in {0}?|What is the local time in {0}?|"
          "How late is it in {0}?|Current time in {0}", "time", clock, "It is {value} in {0}."),
    Skill("search", "search|web_search|search_web|google|find|lookup|search_documents|internet_search",
          "Search the web|Searches the internet|Find information about a topic|Search documents",
          (Slot("query|q|text|keywords|term|search_query|question|input", "The query|What to search for|Search terms", topic),),
          "Search for {0}.|Search the web for {0}.|Look up {0}.|Find information about {0}.|Search for {0}|Please search {0}.|"
          "Can you search the web for {0}?|Google {0}", "text", note),
    Skill("translate", "translate|translate_text|translator|get_translation", "Translate a text|Translates text to another language",
          (Slot("text|content|sentence|input|phrase", "The text|Text to translate", note),
           Slot("language|target|target_language|to|lang", "The language|Target language", language)),
          "Translate '{0}' to {1}.|Translate '{0}' into {1}.|Please translate '{0}' to {1}.|Say '{0}' in {1}.", "translation", note),
    Skill("stock", "get_stock_price|stock_price|get_quote|stock|lookup_stock", "Get the price of a stock|Current stock price|Get a stock quote",
          (Slot("symbol|ticker|stock|name|code", "The symbol|Ticker symbol|Symbol of the stock", ticker),),
          "What is the price of {0}?|What is the stock price of {0}?|How much is a share of {0}?|Get the price of {0}.|"
          "What's {0} trading at?", "price", lambda rng: round(rng.uniform(1, 900), 2), "The price of {0} is {value}."),
    Skill("email", "send_email|send_message|send_mail|message|notify|text_person", "Send a message|Send an email to a person|Sends a text",
          (Slot("to|recipient|person|name|receiver", "The recipient|Who gets it", person),
           Slot("text|body|message|content", "The text|What to say", note)),
          "Send '{1}' to {0}.|Write to {0}: '{1}'|Send {0} the message '{1}'.|Tell {0} '{1}'.|Email {0} '{1}'.", "status"),
    Skill("timer", "set_timer|timer|start_timer|countdown", "Set a timer|Starts a timer|Start a countdown",
          (Slot("minutes|duration|time|length|mins", "Minutes|How many minutes", lambda rng: rng.randint(2, 90), "integer"),),
          "Set a timer for {0} minutes.|Start a timer of {0} minutes.|Timer for {0} minutes|Wake me in {0} minutes.", "status"),
    Skill("light", "turn_on_light|light_on|switch_light|set_light|lights", "Turn on the light|Switch the light of a room on",
          (Slot("room|place|location|where|name", "The room|Which room", room),),
          "Turn on the light in the {0}.|Switch on the light in the {0}.|Light in the {0}, please.|Make it bright in the {0}.", "status"),
    Skill("population", "get_population|population|country_population|count_people", "Get the population|How many people live somewhere",
          (Slot("country|place|name|location|region", "The country|Name of the country", country),),
          "What is the population of {0}?|How many people live in {0}?|Get the population of {0}.", "population",
          lambda rng: rng.randint(100, 99999) * 1000, "The population of {0} is {value}."),
    Skill("define", "define|define_word|dictionary|get_definition|lookup_word", "Define a word|Look a word up|Get the meaning of a word",
          (Slot("word|term|text|entry|query", "The word|The word to define", word),),
          "Define the word {0}.|What does the word {0} mean?|Look up the word {0}.|Define {0}.|Give me the definition of {0}.",
          "definition", note),
    Skill("hotel", "book_hotel|reserve_hotel|find_hotel|hotel_search|book_room", "Book a hotel|Reserve a room|Find a hotel in a city",
          (Slot("city|location|place|destination|town", "The city|Where", city),
           Slot("nights|days|length|duration|count", "Nights|How many nights", lambda rng: rng.randint(2, 14), "integer")),
          "Book a hotel in {0} for {1} nights.|I need a room in {0} for {1} nights.|Reserve {1} nights in {0}.|"
          "Find a hotel in {0} for {1} nights.", "status"),
    Skill("currency", "convert_currency|convert|exchange|currency_converter", "Convert money|Converts an amount to another currency",
          (Slot("amount|value|number|sum|quantity", "The amount", amount, "number"),
           Slot("currency|to|target|to_currency", "The currency|Target currency",
                lambda rng: rng.choice("euro dollar yen pound franc peso rupee".split()))),
          "Convert {0} to {1}.|How much is {0} in {1}?|Change {0} into {1}.", "value", amount),
    Skill("now", "get_time|current_time|now|get_current_time|clock", "Get the current time|Tells what time it is|The time now", (),
          "What time is it?|What's the time?|Tell me the time.|What time is it now?|Do you know the time?|what time is it", "time", clock,
          "It is {value}."),
    Skill("today", "get_date|current_date|today|get_current_date|date_today", "Get the date of today|Tells the current date", (),
          "What day is it today?|What is the date today?|What's the date?|Tell me today's date.", "date", day, "Today is {value}."),
    Skill("joke", "get_joke|random_joke|tell_joke|joke", "Get a random joke|Returns a joke", (),
          "Tell me a joke.|I want to hear a joke.|Do you know a joke?|Make me laugh.", "joke", note, "{value}."),
    Skill("news", "get_news|news|latest_news|fetch_news|headlines", "Get the news|Latest news about a topic",
          (Slot("topic|subject|query|about|category", "The topic|What the news is about", topic),),
          "What is the news about {0}?|Any news about {0}?|Get the latest news about {0}.|Show me news about {0}.", "headline", note),
]
BY_KEY = {skill.key: skill for skill in SKILLS}
USUAL = 8  # the first questions of a kind are half of all
UNITS = [("celsius", "fahrenheit"), ("metric", "imperial"), ("C", "F"), ("c", "f"), ("Celsius", "Fahrenheit")]
STATE_ABOUT = ["The state", "Two-letter state", "The state, e.g. CA",
               "the two-letter abbreviation for the state that the city is in, e.g. 'CA' which would mean 'California'"]
UNIT_ABOUT = ["The unit of the temperature", "The unit to fetch the temperature in", "Unit", "celsius or fahrenheit"]
EXTRAS: list[tuple[str, Json]] = [("days", {"type": "integer"}), ("lang", {"type": "string"}), ("date", {"type": "string", "description": "The day, if not today"}),
                                  ("detailed", {"type": "boolean", "default": False}), ("limit", {"type": "integer", "description": "How many"})]
UNIT_ASKS = [" Answer in {0}.", " In {0}, please.", " Use {0}.", " I want it in {0}."]


@dataclass
class Tool:
    """One tool as offered: its skill, its name and the names of its arguments."""

    skill: Skill
    name: str
    arguments: list[str]
    described: bool
    units: tuple[str, str] | None = None
    unit_name: str = "unit"
    unit_required: bool = False
    state: bool = False

    def schema(self, rng: random.Random) -> Json:
        """The JSON schema in one of the forms that clients send."""
        properties: dict[str, Json] = {}
        for slot, name in zip(self.skill.slots, self.arguments):
            properties[name] = {"type": slot.type}
            if self.described and rng.random() < 0.85:
                properties[name]["description"] = rng.choice(slot.about.split("|"))
        if self.state:
            properties["state"] = {"type": "string"} | ({"description": rng.choice(STATE_ABOUT)} if self.described else {})
        if self.units:
            properties[self.unit_name] = {"type": "string", "enum": list(self.units)} | (
                {"description": rng.choice(UNIT_ABOUT)} if self.described and rng.random() < 0.5 else {})
        if self.arguments and rng.random() < 0.1:
            extra, about = rng.choice(EXTRAS)
            properties.setdefault(extra, about)
        if rng.random() < 0.1:
            properties = {n: dict(reversed(p.items())) for n, p in properties.items()}
        required = self.arguments + (["state"] if self.state else []) + ([self.unit_name] if self.unit_required else [])
        parameters: Json = {"type": "object", "properties": properties}
        if rng.random() < 0.85 and (required or rng.random() < 0.5):
            parameters["required"] = required
        if rng.random() < 0.08:
            parameters["additionalProperties"] = False
        return self._wrapped(parameters, rng)

    def _wrapped(self, parameters: Json, rng: random.Random) -> Json:
        about: Json = {"description": rng.choice(self.skill.about.split("|")) + rng.choice(["", "", "."])} if self.described else {}
        style = rng.random()
        function: Json = {"name": self.name, **about, "parameters": parameters}
        if style < 0.25:
            function = {**(about or {"description": None}), "name": self.name, "parameters": parameters, "strict": False}
        elif style < 0.32:
            function = {**about, "name": self.name, "parameters": parameters}
        elif style < 0.37:
            function["strict"] = rng.random() < 0.5
        form = rng.random()
        if form < 0.75:
            return {"type": "function", "function": function}
        return function if form < 0.95 else {"type": "function", **function}


def _argument(slot: Slot, alone: bool, rng: random.Random) -> str:
    name = rng.choice(slot.names.split("|"))
    roll = rng.random()
    if roll < 0.06:
        name = rng.choice([f"{name}_name", f"target_{name}", f"the_{name}", f"{name}_text", f"my_{name}", f"{name}Name", name.upper(),
                           f"{name}1", f"{name}_id", f"user_{name}"])
    elif roll < 0.12 and alone:
        name = rng.choice([word(rng), f"{word(rng)}_{word(rng)}", f"arg{rng.randint(0, 9)}", f"param_{rng.choice('abcxyz')}",
                           rng.choice("abcdefghijklmnopqrstuvwxyz"), f"{word(rng)}{rng.randint(0, 99)}", city(rng, False).split()[0].lower()])
    return name


def make_tool(skill: Skill, rng: random.Random) -> Tool:
    described = rng.random() < 0.6
    name = rng.choice(skill.names.split("|"))
    roll = rng.random()
    if roll < 0.06:
        name = rng.choice(["my_{}", "{}_tool", "{}_v2", "tool_{}", "api_{}", "{}_now", "do_{}", "the_{}", "{}_service", "run_{}"]).format(name)
    elif roll < 0.1:
        described = True
        name = rng.choice([f"{word(rng)}_{word(rng)}", f"tool_{rng.randint(1, 99)}", f"{word(rng)}{rng.randint(1, 9)}", word(rng)])
    arguments: list[str] = []
    while len(arguments) < len(skill.slots):
        arguments = [_argument(slot, len(skill.slots) == 1, rng) for slot in skill.slots]
        arguments = arguments if len(set(arguments)) == len(arguments) else []
    if skill.key in ("add", "multiply"):
        arguments = list(rng.choice(NUMBERS.split("|")).split(","))
    tool = Tool(skill, name, arguments, described)
    if skill.key == "weather" and rng.random() < 0.18:
        tool.units, tool.unit_name = rng.choice(UNITS), rng.choice(["unit", "unit", "units", "format", "scale"])
        tool.unit_required = rng.random() < 0.4
        tool.state = rng.random() < 0.25
    return tool


@dataclass
class Use:
    """One wish that a tool fulfils: what is asked, and the arguments of the call."""

    tool: Tool
    question: str
    arguments: Json
    values: list[object]


def make_use(tool: Tool, rng: random.Random) -> Use:
    """Draws values and a question; the arguments hold what the question says."""
    skill = tool.skill
    values = [slot.draw(rng) for slot in skill.slots]
    said = [str(v) for v in values]
    arguments: Json = {}
    if tool.state:
        values = said = list(state_city(rng))
        arguments = {tool.arguments[0]: said[0], "state": said[1]}
        said = [rng.choice([said[0], said[0], f"{said[0]}, {said[1]}"])]
    else:
        if skill.key == "math":
            values, said = _worded(said[0], rng)
        arguments = dict(zip(tool.arguments, values))
    asks = skill.asks.split("|")
    question = rng.choice(asks[:USUAL] if rng.random() < 0.5 else asks).format(*said)
    if tool.units:
        if rng.random() < 0.4:
            unit = rng.choice(tool.units)
            question += rng.choice(UNIT_ASKS).format(unit)
            arguments[tool.unit_name] = unit
        elif tool.unit_required:
            arguments[tool.unit_name] = tool.units[0]
    return Use(tool, question, arguments, values)


def _worded(text: str, rng: random.Random) -> tuple[list[object], list[str]]:
    """Now and then says 'times' for '*' and so on."""
    words = {" + ": " plus ", " - ": " minus ", " * ": " times ", " / ": " divided by "}
    if rng.random() < 0.2 and "(" not in text:
        said = text
        for sign, spoken in words.items():
            said = said.replace(sign, spoken)
        return [text], [said]
    return [text], [text]


def call_text(name: str, arguments: Json) -> str:
    """A call as the model writes it and as the chat template gives it back."""
    return "<tool_call>\n" + json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False) + "\n</tool_call>"
