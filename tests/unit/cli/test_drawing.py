"""Plans as pictures."""

import re
import shutil
import subprocess
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from headway.cli.drawing import dot, page


def node(key, label, verdict, *upstream, reasons=()):
    stage = SimpleNamespace(use=f"use of {label}")
    return SimpleNamespace(key=key, label=label, verdict=verdict, upstream=upstream, reasons=reasons, stage=stage)


@pytest.fixture
def plan():
    nodes = (
        node("a" * 64, "data", "cached"),
        node("b" * 64, 'model["odd"] <tag>', "run", "a" * 64, reasons=('model.x "1" → <2>',)),
        node("c" * 64, "report", "run", "b" * 64, "a" * 64, reasons=("model changed",)),
    )
    return SimpleNamespace(nodes=nodes, labels=("",))


def test_the_page_is_self_contained_and_names_every_stage_and_reason(plan):
    text = page(plan, "headway plan <x>")
    assert "http" not in text.replace("http://www.w3.org", "")
    assert "<script" not in text
    for part in (
        "model[&quot;odd&quot;] &lt;tag&gt;",
        "model.x &quot;1&quot; → &lt;2&gt;",
        "2 of 3 stages would run",
        "&lt;x&gt;",
    ):
        assert part in text, part


def test_the_svg_is_well_formed_and_has_a_box_a_stage_and_a_line_an_input(plan):
    svg = ElementTree.fromstring(re.search(r"<svg.*</svg>", page(plan, "x"), re.DOTALL)[0])
    boxes, lines = svg.findall(".//rect"), svg.findall("path")
    assert (len(boxes), len(lines)) == (3, 3)
    corners = [(float(box.get("x")), float(box.get("y"))) for box in boxes]
    assert len(set(corners)) == 3
    assert corners[0][0] < corners[1][0] < corners[2][0]
    assert max(x for x, _ in corners) + 190 <= float(svg.get("width"))


def test_dot_quotes_what_it_must(plan):
    text = dot(plan)
    assert text.startswith("digraph plan {")
    assert text.count("->") == 3
    assert r"model[\"odd\"]" in text


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz, which no one needs to run Headway, is not installed")
def test_graphviz_reads_it(plan):
    subprocess.run(["dot", "-Tsvg"], input=dot(plan), text=True, check=True, capture_output=True)
