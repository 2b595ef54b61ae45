"""Values that people put into questions for tools: cities, sums, names, texts."""

from __future__ import annotations

import random

import prose
from facts import CAPITALS, DAYS, MONTHS

CITIES = """Memphis|Baltimore|Milwaukee|Tucson|Fresno|Sacramento|Kansas City|Omaha|Oakland|Minneapolis|Tampa|New Orleans|Cleveland|Honolulu|Pittsburgh|
Cincinnati|Anchorage|Newark|Buffalo|Richmond|Boise|Salt Lake City|Santa Fe|Charlotte|Indianapolis|Columbus|San Antonio|San Jose|Albuquerque|
Ottawa|Halifax|Quebec City|Regina|Saskatoon|Tijuana|Puebla|Merida|Acapulco|Santos|Fortaleza|Curitiba|Manaus|Natal|Belem|Mendoza|La Plata|
Valparaiso|Arequipa|Guayaquil|Barranquilla|Maracaibo|Bremen|Hanover|Nuremberg|Dortmund|Essen|Bonn|Kiel|Rostock|Mainz|Freiburg|Heidelberg|
Lille|Strasbourg|Rennes|Grenoble|Dijon|Avignon|Cannes|Reims|Bologna|Genoa|Verona|Pisa|Siena|Bari|Catania|Trieste|Zaragoza|Granada|Toledo|
Murcia|Pamplona|Braga|Faro|Coimbra|Lausanne|Lucerne|Lugano|Linz|Ostrava|Wroclaw|Lodz|Katowice|Debrecen|Szeged|Cluj|Timisoara|Varna|Plovdiv|
Thessaloniki|Patras|Dubrovnik|Rijeka|Maribor|Novi Sad|Kaunas|Tartu|Espoo|Oulu|Uppsala|Lund|Stavanger|Odense|Aalborg|Edinburgh|Aberdeen|
Belfast|Cardiff|Swansea|Sheffield|Newcastle|Nottingham|York|Brighton|Plymouth|Limerick|Kharkiv|Dnipro|Donetsk|Sochi|Omsk|Perm|Samara|Ufa|
Novosibirsk|Vladivostok|Yekaterinburg|Irkutsk|Ankara|Antalya|Bursa|Adana|Haifa|Aleppo|Basra|Mosul|Shiraz|Isfahan|Tabriz|Jeddah|Mecca|
Sharjah|Peshawar|Multan|Jaipur|Surat|Agra|Goa|Kochi|Hyderabad|Ahmedabad|Lucknow|Varanasi|Chittagong|Mandalay|Chiang Mai|Phuket|Pattaya|
Da Nang|Hue|Ho Chi Minh City|Penang|Medan|Bandung|Surabaya|Bali|Cebu|Davao|Wuhan|Chengdu|Tianjin|Nanjing|Hangzhou|Suzhou|Xiamen|Harbin|
Dalian|Qingdao|Macau|Kaohsiung|Incheon|Daegu|Yokohama|Kobe|Hiroshima|Fukuoka|Sendai|Nara|Hobart|Darwin|Canberra|Cairns|
Christchurch|Hamilton|Dunedin|Durban|Pretoria|Port Elizabeth|Kano|Ibadan|Kumasi|Arusha|Zanzibar|Kisumu|Bulawayo|Marrakesh|Fez|Tangier|
Agadir|Oran|Sfax|Luxor|Giza|Aswan|Benghazi|Springfield|Hollywood|Brooklyn|Manhattan|Dover|Windsor|Bath|Exeter|Derby|Reading|Lincoln|
Boston|San Francisco|New York|Chicago|Los Angeles|Seattle|Miami|Dallas|Houston|Denver|Atlanta|Phoenix|Portland|Austin|
Philadelphia|San Diego|Las Vegas|Detroit|Nashville|Orlando|Toronto|Montreal|Vancouver|Calgary|Shanghai|Shenzhen|Guangzhou|Hong Kong|Taipei|
Mumbai|Delhi|Bangalore|Chennai|Kolkata|Karachi|Lahore|Dubai|Abu Dhabi|Istanbul|Tel Aviv|Jerusalem|Riyadh|Kyoto|Nagoya|Sapporo|
Busan|Sydney|Melbourne|Perth|Brisbane|Auckland|Cape Town|Johannesburg|Lagos|Casablanca|Alexandria|Munich|Hamburg|Frankfurt|Cologne|
Stuttgart|Dresden|Zurich|Geneva|Basel|Milan|Naples|Turin|Venice|Florence|Barcelona|Valencia|Seville|Bilbao|Malaga|Lyon|
Marseille|Nice|Toulouse|Bordeaux|Manchester|Liverpool|Birmingham|Glasgow|Leeds|Bristol|Oxford|Cambridge|Cork|Galway|Antwerp|Ghent|
Rotterdam|Utrecht|The Hague|Krakow|Gdansk|Brno|Graz|Salzburg|Innsbruck|Bergen|Trondheim|Malmo|Aarhus|Tampere|Turku|
Saint Petersburg|Kazan|Odessa|Lviv|Rio de Janeiro|Sao Paulo|Salvador|Cordoba|Rosario|Medellin|Cali|Guadalajara|Monterrey|Cancun|São Paulo|Zürich|Köln|Bogotá|Málaga|Düsseldorf|Córdoba|Kraków|Łódź|Reykjavík|Genève|Québec|Århus""".replace(
    "\n", "").split("|") + [town for _, town in CAPITALS]
