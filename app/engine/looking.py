"""Looking at samples: the chosen one, a page of them, points in the plane. Worker thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine import lenses
from app.engine.probing import read
from app.snapshots import PlaneView, PredictionPage, Probe, SampleView, read_only

if TYPE_CHECKING:
    from core.data import DataInfo
    from core.runs import Run
    from core.runs.samples import Samples


def labels_of(targets: np.ndarray) -> np.ndarray | None:
    """Return class numbers for targets that are labels, one-hot rows or zeros and ones; None for others."""
    if targets.ndim == 2 and targets.shape[1] > 1:
        hot = (targets == 0) | (targets == 1)
        if not (hot.all() and (targets.sum(axis=1) == 1).all()):
            return None
        return np.argmax(targets, axis=1).astype(np.int64)
    flat = targets.reshape(len(targets))
    rounded = flat.astype(np.int64)
    if not np.array_equal(flat, rounded.astype(flat.dtype)) or (len(flat) and rounded.min() < 0):
        return None
    return rounded


def decide(outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the class the network chooses for each row, and how sure it is."""
    flat = outputs.reshape(len(outputs), -1)
    if flat.shape[1] == 1:
        p = np.clip(flat[:, 0], 0, 1)
        chosen = (p >= 0.5).astype(np.int64)
        return chosen, np.where(chosen == 1, p, 1 - p).astype(np.float32)
    chosen = np.argmax(np.nan_to_num(flat, nan=-np.inf), axis=1).astype(np.int64)
    return chosen, np.clip(flat[np.arange(len(flat)), chosen], 0, 1).astype(np.float32)


def held_out(run: Run) -> Samples:
    """Return the samples that are not trained on, or all if there are no others."""
    return run.validation or run.samples


def inputs_of(samples: Samples, rows: Any) -> np.ndarray:
    """Return inputs as the network sees them: float32, scaled."""
    table = samples.inputs[0]
    return table.array[rows].astype(np.float32) * np.float32(table.scale)


def first_shown(samples: Samples, info: DataInfo) -> int:
    """Return the sample to begin with: among digits a three that is drawn well, otherwise the first.

    Drawn well means with no less ink than most of its class, and more like the class's mean picture
    than three quarters of it.
    """
    labels = labels_of(samples.targets[0].array)
    if info.kind != "image" or labels is None or "3" not in info.classes:
        return 0
    rows = np.flatnonzero(labels == info.classes.index("3"))
    if not len(rows):
        return 0
    pictures = inputs_of(samples, rows).reshape(len(rows), -1)
    ink = pictures.sum(axis=1)
    centred = pictures - pictures.mean(axis=1, keepdims=True)
    mean = centred.mean(axis=0)
    likeness = centred @ mean / np.maximum(np.linalg.norm(centred, axis=1), 1e-9)
    good = (ink >= np.median(ink)) & (likeness >= np.quantile(likeness, 0.75))
    return int(rows[np.argmax(good)])


