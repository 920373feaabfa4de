"""The commands that set how racers train the network. Each is one entry of the undo list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from app.bus import CommandError
from app.scenes.network_racers import names
from app.scenes.network_settings import MOST_EPOCHS
from app.text import tr
from core import optimizers
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.scenes.network_settings import NetworkSettings

Start = Literal["drawn", "present"]
Rates = Literal["keras", "race"]


class NetworkCommands:
    """See the module's text.

    Parameters
    ----------
    session
        Whose racers they are.
    """

    def __init__(self, session: RaceSession) -> None:
        self._session = session
        self._document = session.context.document
        bus = session.context.bus
        for name, handler, label in (
            ("race.network_set", self._do_set, tr("Set the race on the network")),
            ("race.network_rate", self._do_rate, tr("Learning rate on the network")),
        ):
            bus.register(name, handler, label=label)

    @property
    def _settings(self) -> NetworkSettings:
        return self._document.network_race

    def _edit(self, label: str, settings: NetworkSettings, *merge: Any) -> None:
        self._document.edit(label, merge=merge or None, network_race=settings)

    def _do_set(
        self, epochs: int | None = None, start: Start | None = None, rates: Rates | None = None
    ) -> None:
        """Set what the next race is; what is not given stays. Other `rates` forget those that were set here."""
        if epochs is not None and not 1 <= epochs <= MOST_EPOCHS:
            raise CommandError(
                tr("A race on the network has 1 to {most} epochs, not {epochs}.", most=MOST_EPOCHS,
                   epochs=epochs)
            )  # fmt: skip
        now = self._settings
        changed = replace(
            now, epochs=now.epochs if epochs is None else epochs, start=start or now.start,
            rates=rates or now.rates, own=now.own if rates is None else {},
        )  # fmt: skip
        given = [epochs is not None, start is not None, rates is not None]
        if given == [True, False, False]:
            # Stepped through, it is one edit.
            self._edit(tr("Epochs of the race on the network"), changed, "network-epochs")
        elif given == [False, True, False]:
            self._edit(tr("First weights of the race on the network"), changed)
        elif given == [False, False, True]:
            self._edit(tr("Learning rates on the network"), changed)
        else:
            self._edit(tr("Set the race on the network"), changed)

    def _do_rate(self, id: str, value: float | None = None) -> None:
        """Set the learning rate of a racer on the network; None is that of the others again."""
        racer = self._session.race.racer(id)
        if racer is None:
            raise CommandError(tr("There is no racer {id!r} in this race.", id=id))
        own = {name: rate for name, rate in self._settings.own.items() if name != id}
        if value is not None:
            try:
                optimizers.get({**racer.optimizer, "learning_rate": value})
            except ChainruleError as error:
                raise CommandError(str(error)) from error
            own[id] = float(value)
        label = tr("{name}: learning rate on the network", name=names(self._session.race)[id])
        self._edit(label, replace(self._settings, own=own), "network-rate", id)
