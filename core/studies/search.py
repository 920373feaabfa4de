"""Random search over settings (Bergstra and Bengio 2012).

Pruning is successive halving (Jamieson and Talwalkar 2016), in rounds, so that it depends on no order of finishing.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core import losses
from core.errors import ChainruleError, SettingError
from core.naming import unknown
from core.spec.inspection import inspect
from core.spec.network import Network
from core.spec.training import Training, check_seed, check_whole
from core.studies import settings
from core.studies.crew import Crew
from core.studies.job import Job, Outcome
from core.studies.space import Choice, Dimension, Integer, LogUniform, Uniform, parse
from core.studies.study import Study
from core.studies.subject import Subject

if TYPE_CHECKING:
    from core.model import Model


@dataclass(frozen=True, eq=False)
class Trial:
    """One of the settings tried.

    Attributes
    ----------
    number
        From 0.
    values
        What was drawn, by dotted name.
    score
        What is compared: the last epoch's number; NaN where there is none.
    history
        Metrics by name, one number an epoch.
    epochs
        How many it was given: fewer than the others where it was stopped early.
    digest
        SHA-256 of the weights it ended with.
    problem
        A sentence if it did not come to its end, or could not begin.
    """

    number: int
    values: dict[str, Any]
    score: float = math.nan
    history: dict[str, list[float]] | None = None
    epochs: int = 0
    digest: str = ""
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    Attributes
    ----------
    trials
        In the order in which they were drawn.
    objective, mode
        What is compared, and whether "min" or "max" is better.
    best
        The best of those that had all epochs.
    network, training
        The documents of the best.
    subject
        What was searched over.
    """

    trials: tuple[Trial, ...]
    objective: str
    mode: str
    best: Trial
    network: Network
    training: Training
    subject: Subject

    def model(self) -> Model:
        """A fresh model with the best settings, compiled: fit it with ``batch_size=found.training.batch_size``."""
        return self.subject.model(self.network, self.training)

    def ranked(self) -> tuple[Trial, ...]:
        """The trials, the best first; those without a number at the end."""
        sign = 1 if self.mode == "min" else -1

        def key(trial: Trial) -> tuple[bool, int, float]:
            broken = math.isnan(trial.score)
            return broken, -trial.epochs, 0.0 if broken else sign * trial.score

        return tuple(sorted(self.trials, key=key))


class Search(Study[Found]):
    """Train with settings drawn at random, and keep the best.

    Parameters
    ----------
    subject
        What is trained.
    space
        By dotted name (``"optimizer.learning_rate"``, ``"dense_1.units"``, ``"batch_size"``) what to draw from: an
        object of `core.studies`, a list of values, or text such as ``"log_uniform(1e-4, 1e-1)"``.
    trials
        How many to draw.
    epochs
        Of each trial.
    seed
        Of the draws. What a trial draws depends on the seed, its number and the setting's name alone, so more trials or
        another setting change nothing of the others. Every trial trains with the subject's own seed.
    objective, mode
        Which metric is compared, and which way ("min", "max" or "auto"); by default the loss of the held-out samples.
    prune
        None gives every trial all epochs. 3 gives all of them a part of the epochs first, the better third of them
        three times as many, and so on; so much less time goes to what will not win.
    """

    def __init__(
        self,
        subject: Subject,
        space: Mapping[str, Any],
        trials: int = 20,
        epochs: int = 1,
        seed: int = 0,
        objective: str | None = None,
        mode: str = "auto",
        prune: int | None = None,
    ) -> None:
        super().__init__(subject)
        self.space = check_space(space, subject)
        self._epochs = check_whole("epochs", epochs, 1)
        self.seed = check_seed(seed)
        self.count = check_whole("trials", trials, 1)
        self.objective = objective or ("loss" if subject.held_out is None else "val_loss")
        if objective is not None:
            known = subject.measured()
            if objective not in known:
                raise SettingError(unknown("metric to compare", str(objective), known), "objective")
        self.mode = check_mode(mode, self.objective)
        self.prune = None if prune is None else check_whole("prune", prune, 2)
        self.rungs = rungs(self._epochs, self.count, self.prune)
        self._draws = [self._draw(number) for number in range(self.count)]
        self._begun: dict[int, int] = {}

    @property
    def epochs(self) -> int:
        """Epochs of all trials together."""
        done = [0, *(epochs for epochs, _ in self.rungs)]
        return sum(
            count * (epochs - before)
            for (epochs, count), before in zip(self.rungs, done, strict=False)
        )

    def begun(self, job: Job) -> int:
        """Epochs that the trial had in earlier rounds."""
        return self._begun.get(job.number, 0)

    def _draw(self, number: int) -> dict[str, Any]:
        found = {}
        for name, dimension in self.space.items():
            key = (abs(self.seed), int(self.seed < 0), number, zlib.crc32(name.encode()))
            found[name] = dimension.draw(np.random.default_rng(key))
        return found

    def documents(self, values: dict[str, Any]) -> tuple[Network, Training]:
        """Network and training settings of a trial.

        Raises
        ------
        core.errors.ChainruleError
            They cannot work together.
        """
        subject = self.subject
        network, training = settings.changed(subject.network, subject.training, values)
        found = inspect(network, batch_size=training.batch_size)
        for problem in found.problems:
            raise ChainruleError(problem.sentence)
        mine = inspect(subject.network)
        for before, after in zip(subject.network.outputs, network.outputs, strict=True):
            if mine.shape(before) != found.shape(after):
                raise ChainruleError(
                    f"The network would give {found.shape(after)} a sample, but the targets are for "
                    f"{mine.shape(before)}: search over layers before the last one."
                )
        return network, training

    def rounds(self, crew: Crew) -> Generator[list[Job], list[Outcome], Found]:
        """A round a rung: without pruning there is one."""
        trials = [Trial(number, values) for number, values in enumerate(self._draws)]
        made: dict[int, tuple[Network, Training]] = {}
        for trial in trials:
            try:
                made[trial.number] = self.documents(trial.values)
            except ChainruleError as error:
                trials[trial.number] = replace(trial, problem=str(error))
        if not made:
            raise ChainruleError(trials[0].problem)
        running = list(made)
        for rung, (epochs, count) in enumerate(self.rungs):
            if rung:
                running = sorted(self._better([trials[number] for number in running])[:count])
            if not running:
                break
            outcomes = yield [
                Job(number, f"trial {number + 1}", *made[number], epochs, state=self._state(number))
                for number in running
            ]
            for one in outcomes:
                trials[one.number] = self._judged(trials[one.number], one, epochs)
            self._begun = dict.fromkeys(running, epochs)
        ranked = self._better(trials)
        if not ranked:
            raise ChainruleError(next(trial.problem for trial in trials if trial.problem))
        best = trials[ranked[0]]
        network, training = made[best.number]
        return Found(
            tuple(trials), self.objective, self.mode, best, network, training, self.subject
        )

    def _state(self, number: int) -> str:
        return f"trial-{number}.safetensors" if len(self.rungs) > 1 else ""

    def _judged(self, trial: Trial, one: Outcome, epochs: int) -> Trial:
        values = one.history.get(self.objective)
        if not values and not one.problem:
            raise SettingError(
                unknown("metric to compare", self.objective, one.history), "objective"
            )
        score = float(values[-1]) if values and not one.problem else math.nan
        return replace(
            trial, score=score, history=one.history, epochs=epochs, digest=one.digest, problem=one.problem
        )  # fmt: skip

    def _better(self, trials: list[Trial]) -> list[int]:
        """Numbers of those with a score, those with most epochs first, then the best; equal ones as drawn."""
        sign = 1 if self.mode == "min" else -1
        good = [trial for trial in trials if not math.isnan(trial.score)]
        good.sort(key=lambda trial: (-trial.epochs, sign * trial.score, trial.number))
        return [trial.number for trial in good]


