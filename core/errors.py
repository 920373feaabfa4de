"""Errors that are sentences for learners: what was wrong, where, and what to do."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path


class ChainruleError(ValueError):
    """Base of all errors whose text may be shown to a learner as it is."""


class SettingError(ChainruleError):
    """A layer's setting has a value it cannot have.

    Attributes
    ----------
    setting
        Keras name of the setting.
    """

    def __init__(self, message: str, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting


class ShapeError(ChainruleError):
    """A layer cannot work with what it is given.

    Attributes
    ----------
    title
        Two to four words: what the layer needs.
    remedy
        Name of a repair the document knows how to make ("swap", "flatten", "same-padding", ...), or "".
    """

    def __init__(self, title: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.title = title
        self.remedy = remedy


class GraphError(ChainruleError):
    """The network document itself is not a network: a cycle, a missing layer, a doubled name."""


class PlaceError(ChainruleError, IndexError):
    """A program is asked for a cell, or an operand, that is not there."""


class NameNotThereError(ChainruleError, KeyError):
    """A mapping is asked for a name it does not have."""

    # KeyError shows its text as a piece of code, in quotation marks.
    __str__ = BaseException.__str__


class MemoryEstimateError(ChainruleError):
    """The network would need more memory than the program is ready to take."""


class AdviceWarning(UserWarning):
    """What a model does is allowed, and seldom what is meant: the sentences of `core.spec.advice`."""


def give_advice(sentence: str) -> None:
    """Warn with an `AdviceWarning` that points at the reader's own line, however deep in this package it is given."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, AdviceWarning, stacklevel=level)


_HERE = str(Path(__file__).parent) + os.sep


class DivergedError(ChainruleError, RuntimeError):
    """The loss became NaN or infinite. Keras raises a RuntimeError then, if it does."""
