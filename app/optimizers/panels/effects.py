"""Effects: what one setting does, as small races side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.bus import CommandError
from app.optimizers.comparing import Comparing
from app.optimizers.effect_tile import FOOT, HEAD, EffectTile
from app.optimizers.effect_wall import EffectWall
from app.optimizers.effects import EFFECTS, Outcome
from app.optimizers.effects.effect import verdict
from app.optimizers.effects.words import lowest
from app.panels import PanelKind
from app.scenes import draw
from app.text import number, tr
from app.widgets import Button, Choice, Label, ProgressLine, Sentence
from core.io.races import race_document
from core.landscape.race import MOST_RACERS, Race

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.optimizers.session import RaceSession


def _check_variant(value: Any) -> None:
    if not isinstance(value, str):
        raise CommandError(tr("One of the compared races is named by what it differs in."))


class EffectsPanel(QWidget):
    """See the module's text."""

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-effects")
        self.setAccessibleName(tr("Effects"))
        self._session = session
        self.comparing = Comparing(session)
        session.offer("effect_variant", "", _check_variant)
        self.tiles: tuple[EffectTile, ...] = ()
        self._build()
        self.comparing.changed.connect(self._on_outcomes)
        self.comparing.mapped.connect(self._place_maps)
        session.moved.connect(self._on_moved)
        session.paths_changed.connect(self._on_moved)
        session.chosen.connect(self._on_chosen)
        session.context.theme_changed.connect(self._on_theme)

    def _build(self) -> None:
        self.choice = Choice(
            [(one.name, one.title) for one in EFFECTS.all()], name="race-effects-choice",
            label=tr("Effect that is looked at"), width=168,
        )  # fmt: skip
        self.choice.chosen.connect(
            lambda value: self._session.context.do("race.show", name="effect", value=value)
        )
        for place, one in enumerate(EFFECTS.all()):
            self.choice.setItemData(place, one.tip, Qt.ItemDataRole.ToolTipRole)
        self.told = Label("", "label", "tx", name="race-effects-told", wrap=True)
        self.wall = EffectWall("race-effects-wall")
        self.status = Sentence("race-effects-status")
        self.one = Button(tr("Race this one"), name="race-effects-one")
        self.all = Button(tr("Race these"), name="race-effects-all")
        self.one.clicked.connect(self._race_one)
        self.all.clicked.connect(self._race_all)
        words = QHBoxLayout()
        words.setContentsMargins(16, 10, 16, 10)
        words.addWidget(self.told, 1)
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 6, 16, 10)
        bar.setSpacing(8)
        bar.addWidget(self.status, 1)
        bar.addWidget(self.one)
        bar.addWidget(self.all)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.line = ProgressLine(name="race-effects-progress")
        self.comparing.progressed.connect(lambda: self.line.set_share(self.comparing.share))
        column.addWidget(self.line)
        column.addLayout(words)
        column.addWidget(self.wall, 1)
        column.addLayout(bar)

    def controls(self) -> QWidget:
        """What stands in the head: which effect."""
        return self.choice

    def sizeHint(self) -> QSize:
        return QSize(480, 360)

    # -- life

    def showEvent(self, event: QShowEvent) -> None:
        self.comparing.set_active(True)
        self._on_chosen()
        self._on_moved()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.comparing.set_active(False)
        super().hideEvent(event)

    def resizeEvent(self, event: object) -> None:
        self._place_maps()

    # -- what is shown

    def _on_outcomes(self) -> None:
        found, effect = self.comparing.outcomes, self.comparing.effect
        self._make_tiles(len(found))
        for tile, one in zip(self.tiles, found, strict=True):
            word = effect.word(one, found)
            # Where the word does not say it.
            at = "" if one.finish is None else tr("99 % at {step}", step=number(one.finish))
            tile.show_outcome(one, word, "" if effect.word is verdict else at)
        sentence = effect.told(found) if found else self.comparing.problem or effect.tip
        self.told.setText(sentence)
        self.told.setToolTip(effect.tip)
        self._place_maps()
        self._on_moved()
        self._on_chosen()

    def _make_tiles(self, count: int) -> None:
        titles = [one.variant.title for one in self.comparing.outcomes]
        # Beside the title stands a loss.
        wide = max((draw.advance(title, 12, 600) for title in titles), default=0.0) + 68
        if count == len(self.tiles):
            self.wall.set_tiles(self.tiles, wide)
            return
        for tile in self.tiles:
            tile.hide()
            tile.deleteLater()
        made = []
        for place in range(count):
            tile = EffectTile(f"race-effect-{place}")
            tile.clicked.connect(lambda _=False, place=place: self._choose(place))
            tile.opened.connect(lambda place=place: self._open(place))
            tile.went.connect(lambda dx, dy, place=place: self._go(place, dx, dy))
            made.append(tile)
        self.tiles = tuple(made)
        self.wall.set_tiles(made, wide)

    def _place_maps(self) -> None:
        if not self.isVisible() or not self.tiles or not self.comparing.outcomes:
            return
        tile = self.tiles[0]
        w, h = max(8, tile.width() - 2), max(8, tile.height() - HEAD - FOOT)
        self.comparing.want_maps(w, h, self.devicePixelRatioF())
        for tile, one in zip(self.tiles, self.comparing.outcomes, strict=True):
            tile.show_map(self.comparing.view(one, w, h), self.comparing.map_of(one))

    def _on_moved(self) -> None:
        if not self.isVisible():
            return
        session = self._session
        share = session.time / max(1, session.total)
        still = bool(session.context.settings.get("reduced_motion", False))
        for tile in self.tiles:
            tile.move_to(share, still=still)

    def _on_theme(self) -> None:
        for tile in self.tiles:
            tile.forget_colors()

    def _on_chosen(self) -> None:
        self.choice.set_value(self.comparing.effect.name)
        self.choice.setToolTip(self.comparing.effect.tip)
        chosen = self.chosen
        for tile in self.tiles:
            tile.setChecked(tile.outcome is not None and tile.outcome is chosen)
            tile.update()
        found = self.comparing.outcomes
        self.one.setEnabled(chosen is not None)
        self.one.setToolTip(
            tr("Click one of the races first") if chosen is None
            else tr("Race with the racer like this, instead of as it was") if self._is_own(chosen)
            else tr("Race this one by itself, on its surface")
        )  # fmt: skip
        grounds = {one.variant.ground for one in found}
        self.all.setEnabled(len(grounds) == 1)
        self.all.setToolTip(
            tr("They run on different surfaces, and cannot be raced side by side") if len(grounds) > 1
            else tr("Let all of these race against each other, instead of those in the race now")
        )  # fmt: skip
        checked = next((tile for tile in self.tiles if tile.isChecked()), None)
        self.status.say("" if checked is None else checked.describe().replace("\n", " · "))

    @property
    def chosen(self) -> Outcome | None:
        """The race that was clicked."""
        title = self._session.toggles["effect_variant"]
        return next((one for one in self.comparing.outcomes if one.variant.title == title), None)

    # -- what is done

    def _choose(self, place: int) -> None:
        title = self.comparing.outcomes[place].variant.title
        self._session.context.do("race.show", name="effect_variant", value=title)
        self._on_chosen()

    def _open(self, place: int) -> None:
        self._choose(place)
        self._race_one()

    def _go(self, place: int, dx: int, dy: int) -> None:
        wanted = place + dx + dy * self.wall.columns
        if 0 <= wanted < len(self.tiles):
            self.tiles[wanted].setFocus(Qt.FocusReason.TabFocusReason)
            self.wall.ensureWidgetVisible(self.tiles[wanted])

    def _is_own(self, one: Outcome) -> bool:
        """Whether it is the racer of the document's race, on its ground, with another setting."""
        race = self._session.race
        own = race.racer(self._session.racer)
        here = msgspec.structs.replace(one.variant.race, racers=race.racers)
        return own is not None and here == race and own.kind == one.variant.racer.kind

    def _race_one(self) -> None:
        one = self.chosen
        if one is None:
            return
        race, raced = self._session.race, one.variant.race
        if self._is_own(one):
            own = race.racer(self._session.racer)
            assert own is not None
            changed = msgspec.structs.replace(one.variant.racer, id=own.id, name=own.name)
            racers = tuple(changed if other.id == own.id else other for other in race.racers)
            raced = msgspec.structs.replace(race, racers=racers)
            self._put(raced, own.id, one.variant.title)
            return
        self._put(raced, one.variant.racer.id, one.variant.title)

    def _race_all(self) -> None:
        found = self.comparing.outcomes
        if not found or len(found) > MOST_RACERS:
            return
        racers = tuple(one.variant.racer for one in found)
        best = self.chosen or lowest(found) or found[0]
        race = msgspec.structs.replace(found[0].variant.race, racers=racers)
        self._put(race, best.variant.racer.id, self.comparing.effect.title)

    def _put(self, race: Race, racer: str, words: str) -> None:
        """Race it, look at one of its racers, and go where it is seen."""
        context = self._session.context
        context.do("race.put", race=race_document(race), label=tr("Race {what}", what=words))
        if self._session.race.racer(racer) is not None:
            context.do("race.choose", id=racer)
        context.do("race.reset")
        context.do("race.view", value="surface")


PANEL = PanelKind(
    "effects", "stage", tr("Effects"), tr("What one setting does, as small races side by side"), 40,
    EffectsPanel, hides=("chart",),
)  # fmt: skip
