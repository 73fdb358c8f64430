"""`headway --help`: all commands, with those of plugins.

Plugins would have to be loaded to learn their commands, which costs more than the help itself: the index knows them.
"""

from __future__ import annotations

from headway.cli.index import index


def overview(core: dict[str, str], project: str | None) -> str:
    """The help text.

    Args:
        core: The commands of the core: name to one line.
        project: The folder given by ``--project``, if there was one.
    """
    commands = core | index(project)["commands"]
    width = max(map(len, commands))
    lines = [f"  {name:<{width}}  {text}" for name, text in commands.items()]
    return "\n".join(
        [
            "usage: headway [--project FOLDER] COMMAND [ARGUMENTS] [key=value ...]",
            "",
            "From one config to a model that is deployed and can be trusted.",
            "",
            *lines,
            "",
            "headway COMMAND --help says more; HEADWAY_TRACEBACK=1 shows tracebacks.",
        ]
    )
