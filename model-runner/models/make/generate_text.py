"""Text for the demo model: handbooks and reports of made-up places, and conversations about them.

Every fact is drawn anew for each document, so an answer can only come from the text in front of the question: what the
model learns is to find the sentence asked about and to say it. Seeded, standard library only.
"""

import random

PLACE_FIRST = "north south east west old new upper lower glass stone copper silver garden harbour river forest winter summer morning evening blue green white red long round hidden quiet little great".split()
PLACE_SECOND = "tower library hall gate kitchen workshop archive reading-room boathouse greenhouse observatory chapel cellar attic bridge pier stable studio orchard theatre".split()
THING_FIRST = "copper silver wooden painted broken golden woven carved folded crystal paper iron velvet amber ivory tin leather cotton walnut marble".split()
THING_SECOND = "lantern flute clock map telescope teapot compass mirror drum ladder kite globe harp basket bell saddle quilt chair violin anchor".split()
GIVEN = "Mara Jonas Elin Tomas Greta Oskar Lena Viktor Ida Anton Freja Nils Sofia Emil Clara Hugo Alma Felix Nora Arvid Stella Edvin Vera Ludvig Iris Melker Selma Otto Ebba Axel".split()
FAMILY = "Lindqvist Berger Holm Aster Falk Norden Vinter Sandberg Ekman Dahl Ridder Hagen Moberg Strand Ulven Brandt Kjell Ravn Solberg Torp Engel Marsh Weaver Fisher Carver Miller Thorne Hale Wick Stone".split()
EVENT_FIRST = "lantern harvest winter spring candle river chess poetry kite apple music story boat mask bread star".split()
EVENT_SECOND = "walk fair supper contest evening concert lecture market parade workshop".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
JOBS = "gardener librarian carpenter cook archivist guide painter astronomer boatman teacher doctor clockmaker baker musician porter watchman".split()
TOWNS = "Kvernby Holmvik Askeli Brunsund Fjellheim Grantorp Havsand Isdal Lyngmark Myrhult Nordvik Ostergard Skogby Tindra Ulvsund Vestholm".split()
HOUSES = ["museum", "lighthouse", "school", "botanical garden", "observatory", "town library", "railway museum", "harbour house"]
COLOURS = "red blue green yellow white black orange purple grey brown".split()


def clock(r):
    return f"{r.randint(1, 12)}:{r.choice(['00', '15', '30', '45'])} in the {r.choice(['morning', 'afternoon', 'evening'])}"


class World:
    """One document's worth of names and facts, none of them used twice."""

    def __init__(self, r):
        self.r = r
        self.town = r.choice(TOWNS)
        self.house = r.choice(HOUSES)
        self.name = f"{self.town} {self.house}"
        self.places = [f"{a} {b}" for a in PLACE_FIRST for b in PLACE_SECOND]
        self.things = [f"{a} {b}" for a in THING_FIRST for b in THING_SECOND]
        self.people = [f"{a} {b}" for a in GIVEN for b in FAMILY]
        self.events = [f"{a} {b}" for a in EVENT_FIRST for b in EVENT_SECOND]
        for names in (self.places, self.things, self.people, self.events):
            r.shuffle(names)

    def place(self):
        return self.r.choice(self.places[60:])

    def person(self):
        return self.r.choice(self.people[60:])

    def about_place(self):
        r, p = self.r, self.places.pop(0)
        t, year, who, colour, n, floor = clock(r), r.randint(1700, 1999), self.person(), r.choice(COLOURS), r.randint(5, 95), r.choice(["ground", "first", "second", "third", "top"])
        return [
            (f"The {p} opens at {t}.", [f"When does the {p} open?", f"At what time does the {p} open?", f"Tell me when the {p} opens."]),
            (f"The {p} was built in {year}.", [f"When was the {p} built?", f"In which year was the {p} built?", f"How old is the {p}?"]),
            (f"The {p} is looked after by {who}.", [f"Who looks after the {p}?", f"Who takes care of the {p}?", f"Whom do I ask about the {p}?"]),
            (f"The door of the {p} is {colour}.", [f"What colour is the door of the {p}?", f"Which colour has the door of the {p}?"]),
            (f"The {p} has room for {n} visitors.", [f"How many visitors fit in the {p}?", f"How many people can visit the {p}?"]),
            (f"The {p} is on the {floor} floor.", [f"Where is the {p}?", f"On which floor is the {p}?", f"How do I find the {p}?"]),
        ]

    def about_thing(self):
        r, x = self.r, self.things.pop(0)
        where, price, who, year, days = self.place(), r.randint(2, 99), self.person(), r.randint(1700, 1999), r.randint(2, 30)
        return [
            (f"The {x} is kept in the {where}.", [f"Where is the {x} kept?", f"Where do I find the {x}?", f"In which room is the {x}?"]),
            (f"The {x} costs {price} crowns.", [f"How much does the {x} cost?", f"What is the price of the {x}?", f"What does the {x} cost?"]),
            (f"The {x} was made by {who}.", [f"Who made the {x}?", f"By whom was the {x} made?"]),
            (f"The {x} dates from {year}.", [f"From which year is the {x}?", f"How old is the {x}?"]),
            (f"The {x} may be borrowed for {days} days.", [f"For how long may I borrow the {x}?", f"How many days may the {x} be borrowed?"]),
        ]

    def about_person(self):
        r, who = self.r, self.people.pop(0)
        job, where, day, number = r.choice(JOBS), self.place(), r.choice(DAYS), r.randint(100, 999)
        return [
            (f"{who} works as a {job}." if job[0] not in "aeiou" else f"{who} works as an {job}.", [f"What does {who} do?", f"What is the work of {who}?", f"What is {who}'s job?"]),
            (f"{who} has a desk in the {where}.", [f"Where is the desk of {who}?", f"Where does {who} sit?", f"Where can I meet {who}?"]),
            (f"{who} is away every {day}.", [f"On which day is {who} away?", f"When is {who} away?"]),
            (f"The telephone number of {who} is {number}.", [f"What is the telephone number of {who}?", f"How can I call {who}?"]),
        ]

    def about_event(self):
        r, e = self.r, self.events.pop(0)
        date, where, who, price = f"{r.randint(1, 28)} {r.choice(MONTHS)}", self.place(), self.person(), r.randint(2, 60)
        return [
            (f"The {e} takes place on {date}.", [f"When does the {e} take place?", f"On which day is the {e}?", f"When is the {e}?"]),
            (f"The {e} begins in the {where}.", [f"Where does the {e} begin?", f"Where is the {e}?"]),
            (f"The {e} is led by {who}.", [f"Who leads the {e}?", f"Who is in charge of the {e}?"]),
            (f"A ticket for the {e} costs {price} crowns.", [f"How much is a ticket for the {e}?", f"What does a ticket for the {e} cost?"]),
        ]

    def facts(self, chars):
        """Groups of facts, each a random part of what can be said of one subject; about `chars` characters in all."""
        groups, written = [], 0
        makers = [self.about_place, self.about_thing, self.about_person, self.about_event]
        while written < chars or not groups:
            all_facts = self.r.choice(makers)()
            self.r.shuffle(all_facts)
            groups.append(all_facts[: self.r.randint(2, len(all_facts))])
            written += sum(len(fact) + 1 for fact, _ in groups[-1])
        return groups

    def unknown(self):
        """A question about a subject that the document does not mention."""
        facts = self.r.choice([self.about_place, self.about_thing, self.about_person, self.about_event])()
        return self.r.choice(self.r.choice(facts)[1])

    def prose(self, groups):
        """Paragraphs of a few subjects each."""
        r, lines, i = self.r, [], 0
        while i < len(groups):
            n = r.randint(1, 4)
            sentences = [fact for group in groups[i : i + n] for fact, _ in group]
            lines.append(" ".join(sentences))
            i += n
        return "\n\n".join(lines)