class SampleLooker:
    """The chosen sample and its way through the network.

    Attributes
    ----------
    view
        What snapshots say of it.
    """

    def __init__(self) -> None:
        self.view: SampleView | None = None
        self._lens: lenses.Lens | None = None
        self._index, self._part = 0, "validation"
        self._chosen = False
        self._classes: tuple[str, ...] = ()
        self._key: tuple[Any, ...] = ()

    def open(self, run: Run, info: DataInfo) -> None:
        """Begin anew with another run; the index stays where there are as many samples."""
        self._lens, self._key = None, ()
        self._classes = tuple(info.classes)
        if self._chosen:
            self.select(run, self._index, self._part)
        else:
            self._show(run, first_shown(held_out(run), info))

    def select(self, run: Run, index: int, part: str) -> None:
        """Choose a sample of ``"train"`` or ``"validation"``."""
        self._part = "train" if part == "train" else "validation"
        self._chosen = True
        self._show(run, index)

    def give(self, x: np.ndarray) -> None:
        """Look at numbers that are of no data set, in place of the chosen sample.

        Parameters
        ----------
        x
            One input, shaped as the network takes it.
        """
        if self.view is not None:
            self.view = SampleView(
                self.view.index, self.view.split, read_only(x), None, None, None, self._classes
            )
            self._key = ()

    def _show(self, run: Run, index: int) -> None:
        samples = run.samples if self._part == "train" else held_out(run)
        self._index = index % max(1, len(samples))
        x = inputs_of(samples, self._index)
        labels = labels_of(samples.targets[0].array[self._index : self._index + 1])
        label = int(labels[0]) if labels is not None and self._classes else None
        self.view = SampleView(
            self._index, self._part, read_only(x), label, None, None, self._classes
        )
        self._key = ()

    def read(
        self,
        run: Run,
        version: tuple[int, int, int],
        probes: list[Probe],
        values: dict[str, np.ndarray],
    ) -> None:
        """Run the sample if anything changed, and read what is wanted."""
        if not probes or self.view is None:
            return
        if self._lens is None:
            self._lens = lenses.sample_lens(run.network, run.training)
        program = self._lens.program
        self._lens.follow(run.program, version)
        key = (version, self._index, self._part)
        if key != self._key:
            samples = run.samples if self._part == "train" else held_out(run)
            target = samples.targets[0].array[self._index : self._index + 1]
            program.feed([self.view.x[None]], [target])
            program.run()
            self._key = key
            output = next(iter(program.tape.outputs.values())).name
            view = self.view
            self.view = SampleView(
                view.index,
                view.split,
                view.x,
                view.label,
                read_only(program.tensor(output)[0].reshape(-1)),
                float(program.tensor("loss")),
                view.classes,
            )
        for probe in probes:
            value = read(program, probe)
            if value is not None:
                values[probe.key] = value


def page_of(
    run: Run,
    info: DataInfo,
    wanted: tuple[int, int, bool],
    wrong: np.ndarray | None,
    predict: Callable[[np.ndarray], np.ndarray],
) -> PredictionPage | None:
    """Return a page of held-out samples with what the network says now."""
    first, count, only_wrong = wanted
    samples = held_out(run)
    indices = wrong if only_wrong and wrong is not None else np.arange(len(samples))
    indices = np.asarray(indices[first : first + count], np.int64)
    labels = labels_of(samples.targets[0].array[indices])
    if labels is None:
        return None
    outputs = predict(inputs_of(samples, indices))
    predicted, confidence = decide(outputs) if len(indices) else (labels, labels)
    images = inputs_of(samples, indices)
    images = np.clip(np.rint(images * 255), 0, 255)
    if images.ndim == 3:
        images = images[..., None]
    return PredictionPage(
        indices=read_only(indices, np.int64),
        images=read_only(images, np.uint8),
        labels=read_only(labels, np.int64),
        predicted=read_only(predicted, np.int64),
        confidence=read_only(confidence),
        classes=tuple(info.classes),
        serial=run.step_count,
    )


def plane_of(run: Run, info: DataInfo) -> PlaneView | None:
    """Return the points of a data set with two inputs, and the square around them."""
    table = run.samples.inputs[0]
    if table.width != 2 or len(run.samples.inputs) != 1:
        return None
    parts, labels = [], []
    sets = [run.samples] + ([run.validation] if run.validation is not None else [])
    for samples in sets:
        own = labels_of(samples.targets[0].array)
        if own is None:
            return None
        parts.append(inputs_of(samples, slice(None)).reshape(-1, 2))
        labels.append(own)
    points = np.concatenate(parts)
    low, high = lenses.bounds(points)
    return PlaneView(
        low=low,
        high=high,
        points=read_only(points),
        labels=read_only(np.concatenate(labels), np.int64),
        train=len(parts[0]),
        classes=tuple(info.classes),
        serial=1,
    )
