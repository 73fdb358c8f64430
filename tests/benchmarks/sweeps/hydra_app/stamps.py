"""What a trial does in every contender: it takes the next number, sleeps its time, and stamps begin and end."""

import json
import os
import threading
import time
from pathlib import Path


def trial(x, y):
    begin = time.time()
    folder = Path(os.environ["STAMPS"])
    sleeps = json.loads(os.environ.get("SLEEPS", "[]"))
    number = ticket(folder)
    if sleeps:
        time.sleep(sleeps[number])
    (folder / f"{number}.json").write_text(json.dumps([begin, time.time(), f"{os.getpid()} {threading.get_ident()}"]))
    return (x - 1) ** 2 + y


def ticket(folder):
    number = len(list(folder.glob("*.ticket")))
    while True:
        try:
            (folder / f"{number}.ticket").touch(exist_ok=False)
            return number
        except FileExistsError:
            number += 1
