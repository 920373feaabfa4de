"""Finds the families of this package, and loads from them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import core.data
from core.data.errors import DataError
from core.data.types import DataInfo, DataSet, Source
from core.naming import suggestion, unknown

if TYPE_CHECKING:
    import numpy.typing as npt


@cache
def _sources() -> dict[str, Source]:
    """Every source by its id, in the order of the modules' names and of their ``SOURCES``."""
    found: dict[str, Source] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(core.data.__path__, "core.data.")):
        for source in getattr(importlib.import_module(module), "SOURCES", ()):
            found[source.info.id] = source
    return found


def names() -> tuple[str, ...]:
    """The ids of all data sets."""
    return tuple(_sources())


def infos() -> tuple[DataInfo, ...]:
    """The descriptions of all data sets."""
    return tuple(source.info for source in _sources().values())


def _source(id: str) -> Source:
    source = _sources().get(id)
    if source is None:
        raise DataError(unknown("data set", id, names()))
    return source


def info(id: str) -> DataInfo:
    """The description of a data set.

    Raises
    ------
    DataError
        There is no such data set.
    """
    return _source(id).info


def load(id: str, **parameters: Any) -> DataSet:
    """The data set with these parameters. Equal calls give the same arrays, not only equal ones.

    Raises
    ------
    DataError
        There is no such data set, it has no such parameter, or its file is damaged.
    core.errors.SettingError
        A parameter is out of its range.
    """
    source = _source(id)
    settings = {setting.name: setting for setting in source.info.parameters}
    for name in parameters:
        if name not in settings:
            known = ", ".join(settings) or "none"
            raise DataError(
                f"{source.info.title} has no parameter called {name!r}.{suggestion(name, settings)} "
                f"Its parameters: {known}."
            )
    values = {
        name: setting.normalise(parameters.get(name, setting.default), source.info.title)
        for name, setting in settings.items()
    }
    return _load(id, tuple(values.items()))


@lru_cache(maxsize=16)
def _load(id: str, parameters: tuple[tuple[str, Any], ...]) -> DataSet:
    source = _source(id)
    values = dict(parameters)
    x_train, y_train, x_test, y_test = map(_frozen, source.make(**values))
    return DataSet(source.info, x_train, y_train, x_test, y_test, MappingProxyType(values))


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    import numpy as np

    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
