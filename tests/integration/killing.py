"""`python -m tests.integration.killing PROJECT`: the same run, killed at each step boundary of saving in turn.

A boundary lies before and after every fsync, rename and database commit. Each time a fresh copy of the project is run
in a child that kills itself at the n-th boundary, looked at, then run to its end. Prints a line of JSON a boundary.
Everything is imported once, then forked, so that some hundred runs take seconds.
"""

import json
import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path

from headway.cli.main import main
from headway.session import Session
from headway.store import is_held, open_store
from headway.store.verify import faults, record_faults

COMMAND = ["run", "experiment=toy", "runner.isolate=false"]
STEPS = ("fsync", "rename", "replace")


class Boundaries:
    """Counts boundaries, and kills this process at one of them."""

    def __init__(self, at):
        self.at = at
        self.passed = []

    def cross(self, name):
        self.passed.append(name)
        if len(self.passed) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name, real):
        def step(*arguments, **more):
            self.cross(f"before {name}")
            result = real(*arguments, **more)
            self.cross(f"after {name}")
            return result

        return step

    def install(self):
        for name in STEPS:
            setattr(os, name, self.around(name, getattr(os, name)))
        connect, around = sqlite3.connect, self.around

        class Connection(sqlite3.Connection):
            def execute(self, sql, *values):
                call = super().execute
                return (around("commit", call) if sql == "commit" else call)(sql, *values)

        sqlite3.connect = lambda *arguments, **more: connect(*arguments, **more, factory=Connection)


def run(project, at=0):
    """The exit code of the command in a child, -9 if it was killed, and the boundaries it passed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.chdir(project)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        boundaries = Boundaries(at)
        boundaries.install()
        code = main(COMMAND)
        os.write(writer, json.dumps(boundaries.passed).encode())
        os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as stream:
        passed = stream.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), json.loads(passed or "[]")


def look(project):
    """What is wrong with the store of a project, and what is in it."""
    store = open_store(project / ".headway")
    entries = (store.root / "entries").glob("*.json")
    digests = {path.stem: json.loads(path.read_text())["digest"] for path in entries}
    locks = [path.stem for path in (store.root / "locks").glob("*.lock")]
    return {
        "faults": [fault.what for fault in faults(store)] + record_faults(store),
        "missing": [key for key in digests if store.artifacts.find(key) is None],
        "held": [name for name in locks if is_held(store.root, name)],
        "digests": digests,
        "statuses": [run.status for run in store.records.list()],
        "scratch": [item.name for item in store.artifacts.contents() if item.kind == "scratch"],
    }


def main_of_all(folder):
    Session.open(folder).experiments(["experiment=toy"])  # imports what every child needs
    copies = folder.with_name("copies")
    shutil.copytree(folder, copies / "0")
    code, names = run(copies / "0")
    print(json.dumps({"code": code, "boundaries": names, "after": look(copies / "0")}), flush=True)
    for number, name in enumerate(names, 1):
        project = copies / str(number)
        shutil.copytree(folder, project)
        killed, _ = run(project, number)
        before = look(project)
        code, _ = run(project)
        line = {"at": number, "name": name, "killed": killed, "before": before, "code": code, "after": look(project)}
        print(json.dumps(line), flush=True)
        shutil.rmtree(project)


if __name__ == "__main__":
    main_of_all(Path(sys.argv[1]).resolve())
