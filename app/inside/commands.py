"""The commands of Look inside: what is looked at, and how it is shown."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from app.bus import CommandError
from app.inside.choices import one_of
from app.inside.given import Input
from app.snapshots import read_only
from app.text import tr
from core import data as data_sets

if TYPE_CHECKING:
    from app.inside.session import InsideSession


class InsideCommands:
    """See the module's text.

    Parameters
    ----------
    session
        What they act on.
    """

    def __init__(self, session: InsideSession) -> None:
        self._session = session
        bus = session.context.bus
        for name, handler, label in (
            ("inside.sample", self._do_sample, tr("Look at a sample")),
            ("inside.input", self._do_input, tr("Look at numbers of your own")),
            ("inside.select", self._do_select, tr("Look at a map")),
            ("inside.class", self._do_class, tr("Explain a class")),
            ("inside.show", self._do_show, tr("Show")),
        ):
            if not bus.knows(name):
                bus.register(name, handler, label=label)

    def _do_sample(self, index: int, data: str = "", part: str = "validation") -> None:
        if data and data not in (known := [info.id for info in data_sets.infos()]):
            raise CommandError(
                tr("There is no data set {name}; there are {known}.", name=repr(data),
                   known=", ".join(known))
            )  # fmt: skip
        one_of("train", "validation")(part)
        if index < 0:
            raise CommandError(
                tr("Samples are numbered from 0; there is none {index}.", index=index)
            )
        self._session.show_sample(data, part, index)

    def _do_input(self, values: list[float], source: str = "drawn", words: str = "") -> None:
        shape = self._session.input_shape
        if not shape or len(values) != prod(shape):
            raise CommandError(
                tr("The network takes {count} numbers; {given} are given.", count=prod(shape or (0,)),
                   given=len(values))
            )  # fmt: skip
        x = np.asarray(values, np.float32).reshape(shape)
        self._session.show(Input(read_only(x), source, words or tr("drawn")))

    def _do_select(
        self, layer: str, channel: int = 0, row: int | None = None, column: int | None = None
    ) -> None:
        values = self._session.look.layers.get(layer) if self._session.look is not None else None
        if values is None:
            known = ", ".join(self._session.layers())
            raise CommandError(
                tr("There is no layer {name}; there are {known}.", name=layer, known=known)
            )
        if not 0 <= channel < values.shape[-1]:
            raise CommandError(
                tr(
                    "{layer} has {count} channels, numbered from 0.",
                    layer=layer,
                    count=values.shape[-1],
                )
            )
        place = None
        if row is not None and column is not None:
            size = self._session.map_size(layer)
            if not (0 <= row < size[0] and 0 <= column < size[1]):
                raise CommandError(
                    tr("The maps of {layer} have {rows} rows and {columns} columns.", layer=layer, rows=size[0],
                       columns=size[1])
                )  # fmt: skip
            place = (row, column)
        self._session.choose(layer, channel, place)

    def _do_class(self, class_index: int | None = None) -> None:
        if class_index is not None and not 0 <= class_index < len(self._session.classes):
            raise CommandError(
                tr("There are {count} classes, numbered from 0.", count=len(self._session.classes))
            )
        self._session.class_chosen = class_index
        self._session.chosen.emit()

    def _do_show(self, name: str, value: Any) -> None:
        if name not in self._session.toggles:
            raise CommandError(tr("There is nothing to show called {name}.", name=repr(name)))
        if not isinstance(value, type(self._session.toggles[name])):
            raise CommandError(tr("{value} is nothing that can be shown there.", value=repr(value)))
        if (check := self._session.check_of(name)) is not None:
            check(value)
        self._session.set_toggle(name, value)
