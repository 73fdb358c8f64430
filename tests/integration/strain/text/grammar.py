"""Short messages by a small grammar, unwanted and wanted ones: the same on every machine."""

import csv
import random

SPAM = (
    "{hail}! you have won {prize}, {act} {number} {soon}",
    "{prize} for you: {act} {number}, {soon}",
    "{hail} {name}, claim {prize} {soon}. {act} {number}",
    "last call {name}: {prize} expires {soon}",
)
HAM = (
    "hey {name}, {plan} {when}?",
    "running late, {plan} {when} instead, ok {name}?",
    "{name} said {plan} {when}, call me",
    "thanks {name}! {plan} {when} was great",
    "can you call {name} about {prize}? {plan} {when}",
)
WORDS = {
    "hail": ("congratulations", "URGENT", "winner", "Dear customer"),
    "prize": ("a free holiday", "£500 cash", "a new phone", "100 free texts", "a prize"),
    "act": ("call", "text WIN to", "reply to", "visit www.w1n.example or call"),
    "number": ("08001234", "0900 777", "80085"),
    "soon": ("now", "today", "within 24h", "before midnight"),
    "name": ("Zoë", "Jürgen", "mum", "Ann", "Ιάσων", "小林"),
    "plan": ("lunch", "the film", "football", "coffee ☕", "dinner at home"),
    "when": ("tomorrow", "on Friday", "at 8", "tonight"),
}


def write(path, rows=600, seed=0):
    """A CSV of the columns label and text; a few texts are missing, and one message in twenty is mislabelled."""
    draw = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "text"])
        for _ in range(rows):
            label, forms = draw.choice([("spam", SPAM), ("ham", HAM), ("ham", HAM)])
            text = draw.choice(forms).format(**{slot: draw.choice(words) for slot, words in WORDS.items()})
            label = label if draw.random() > 1 / 20 else draw.choice(["spam", "ham"])
            writer.writerow([label, text if draw.random() > 0.02 else ""])