def rungs(epochs: int, trials: int, prune: int | None) -> list[tuple[int, int]]:
    """(epochs in all, how many trials) of each round, ``[(1, 9), (3, 3), (9, 1)]`` for 9 epochs, 9 trials, 3."""
    found = [(epochs, trials)]
    if prune is None:
        return found
    while found[0][0] // prune >= 1 and trials // prune ** len(found) >= 1:
        found.insert(0, (found[0][0] // prune, trials))
    return [(now, max(1, trials // prune**rung)) for rung, (now, _) in enumerate(found)]


#: Parts of the names of metrics of which more is better. (Callbacks ask the metric, which a search has only by name.)
_MORE = ("acc", "precision", "recall", "auc", "f1", "fbeta", "r2", "cosine_similarity", "iou", "specificity",
         "sensitivity")  # fmt: skip


def check_mode(mode: str, objective: str) -> str:
    """Which way is better, "min" or "max"; "auto" is told from the name.

    Raises
    ------
    core.errors.SettingError
        It is none of the three, or the name tells nothing.
    """
    if mode not in ("min", "max", "auto"):
        raise SettingError(unknown("mode", str(mode), ("auto", "min", "max")), "mode")
    if mode != "auto":
        return mode
    if not objective.endswith("loss") and any(word in objective for word in _MORE):
        return "max"
    if objective.endswith(("loss", "error")) or _is_loss(objective.removeprefix("val_")):
        return "min"
    raise SettingError(
        f'Whether more or less of {objective} is better cannot be told from its name: give mode="max" or "min".',
        "mode",
    )


def _is_loss(name: str) -> bool:
    """True for the name of a loss, also behind that of an output: "mse", "size_mse"."""
    parts = name.split("_")
    for first in range(len(parts)):
        try:
            losses.get("_".join(parts[first:]))
        except SettingError:
            continue
        return True
    return False


def check_space(space: Mapping[str, Any], subject: Subject) -> dict[str, Dimension]:
    """What to draw from, by dotted name.

    Raises
    ------
    core.errors.SettingError
        There is nothing to draw, a name is not known, or a range is none.
    """
    if not isinstance(space, Mapping) or not space:
        message = (
            "The space is empty: name what to search over, for example "
            '{"optimizer.learning_rate": log_uniform(1e-4, 1e-1)}.'
        )
        raise SettingError(message, "space")
    found: dict[str, Dimension] = {}
    for name, given in space.items():
        settings.require_known(str(name), subject.network, subject.training)
        try:
            found[str(name)] = _dimension(given)
        except SettingError as error:
            raise SettingError(f"{name}: {error}", str(name)) from error
    return found


def _dimension(given: Any) -> Dimension:
    if isinstance(given, (Uniform, LogUniform, Integer, Choice)):
        return given
    if isinstance(given, str):
        return parse(given)
    if isinstance(given, (list, tuple, range)):
        return Choice(tuple(given))
    raise SettingError(
        "what to draw from is uniform, log_uniform, integer or choice of core.studies, or a list of values; it is "
        f"{given!r}."
    )
