"""Many configs that differ in a few words, such as the points of a grid or the trials of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.config import Experiment, Memory
    from headway.plugins import Plugins


class Variants:
    """A config, and what it becomes with some words more.

    Files are read once for each set of choices, so that all variants are of the same files although somebody edits
    them meanwhile.

    Args:
        project: The project's folder.
        words: What all variants say, in Hydra's override grammar.
        plugins: As for `headway.config.compose`.
    """

    def __init__(self, project: Path, words: Sequence[str], plugins: Plugins) -> None:
        self._project = project
        self._words = tuple(words)
        self._plugins = plugins
        self._memory: Memory = {}

    @cached_property
    def base(self) -> Experiment:
        """The experiment of the words that all variants say; raises as `experiment` does."""
        return self.experiment(())

    def experiment(self, words: Sequence[str]) -> Experiment:
        """The experiment of the words that all variants say and these, which come later and so count more.

        Raises:
            ConfigError: Every fault.
        """
        from headway.config import check, compose

        config = compose(self._project, [*self._words, *words], self._plugins, self._memory)
        return check(config, self._plugins)

    def options(self, group: str) -> list[str]:
        """The options of a config group, such as ``model``, ``experiment`` or ``features@other``, sorted.

        Returns:
            None of them if there is no such group, so that a word of this key sets a value.
        """
        from headway.config import options

        return options(self._project, group.partition("@")[0], self._plugins)
