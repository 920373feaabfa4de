"""Labels: whole numbers, one for each list of class probabilities."""

from __future__ import annotations

import numpy as np

from core.errors import ChainruleError

Shape = tuple[int, ...]


def labels_for(
    given: np.ndarray,
    places: Shape,
    classes: int,
    loss: str,
    ignored: int | None = None,
    because: str = "",
    fix: str = "",
) -> np.ndarray:
    """Labels (samples, ...) without a last axis of length 1 that says nothing.

    Parameters
    ----------
    given
        (samples, ...)
    places, classes
        Shape of a sample's lists of probabilities, and how long each is.
    loss
        Its name.
    ignored
        A label that is none of the classes and does not count.
    because, fix
        For the sentence: what gives such outputs, and how to give others.

    Raises
    ------
    core.errors.ChainruleError
        Their shape is another, one is not a whole number, or there is no class of that number.
    """
    own = tuple(given.shape[1:])
    if own not in (places, (*places, 1)):
        one_hot = own == (*places, classes)
        if not places:
            wanted = "one label a sample"
        else:
            wanted = f"labels of shape (samples, {', '.join(map(str, places))}){because}"
        got = f"one-hot rows, {given.shape}, are given" if one_hot else f"they have {given.shape}"
        if not places and not one_hot:
            got = f"the targets have shape {given.shape}"
        use = "Use categorical_crossentropy for one-hot rows."
        raise ChainruleError(f"{loss} needs {wanted}; {got}. {use if one_hot else fix or use}")
    labels = given.reshape(len(given), *places)
    _require_whole(labels, loss)
    _require_classes(labels, classes, ignored)
    return labels


def _require_whole(labels: np.ndarray, loss: str) -> None:
    if labels.dtype.kind != "f":
        return
    broken = np.argwhere(labels != np.floor(labels))
    if len(broken):
        place = tuple(broken[0])
        raise ChainruleError(
            f"{loss} needs whole numbers as labels; {labels[place]:g} (row {place[0]} of the targets) is not one."
        )


def _require_classes(labels: np.ndarray, classes: int, ignored: int | None) -> None:
    """Say so, with the row, if there is no output for a label."""
    outside = (labels < 0) | (labels >= classes)
    if ignored is not None:
        outside &= labels != ignored
    if not outside.any():
        return
    place = tuple(np.argwhere(outside)[0])
    several = int(outside.sum())
    more = "" if several == 1 else f" ({several:,} labels are such)"
    raise ChainruleError(
        f"Row {place[0]} of the targets has the label {labels[place]:g}, but the network has {classes} outputs, for "
        f"labels from 0 to {classes - 1}{more}. Number the classes from 0 and give the last layer one unit for each."
    )
