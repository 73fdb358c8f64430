"""A plan as a picture: Graphviz text, or a page of its own with the graph as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from headway.cli.plan import count

if TYPE_CHECKING:
    from headway.planning import Node, Plan

WIDTH, HEIGHT, GAP, ROW = 190, 46, 70, 22
"""Pixels: a box, the space between columns, and between rows."""
COLOURS = {"cached": "#d7ece6", "run": "#fbe3c4"}


def dot(plan: Plan) -> str:
    """The plan in Graphviz's language."""
    lines = ["digraph plan {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled", fontname="sans-serif"];']
    for node in plan.nodes:
        label = _quoted(f"{node.label}\n{node.stage.use}")
        tip = _quoted("\n".join(map(str, node.reasons)) or "cached")
        lines.append(f'  "{node.key[:12]}" [label={label}, fillcolor="{COLOURS[node.verdict]}", tooltip={tip}];')
    lines += [f'  "{key[:12]}" -> "{node.key[:12]}";' for node, key in _edges(plan)]
    return "\n".join([*lines, "}"])


def _edges(plan: Plan) -> list[tuple[Node, str]]:
    """Each stage with each key that it needs."""
    known = {node.key for node in plan.nodes}
    return [(node, key) for node in plan.nodes for key in dict.fromkeys(node.upstream) if key in known]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def page(plan: Plan, title: str) -> str:
    """A self-contained HTML page: the graph, and a table of the reasons.

    Args:
        plan: What to draw.
        title: The page's heading.
    """
    rows = "\n".join(_row(node) for node in plan.nodes)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
<h1>{escape(title)}</h1>
<p>{count(plan)}. <span class="key cached">cached</span> <span class="key run">would run</span></p>
<div class="graph">{_svg(plan)}</div>
<table><thead><tr><th>stage</th><th>use</th><th>verdict</th><th>why</th></tr></thead><tbody>
{rows}
</tbody></table></html>"""


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2a33; background: #fff; margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem }
h1 { font-size: 1.2rem; font-weight: 600; overflow-wrap: anywhere }
.graph { overflow-x: auto; border: 1px solid #dde3e7; border-radius: 8px; padding: 1rem; margin: 1rem 0 }
.key { padding: .1rem .6rem; border-radius: 6px; border: 1px solid #b9c4cb }
.cached { background: #d7ece6 } .run { background: #fbe3c4 }
svg text { font: 13px system-ui, sans-serif; fill: #1d2a33 } svg .use { fill: #5b6b75; font-size: 11px }
svg rect { stroke: #93a3ad } svg path { fill: none; stroke: #93a3ad; stroke-width: 1.4 }
svg path.implied { stroke: #e4e9ec }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #dde3e7 }
td:last-child { overflow-wrap: anywhere } th { font-weight: 600; color: #5b6b75 }
"""


def _row(node: Node) -> str:
    why = "<br>".join(escape(str(reason)) for reason in node.reasons)
    cells = (escape(node.label), escape(node.stage.use), f'<span class="key {node.verdict}">{node.verdict}</span>', why)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _svg(plan: Plan) -> str:
    places = _places(plan)
    width = max(x for x, _ in places.values()) + WIDTH + 2
    height = max(y for _, y in places.values()) + HEIGHT + 2
    implied = _implied(plan)
    ordered = sorted(_edges(plan), key=lambda edge: (edge[0].key, edge[1]) not in implied)
    edges = [_edge(places[key], places[node.key], (node.key, key) in implied) for node, key in ordered]
    boxes = [_box(node, *places[node.key]) for node in plan.nodes]
    parts = "\n".join([*edges, *boxes])
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">\n{parts}\n</svg>'


def _places(plan: Plan) -> dict[str, tuple[int, int]]:
    """The upper left corner of every box: a column for each depth, in each column the order of what it needs."""
    depths: dict[str, int] = {}
    for node in plan.nodes:
        depths[node.key] = max((depths[key] + 1 for key in node.upstream if key in depths), default=0)
    rows: dict[str, float] = {}
    columns: dict[int, list[Node]] = {}
    for node in plan.nodes:
        columns.setdefault(depths[node.key], []).append(node)
    for depth in sorted(columns):
        ordered = sorted(columns[depth], key=lambda node: _middle(node, rows))
        rows |= {node.key: float(row) for row, node in enumerate(ordered)}
    return {k: (1 + depths[k] * (WIDTH + GAP), 1 + round(rows[k] * (HEIGHT + ROW))) for k in depths}


def _middle(node: Node, rows: Mapping[str, float]) -> float:
    known = [rows[key] for key in node.upstream if key in rows]
    return sum(known) / len(known) if known else 0.0


def _implied(plan: Plan) -> set[tuple[str, str]]:
    """The edges that a longer way goes along too; they are drawn faintly."""
    above: dict[str, set[str]] = {}
    found = set()
    for node in plan.nodes:
        direct = set(node.upstream)
        further = set().union(*(above.get(key, set()) for key in direct))
        above[node.key] = direct | further
        found |= {(node.key, key) for key in direct & further}
    return found


def _edge(start: tuple[int, int], end: tuple[int, int], implied: bool) -> str:
    x1, y1, x2, y2 = start[0] + WIDTH, start[1] + HEIGHT // 2, end[0], end[1] + HEIGHT // 2
    middle = (x1 + x2) // 2
    kind = ' class="implied"' if implied else ""
    return f'<path{kind} d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"/>'


def _box(node: Node, x: int, y: int) -> str:
    tip = escape("\n".join(map(str, node.reasons)) or "cached")
    return (
        f'<g><title>{tip}</title><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7" '
        f'fill="{COLOURS[node.verdict]}"/><text x="{x + 10}" y="{y + 20}">{escape(_short(node.label))}</text>'
        f'<text class="use" x="{x + 10}" y="{y + 36}">{escape(_short(node.stage.use))}</text></g>'
    )


def _short(text: str) -> str:
    return text if len(text) <= 26 else text[:25] + "…"
