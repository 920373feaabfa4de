"""Which methods of attribution are shown, and the settings of each: a popover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.inside.methods import METHODS, Setting
from app.text import tr
from app.widgets import Button, Choice, Label, NumberField, Popover, Segmented, Toggle

if TYPE_CHECKING:
    from app.inside.attributing import Attributing
    from app.inside.session import InsideSession


class MethodSettings(Popover):
    """See the module's text. Every change is a command.

    Parameters
    ----------
    anchor
        The button under which it opens.
    session, attributing
        What is shown.
    """

    def __init__(self, anchor: QWidget, session: InsideSession, attributing: Attributing) -> None:
        super().__init__(
            anchor, name="inside-methods", title=tr("Methods of attribution"), width=328
        )
        self._session, self._attributing = session, attributing
        self.toggles: dict[str, Toggle] = {}
        self._fields: dict[str, QWidget] = {}
        for name, method in METHODS.items():
            toggle = Toggle(name=f"inside-method-{name}", label=method.title)
            toggle.setToolTip(method.tip)
            toggle.clicked.connect(lambda on, name=name: self._switch(name, on))
            self.toggles[name] = toggle
            self._row(method.title, toggle, method.tip)
        self.scale = Segmented(
            [("own", tr("Each its own")), ("same", tr("The same"))],
            name="inside-attribution-scale", label=tr("Colour scale"),
        )  # fmt: skip
        self.scale.setToolTip(
            tr("The same: one number has the last colour in all maps that share a ramp.")
        )
        self.scale.chosen.connect(lambda value: self._show("attribution_scale", value))
        self._row(tr("Colour scale"), self.scale)
        self.on = Segmented(
            [("score", tr("Score")), ("probability", tr("Probability"))],
            name="inside-explain-on", label=tr("Explain"),
        )  # fmt: skip
        self.on.setToolTip(tr("The class's number before the softmax, or what comes out of it."))
        self.on.chosen.connect(lambda value: self._show("explain_on", value))
        self._row(tr("Explain"), self.on)
        self.which = Choice(
            [(name, m.title) for name, m in METHODS.items() if m.settings],
            name="inside-settings-of", label=tr("Settings of"), width=180,
        )  # fmt: skip
        self.which.setToolTip(tr("The method whose settings are below"))
        self.which.chosen.connect(lambda _: self._build_fields())
        self._row(tr("Settings of"), self.which)
        holder = QWidget()
        holder.setProperty("clear", True)
        self._form = QVBoxLayout(holder)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setSpacing(6)
        self.body.addWidget(holder)
        self._build_fields()
        self.refresh()
        session.chosen.connect(self.refresh)

    def _row(self, words: str, control: QWidget, tip: str = "") -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        label = Label(words, "label", "tx2")
        label.setToolTip(tip)
        row.addWidget(label)
        row.addStretch(1)
        row.addWidget(control)
        self.body.addLayout(row)

    # -- the fields of one method

    def _build_fields(self) -> None:
        while (item := self._form.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._fields = {}
        method = self.which.value
        for setting in METHODS[method].settings:
            field = self._field(method, setting)
            field.setToolTip(setting.tip)
            self._fields[setting.name] = field
            line = QWidget()
            line.setProperty("clear", True)
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            label = Label(setting.label, "label", "tx2")
            label.setToolTip(setting.tip)
            row.addWidget(label)
            row.addStretch(1)
            row.addWidget(field)
            self._form.addWidget(line)
        buttons = QWidget()
        buttons.setProperty("clear", True)
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 2, 0, 0)
        captum = Button(tr("Captum's defaults"), name="inside-settings-captum", kind="ghost")
        captum.setToolTip(tr("Take the defaults of Captum for this method"))
        captum.clicked.connect(
            lambda: self._take({s.name: s.default for s in METHODS[method].settings})
        )
        again = Button(tr("Reset"), name="inside-settings-reset", kind="ghost")
        again.setToolTip(tr("Take the settings with which this panel begins"))
        again.clicked.connect(lambda: self._take({}))
        row.addWidget(captum)
        row.addStretch(1)
        row.addWidget(again)
        self._form.addWidget(buttons)
        self._show_values()
        if self.isVisible():
            self.fit()

    def _field(self, method: str, setting: Setting) -> QWidget:
        name = f"inside-{method}-{setting.name}".replace("_", "-")
        if isinstance(setting.default, bool):
            toggle = Toggle(name=name, label=setting.label)
            toggle.clicked.connect(lambda on: self._set(setting.name, bool(on)))
            return toggle
        if isinstance(setting.default, str):
            options = [(c, c) for c in setting.choices]
            if setting.name == "layer":
                options = [("", tr("last convolution")), *((n, n) for n in self._maps())]
            choice = Choice(options, name=name, label=setting.label, width=180)
            choice.chosen.connect(lambda value: self._set(setting.name, value))
            return choice
        whole = isinstance(setting.step, int)
        number = NumberField(
            name=name, label=setting.label, whole=whole, step=float(setting.step),
            minimum=setting.low, maximum=setting.high, width=88,
        )  # fmt: skip
        number.entered.connect(
            lambda value: self._set(setting.name, int(value) if whole else float(value))
        )
        return number

    def _maps(self) -> list[str]:
        """Layers whose output has rows, columns and channels."""
        look = self._session.look
        if look is None:
            return []
        return [n for n in self._session.layers() if getattr(look.layers.get(n), "ndim", 0) == 3]

    def _show_values(self) -> None:
        now: dict[str, Any] = self._attributing.settings(self.which.value)
        for name, field in self._fields.items():
            if isinstance(field, Toggle):
                field.setChecked(bool(now[name]))
            elif isinstance(field, Choice):
                field.set_value(str(now[name]))
            elif isinstance(field, NumberField):
                field.set_amount(float(now[name]))

    # -- commands

    def _show(self, name: str, value: Any) -> None:
        self._session.context.do("inside.show", name=name, value=value)
        self.refresh()

    def _switch(self, name: str, on: bool) -> None:
        chosen = [n for n in METHODS if (on if n == name else n in self._attributing.methods)]
        self._show("methods", chosen)

    def _set(self, name: str, value: Any) -> None:
        method = self.which.value
        every = dict(self._session.toggles["method_settings"])
        self._take(dict(every.get(method, {})) | {name: value})

    def _take(self, settings: dict[str, Any]) -> None:
        every = dict(self._session.toggles["method_settings"]) | {self.which.value: settings}
        self._show("method_settings", {k: v for k, v in every.items() if v})

    def refresh(self) -> None:
        """Show what holds; also after a refusal."""
        for name, toggle in self.toggles.items():
            toggle.setChecked(name in self._attributing.methods)
        self.scale.set_value(str(self._session.toggles["attribution_scale"]))
        self.on.set_value(self._attributing.on)
        self._show_values()