FAMOUS = ["Paris", "London", "Berlin", "Tokyo", "Boston", "San Francisco", "New York", "Rome", "Madrid", "Beijing", "Shanghai", "Sydney",
          "Chicago", "Los Angeles", "Seattle", "Vienna", "Moscow", "Toronto", "Singapore", "Dublin"]
STATES = """Boston:MA|San Francisco:CA|New York:NY|Chicago:IL|Los Angeles:CA|Seattle:WA|Miami:FL|Dallas:TX|Houston:TX|Denver:CO|
Atlanta:GA|Phoenix:AZ|Portland:OR|Austin:TX|Philadelphia:PA|San Diego:CA|Las Vegas:NV|Detroit:MI|Nashville:TN|Orlando:FL""".replace(
    "\n", "").split("|")
STARTS = """Bra Ves Kal Mor Tri Lan Dor Fel Gar Hol Jar Kir Lo Mer Nor Ost Pel Quin Ros Sel Tor Ul Var Wel Yar Zan Al Be Cor Dan Es Fro Gil
Har Il Ju Kno Lu Ma Ne Or Po Ri Sa Ti Um Vi Wo Xe Ys Ze""".split()
MIDDLES = "a e i o u an en in on er ar el il or am ist ul ach eb od".split()
ENDS = """ford ton burg ville stad sk grad polis mouth ham dale field port wick by heim berg rade na ra do pur bad ovo ica nia mar wood gen
lin ster""".split()
SIGNS = ["+", "-", "*", "/", "+", "*"]


def made_up(rng: random.Random) -> str:
    """A name that no one has heard before."""
    name = rng.choice(STARTS) + (rng.choice(MIDDLES) if rng.random() < 0.6 else "") + rng.choice(ENDS)
    return f"{rng.choice(['New', 'San', 'Port', 'North', 'Old', 'Santa', 'Upper', 'Fort'])} {name}" if rng.random() < 0.12 else name


def city(rng: random.Random, long: bool = True) -> str:
    """A city, real or made up, now and then with its country or in lower case."""
    roll = rng.random()
    if roll < 0.3:
        name = rng.choice(FAMOUS)
    elif roll < 0.5:
        name = made_up(rng)
    elif roll < 0.53 and long:
        name = rng.choice([", ".join(state_city(rng)), *(f"{c}, {n.removeprefix('the ')}" for n, c in rng.sample(CAPITALS, 1))])
    else:
        name = rng.choice(CITIES)
    return name.lower() if rng.random() < 0.04 else name


def state_city(rng: random.Random) -> tuple[str, str]:
    name, state = rng.choice(STATES).split(":")
    return name, state


def country(rng: random.Random) -> str:
    return rng.choice(CAPITALS)[0].removeprefix("the ")


def number(rng: random.Random) -> str:
    digits = rng.choice([1, 1, 2, 2, 2, 3, 3, 4])
    text = str(rng.randint(10 ** (digits - 1) if digits > 1 else 0, 10 ** digits - 1))
    return f"{text}.{rng.randint(1, 99)}" if rng.random() < 0.1 else text


def expression(rng: random.Random) -> str:
    """A sum in one of the ways people type it."""
    space = " " if rng.random() < 0.7 else ""
    sign = lambda: f"{space}{rng.choice(SIGNS)}{space}"
    roll = rng.random()
    a, b, c, d = (number(rng) for _ in range(4))
    if roll < 0.55:
        return a + sign() + b
    if roll < 0.68:
        return a + sign() + b + sign() + c
    if roll < 0.78:
        return f"({a}{sign()}{b}){sign()}{c}"
    if roll < 0.88:
        return f"{a}{sign()}({b}{sign()}{c})"
    if roll < 0.92:
        return f"({a}{sign()}{b}){sign()}({c}{sign()}{d})"
    if roll < 0.96:
        return f"{a}{space}{rng.choice(['**', '^', '%'])}{space}{b}"
    return f"sqrt({a})" + (sign() + b if rng.random() < 0.4 else "")


def amount(rng: random.Random) -> int:
    return rng.randint(0, 10 ** rng.randint(1, 4))


def clock(rng: random.Random) -> str:
    return f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"


def day(rng: random.Random) -> str:
    return rng.choice([f"{rng.choice(MONTHS)} {rng.randint(1, 28)}", f"20{rng.randint(20, 40)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
                       f"{rng.choice(DAYS)}"])


def word(rng: random.Random) -> str:
    return rng.choice(prose.WORDS) if rng.random() < 0.7 else made_up(rng).split()[-1].lower()


def ticker(rng: random.Random) -> str:
    return "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.randint(2, 4)))


def person(rng: random.Random) -> str:
    return rng.choice(prose.NAMES)


def language(rng: random.Random) -> str:
    return rng.choice("French German Spanish Italian Japanese Chinese Russian Polish Greek Dutch".split())


def room(rng: random.Random) -> str:
    return rng.choice("kitchen|bedroom|living room|bathroom|garage|garden|hall|office|cellar|attic".split("|"))


def topic(rng: random.Random) -> str:
    return " ".join(word(rng) for _ in range(rng.randint(1, 3)))


def note(rng: random.Random) -> str:
    return rng.choice([f"{word(rng)} {word(rng)} {word(rng)}", prose.sentence_about(rng.choice(prose.ANIMALS), rng).rstrip("."),
                       f"I am in {city(rng, False)}", f"see you at {clock(rng)}", f"{person(rng)} likes {word(rng)}"])
