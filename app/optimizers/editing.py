"""The commands that change a race. Each is one entry of the undo list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from app.bus import CommandError
from app.text import tr
from core import landscape, optimizers
from core.errors import ChainruleError
from core.io.races import load_race, save_race
from core.landscape.program import of_formula
from core.landscape.race import (
    KINDS,
    MOST_RACERS,
    Race,
    Racer,
    check,
    first_race,
    new_racer,
)
from core.landscape.reference import evaluated

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession

#: Of a racer itself; other names are arguments of its optimizer.
_OWN = ("batch_size", "bias_correction", "name")
_replace = msgspec.structs.replace


class RaceCommands:
    """See the module's text.

    Parameters
    ----------
    session
        Whose race it is.
    """

    def __init__(self, session: RaceSession) -> None:
        self._session = session
        self._document = session.context.document
        bus = session.context.bus
        for name, handler, label in (
            ("race.surface", self._do_surface, tr("Choose a surface")),
            ("race.formula", self._do_formula, tr("Type a surface")),
            ("race.start", self._do_start, tr("Move the start")),
            ("race.steps", self._do_steps, tr("Length of the race")),
            ("race.seed", self._do_seed, tr("Seed of the batches")),
            ("race.add", self._do_add, tr("Add a racer")),
            ("race.add_all", self._do_add_all, tr("Add all racers")),
            ("race.duplicate", self._do_duplicate, tr("Duplicate a racer")),
            ("race.remove", self._do_remove, tr("Remove a racer")),
            ("race.set", self._do_set, tr("Change a racer")),
            ("race.optimizer", self._do_optimizer, tr("Change an optimizer")),
            ("race.new", self._do_new, tr("New race")),
            ("race.put", self._do_put, tr("Change the race")),
            ("race.open", self._do_open, tr("Open a race")),
            ("race.save", self._do_save, tr("Save the race")),
        ):
            bus.register(name, handler, label=label)

    @property
    def _race(self) -> Race:
        return self._document.race

    def _edit(
        self, label: str, race: Race, merge: tuple[Any, ...] | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        """Race that; `rates` are those on the network that were set there, if they are others."""
        try:
            check(race, self._race)
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        settings = self._document.network_race
        wanted = settings.own if rates is None else rates
        # Who comes later under the id of one that is gone has no rate of his.
        own = {name: rate for name, rate in wanted.items() if race.racer(name) is not None}
        settings = settings if own == settings.own else replace(settings, own=own)
        self._document.edit(label, merge=merge, race=race, network_race=settings)

    def _racer(self, identifier: str) -> Racer:
        found = self._race.racer(identifier)
        if found is None:
            raise CommandError(tr("There is no racer {id!r} in this race.", id=identifier))
        return found

    def _with(self, racer: Racer) -> Race:
        racers = tuple(racer if one.id == racer.id else one for one in self._race.racers)
        return _replace(self._race, racers=racers)

    # -- the surface

    def _do_surface(
        self, kind: str, settings: dict[str, Any] | None = None, keep_start: bool = False
    ) -> None:
        """Race on another surface, from where that is usually begun; `keep_start` from where it was."""
        try:
            surface = landscape.surface(kind, **(settings or {}))
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        except TypeError as error:
            raise CommandError(
                tr(
                    "The surface {kind} has no such settings: {names}.",
                    kind=kind,
                    names=", ".join(settings or {}),
                )
            ) from error
        start = self._race.start if keep_start else tuple(map(float, surface.start))
        race = _replace(self._race, surface=surface.to_document(), start=start)
        self._edit(
            tr("Surface {name}", name=surface.title), race, ("surface", kind, *(settings or {}))
        )

    def _do_formula(self, text: str, domain: list[float] | None = None) -> None:
        """Race on a typed surface; a refused one is explained by `core.landscape.FormulaError`."""
        if domain is not None and len(domain) != 4:
            raise CommandError(
                tr("The part that is shown is four numbers: first and last x, first and last y.")
            )
        corners = None if domain is None else ((domain[0], domain[1]), (domain[2], domain[3]))
        try:
            surface = landscape.formula(text, domain=corners)
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        # The start stays, so that a formula can be worked on; but it has to be in the picture, and not in a hole.
        (left, right), (low, high) = surface.domain
        x, y = self._race.start
        inside = left <= x <= right and low <= y <= high
        stays = inside and _has_value(surface, x, y)
        start = (x, y) if stays else tuple(map(float, surface.start))
        self._edit(
            tr("Type a surface"), _replace(self._race, surface=surface.to_document(), start=start)
        )

    def _do_start(self, x: float, y: float) -> None:
        self._edit(
            tr("Move the start"), _replace(self._race, start=(float(x), float(y))), ("start",)
        )

    def _do_steps(self, value: int) -> None:
        self._edit(tr("Length of the race"), _replace(self._race, steps=value), ("steps",))

    def _do_seed(self, value: int) -> None:
        self._edit(tr("Seed of the batches"), _replace(self._race, seed=value), ("seed",))

    # -- the racers

    def _do_add(self, kind: str) -> str:
        """Add a racer of a kind, and look at it; returns its id."""
        try:
            racer = new_racer(self._race, kind)
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        if racer.title in {one.title for one in self._race.racers}:
            racer = _replace(racer, name=self._free_name(racer.title))
        self._edit(
            tr("Add {name}", name=racer.title),
            _replace(self._race, racers=(*self._race.racers, racer)),
        )
        self._session.context.bus.do("race.choose", id=racer.id)
        return racer.id

    def _do_add_all(self) -> list[str]:
        """Add one of every kind that is not in the race; returns their ids."""
        race = self._race
        there = {one.kind for one in race.racers}
        missing = [one.name for one in KINDS if one.name not in there]
        if not missing:
            raise CommandError(tr("Every kind of racer is in the race already."))
        for name in missing:
            race = _replace(race, racers=(*race.racers, new_racer(race, name)))
        self._edit(tr("Add all racers"), race)
        return [one.id for one in race.racers[-len(missing) :]]

    def _do_duplicate(self, id: str) -> str:
        """Add a racer with the settings of another behind it, and look at it; returns its id."""
        racer, race = self._racer(id), self._race
        named = _replace(
            racer, id=new_racer(race, racer.kind).id, name=self._free_name(racer.title)
        )
        place = race.racers.index(racer) + 1
        racers = (*race.racers[:place], named, *race.racers[place:])
        rates = dict(self._document.network_race.own)
        if id in rates:
            rates[named.id] = rates[id]
        self._edit(
            tr("Duplicate {name}", name=racer.title), _replace(race, racers=racers), rates=rates
        )
        self._session.context.bus.do("race.choose", id=named.id)
        return named.id

    def _free_name(self, title: str) -> str:
        """Return a title that no racer has: "Adam 2"."""
        stem, _, last = title.rpartition(" ")
        stem = stem if stem and last.isdecimal() else title
        taken = {one.title for one in self._race.racers}
        return next(one for k in range(2, MOST_RACERS + 3) if (one := f"{stem} {k}") not in taken)

    def _do_remove(self, id: str) -> None:
        gone = self._racer(id)
        racers = tuple(one for one in self._race.racers if one.id != id)
        self._edit(tr("Remove {name}", name=gone.title), _replace(self._race, racers=racers))

    def _do_set(self, id: str, key: str, value: Any) -> None:
        """Set one argument of a racer: its optimizer's by Keras's name, or batch_size, bias_correction, name."""
        racer = self._racer(id)
        if key in _OWN:
            try:
                changed = msgspec.convert({**msgspec.to_builtins(racer), key: value}, Racer)
            except msgspec.ValidationError as error:
                raise CommandError(
                    tr("{value!r} is nothing that {name} can be.", value=value, name=key)
                ) from error
        else:
            if key == "kind":
                raise CommandError(
                    tr("Another optimizer is another racer: add it, and remove this one.")
                )
            config = {name: one for name, one in racer.optimizer.items() if name != key}
            config[key] = value
            changed = _replace(racer, optimizer=self._checked(config))
        label = tr("{name}: {key}", name=racer.title, key=key)
        self._edit(label, self._with(changed), ("racer", id, key))

    def _do_optimizer(self, id: str, optimizer: dict[str, Any]) -> None:
        """Set all arguments of a racer's optimizer."""
        racer = self._racer(id)
        changed = _replace(racer, optimizer=self._checked(optimizer))
        self._edit(tr("Change {name}", name=racer.title), self._with(changed), ("optimizer", id))

    def _checked(self, config: dict[str, Any]) -> dict[str, Any]:
        try:
            return optimizers.get(config).to_config()
        except ChainruleError as error:
            raise CommandError(str(error)) from error

    # -- all of it

    def _do_new(self) -> None:
        self._edit(tr("New race"), first_race())

    def _do_put(self, race: dict[str, Any], label: str = "") -> None:
        """Race what a document says (`core.io.races.race_document`): what examples and effects are made of."""
        from core.io.races import race_of

        try:
            found = race_of(race)
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        self._edit(label or tr("Change the race"), found)

    def _do_open(self, path: str) -> None:
        """Race what a file says."""
        try:
            found = load_race(Path(path))
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        self._edit(tr("Open a race"), found)
        self._session.context.bus.do("race.reset")

    def _do_save(self, path: str) -> str:
        """Write the race as a file; returns its path."""
        target = Path(path)
        if not target.name:
            raise CommandError(tr("Give the race a file to be saved in: a folder and a name."))
        if target.suffix != ".race":
            target = target.with_name(target.name + ".race")
        try:
            save_race(self._race, target)
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        self._session.context.bus.emit("race.saved", path=str(target))
        return str(target)


def _has_value(surface: landscape.Surface, x: float, y: float) -> bool:
    """Tell whether a typed surface has a height at a point; one point needs no kernel."""
    value = evaluated(of_formula(surface.expression, ("x", "y")), [np.array(x), np.array(y)])[0]
    return bool(np.isfinite(value))
