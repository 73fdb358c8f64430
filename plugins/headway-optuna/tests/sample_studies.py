"""Studies of any size for tests of what people see: seeded, with all states that a trial can end in."""

from __future__ import annotations

import random

from headway_optuna.trial import Study, Trial

START = 1_790_000_000.0
OPTIONS = [[256], [256, 128], [512, 512, 256]]


def point(draw, width):
    """Parameters: logarithmic, integer, switched by a group, a list, null; further ones up to a number."""
    params = {"model": draw.choice(["mlp", "resnet"]), "model.learning_rate": 10 ** draw.uniform(-5, -2)}
    if params["model"] == "mlp":
        params["model.dropout"] = draw.uniform(0, 0.5)
    params |= {"model.width": draw.randrange(64, 513, 64), "model.hidden": draw.choice(OPTIONS)}
    params |= {"data.cap": draw.choice([None, 10, 20])}
    params |= {f"features.strength_{i}": draw.uniform(0, 1) for i in range(width - len(params))}
    return dict(list(params.items())[:width])


def told(number, params, draw, goals, state=None):
    """A trial that has ended."""
    quality = 0.9 - 0.02 * abs(draw.gauss(0, 1)) - 0.05 * (params.get("model") == "resnet")
    reports = tuple((step, quality - 0.2 / step) for step in range(1, 11))
    state = state or draw.choices(["complete", "pruned", "failed", "infeasible"], [70, 22, 6, 2])[0]
    reason = {"pruned": "median of 5 trials at step 3", "infeasible": "model.width * 2 <= 512", "failed": TRACEBACK}
    values = (quality, *(draw.lognormvariate(0, 1) for _ in range(goals - 1))) if state == "complete" else ()
    kept = {"complete": 10, "pruned": 3, "infeasible": 0, "failed": 1}[state]
    return Trial(
        number, params, state=state, values=values, reports=reports[:kept] if goals == 1 else (),
        runs=(f"run{number}",), reason=reason.get(state, ""), violations=(1.0,) if state == "infeasible" else (),
    )  # fmt: skip


TRACEBACK = """Traceback (most recent call last):
  File "model.py", line 3, in run
    raise ValueError("loss is <nan> & worse")
ValueError: loss is <nan> & worse
"""


def study(count=40, *, width=6, goals=1, workers=2, states=(), seed=0, name="adult"):
    """A study whose trials ran on so many workers without a barrier; `states` says how the first ones end."""
    draw = random.Random(seed)
    free, trials = [START] * workers, []
    for number in range(count):
        state = states[number % len(states)] if states else None
        made = told(number, point(draw, width), draw, goals, state)
        worker = free.index(min(free))
        begun = free[worker] + 0.02
        free[worker] = begun + draw.lognormvariate(3, 0.5) * (0.3 if made.state == "pruned" else 1)
        trials.append(Trial(**{**vars(made), "worker": worker, "begun": begun, "ended": free[worker]}))
    keys = list(dict.fromkeys(key for trial in trials for key in trial.params))
    texts = {
        "model": "choice mlp, resnet", "model.learning_rate": "float 1e-05 … 0.01, log",
        "model.width": "int 64 … 512 step 64", "model.hidden": "choice [256], [256,128], [512,512,256]",
        "data.cap": "choice null, 10, 20", "model.dropout": "float 0 … 0.5 when model == 'mlp'",
    }  # fmt: skip
    objectives = {"validation.auroc": "maximize", "cost.latency": "minimize", "cost.size": "minimize"}
    objectives["cost.energy"] = "minimize"
    return Study(
        name, dict(list(objectives.items())[:goals]), tuple(trials), max(count, 1),
        {key: texts.get(key, "float 0 … 1") for key in keys}, "tpe (startup 10)", "median (warmup 3)",
        ("model.width * 2 <= 512",),
    )  # fmt: skip
