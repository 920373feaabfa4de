"""What can be chosen of the surface that is raced on: a popover over the command ``race.surface``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from app.text import tr
from app.widgets import Choice, Label, NumberField, Popover, Slider, Toggle
from app.window.forms import row
from core import landscape

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from core.layers.settings import Setting

#: Sets of points by name; others are shown by theirs.
_DATA = {
    "iris": tr("Iris flowers"), "penguins": tr("Penguins"), "hours": tr("Hours and points"),
    "weight-height": tr("Weight and height"),
}  # fmt: skip


def has_settings(kind: str) -> bool:
    """Tell whether there is something to choose of a kind of surface."""
    known = kind in landscape.names()
    return known and bool(landscape.settings(kind) or landscape.data(kind))


class SurfaceSettings(Popover):
    """See the module's text. It is made for one kind of surface.

    Parameters
    ----------
    anchor
        The button under which it opens.
    session
        The race.
    """

    def __init__(self, anchor: QWidget, session: RaceSession) -> None:
        self.kind = str(session.race.surface["kind"])
        surface = landscape.from_document(session.race.surface)
        super().__init__(anchor, name="race-surface-settings", title=surface.title, width=344)
        self._session = session
        self.fields: dict[str, Toggle | Choice | NumberField | Slider] = {}
        note = Label(surface.note, "label", "tx2", wrap=True)
        self.body.addWidget(note)
        self._note = note
        if names := landscape.data(self.kind):
            choice = Choice([(one, _DATA.get(one, one)) for one in names], name="race-surface-data",
                            label=tr("Points"), width=180)  # fmt: skip
            tip = tr("The points whose loss is the surface")
            choice.chosen.connect(lambda value: self._set("data", value))
            self.fields["data"] = choice
            self.body.addLayout(row(tr("Points"), choice, tip=tip))
            self.origin = Label("", "hint", "tx3", wrap=True, name="race-surface-origin")
            self.body.addWidget(self.origin)
        for setting in landscape.settings(self.kind):
            self._add(setting)
        source = Label(surface.source, "hint", "tx3", wrap=True)
        self.body.addWidget(source)
        session.race_changed.connect(self._show)
        self._show()

    def _add(self, setting: Setting) -> None:
        name, title = setting.name, tr(setting.label)
        tip = tr(setting.help)
        if setting.type == "bool":
            toggle = Toggle(name=f"race-surface-{name}", label=title)
            toggle.clicked.connect(lambda on: self._set(name, bool(on)))
            self.fields[name] = toggle
            self.body.addLayout(row(title, toggle, tip=tip))
            return
        low, high = float(setting.minimum or 0.0), float(setting.maximum or 1.0)
        field = NumberField(
            name=f"race-surface-{name}", label=title, whole=False, step=float(setting.step), minimum=low,
            maximum=high, width=88,
        )  # fmt: skip
        field.entered.connect(lambda value: self._set(name, value))
        widgets: list[QWidget] = [field]
        if low > 0 and high / low >= 100:
            slider = Slider(low, high, name=f"race-surface-{name}-slider", label=title, logarithmic=True,
                            default=float(setting.default))  # fmt: skip
            slider.setFixedWidth(104)
            slider.moved.connect(lambda value: self._set(name, value))
            slider.settled.connect(self._session.context.document.settle)
            self.fields[f"{name}-slider"] = slider
            widgets.insert(0, slider)
        self.fields[name] = field
        self.body.addLayout(row(title, *widgets, tip=tip))

    def _settings(self) -> dict[str, Any]:
        return {k: v for k, v in self._session.race.surface.items() if k != "kind"}

    def _set(self, name: str, value: Any) -> None:
        """Choose it; where the race begins stays, as long as the same places are looked at."""
        race = self._session.race
        wanted = {**self._settings(), name: value}
        before = landscape.from_document(race.surface)
        self._session.context.do(
            "race.surface", kind=self.kind, settings=wanted,
            keep_start=landscape.data(self.kind) == () and race.start != before.start,
        )  # fmt: skip
        self._show()

    def _show(self) -> None:
        """Show what holds; also after a refusal."""
        if self._session.race.surface.get("kind") != self.kind:
            return
        surface = landscape.from_document(self._session.race.surface)
        self._note.setText(tr(surface.note))
        if surface.samples is not None:
            self.origin.setText(tr(surface.samples.origin))
            self.origin.setVisible(bool(surface.samples.origin))
        now = surface.settings
        for name, field in self.fields.items():
            value = now[name.removesuffix("-slider")]
            if isinstance(field, Toggle):
                field.setChecked(bool(value))
            elif isinstance(field, Choice):
                field.set_value(str(value))
            elif not isinstance(field, Slider) or not field.isSliderDown():
                field.set_amount(float(value))
