"""k-fold cross-validation: every sample is held out once."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from core import checked
from core.errors import SettingError
from core.spec.training import check_seed, check_whole
from core.studies.crew import Crew
from core.studies.job import Job, Outcome
from core.studies.study import Spread, Study, curves, last_of, require_some, several, spreads
from core.studies.subject import Subject


def partition(
    samples: int,
    k: int = 5,
    shuffle: bool = True,
    seed: int = 0,
    labels: Any = None,
) -> list[np.ndarray]:
    """The held-out samples of each fold: k sorted arrays that hold every number below `samples` once.

    Parameters
    ----------
    samples
        How many there are.
    k
        How many folds; their sizes differ by at most 1.
    shuffle
        Draw which sample goes where; otherwise neighbours stay together.
    seed
        Of the draw.
    labels
        The class of each sample, (samples,): each fold then has its share of each class (stratified folds), as equal
        as whole numbers allow, by the deal of scikit-learn's StratifiedKFold.

    Raises
    ------
    core.errors.SettingError
        There are fewer samples than folds, or a class has.
    """
    k, seed = check_folds(samples, k), check_seed(seed)
    shuffle = checked.yes_or_no("shuffle", shuffle)
    draw = np.random.default_rng(seed % 2**63)
    if labels is None:
        order = draw.permutation(samples) if shuffle else np.arange(samples)
        return [np.sort(part) for part in np.array_split(order, k)]
    kinds, numbers, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    if len(numbers) != samples:
        message = f"Every sample needs its label; there are {samples:,} samples and {len(numbers):,} labels."
        raise SettingError(message, "stratified")
    rare = int(np.argmin(counts))
    if counts[rare] < k:
        raise SettingError(
            f"Class {kinds[rare]} has {counts[rare]} sample{'s' if counts[rare] != 1 else ''}, fewer than the {k} "
            "folds that each need one: choose fewer folds, or leave stratified out.",
            "stratified",
        )
    dealt = np.sort(numbers)
    shares = [np.bincount(dealt[fold::k], minlength=len(kinds)) for fold in range(k)]
    of_sample = np.empty(samples, np.int64)
    for place in range(len(kinds)):
        folds = np.arange(k).repeat([share[place] for share in shares])
        of_sample[numbers == place] = draw.permutation(folds) if shuffle else folds
    return [np.flatnonzero(of_sample == fold) for fold in range(k)]


def check_folds(samples: int, k: Any) -> int:
    """`k` as a number of folds for so many samples.

    Raises
    ------
    core.errors.SettingError
        It is less than 2, more than there are samples, or no whole number.
    """
    whole = check_whole("k", k, 0)
    if whole < 2:
        message = f"k is how many folds there are, at least 2; it is {whole}."
        raise SettingError(message, "k")
    if whole > samples:
        raise SettingError(
            f"{whole} folds need at least {whole} samples, one to hold out in each; there are {samples}.",
            "k",
        )
    return whole


@dataclass(frozen=True, eq=False, repr=False)
class Fold:
    """One of the runs.

    Attributes
    ----------
    held
        Numbers of the samples that were held out.
    history
        Metrics by name, one number an epoch; ``val_...`` are those of the samples held out.
    digest
        SHA-256 of the weights it ended with.
    problem
        A sentence if it did not come to its end.
    """

    held: np.ndarray
    history: dict[str, list[float]]
    digest: str = ""
    problem: str = ""

    def __repr__(self) -> str:
        return f"<Fold of {len(self.held):,} held out: {last_of(self.history, self.problem)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Folds:
    """What cross-validation found.

    Attributes
    ----------
    folds
        The runs.
    final
        The last epoch's metrics by name: mean, standard deviation, least and largest over the folds that came to
        their end.
    by_epoch
        The same for every epoch.
    """

    folds: tuple[Fold, ...]
    final: dict[str, Spread]
    by_epoch: dict[str, list[Spread]]

    def __repr__(self) -> str:
        return several(self, "fold", len(self.folds))

    @property
    def mean(self) -> dict[str, float]:
        """Means of the last epoch's metrics."""
        return {name: value.mean for name, value in self.final.items()}

    @property
    def std(self) -> dict[str, float]:
        """Standard deviations of the last epoch's metrics."""
        return {name: value.std for name, value in self.final.items()}

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong in single folds."""
        return tuple(
            f"Fold {k + 1}: {fold.problem}" for k, fold in enumerate(self.folds) if fold.problem
        )


class CrossValidation(Study[Folds]):
    """Train k times, each time measuring on another k-th of the samples.

    Parameters
    ----------
    subject
        What is trained; samples it holds out itself are left alone.
    k, shuffle, stratified
        See `partition`.
    epochs
        Of each fold.
    seed
        Of the draw of the folds; by default the subject's. Weights and the order of samples follow the subject's seed
        in every fold.
    """

    def __init__(
        self,
        subject: Subject,
        k: int = 5,
        epochs: int = 1,
        shuffle: bool = True,
        stratified: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__(subject)
        self._epochs = check_whole("epochs", epochs, 1)
        count = len(subject.samples)
        shuffle = checked.yes_or_no("shuffle", shuffle)
        labels = classes_of(subject) if checked.yes_or_no("stratified", stratified) else None
        seed = subject.training.seed if seed is None else seed
        self.held = partition(count, k, shuffle, seed, labels)

    @property
    def epochs(self) -> int:
        """Epochs of all folds together."""
        return self._epochs * len(self.held)

    def rounds(self, crew: Crew) -> Generator[list[Job], list[Outcome], Folds]:
        """One round: a job a fold."""
        subject = self.subject
        training = msgspec.structs.replace(subject.training, validation_split=0.0)
        jobs = [
            Job(fold, f"fold {fold + 1}", subject.network, training, self._epochs, held.tolist())
            for fold, held in enumerate(self.held)
        ]
        outcomes = yield jobs
        require_some(outcomes)
        folds = tuple(
            Fold(held, one.history, one.digest, one.problem)
            for held, one in zip(self.held, outcomes, strict=True)
        )
        good = [fold.history for fold in folds if not fold.problem]
        return Folds(folds, spreads(good), curves(good))


def classes_of(subject: Subject) -> np.ndarray:
    """The class of each sample, (samples,), read from the targets of the only output.

    Raises
    ------
    core.errors.SettingError
        Targets are not classes, or there are several a sample.
    """
    tables = subject.samples.targets
    rows = tables[0].array.reshape(len(tables[0]), -1)
    if rows.shape[1] > 1 and np.isin(rows, (0, 1)).all() and (rows.sum(1) == 1).all():
        rows = rows.argmax(1)[:, None]
    if len(tables) > 1 or rows.shape[1] != 1 or (rows != np.round(rows)).any():
        message = (
            "stratified keeps the share of each class in every fold, so it needs one class a sample (a whole number or "
            "a one-hot row); these targets are something else."
        )
        raise SettingError(message, "stratified")
    found: np.ndarray = rows[:, 0].astype(np.int64)
    return found
