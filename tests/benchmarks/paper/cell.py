"""One line of the table: a model with its defaults, or with what a paper tuned, on one data set."""

from collections.abc import Sequence
from dataclasses import dataclass

DATASETS = {"california": "rmse", "adult": "accuracy", "covertype": "accuracy"}
"""The folders of ``configs/paper`` and the metric of each, the quickest first."""
TREES = ("hist_gradient_boosting", "lightgbm", "random_forest")
NETWORKS = ("mlp", "resnet", "tabm", "ft_transformer")
CONFIGS = ("default", "tuned")
UNTUNED = ("random_forest",)
"""What none of the papers tuned on these data."""


@dataclass(frozen=True)
class Cell:
    """A line.

    Attributes:
        dataset: A folder of ``configs/paper``.
        model: A registered model.
        config: ``default`` (the stage's own) or ``tuned``.
        changes: Overrides beside it, such as ``model.trainer.precision=bf16-mixed``.
    """

    dataset: str
    model: str
    config: str
    changes: tuple[str, ...] = ()

    @property
    def metric(self) -> str:
        """What the papers measured on these data."""
        return DATASETS[self.dataset]

    @property
    def overrides(self) -> tuple[str, ...]:
        """What the command line says to run it."""
        if self.config == "tuned":
            return "experiment=paper", f"paper={self.dataset}/{self.model}", *self.changes
        given = "trees" if self.model in TREES else "networks"
        return "experiment=paper", f"paper={self.dataset}/{given}", f"model={self.model}", *self.changes

    @property
    def settings(self) -> str:
        """What the table says of it."""
        return ", ".join([self.config, *(change.removeprefix("model.") for change in self.changes)])


def cells(
    datasets: Sequence[str], models: Sequence[str], configs: Sequence[str], changes: Sequence[str] = ()
) -> list[Cell]:
    """All that are asked for, by data set and model."""
    return [
        Cell(dataset, model, config, tuple(changes))
        for dataset in datasets
        for model in models
        for config in configs
        if config == "default" or model not in UNTUNED
    ]
