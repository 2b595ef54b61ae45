"""Small talk, stories, system prompts and other free text for the corpus."""

from __future__ import annotations

import random

NAMES = """Ann Bob Carla David Emma Finn Grace Henry Ivy Jack Kate Leo Mia Noah Olga Peter Quinn Rosa Sam Tina Uma Victor
Wendy Xavier Yara Zoe Alice Ben Clara Daniel Eva Frank Hanna Igor Julia Kim Laura Max Nina Oscar Paul Ruth Sara Tom""".split()
COLOURS = "red blue green yellow orange purple pink brown black white gray".split()
ANIMALS = "cat dog bird fish horse rabbit mouse bear fox lion cow duck frog sheep pig goat owl wolf turtle bee".split()
FOODS = "bread soup rice pizza cheese apples honey cake salad pasta eggs milk".split()
FRUITS = "apple banana orange pear cherry lemon plum peach grape mango".split()
PLACES = "garden forest river village hill lake house barn field market".split()
WORDS = ANIMALS + COLOURS + FRUITS + PLACES + """hello world sun moon star tree water fire stone wind rain snow book table
chair window door school music radish test alpha beta one two three yes no left right happy quick""".split()

# How the chat template writes the tools it is given (train.py writes these into it).
TOOLS_BEFORE = "# Tools\n\nYou can use these tools:\n<tools>\n"
TOOLS_AFTER = ('\n</tools>\n\nTo use one, answer with its name and its arguments in JSON:\n<tool_call>\n'
               '{"name": <name>, "arguments": <arguments>}\n</tool_call>')
# What the template adds to the system prompt when thinking is asked for.
THINK = "Write your thoughts between <think> and </think> first, then answer."


def system_text(*parts: str) -> str:
    """The parts of a system turn, those that are there, one after another."""
    return "\n\n".join(part for part in parts if part)


