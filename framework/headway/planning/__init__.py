"""From checked experiments to a plan: cache keys, merged variants, verdicts and reasons."""

from __future__ import annotations

from headway.planning.fingerprint import Components, key_of
from headway.planning.plan import Node, Plan, Planner, plan
from headway.planning.reasons import Reason
from headway.planning.selection import Selection, up_to
from headway.planning.sources import located, source_values

__all__ = [
    "Components",
    "Node",
    "Plan",
    "Planner",
    "Reason",
    "Selection",
    "key_of",
    "located",
    "plan",
    "source_values",
    "up_to",
]
