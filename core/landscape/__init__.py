"""Surfaces that optimizers race over, known ones and typed ones, and the ways they take.

>>> from core import landscape
>>> surface = landscape.formula("x^2 + 10*y^2")
>>> surface.gradients([1.0, 2.0]).tolist()
[2.0, 40.0]
>>> way = landscape.trajectory(surface, {"kind": "SGD", "learning_rate": 0.05}, (1.0, 2.0), 3)
>>> way.positions[-1].round(4).tolist()
[0.729, 0.0]

Everything is in double precision; gradients are exact to rounding (dual numbers). Importing this, and reading formulas,
needs no Numba. Slices of a network's own loss are in `core.landscape.slices`, races on a network in
`core.landscape.network_race`.
"""

from __future__ import annotations

from typing import Any

from core.errors import SettingError
from core.landscape import known, regressions
from core.landscape.heights import Samples, Surface
from core.landscape.reading import FormulaError
from core.landscape.typed import formula
from core.landscape.ways import StoppedError, Trajectory, trajectory
from core.layers.settings import Setting
from core.naming import no_attribute, unknown

__all__ = [
    "FormulaError", "Samples", "StoppedError", "Surface", "Trajectory", "data", "formula", "from_document", "names",
    "settings", "surface", "trajectory",
]  # fmt: skip

_KINDS = {kind.name: kind for kind in (*known.KINDS, *regressions.KINDS)}


def names() -> tuple[str, ...]:
    """The kinds of known surfaces, in the order in which they are taught."""
    return tuple(_KINDS)


def settings(name: str) -> tuple[Setting, ...]:
    """What can be chosen of a known surface, besides the points of a regression (`data`)."""
    return _kind(name).settings


def data(name: str) -> tuple[str, ...]:
    """Names of the sets of points a regression can be fitted to, measured ones first; none for other surfaces.

    Without a name it is "hours" that is fitted, drawn points, as it has always been.
    """
    return regressions.DATA.get(_kind(name).name, ())


def surface(name: str, /, **settings: Any) -> Surface:
    """A known surface: ``surface("valley", condition=100.0)``.

    Parameters
    ----------
    name
        One of `names`.
    settings
        Of "valley": condition. Of the regressions: data, the name of a set of points or
        ``{"u": [...], "t": [...], "names": [..., ...]}``; scaled, whether the feature is brought to mean 0 and
        deviation 1.

    Raises
    ------
    core.errors.SettingError
        There is no such surface, or it has no such setting.
    """
    kind = _kind(name)
    if kind.name in regressions.DATA and "data" in settings:
        points = settings.pop("data")
        plain = {setting.name: setting.default for setting in kind.settings}
        checked = known.checked(kind, {**plain, **settings})
        return kind.make(data=points, **checked)
    return known.made(kind, settings)


def from_document(document: Any) -> Surface:
    """The surface that a document holds: ``{"kind": "valley", "condition": 25.0}``, or of a typed one
    ``{"kind": "formula", "text": "x^2 + y^2", "domain": [[-3, 3], [-3, 3]], "title": ""}``.

    Raises
    ------
    core.errors.SettingError
        It is no such document, or what it says is not possible.
    FormulaError
        A typed formula cannot be read.
    """
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise SettingError(
            f'A surface is held as {{"kind": "beale"}} or with settings; not as {document!r}.'
        )
    given = dict(document)
    kind = given.pop("kind", None)
    if not isinstance(kind, str):
        raise SettingError('A surface needs its kind, {"kind": "beale"}.', "kind")
    if kind != "formula":
        return surface(kind, **given)
    for name in given:
        if name not in ("text", "domain", "title"):
            raise SettingError(
                f"A typed surface has a text, a domain and a title, but no {name!r}.", name
            )
    return formula(
        given.get("text", ""), domain=given.get("domain"), title=str(given.get("title", ""))
    )


def _kind(name: Any) -> known.Kind:
    if name not in names():
        raise SettingError(unknown("surface", str(name), names()), "kind")
    return _KINDS[name]


def __getattr__(name: str) -> Any:
    """Say what was probably meant."""
    raise no_attribute("core.landscape", name, __all__)