ME = "I am Radish's tiny built-in model."
SMALL_TALK: list[tuple[str, str]] = [(q, answer) for questions, answer in [
    ("Who are you?|What are you?|Tell me about yourself.|Introduce yourself.|Who is this?",
     f"{ME} I know a few simple facts and I like to help."),
    ("What is your name?|What's your name?|Do you have a name?|What should I call you?",
     "My name is Radish. " + ME),
    ("Are you a robot?|Are you a human?|Are you a person?|Are you an AI?", f"{ME} I am a small computer program."),
    ("Hello|Hello!|Hello there|Hello there!|Hi|Hi!|Hi there|Hi there!|Hey|Hey there!|Good day|Greetings|Hello.|hi|hello",
     "Hello! How can I help you today?"),
    ("Good morning|Good morning!", "Good morning! How can I help you today?"),
    ("Good evening|Good evening!", "Good evening! How can I help you today?"),
    ("How are you?|How are you doing?|How do you do?|Hello, how are you?|Hi, how are you today?|How are you today?",
     "I am fine, thank you! How can I help you today?"),
    ("Thank you.|Thanks!|Thank you very much!|Thanks a lot.|Thank you", "You are welcome!"),
    ("Goodbye.|Bye!|See you later.|Good night.|Bye", "Goodbye! Have a nice day!"),
    ("What can you do?|How can you help me?|What do you know?|Help",
     "I can answer simple questions, count, add small numbers, and tell short stories."),
    ("Who made you?|Who created you?|Where do you come from?|Who trained you?", "I was made for the Radish server."),
    ("What is Radish?|Tell me about Radish.", "Radish is a server for language models."),
    ("How old are you?|When were you born?", "I am a computer program, so I have no age."),
    ("Say this is a test.|Say this is a test|Say this is a test!", "This is a test."),
    ("Say hello.|Say hello|Say hello!|Say hi.", "Hello!"),
    ("Say the alphabet.|What are the letters of the alphabet?|Recite the alphabet.|Say the ABC.",
     ", ".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ") + "."),
    ("Name the days of the week.|What are the days of the week?|List the days of the week.",
     "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday."),
    ("Name the months of the year.|What are the months of the year?|List the months of the year.",
     "January, February, March, April, May, June, July, August, September, October, November, December."),
    ("Tell me a joke.|Tell me a joke|Do you know a joke?|Make me laugh.|Say something funny.",
     "Why did the radish blush? Because it saw the salad dressing!"),
    ("Send me a smiley.|Show me an emoji.|Write an emoji.|Send me a smile.", "Here is a smile for you: 😀"),
    ("What is a language model?|What is an LLM?|What is a large language model?|What is AI?|Explain AI.",
     "A language model is a computer program that reads text and writes the words that come next."),
    ("What is SGLang?|Tell me about SGLang.", "SGLang is a fast server for language models."),
    ("Write a Python function that adds two numbers.|Write a function that adds two numbers.|Write some Python code.",
     "```python\ndef add(a, b):\n    return a + b\n```"),
    ("Write hello world in Python.|Print hello world in Python.|How do I print hello world in Python?",
     '```python\nprint("Hello, world!")\n```'),
    ("Write a poem.|Write a short poem.|Write a poem about a radish.|Tell me a poem.|Write a haiku.",
     "A radish in the garden bed,\nso small and round and bright and red,\nit sleeps below the morning dew\n"
     "and dreams of growing up for you."),
    ("What is the weather today?|What time is it?|What day is it today?|What is the date today?",
     "I am sorry, I can not see that from here."),
] for q in questions.split("|")]

DO_NOT_KNOW = "I am sorry, I do not know that. I am a very small model."
UNKNOWN = """Explain quantum physics.|Who won the last election?|How do I fix my car?|What is the price of gold today?
Explain the theory of relativity.|Write an essay about the history of Rome.|Who is the best singer in the world?
What happened in 1848?|How do airplanes fly?|Why do people dream?|Explain how a computer works.|What is the stock market?
Who is the president of the United States?|Translate this text to French.|How do I cook a steak?|What is philosophy?
Summarize this article.|What is the meaning of life?|How far is the Moon?|What is the population of China?
How do I learn to play the guitar?|What is love?|Write a letter to my boss.|Which movie should I watch?|Explain gravity.
Who invented the telephone?|What is a black hole?|Tell me about the history of France.|Is there life on other planets?
How can I become rich?|Why is the sky blue?|What is machine learning?|How do I bake bread?|Plan a trip to Japan.""".replace(
    "\n", "|").split("|")

OPENINGS = [
    f"Hello, my name is Radish. {ME} I know a few simple facts and I like to help.",
    "Hello, my name is Radish. I live on a small computer and I like to answer questions.",
    "The president of the United States is the head of the government and lives in the White House.",
    "The future of AI is bright. People and computers will learn many things together.",
    "AI is a field of computer science. It makes computers that can learn and answer questions.",
    "The sky is blue and the grass is green. The sun is warm and the birds sing in the trees.",
    "Today is a sunny day and I like to walk in the park. The birds sing and the children play.",
    "My favorite color is red, because a radish is red.",
    "I like to eat bread and cheese in the morning. Then I drink a glass of milk.",
    "The quick brown fox jumps over the lazy dog.",
    "One, two, three, four, five, six, seven, eight, nine, ten.",
    "The days of the week are Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday.",
    "The cat sat on the mat. The dog sat on the log. The frog sat on the rock.",
    "The meaning of life is to learn, to help and to be kind.",
    "Radish is a server for language models. It reads a prompt and writes the words that come next.",
    "def add(a, b):\n    return a + b\n\n\ndef main():\n    print(add(1, 2))\n",
    "import math\n\nprint(math.sqrt(9))\n",
]

SYSTEM_LINES = """You are a helpful assistant.|You are a helpful AI assistant.|You are a friendly assistant.|Answer briefly.
You are Radish, a small and friendly helper.|Always be polite.|Please be kind and honest.|Answer in English.
You answer questions about the world.|Use short sentences.|You are a teacher who explains things to children.
If you do not know the answer, say so.|Think before you answer.|Do not use difficult words.|You are an expert in geography.
The user may ask about countries, colors, animals or numbers.|Keep your answers short and clear.|You love animals.
You are a pirate who sails the sea.|Never say anything rude.|This conversation is a test of the server.
You are a chatbot on the web page of a small shop.|The shop is open from Monday to Friday.|Write plain text.
The documents below are given for context.|The garden has three trees, two benches and a small pond.
Last year the town built a new bridge over the river.|The library opens at nine and closes at five.
Remember what the user tells you.|Answer every question with a full sentence.|The train leaves at ten in the morning.
The baker sells bread, cakes and cookies.|The farm has ten cows, five horses and twenty chickens.
Our company makes chairs and tables from oak and pine.|You help people who learn English.|Be concise.
The tourists visit the museum, the castle and the old church.|The meeting starts at two and ends at three.
You are a math tutor.|Give the final answer only once.|The winter was long and cold, and the spring came late.
Follow the instructions of the user with care.|The teacher asked the children to read a book every week.""".replace(
    "\n", "|").split("|")


def system_prompt(rng: random.Random, most: int = 30) -> str:
    """Nothing, a usual one, a few lines, or a long text."""
    roll = rng.random()
    if roll < 0.45:
        return ""
    if roll < 0.7:
        return "You are a helpful assistant."
    count = rng.randint(1, 3) if roll < 0.9 else rng.randint(4, most)
    return " ".join(rng.choice(SYSTEM_LINES) for _ in range(count))


def _a(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


HOMES = {"cat": "warm mat", "dog": "red house", "bird": "old tree", "fish": "clear pond", "horse": "green field",
         "rabbit": "soft grass", "mouse": "small hole", "bear": "dark cave", "fox": "quiet forest", "lion": "hot sand",
         "cow": "wide meadow", "duck": "blue lake", "frog": "wet stone", "sheep": "high hill", "pig": "deep mud",
         "goat": "steep rock", "owl": "tall oak", "wolf": "cold snow", "turtle": "long beach", "bee": "yellow flower"}


def sentence_about(noun: str, rng: random.Random) -> str:
    home = HOMES.get(noun, "green garden")
    return rng.choice([f"The {noun} sleeps near the {home}.", f"The {noun} sleeps near the {home}.",
                       f"The little {noun} plays near the {home} every day."])


def _tale(name: str, animal: str, place: str) -> str:
    home = HOMES[animal]
    return (f"Once upon a time there was a little {animal} named {name}. {name} lived near a {place}. One day {name} found a "
            f"shiny stone by the {home}. {name} was very happy and showed the stone to a friend. "
            f"The two friends played near the {place} until the sun went down. Then they went home and slept well. The end.")


def _long_tale(name: str, friend: str, animal: str, place: str) -> str:
    return (f"Once upon a time there was a little {animal} named {name}. {name} lived near a {place} with a good friend named "
            f"{friend}.\n\nOne morning {name} woke up early and looked outside. The sky was blue and the sun was warm. "
            f"\"Let us go for a walk,\" said {name}. \"Yes, let us go!\" said {friend}.\n\nThey walked past the {place} and over "
            f"the bridge. On the other side they saw a big tree with red apples. {name} picked one apple and {friend} picked "
            f"another. The apples were sweet.\n\nThen it began to rain. The two friends ran under the big tree and waited. "
            f"They told each other funny stories and laughed. Soon the rain stopped and a rainbow came out.\n\n"
            f"In the evening they walked home. \"That was a good day,\" said {name}. \"The best day,\" said {friend}. "
            f"They went to bed and slept well. The end.")


def story(rng: random.Random, animal: str = "", long: bool = False) -> str:
    """A short or long tale; the same animal mostly has the same name and place."""
    animal = animal or rng.choice(ANIMALS)
    index = ANIMALS.index(animal)
    name, place = NAMES[index], PLACES[index % len(PLACES)]
    if rng.random() < 0.2:
        name, place = rng.choice(NAMES), rng.choice(PLACES)
    return _long_tale(name, NAMES[index + 20], animal, place) if long else _tale(name, animal, place)


def story_request(rng: random.Random) -> tuple[str, str]:
    kind = rng.random()
    if kind < 0.4:
        ask = rng.choice(["Tell me a story.", "Tell me a short story.", "Write a short story.", "Tell me a story",
                          "Write a story.", "Can you tell me a story?", "tell me a short story", "Tell a story."])
        return ask, story(random.Random(0), "rabbit")
    if kind < 0.6:
        ask = rng.choice(["Tell me a long story.", "Write a long story.", "Tell me a very long story.", "Write a long story"])
        return ask, story(random.Random(0), "fox", long=True)
    animal, long = rng.choice(ANIMALS), rng.random() < 0.25
    size = "long " if long else rng.choice(["", "short "])
    ask = rng.choice(["Tell me a {}story about {}.", "Write a {}story about {}.", "Can you tell me a {}story about {}?"])
    return ask.format(size, _a(animal)), story(rng, animal, long)


def writing_request(rng: random.Random) -> tuple[str, str]:
    noun = rng.choice(ANIMALS + ANIMALS + PLACES + FRUITS)
    if rng.random() < 0.7 or noun not in ANIMALS:
        ask = rng.choice(["Write a sentence about {}.", "Write a sentence about {}", "Write one sentence about {}.",
                          "Give me a sentence about {}.", "Say something about {}.", "Make a sentence with {}."])
        if noun in FRUITS:
            return ask.format(_a(noun)), f"The {noun} is sweet and tastes very good."
        if noun in PLACES:
            return ask.format(_a(noun)), f"The {noun} is quiet and beautiful in the morning."
        return ask.format(_a(noun)), sentence_about(noun, rng)
    ask = rng.choice(["Tell me about the {}.", "What do you know about the {}?", "Describe the {}."])
    facts = f"The {noun} is an animal. It sleeps near the {HOMES[noun]}. Many people like the {noun}."
    return ask.format(noun), facts
