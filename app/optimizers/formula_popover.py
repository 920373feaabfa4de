"""Typing a surface: the formula is read while it is typed, and a refusal shows the character it is about."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app import theme as themes
from app.scenes import draw
from app.scenes import formula as f
from app.scenes.formula_expressions import Look, formula
from app.text import tr
from app.widgets import Button, Label, NumberField, Popover, RichLabel, TextField
from app.widgets.guarded import guarded
from core import landscape
from core.errors import ChainruleError
from core.expressions import Expr, children
from core.landscape import FormulaError

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from core.landscape import Surface

_WIDTH = 480
#: A formula higher than this, in pixels, is not shown.
_TALLEST = 120
#: An expression of more numbers, letters and operations is not laid out: it would be too large to be shown.
_MOST = 150
#: Height of the line that says what is left out.
_LINE = 20.0
_DOMAIN = (-4.0, 4.0, -4.0, 4.0)
#: Formulas to begin with: the formula, the part that is looked at, and what is special.
EXAMPLES = (
    ("x^2 + 10*y^2", _DOMAIN, tr("An oval bowl")),
    ("abs(x) + abs(y)", _DOMAIN, tr("Creases: the slope jumps")),
    ("sin(x)*cos(y) + 0.1*(x^2 + y^2)", (-5.0, 5.0, -5.0, 5.0), tr("Waves in a bowl")),
    ("x^4 - 3*x^2 + x", (-2.5, 2.5, -4.0, 4.0), tr("Of x alone: a curve")),
    ("x^2 + y^2 - log(x + y)", (-1.0, 3.0, -1.0, 3.0), tr("A hole: no logarithm there")),
    ("1/(x^2 + y^2) + 0.1*x^2 + 0.1*y^2", _DOMAIN, tr("A pole in the middle")),
)  # fmt: skip


class FormulaPopover(Popover):
    """See the module's text. Enter races on it (``race.formula``).

    Parameters
    ----------
    anchor
        The button under which it opens.
    session
        The race.

    Attributes
    ----------
    surface
        The surface of what stands in the field, or None if that cannot be read.
    """

    def __init__(self, anchor: QWidget, session: RaceSession) -> None:
        super().__init__(anchor, name="race-formula", title=tr("Type a surface"), width=_WIDTH)
        self._session = session
        self.surface: Surface | None = None
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(Label("f(x, y) =", "value", "tx"))
        self.field = TextField(name="race-formula-text", label=tr("Formula of x and y"), mono=True)
        self.field.setPlaceholderText("x^2 + 10*y^2")
        self.field.setToolTip(
            tr(
                "Numbers, x, y, + − * / ^, brackets, pi, e, and functions such as sin, exp, sqrt, abs, max"
            )
        )
        self.field.textEdited.connect(self.check)
        self.field.returnPressed.connect(self.race)
        line.addWidget(self.field, 1)
        self.body.addLayout(line)
        self.marked = RichLabel("", "value", "tx2", name="race-formula-marked", wrap=True)
        self.sentence = Label("", "label", "err", name="race-formula-sentence", wrap=True)
        self.shown = _Slopes()
        for widget in (self.marked, self.sentence, self.shown):
            self.body.addWidget(widget)
        self._add_domain()
        self._add_examples()
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        self.go = Button(tr("Race on it"), name="race-formula-go", kind="primary")
        self.go.setToolTip(tr("Race on the typed surface (Enter)"))
        self.go.clicked.connect(self.race)
        buttons.addWidget(self.go)
        self.body.addLayout(buttons)
        self._take()

    def _add_domain(self) -> None:
        self.ends: list[NumberField] = []
        for letter, names in (("x", ("x0", "x1")), ("y", ("y0", "y1"))):
            line = QHBoxLayout()
            line.setSpacing(8)
            words = Label(tr("{letter} from", letter=letter), "label", "tx2")
            line.addWidget(words)
            for k, name in enumerate(names):
                if k:
                    line.addWidget(Label(tr("to"), "label", "tx2"))
                field = NumberField(
                    name=f"race-formula-{name}", whole=False, step=0.5, width=88,
                    label=tr("first {letter}", letter=letter) if k == 0 else tr("last {letter}", letter=letter),
                )  # fmt: skip
                field.setToolTip(tr("The part of the surface that is shown"))
                field.entered.connect(lambda value: self.check())
                self.ends.append(field)
                line.addWidget(field)
            line.addStretch(1)
            self.body.addLayout(line)

    def _add_examples(self) -> None:
        self.body.addWidget(Label(tr("Examples"), "section", "tx2"))
        for k, (text, domain, note) in enumerate(EXAMPLES):
            line = QHBoxLayout()
            line.setSpacing(8)
            button = Button(text, name=f"race-formula-example-{k}", kind="ghost", height=24)
            button.setAccessibleName(f"{note}: {text}")
            button.setToolTip(note)
            button.clicked.connect(lambda _=False, t=text, d=domain: self.put(t, d))
            line.addWidget(button)
            line.addStretch(1)
            line.addWidget(Label(note, "hint", "tx3"))
            self.body.addLayout(line)

    # -- what stands in it

    @property
    def domain(self) -> tuple[float, float, float, float]:
        """First and last x, first and last y."""
        a, b, c, d = (field.value() for field in self.ends)
        return a, b, c, d

    def open(self) -> None:
        """Show what is raced on, if that was typed; what was being typed stays."""
        if not self.field.text():
            self._take()
        super().open()
        self.field.setFocus()
        self.field.selectAll()

    def _take(self) -> None:
        document = self._session.race.surface
        if document.get("kind") == "formula":
            surface = landscape.from_document(document)
            self.put(surface.text, (*surface.domain[0], *surface.domain[1]))
        else:
            self.put("", _DOMAIN)

    def put(self, text: str, domain: tuple[float, float, float, float]) -> None:
        """Put a formula into the field, and say whether it can be read."""
        self.field.setText(text)
        for field, value in zip(self.ends, domain, strict=True):
            field.set_amount(value)
        self.check()

    def check(self) -> None:
        """Read what is typed: show it with its slopes, or say what is wrong with it, and where."""
        text = self.field.text()
        self.surface = None
        sentence, marked = "", ""
        if text.strip():
            a, b, c, d = self.domain
            try:
                self.surface = landscape.formula(text, domain=((a, b), (c, d)))
            except FormulaError as error:
                sentence, marked = str(error), underlined(text, error.place, error.length)
            except ChainruleError as error:
                sentence = str(error)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self.marked.setText(marked)
        self.marked.setVisible(bool(marked))
        self.shown.show_surface(self.surface)
        self.go.setEnabled(self.surface is not None)

    def race(self) -> None:
        """Race on it; what cannot be read stays to be put right."""
        if self.surface is None:
            if not self.field.text().strip():
                self.sentence.setText(tr("Type a formula of x and y first, such as x^2 + 10*y^2."))
                self.sentence.show()
            return
        self.field.set_value(self.field.text())
        self._session.context.do(
            "race.formula", text=self.field.text().strip(), domain=list(self.domain)
        )
        self.close_popover()


def underlined(text: str, place: int, length: int) -> str:
    """Return a formula as rich text, with the piece that a refusal is about underlined; at its end a gap is."""
    colors = themes.current()
    first, last = max(0, min(place, len(text))), max(0, min(place + length, len(text)))
    piece = escape(text[first:last]).replace(" ", "&nbsp;") or "&nbsp;&nbsp;"
    before, after = (escape(part).replace(" ", "&nbsp;") for part in (text[:first], text[last:]))
    mark = f'<span style="color:{colors.css("err")}"><u>{piece}</u></span>'
    return f"{before}{mark}{after}"


def _is_larger(expression: Expr, most: int) -> bool:
    """Tell whether an expression has more than so many parts; not how many: there can be thousands."""
    left, parts = [expression], 0
    while left and parts <= most:
        left.extend(children(left.pop()))
        parts += 1
    return parts > most


class _Slopes(QWidget):
    """The formula as it was understood, and its exact slopes."""

    _GAP = 8.0

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("race-formula-shown")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        #: What is on the left, and the formula; one that is too large to be read is left out.
        self.lines: list[tuple[str, f.Formula]] = []
        self.left_out = ""

    def show_surface(self, surface: Surface | None) -> None:
        """Set the formula of a surface; None shows nothing."""
        self.lines, left_out = [], []
        if surface is not None:
            room = _WIDTH - 96
            parts = [("f", surface.expression)]
            parts += [
                (f"∂f/∂{name}", slope)
                for name, slope in zip(surface.variables, surface.derivatives, strict=False)
            ]
            for name, expression in parts:
                body = None
                if not _is_larger(expression, _MOST):
                    body = formula(expression, Look(pen=f.Pen(13), width=room))
                if body is not None and body.width <= room + 1 and body.height <= _TALLEST:
                    self.lines.append((name, body))
                else:
                    left_out.append(name)
        self.left_out = (
            tr("{names}: too long to be shown here", names=", ".join(left_out)) if left_out else ""
        )
        told = [f"{name} = {line.plain()}" for name, line in self.lines]
        self.setAccessibleName("; ".join([*told, *([self.left_out] if left_out else [])]))
        self.setVisible(bool(told or left_out))
        high = sum(line.height + self._GAP for _, line in self.lines)
        self.setFixedHeight(round(high + (_LINE if left_out else 0)) or 1)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH - 40, self.height())

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            colors, y = themes.current(), 0.0
            for name, line in self.lines:
                painter.setFont(f.mono(13))
                painter.setPen(colors.tx3)
                painter.drawText(0, round(y + line.baseline), f"{name} =")
                f.paint(painter, line, colors, 60, y)
                y += line.height + self._GAP
            if self.left_out:
                draw.text(painter, 0, y + 12, self.left_out, 12, colors.tx3)
        finally:
            painter.end()
