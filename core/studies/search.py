"""Random search over settings (Bergstra and Bengio 2012).

Pruning is successive halving (Jamieson and Talwalkar 2016), in rounds, so that it depends on no order of finishing.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.errors import ChainruleError, SettingError
from core.naming import unknown
from core.spec.inspection import inspect
from core.spec.network import Network
from core.spec.training import Training, check_seed, check_whole
from core.studies import settings
from core.studies.crew import Crew
from core.studies.job import Job, Outcome
from core.studies.space import Choice, Dimension, Integer, LogUniform, Uniform, all_of, parse
from core.studies.study import Study
from core.studies.subject import Subject

if TYPE_CHECKING:
    from core.model import Model


#: So often is drawn again before what is left is looked through, if it is no more than that.
_DRAWS, _MOST = 64, 20_000


@dataclass(frozen=True, eq=False, repr=False)
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

    def __repr__(self) -> str:
        what = told(self.values)
        score = self.problem or ("no number" if math.isnan(self.score) else f"{self.score:.4g}")
        return f"<Trial {self.number + 1}: {what} -> {score}>"


def told(values: Mapping[str, Any]) -> str:
    """Settings in a few words: ``batch_size=16, dense.units=8``."""
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in values.items()
    )


@dataclass(frozen=True, eq=False, repr=False)
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
    notes
        Sentences that a reader of the result should know.
    """

    trials: tuple[Trial, ...]
    objective: str
    mode: str
    best: Trial
    network: Network
    training: Training
    subject: Subject
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        count = len(self.trials)
        tried = "one trial" if count == 1 else f"the best of {count} trials"
        notes = "".join(f" {note}" for note in self.notes)
        return f"<Found {told(self.best.values)}: {self.objective} {self.best.score:.4g}, {tried}.{notes}>"

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
        How many to draw. No two of them train the same thing: where there are fewer, fewer are trained.
    epochs
        Of each trial.
    seed
        Of the draws. What a trial draws depends on the seed, its number and the setting's name alone, so more trials or
        another setting change nothing of the others; only where it would repeat an earlier trial it is drawn again.
        Every trial trains with the subject's own seed.
    objective, mode
        Which metric is compared, and which way ("min", "max" or "auto": as the metric says); by default the loss of the
        held-out samples. Without any it is the loss of those trained on, and `Found.notes` says what that means:
        holding some out unasked would train on other samples than `Model.fit` with the same arguments.
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
        wanted = check_whole("trials", trials, 1)
        self.objective = objective or ("loss" if subject.held_out is None else "val_loss")
        if objective is not None:
            known = subject.measured()
            if objective not in known:
                raise SettingError(unknown("metric to compare", str(objective), known), "objective")
        self.mode = check_mode(mode, self.objective, subject)
        self.prune = None if prune is None else check_whole("prune", prune, 2)
        self._draws = self._draw_all(wanted)
        self.count = len(self._draws)
        self.rungs = rungs(self._epochs, self.count, self.prune)
        self.notes = self._notes(wanted)
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

    def _draw_all(self, wanted: int) -> list[dict[str, Any]]:
        """What each trial has; no two train the same thing, and which they are does not depend on their number."""
        found: list[dict[str, Any]] = []
        seen: set[bytes] = set()
        for number in range(wanted):
            for again in range(_DRAWS):
                values = self._draw(number, again)
                if (mark := self._mark(values)) not in seen:
                    break
            else:
                left = self._left(seen)
                if not left:
                    break
                values = left[int(np.random.default_rng(self._key(number)).integers(len(left)))]
                mark = self._mark(values)
            seen.add(mark)
            found.append(values)
        return found

    def _key(self, number: int) -> tuple[int, ...]:
        return abs(self.seed), int(self.seed < 0), number

    def _draw(self, number: int, again: int = 0) -> dict[str, Any]:
        found = {}
        for name, dimension in self.space.items():
            key = (*self._key(number), zlib.crc32(name.encode()), *([again] if again else []))
            found[name] = dimension.draw(np.random.default_rng(key))
        return found

    def _mark(self, values: dict[str, Any]) -> bytes:
        """What would be trained: a momentum that Adam has no place for makes no other trial."""
        try:
            return msgspec.json.encode(
                settings.changed(self.subject.network, self.subject.training, values)
            )
        except ChainruleError:
            return repr(sorted(values.items())).encode()

    def _left(self, seen: set[bytes]) -> list[dict[str, Any]]:
        """What has not been drawn yet, each once, if it can be listed."""
        options = [all_of(dimension, _MOST) for dimension in self.space.values()]
        listed = [one for one in options if one is not None]
        if len(listed) < len(options) or math.prod(map(len, listed)) > _MOST:
            return []
        found: dict[bytes, dict[str, Any]] = {}
        for drawn in itertools.product(*listed):
            values = dict(zip(self.space, drawn, strict=True))
            found.setdefault(self._mark(values), values)
        return [values for mark, values in found.items() if mark not in seen]

    def _notes(self, wanted: int) -> tuple[str, ...]:
        found = []
        if self.count == 1 < wanted:
            found.append("There is only one combination of these settings: one trial is trained.")
        elif self.count < wanted:
            found.append(
                f"There are only {self.count} combinations of these settings: {self.count} trials are trained, not "
                f"{wanted}."
            )
        kept = {settings.schedule_kept(self.subject.training, name) for name in self.space}
        found += [
            f"The learning rate follows {kind}, whose curve is kept: what is drawn is its height."
            for kind in kept - {""}
        ]
        if not self.objective.startswith("val_"):
            found.append(
                f"Trials are compared by {self.objective} on the samples they were trained on, which rewards learning "
                "them by heart: settings are better chosen on samples held out (validation_split=0.2)."
            )
        return tuple(found)

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
            tuple(trials),
            self.objective,
            self.mode,
            best,
            network,
            training,
            self.subject,
            self.notes,
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


def check_mode(mode: str, objective: str, subject: Subject) -> str:
    """Which way is better, "min" or "max"; "auto" asks the metric.

    Raises
    ------
    core.errors.SettingError
        It is none of the three, or neither is better of that metric.
    """
    if mode not in ("min", "max", "auto"):
        raise SettingError(unknown("mode", str(mode), ("auto", "min", "max")), "mode")
    better = subject.better_of(objective) if mode == "auto" else mode
    if not better:
        raise SettingError(
            f'Whether more or less of {objective} is better is not known: give mode="max" or "min".',
            "mode",
        )
    return better


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
