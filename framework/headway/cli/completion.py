"""`headway completion SHELL`: the script that lets a shell complete Headway's command lines."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.session import Session
    from headway.store import Store

help = "print the completion script of bash, zsh or fish"
SCRIPTS = {
    "bash": """# eval "$(headway completion bash)"     in ~/.bashrc
_headway() {
  local IFS=$'\\n'
  COMPREPLY=($(headway __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
}
complete -o nospace -o default -F _headway headway""",
    "zsh": """# eval "$(headway completion zsh)"      in ~/.zshrc, after compinit
_headway() {
  local -a found
  found=("${(@f)$(headway __complete zsh "$LBUFFER" 2>/dev/null)}")
  compadd -Q -S '' -- ${found:#}
}
compdef _headway headway""",
    "fish": """# headway completion fish | source        in ~/.config/fish/config.fish
complete -c headway -f -a '(headway __complete fish (commandline -cp) 2>/dev/null)'""",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("shell", choices=sorted(SCRIPTS))


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints the script."""
    print(SCRIPTS[arguments.shell])  # noqa: T201
    return 0


def complete(shell: str, line: str) -> None:
    """Prints what can stand at the end of a command line, one a line.

    Args:
        shell: Which shell asks: bash wants only what follows the last ``=`` or ``:``, and spaces at the end of words.
        line: The command line up to the cursor.
    """
    from headway.cli.answering import answers
    from headway.cli.index import index

    words = _words(line)[1:] or [""]
    project = next((words[i + 1] for i, word in enumerate(words[:-1]) if word == "--project"), None)
    known = index(project)
    for answer in answers(words, known, _runs(project), _trials(project, words[-1])):
        print(_for_shell(shell, answer, words[-1]))  # noqa: T201


def _words(line: str) -> list[str]:
    """The words of a line; the last one is what stands before the cursor, without its opening quote."""
    found = re.findall(r"""(?:[^\s'"\\]|\\.|'[^']*'?|"[^"]*"?)+""", line)
    words = [re.sub(r"""['"\\]""", "", word) for word in found]
    return [*words, ""] if not line or line[-1].isspace() else words


def _for_shell(shell: str, answer: str, word: str) -> str:
    if shell == "fish":
        return answer.rstrip(" ")
    breaks = max(word.rfind("="), word.rfind(":")) + 1 if shell == "bash" else 0
    return answer[breaks:]


def _store(project: str | None) -> Store | None:
    """The project's store, or None outside any project."""
    from pathlib import Path

    from headway.session import nearest_project, store_of
    from headway.store import open_store

    folder = Path(project) if project else nearest_project(Path.cwd())
    return open_store(store_of(folder)) if folder else None


def _trials(project: str | None, word: str) -> Iterator[str]:
    """The studies, or, after a slash, the trials of one; none if they cannot be read."""
    from headway.errors import HeadwayError
    from headway.store import trials

    store = _store(project)
    name, slash, _ = word.partition("/")
    if store is None:
        return
    with suppress(HeadwayError):
        if not slash:
            yield from (f"{study}/" for study in store.studies.names())
        else:
            yield from (f"{name}/{number} " for number in trials.words(store.studies.folder(name).events()))


def _runs(project: str | None) -> Iterator[str]:
    """References of the newest runs; none if the store cannot be read."""
    from headway.errors import HeadwayError
    from headway.store import RunFilter

    store = _store(project)
    if store is None:
        return
    try:
        runs = store.records.list(RunFilter(limit=50))
    except HeadwayError:
        return
    if runs:
        yield "latest"
    yield from (run.id for run in runs)
    yield from {f"{run.name}@latest" for run in runs}
