"""What a data set is: a description, and four arrays nobody can write to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from core.layers.settings import Setting

    #: x_train, y_train, x_test, y_test
    Arrays = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]


@dataclass(frozen=True)
class DataInfo:
    """What is known of a data set before its arrays are loaded.

    Attributes
    ----------
    id
        Name in documents and on the command line.
    version
        Raised when the same parameters begin to give other numbers.
    title
        Name for people.
    summary
        One or two sentences: what it shows, what is hard about it.
    input_shape
        Shape of one sample, without the batch axis.
    classes
        Names of the classes in the order of the labels; empty for a regression.
    task
        ``"classification"`` or ``"regression"``.
    kind
        ``"image"``, ``"points"`` (two coordinates) or ``"table"``: how to draw it.
    licence, origin
        One line each; the whole story is in ``assets/data/LICENSES.md``.
    parameters
        What can be chosen, as settings with ranges.
    scale
        Factor that brings the stored numbers to those a network is given.
    features
        Names of the numbers along the last axis of a sample: columns of a table, coordinates, words.
    output_shape
        Shape of one target: ``()`` for a label, ``(2,)`` for two one-hot numbers.
    as_printed
        Its numbers stand as a worked example prints them, unscaled: for pencil and paper rather than for training.
    """

    id: str
    version: int
    title: str
    summary: str
    input_shape: tuple[int, ...]
    classes: tuple[str, ...]
    task: str
    kind: str
    licence: str
    origin: str
    parameters: tuple[Setting, ...] = ()
    scale: float = 1.0
    features: tuple[str, ...] = ()
    output_shape: tuple[int, ...] = ()
    as_printed: bool = False


@dataclass(frozen=True, eq=False)
class DataSet:
    """Training and test samples.

    Attributes
    ----------
    info
        The description.
    x_train, x_test
        Samples along the first axis: ``uint8`` where `DataInfo.scale` is not 1, else ``float32``.
        In C order and read-only: they are shared by everyone who loads the same set.
    y_train, y_test
        Labels as ``int64``, or targets (also one-hot ones) as ``float32``.
    parameters
        The values it was made with, defaults included.
    """

    info: DataInfo
    x_train: npt.NDArray[Any]
    y_train: npt.NDArray[Any]
    x_test: npt.NDArray[Any]
    y_test: npt.NDArray[Any]
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of shapes, types and bytes: equal for equal data on every machine."""
        digest = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            # Stored little-endian, whatever this machine does.
            stored = array.astype(array.dtype.newbyteorder("<"), copy=False)
            digest.update(f"{stored.dtype.str}{stored.shape}".encode())
            digest.update(stored.tobytes())
        return digest.hexdigest()

    def inputs(
        self, part: str = "train", rows: slice | npt.NDArray[np.int64] = slice(None)
    ) -> npt.NDArray[np.float32]:
        """Samples of ``"train"`` or ``"test"`` as a network is given them: ``float32``, scaled.

        Multiplied in ``float32``, as the gathering instruction does.
        """
        import numpy as np

        stored = self.x_train if part == "train" else self.x_test
        return stored[rows].astype(np.float32) * np.float32(self.info.scale)


@dataclass(frozen=True)
class Source:
    """A data set as its family describes it: what it is, and how to get the arrays."""

    info: DataInfo
    make: Callable[..., Arrays]
