"""What fields inside of fields mean for a key."""

import pytest


def test_secrets_inside_nested_values_are_in_no_component():
    from dataclasses import dataclass

    from headway import Secret, Stage
    from headway.planning.fingerprint import config_slice

    @dataclass(frozen=True)
    class Server:
        host: str
        password: Secret

    @dataclass(frozen=True)
    class Nested(Stage):
        one: Server
        several: tuple[Server, ...]
        named: dict[str, Server]
        plain: tuple[int, ...] = (1, 2)

    server, dumped = Server("h", "hunter2"), {"host": "h", "password": "hunter2"}
    stage = Nested(server, (server,), {"a": server})
    values = {"one": dumped, "several": [dumped], "named": {"a": dumped}, "plain": [1, 2]}
    assert config_slice(stage, values) == {
        "one.host": "h",
        "several.0.host": "h",
        "named.a.host": "h",
        "plain": [1, 2],
    }


def test_a_dot_of_a_mappings_own_key_is_no_dot_between_keys():
    from collections.abc import Mapping
    from dataclasses import dataclass
    from typing import Any

    from headway import Stage
    from headway.planning.fingerprint import config_slice, undotted

    @dataclass(frozen=True)
    class Open(Stage):
        p: Mapping[str, Any]

    made = [
        config_slice(Open(value), {"p": value})
        for value in ({"a.b": 1}, {"a": {"b": 1}}, {"a\\": {"b": 1}}, {"a\\.b": 1}, {"a": {".b": 1}}, {"": {"": 1}})
    ]
    assert made[1] == {"p.a.b": 1}
    assert len({name for found in made for name in found}) == len(made)
    paths = [undotted(name) for found in made for name in found]
    assert paths == [
        ("p", "a.b"),
        ("p", "a", "b"),
        ("p", "a\\", "b"),
        ("p", "a\\.b"),
        ("p", "a", ".b"),
        ("p", "", ""),
    ]


NESTED = """
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from headway import Context, Registered, SourcePath, Stage, Uncached

from .toy import Note


@dataclass(frozen=True)
class File:
    path: SourcePath
    scale: Annotated[str | None, Registered("scale", also=("plain",))] = None


@dataclass(frozen=True)
class Nested(Stage):
    one: File
    more: tuple[File, ...] = ()
    named: Mapping[str, SourcePath] = field(default_factory=dict)
    aside: Annotated[File | None, Uncached()] = None

    def run(self, context: Context) -> Note:
        paths = [self.one.path, *(file.path for file in self.more), *self.named.values()]
        assert all(Path(path).is_absolute() for path in paths)
        return Note([Path(path).read_text() for path in paths])


def headway_register(registry):
    registry.add("lines", "nested", Nested)
"""


SCALES = """
class Double:
    factor = 2


def headway_register(registry):
    registry.add("scale", "double", Double)
"""


FIELDS = """  one: {path: a.txt, scale: double}
  more: [{path: b.txt, scale: plain}]
  named: {x: c.txt}
  aside: {path: d.txt}
"""


@pytest.fixture
def nested(toy):
    """A project whose first stage names its files and a registered class in nested fields."""
    (toy.folder / "plugins" / "nested.py").write_text(NESTED)
    (toy.folder / "plugins" / "scales.py").write_text(SCALES)
    for name in "abcd":
        (toy.folder / f"{name}.txt").write_text(name)
    toy.edit("configs/experiment/toy.yaml", "/lines: file", "/lines: nested")
    toy.edit("configs/experiment/toy.yaml", "  path: lines.txt\n", FIELDS)
    toy.run()
    return toy


@pytest.mark.parametrize(
    ("name", "field", "line"), [("a", "one.path", 10), ("b", "more.0.path", 11), ("c", "named.x", 12)]
)
def test_files_in_nested_fields_are_known_by_content_and_given_as_absolute_paths(nested, name, field, line):
    assert nested.reasons() == {}
    (nested.folder / "d.txt").write_text("it is never part of the result")
    assert nested.reasons() == {}
    (nested.folder / f"{name}.txt").write_text("changed")
    place = f"configs/experiment/toy.yaml:{line}"
    assert nested.reasons()["lines"] == (f"lines.{field}: {name}.txt changed ({place})",)


def test_what_a_nested_field_names_in_the_registry_is_reached(nested):
    nested.edit("plugins/scales.py", "factor = 2", "factor = 3")
    assert nested.reasons()["lines"] == ("plugins/scales.py changed",)