def handbook(w, groups):
    opening = w.r.choice([
        f"You are the assistant of the {w.name}. Answer every question in one sentence, from the handbook.",
        f"You help the visitors of the {w.name}. Use only what the handbook says and answer briefly.",
        f"You are a friendly guide at the {w.name}. The handbook below holds all you know.",
    ])
    return f"{opening}\n\nHandbook of the {w.name}\n\n{w.prose(groups)}"


def report(w, groups):
    opening = w.r.choice([
        f"Here is the yearly report of the {w.name}.",
        f"Please read this report on the {w.name}.",
        f"This is what I know about the {w.name}.",
    ])
    return f"{opening}\n\n{w.prose(groups)}"


GREETINGS = ["Hello!", "Good morning.", "Hi there.", "Good evening."]
THANKS = ["Thank you!", "Thanks a lot.", "That helps, thank you.", "Thank you very much."]


def answers(w, groups, count):
    """`count` questions: (question, answer, kind); now and then small talk, or a question that cannot be answered."""
    r, turns = w.r, []
    facts = [fact for group in groups for fact in group]
    for _ in range(count):
        p = r.random()
        if p < 0.03:
            turns.append((r.choice(GREETINGS), f"Hello! What would you like to know about the {w.name}?", "small talk"))
        elif p < 0.07:
            turns.append((r.choice(THANKS), f"You are welcome. Enjoy your time at the {w.name}.", "small talk"))
        elif p < 0.11:
            turns.append((w.unknown(), "I am sorry, I have no word on that.", "unknown"))
        else:
            fact, questions = r.choice(facts)
            turns.append((r.choice(questions), fact, "direct"))
    return turns


def conversation(r, chars, turns, shape=None):
    """A conversation as a list of (role, content, answer or None, kind or None).

    `chars` is the length of the text the questions are about; `shape` says where it stands: "handbook" is the system prompt,
    "report" opens the first message, "told" is told by the user in a message of its own, which the assistant acknowledges.
    """
    w = World(r)
    groups = w.facts(chars)
    shape = shape or r.choice(("handbook", "handbook", "report", "report", "told"))
    asked = answers(w, groups, max(1, turns))
    messages = []
    if shape == "handbook":
        messages.append(("system", handbook(w, groups), None, None))
    elif r.random() < 0.3:
        messages.append(("system", "You are a helpful assistant.", None, None))
    if shape == "report":
        question, answer, kind = asked[0]
        asked[0] = (f"{report(w, groups)}\n\n{question}", answer, kind)
    elif shape == "told":
        asked.insert(0, (report(w, groups), f"Thank you. Now I know the {w.name}. What would you like to know?", "small talk"))
    for user, assistant, kind in asked:
        messages += [("user", user, None, None), ("assistant", assistant, assistant, kind)]
    return messages


def render(messages):
    """The text the model sees, as the chat template writes it."""
    return "<|bos|>" + "".join(f"<|{role}|>{content}<|end|>" for role, content, *_ in messages)


if __name__ == "__main__":
    for role, content, *_ in conversation(random.Random(1), 1500, 4):
        print(f"[{role}] {content}\n")
