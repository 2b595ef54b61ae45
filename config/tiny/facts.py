"""The things the built-in model knows, written as compact tables.

Each table becomes a list of `Fact`: several ways to ask, one sentence that
answers, and plain sentences that say the same thing (the completion forms).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fact:
    """One thing to know. `sentence` starts with `prompt` and contains `answer`."""

    group: str
    questions: tuple[str, ...]
    prompt: str
    answer: str
    sentence: str
    extra: tuple[str, ...] = field(default=())


def pairs(table: str) -> list[tuple[str, str]]:
    """Reads 'key:value, key:value'."""
    return [tuple(p.strip() for p in item.split(":")) for item in table.split(",")]  # type: ignore[misc]


CAPITALS = pairs("""France:Paris, Germany:Berlin, Italy:Rome, Spain:Madrid, Portugal:Lisbon,
England:London, the United Kingdom:London, Scotland:Edinburgh, Wales:Cardiff, Ireland:Dublin,
Iceland:Reykjavik, Norway:Oslo, Sweden:Stockholm, Finland:Helsinki, Denmark:Copenhagen,
the Netherlands:Amsterdam, Belgium:Brussels, Luxembourg:Luxembourg, Austria:Vienna, Switzerland:Bern,
Poland:Warsaw, the Czech Republic:Prague, Slovakia:Bratislava, Hungary:Budapest, Romania:Bucharest,
Bulgaria:Sofia, Greece:Athens, Serbia:Belgrade, Croatia:Zagreb, Slovenia:Ljubljana, Albania:Tirana,
Estonia:Tallinn, Latvia:Riga, Lithuania:Vilnius, Ukraine:Kyiv, Russia:Moscow, Turkey:Ankara,
Cyprus:Nicosia, Malta:Valletta, Egypt:Cairo, Morocco:Rabat, Algeria:Algiers, Tunisia:Tunis,
Libya:Tripoli, Kenya:Nairobi, Ethiopia:Addis Ababa, Ghana:Accra, Nigeria:Abuja, Senegal:Dakar,
Uganda:Kampala, Rwanda:Kigali, Zambia:Lusaka, Zimbabwe:Harare, Angola:Luanda, Iran:Tehran,
Iraq:Baghdad, Syria:Damascus, Lebanon:Beirut, Jordan:Amman, Qatar:Doha, India:New Delhi,
Pakistan:Islamabad, Bangladesh:Dhaka, Nepal:Kathmandu, China:Beijing, Mongolia:Ulaanbaatar,
Japan:Tokyo, South Korea:Seoul, North Korea:Pyongyang, Vietnam:Hanoi, Thailand:Bangkok,
Cambodia:Phnom Penh, Laos:Vientiane, the Philippines:Manila, Indonesia:Jakarta, Malaysia:Kuala Lumpur,
Singapore:Singapore, Australia:Canberra, New Zealand:Wellington, Fiji:Suva, Canada:Ottawa,
the United States:Washington, Mexico:Mexico City, Cuba:Havana, Jamaica:Kingston, Haiti:Port-au-Prince,
Panama:Panama City, Costa Rica:San Jose, Colombia:Bogota, Venezuela:Caracas, Ecuador:Quito,
Peru:Lima, Bolivia:Sucre, Brazil:Brasilia, Chile:Santiago, Argentina:Buenos Aires,
Uruguay:Montevideo, Paraguay:Asuncion""")

COLOURS = pairs("""the sky:blue, grass:green, snow:white, coal:black, a banana:yellow, a tomato:red,
a carrot:orange, a lemon:yellow, blood:red, chocolate:brown, an elephant:gray, milk:white, a frog:green,
the sun:yellow, a flamingo:pink, a strawberry:red, a radish:red, a polar bear:white, the ocean:blue,
a leaf:green, an eggplant:purple, a fire truck:red, the night sky:black, a cucumber:green, cheese:yellow,
salt:white, a pumpkin:orange, a raven:black, a pig:pink, a swan:white""")

OPPOSITES = pairs("""hot:cold, big:small, up:down, left:right, day:night, black:white, good:bad,
happy:sad, fast:slow, tall:short, old:young, rich:poor, open:closed, full:empty, hard:soft, light:dark,
wet:dry, clean:dirty, early:late, easy:difficult, near:far, high:low, loud:quiet, strong:weak, thick:thin,
true:false, win:lose, in:out, on:off, yes:no, first:last, push:pull, begin:end, love:hate, inside:outside,
north:south, east:west, always:never, more:less, sweet:sour, wide:narrow, deep:shallow, heavy:light,
buy:sell, give:take, summer:winter""")

SOUNDS = pairs("""dog:woof, cat:meow, cow:moo, duck:quack, sheep:baa, pig:oink, horse:neigh, rooster:cock-a-doodle-doo,
lion:roar, bee:buzz, snake:hiss, owl:hoot, mouse:squeak, frog:ribbit, crow:caw, bird:tweet, donkey:hee-haw,
wolf:howl""")

BABIES = pairs("""dog:puppy, cat:kitten, cow:calf, sheep:lamb, horse:foal, pig:piglet, duck:duckling,
chicken:chick, bear:cub, frog:tadpole, goat:kid, swan:cygnet, kangaroo:joey, deer:fawn, goose:gosling""")

LEGS = pairs("""dog:four, cat:four, spider:eight, ant:six, bird:two, horse:four, bee:six, person:two, snake:no,
chicken:two, cow:four, crab:ten, butterfly:six, elephant:four""")

LANGUAGES = pairs("""France:French, Germany:German, Italy:Italian, Spain:Spanish, Portugal:Portuguese,
Brazil:Portuguese, Japan:Japanese, China:Chinese, Russia:Russian, Greece:Greek, Turkey:Turkish,
Poland:Polish, Sweden:Swedish, England:English, Australia:English, Mexico:Spanish, Egypt:Arabic,
South Korea:Korean, Norway:Norwegian, Hungary:Hungarian""")

PLURALS = pairs("""mouse:mice, child:children, foot:feet, tooth:teeth, man:men, woman:women, goose:geese,
cat:cats, dog:dogs, box:boxes, leaf:leaves, city:cities, person:people, sheep:sheep, fish:fish""")

HELLOS = pairs("""French:Bonjour, Spanish:Hola, German:Hallo, Italian:Ciao, Japanese:こんにちは, Chinese:你好,
Korean:안녕하세요, Russian:Привет, Portuguese:Olá, Greek:Γειά σου""")

SYMBOLS = pairs("""water:H2O, oxygen:O, gold:Au, silver:Ag, iron:Fe, hydrogen:H, carbon:C, salt:NaCl,
carbon dioxide:CO2, helium:He""")

COUNTS = [tuple(item.strip().split(":")) for item in """days:week:seven, months:year:twelve,
hours:day:24, minutes:hour:60, seconds:minute:60, weeks:year:52, days:year:365, years:century:100,
years:decade:ten, cents:dollar:100, wheels:car:four, wheels:bicycle:two, sides:triangle:three,
sides:square:four, meters:kilometer:1000, eggs:dozen:12, colors:rainbow:seven, grams:kilogram:1000,
seasons:year:four, letters:alphabet:26""".split(",")]

GENERAL = [tuple(s.strip().split("|")) for s in """
What is the largest planet in the solar system?|The largest planet in the solar system is|Jupiter
What is the smallest planet in the solar system?|The smallest planet in the solar system is|Mercury
Which planet do we live on?|The planet we live on is|Earth
Which planet is known as the red planet?|The red planet is|Mars
Which planet has big rings?|The planet with big rings is|Saturn
Which star is closest to the Earth?|The star closest to the Earth is|the Sun
What is the largest ocean?|The largest ocean is|the Pacific Ocean
What is the tallest mountain in the world?|The tallest mountain in the world is|Mount Everest
What is the largest animal?|The largest animal is|the blue whale
What is the tallest animal?|The tallest animal is|the giraffe
What is the fastest land animal?|The fastest land animal is|the cheetah
What is the largest country in the world?|The largest country in the world is|Russia
What is the largest desert in Africa?|The largest desert in Africa is|the Sahara
What is the longest river in Africa?|The longest river in Africa is|the Nile
How many continents are there?|The number of continents is|seven
How many planets are in the solar system?|The number of planets in the solar system is|eight
At what temperature does water boil?|Water boils at|100 degrees Celsius
At what temperature does water freeze?|Water freezes at|0 degrees Celsius
Who wrote Romeo and Juliet?|Romeo and Juliet was written by|William Shakespeare
Who painted the Mona Lisa?|The Mona Lisa was painted by|Leonardo da Vinci
Who was the first person on the Moon?|The first person on the Moon was|Neil Armstrong
What do bees make?|Bees make|honey
What do cows drink?|Cows drink|water
What do plants need to grow?|Plants need|water, light and air
What is frozen water called?|Frozen water is called|ice
What is the first letter of the alphabet?|The first letter of the alphabet is|A
What is the last letter of the alphabet?|The last letter of the alphabet is|Z
What color do you get if you mix blue and yellow?|Blue and yellow mixed together make|green
What color do you get if you mix red and white?|Red and white mixed together make|pink
What color do you get if you mix red and yellow?|Red and yellow mixed together make|orange
In which city is the Eiffel Tower?|The Eiffel Tower is in|Paris
In which country are the pyramids of Giza?|The pyramids of Giza are in|Egypt
What shape is a ball?|The shape of a ball is|round
What do you use to see?|We see with our|eyes
What do you use to hear?|We hear with our|ears
What meal do people eat in the morning?|The meal people eat in the morning is|breakfast
What is the coldest season?|The coldest season is|winter
What is the warmest season?|The warmest season is|summer
What is the square root of nine?|The square root of nine is|three
What gas do we breathe to live?|The gas we breathe to live is|oxygen
""".strip().splitlines()]

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()


def _article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def _fact(group: str, questions: list[str], prompt: str, answer: str, *extra: str, end: str = "") -> Fact:
    return Fact(group, tuple(questions), prompt, answer, f"{prompt} {answer}{end}.", extra)


def _geography() -> list[Fact]:
    out = []
    for country, city in CAPITALS:
        out.append(_fact("capital", [
            f"What is the capital of {country}?", f"What's the capital of {country}?",
            f"What is the capital city of {country}?", f"Which city is the capital of {country}?",
            f"Tell me the capital of {country}.", f"Name the capital of {country}.",
            f"Do you know the capital of {country}?", f"The capital of {country}?",
        ], f"The capital of {country} is", city,
            f"The capital city of {country} is {city}.", f"{city} is the capital of {country}."))
        if city != "London":
            out.append(_fact("country", [f"{city} is the capital of which country?",
                                         f"Which country has {city} as its capital?"],
                             f"{city} is the capital of", country))
    for country, language in LANGUAGES:
        out.append(_fact("language", [f"What language do people speak in {country}?",
                                      f"Which language is spoken in {country}?"],
                         f"People in {country} speak", language,
                         f"The language spoken in {country} is {language}."))
    return out


def _words() -> list[Fact]:
    out = []
    for thing, colour in COLOURS:
        for spelling in ("color", "colour"):
            out.append(_fact("color", [f"What {spelling} is {thing}?", f"What is the {spelling} of {thing}?",
                                       f"Tell me the {spelling} of {thing}."],
                             f"The {spelling} of {thing} is", colour,
                             f"{thing[0].upper()}{thing[1:]} is {colour}."))
    for one, other in OPPOSITES:
        for a, b in ((one, other), (other, one)):
            if (a, b) != ("light", "heavy"):  # light already has an opposite: dark
                out.append(_fact("opposite", [f"What is the opposite of {a}?", f"What's the opposite of {a}?",
                                              f"Tell me the opposite of {a}.", f"Give me the opposite of the word {a}."],
                                 f"The opposite of {a} is", b))
    for one, many in PLURALS:
        out.append(_fact("plural", [f"What is the plural of {one}?", f"What's the plural of the word {one}?"],
                         f"The plural of {one} is", many))
    for language, word in HELLOS:
        out.append(_fact("hello", [f"How do you say hello in {language}?", f"Say hello in {language}.",
                                   f"What is hello in {language}?"], f"Hello in {language} is", word))
    for thing, symbol in SYMBOLS:
        out.append(_fact("symbol", [f"What is the chemical symbol for {thing}?", f"What is the formula of {thing}?"],
                         f"The chemical symbol for {thing} is", symbol))
    return out


def _nature() -> list[Fact]:
    out = []
    for animal, sound in SOUNDS:
        who = _article(animal)
        out.append(_fact("sound", [f"What sound does {who} make?", f"What does {who} say?",
                                   f"What noise does {who} make?", f"Which sound does {who} make?"],
                         f"{who[0].upper()}{who[1:]} says", sound, f"The sound {who} makes is {sound}."))
    for animal, young in BABIES:
        out.append(_fact("baby", [f"What is a baby {animal} called?", f"What do you call a baby {animal}?"],
                         f"A baby {animal} is called a", young))
    for animal, legs in LEGS:
        who = _article(animal)
        out.append(_fact("legs", [f"How many legs does {who} have?", f"Tell me how many legs {who} has."],
                         f"{who[0].upper()}{who[1:]} has", legs, end=" legs"))
    for what, whole, number in COUNTS:
        one = "the alphabet" if whole == "alphabet" else "an hour" if whole == "hour" else _article(whole)
        out.append(_fact("number", [f"How many {what} are in {one}?", f"How many {what} are there in {one}?",
                                    f"How many {what} does {one} have?"],
                         f"The number of {what} in {one} is", number))
    for question, prompt, answer in GENERAL:
        out.append(_fact("general", [question], prompt, answer))
    return out


def _order() -> list[Fact]:
    out = []
    for kind, names in (("day", DAYS), ("month", MONTHS)):
        for i, name in enumerate(names):
            for word, other in (("after", names[(i + 1) % len(names)]), ("before", names[i - 1])):
                out.append(_fact("order", [f"What {kind} comes {word} {name}?", f"Which {kind} comes {word} {name}?",
                                           f"What is the {kind} {word} {name}?"],
                                 f"The {kind} {word} {name} is", other))
            whole = "week" if kind == "day" else "year"
            out.append(_fact("order", [f"What is the {ORDINALS[i]} {kind} of the {whole}?"],
                             f"The {ORDINALS[i]} {kind} of the {whole} is", name))
    return out


def _arithmetic() -> list[Fact]:
    out = []
    tables = [("+", "plus", [(a, b) for a in range(11) for b in range(11)]),
              ("-", "minus", [(a, b) for a in range(11) for b in range(a + 1)]),
              ("*", "times", [(a, b) for a in range(1, 11) for b in range(1, 6)])]
    for sign, word, sums in tables:
        for a, b in sums:
            result = str({"+": a + b, "-": a - b, "*": a * b}[sign])
            out.append(_fact("sum", [f"What is {a} {sign} {b}?", f"What is {a} {word} {b}?", f"{a} {sign} {b} = ?",
                                     f"What's {a}{sign}{b}?", f"Calculate {a} {sign} {b}.", f"How much is {a} {word} {b}?"],
                             f"{a} {sign} {b} =", result, f"{a}{sign}{b}={result}", f"{a} {word} {b} is {result}."))
    return out


def all_facts() -> list[Fact]:
    """Every fact, in a fixed order."""
    return _geography() + _words() + _nature() + _order() + _arithmetic()
