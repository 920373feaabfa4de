"""Several seeds at once: how much of a result is chance."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from core.errors import SettingError
from core.spec.training import check_seed, check_whole
from core.studies.crew import Crew
from core.studies.job import Job, Outcome
from core.studies.study import Spread, Study, curves, last_of, require_some, several, spreads
from core.studies.subject import Subject


@dataclass(frozen=True, eq=False, repr=False)
class SeedRun:
    """The run of one seed: its history, what its weights ended as, and a sentence if it did not come to its end."""

    seed: int
    history: dict[str, list[float]]
    digest: str = ""
    problem: str = ""

    def __repr__(self) -> str:
        return f"<Seed {self.seed}: {last_of(self.history, self.problem)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Seeds:
    """What several seeds gave.

    Attributes
    ----------
    runs
        One for each seed, in their order.
    final
        The last epoch's metrics by name: mean, standard deviation, least and largest over the runs that came to their
        end.
    by_epoch
        The same for every epoch.
    """

    runs: tuple[SeedRun, ...]
    final: dict[str, Spread]
    by_epoch: dict[str, list[Spread]]

    def __repr__(self) -> str:
        return several(self, "seed", len(self.runs))

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong with single seeds."""
        return tuple(f"Seed {run.seed}: {run.problem}" for run in self.runs if run.problem)


def check_seeds(seeds: Any, first: int = 0) -> tuple[int, ...]:
    """Seeds from a number of them (then from `first` on) or a list.

    Raises
    ------
    core.errors.SettingError
        There is none, or one twice.
    """
    if isinstance(seeds, (int, np.integer)) and not isinstance(seeds, bool):
        count = check_whole("seeds", seeds, 1)
        if count > 10_000:
            raise SettingError(f"seeds must be at most 10,000; it is {count}.", "seeds")
        return tuple(range(first, first + count))
    if not isinstance(seeds, (list, tuple, range, np.ndarray)) or not len(seeds):
        message = f"seeds is how many to try, or a list of them such as [0, 1, 2]; it is {seeds!r}."
        raise SettingError(message, "seeds")
    found = tuple(check_seed(int(one) if isinstance(one, np.integer) else one) for one in seeds)
    double = next((one for k, one in enumerate(found) if one in found[:k]), None)
    if double is not None:
        raise SettingError(
            f"Seed {double} is named twice; it would give the same run again.", "seeds"
        )
    return found


class SeveralSeeds(Study[Seeds]):
    """Train the same subject once for each seed: other first weights, another order of samples, other dropout.

    Parameters
    ----------
    subject
        What is trained.
    seeds
        How many, counted from the subject's own, or which.
    epochs
        Of each run.
    """

    def __init__(self, subject: Subject, seeds: int | Sequence[int] = 5, epochs: int = 1) -> None:
        super().__init__(subject)
        self._epochs = check_whole("epochs", epochs, 1)
        self.seeds = check_seeds(seeds, subject.training.seed)

    @property
    def epochs(self) -> int:
        """Epochs of all runs together."""
        return self._epochs * len(self.seeds)

    def rounds(self, crew: Crew) -> Generator[list[Job], list[Outcome], Seeds]:
        """One round: a job a seed."""
        subject = self.subject
        outcomes = yield [
            Job(
                k, f"seed {seed}", subject.network, msgspec.structs.replace(subject.training, seed=seed),
                self._epochs,
            )
            for k, seed in enumerate(self.seeds)
        ]  # fmt: skip
        require_some(outcomes)
        runs = tuple(
            SeedRun(seed, one.history, one.digest, one.problem)
            for seed, one in zip(self.seeds, outcomes, strict=True)
        )
        good = [run.history for run in runs if not run.problem]
        return Seeds(runs, spreads(good), curves(good))
