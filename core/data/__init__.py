"""Data sets by name: what there is, and the arrays.

>>> from core import data
>>> digits = data.load("digits8x8")
>>> digits.x_train.shape, digits.info.classes[:3]
((1438, 8, 8, 1), ('0', '1', '2'))
>>> data.load("spirals", samples=100, noise=0.0).x_train.shape
(100, 2)

A family of data sets is one file of this package. It describes each set in a `Source` and lists
them in ``SOURCES``; nothing else has to be told about a new one.
"""

from __future__ import annotations

from core.data.errors import DataError
from core.data.registry import info, infos, load, names
from core.data.types import DataInfo, DataSet

__all__ = ["DataError", "DataInfo", "DataSet", "info", "infos", "load", "names"]
