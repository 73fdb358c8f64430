"""A loop as people write it with Optuna alone: ``python loop.py TRIALS JOBS [STORAGE]``."""

import sys

import optuna
from hydra_app.stamps import trial


def objective(asked: optuna.Trial) -> float:
    return trial(asked.suggest_float("x", -3, 3), asked.suggest_float("y", 1e-5, 1e-1, log=True))


if __name__ == "__main__":
    trials, jobs, *storage = sys.argv[1:]
    sampler = optuna.samplers.TPESampler(seed=7)
    study = optuna.create_study(storage=storage[0] if storage else None, sampler=sampler, direction="minimize")
    study.optimize(objective, n_trials=int(trials), n_jobs=int(jobs))
