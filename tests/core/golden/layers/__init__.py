"""Cases of layers, a file for each subject with its stored numbers (``.npz``) next to it.

A new case is a line in one of the files; then ``python -m tests.core.golden.make_golden layers.<file>``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np

from tests.core.golden.layers.case import LayerCase

FOLDER = Path(__file__).resolve().parent
PARTS = ("first", "acts", "conv", "rnn", "shapes", "init")


def cases_of(part: str) -> tuple[LayerCase, ...]:
    """The cases of a file."""
    return tuple(import_module(f"{__name__}.{part}").LAYERS)


def all_cases() -> list[tuple[str, LayerCase]]:
    """(part, case), of all files."""
    return [(part, case) for part in PARTS for case in cases_of(part)]


@cache
def stored(part: str) -> dict[str, np.ndarray]:
    """The numbers of a file."""
    path = FOLDER / f"{part}.npz"
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def of(part: str, case: str) -> dict[str, np.ndarray]:
    """What Keras gave for a case: see `tests.core.golden.keras_side.measured`."""
    found = {
        key.split("|")[1]: value
        for key, value in stored(part).items()
        if key.startswith(f"{case}|")
    }
    if not found:
        raise LookupError(f"No numbers: python -m tests.core.golden.make_golden layers.{part}")
    return found
