"""An attribution at large: how integrated gradients add up, how a window hides the image, a map with its numbers."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, QRect, Qt, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QHBoxLayout, QToolTip, QVBoxLayout, QWidget

from app.bus import CommandError
from app.inside.attributing import Attributing
from app.inside.methods import AT_WORK, METHODS, note
from app.inside.panels import InsidePanel
from app.scenes import draw, registry
from app.scenes.formula_expressions import format_number
from app.scenes.frame import Frame, ViewState
from app.scenes.occlusion import in_order
from app.text import tr
from app.widgets import Button, Choice, Label, Slider
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.engine.questions.inside_path import PathTaken
    from app.inside.session import InsideSession
    from app.theme import Theme

OWNER = "inside-explanation"
#: How long it plays, in seconds.
_SECONDS = 8.0


class ExplanationStage(Painted):
    """The scene of the chosen method; numbers under the mouse, and the arrow keys go along it."""

    ground = "bg0"
    ring_inset = 5

    def __init__(self, panel: ExplanationPanel) -> None:
        super().__init__("inside-explanation", tr("Attribution at large"))
        self._panel = panel

    @property
    def place(self) -> Any:
        """The layout painted now."""
        size = (float(self.width()), float(self.height()))
        view = ViewState(options=(("head", False),))
        return self._panel.scene.layout(self._panel.session.network, size, view)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        words = self._panel.words_instead()
        if words:
            shown = draw.elide(words, 12, self.width() - 32.0)
            draw.text(painter, 16, 32, shown, 12, colors.tx2)
            return
        self._panel.scene.paint(painter, self.place, colors, self._panel.frame())

    def numbers(self) -> dict[str, np.ndarray]:
        """What is shown: the pictures' numbers, and what the trace is of."""
        panel = self._panel
        if panel.words_instead():
            return {}
        frame = panel.frame()
        named = zip(panel.scene.shown, panel.scene.numbers(frame), strict=True)
        found = {name: values for name, values in named if values is not None}
        path, occluded = frame.toggles.get("path"), frame.toggles.get("occluded")
        if path is not None:
            found |= {"alphas": path.alphas, "scores": path.scores, "sums": path.gained}
        if occluded is not None:
            windows, scores = in_order(occluded)
            found |= {"windows": windows, "scores": scores}
        return found

    def number_at(self, x: float, y: float) -> str:
        """What is under a point, in words; empty where nothing is."""
        if self._panel.words_instead():
            return ""
        arrays = self._panel.scene.numbers(self._panel.frame())
        for box, values in zip(self.place.pictures, arrays, strict=False):
            if values is None:
                continue
            at = box.cell(x, y, *values.shape[:2])
            if at is not None:
                found = np.atleast_1d(values[at])
                said = ", ".join(format_number(float(v), 4) for v in found)
                return tr(
                    "row {row}, column {column}: {value}", row=at[0], column=at[1], value=said
                )
        return ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x, y = event.position().x(), event.position().y()
        if event.buttons() & Qt.MouseButton.LeftButton and self._drag(x, y):
            return
        words = self.number_at(x, y)
        if words:
            QToolTip.showText(event.globalPosition().toPoint(), words, self)
        else:
            QToolTip.hideText()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag(event.position().x(), event.position().y())

    def _drag(self, x: float, y: float) -> bool:
        """Go to a place of the trace, or put the window of occlusion on a place of the image."""
        place, panel = self.place, self._panel
        box = place.trace
        if panel.words_instead():
            return False
        if box is not None and box.x - 8 <= x <= box.x + box.w + 8 and box.y - 20 <= y:
            panel.go_to((x - box.x) / box.w)
            return True
        arrays = panel.scene.numbers(panel.frame())
        if panel.method == "occlusion" and arrays[0] is not None:
            at = place.pictures[0].cell(x, y, *arrays[0].shape[:2])
            if at is not None:
                panel.hide_at(*at)
                return True
        return False

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in steps and self._panel.count > 1:
            self._panel.go_by(steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._panel.count > 1:
            self._panel.go_to(float(event.key() == Qt.Key.Key_End))
        else:
            super().keyPressEvent(event)


class ExplanationPanel(QWidget):
    """See the module's text."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self.session = session
        self.attributing = Attributing.of(session)
        self.path: PathTaken | None = None
        self._path_of: Any = None
        self._wanted: Any = None
        self._ticket = 0
        self.problem = ""
        self.share = 1.0
        self.playing = False
        self.stage = ExplanationStage(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._build_bar())
        column.addWidget(self.stage, 1)
        if "explained_share" not in session.toggles:
            session.offer("explained_share", 1.0, _check_share)
        session.chosen.connect(self._refresh)
        session.looked.connect(self._refresh)
        session.network_changed.connect(self._on_network)
        self.attributing.changed.connect(self._on_changed)
        session.context.theme_changed.connect(lambda _: self.stage.update())

    def _build_bar(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 10, 16, 6)
        row.setSpacing(8)
        self.choice = Choice(
            [(name, m.title) for name, m in METHODS.items()],
            name="inside-explained-method", label=tr("Method"), width=180,
        )  # fmt: skip
        self.choice.setToolTip(tr("The method that is seen at large"))
        self.choice.chosen.connect(
            lambda value: self.session.context.do("inside.show", name="method", value=value)
        )
        row.addWidget(self.choice)
        self.play_button = Button(name="inside-explained-play", icon="player-play", icon_size=14)
        self.play_button.setAccessibleName(tr("Play"))
        self.play_button.clicked.connect(lambda: self.play())
        row.addWidget(self.play_button)
        self.slider = Slider(0.0, 1.0, name="inside-explained-share", label=tr("How far"), step=0.01,
                             default=1.0)  # fmt: skip
        self.slider.setToolTip(tr("How far along it is shown; the arrow keys go one point on"))
        self.slider.moved.connect(self._on_slider)
        row.addWidget(self.slider, 1)
        self.said = Label("", "label", "tx2", name="inside-explained-words")
        row.addWidget(self.said)
        return row

    # -- what is shown

    @property
    def method(self) -> str:
        """The method that is shown."""
        return str(self.session.toggles["method"])

    @property
    def scene(self) -> Any:
        """What paints it."""
        return registry.scene(AT_WORK.get(self.method, "attribution"))

    @property
    def count(self) -> int:
        """Points of the path, or places of the window; 1 for what stands still."""
        toggles = self.frame().toggles
        if toggles.get("path") is not None:
            return len(toggles["path"].alphas)
        if toggles.get("occluded") is not None:
            return len(toggles["occluded"].windows)
        return 1

    def words_instead(self) -> str:
        """Why there is no picture; empty where there is one."""
        work, method = self.attributing, self.method
        own = self.problem if method == "integrated_gradients" else ""
        why = work.no_reason() or work.problems.get(method, "") or own
        if why:
            return why
        if not work.of_images:
            return tr("Maps are seen at large for networks that look at images.")
        there = self.path is not None if method == "integrated_gradients" else method in work.found
        return "" if there else tr("Computing …")

    def frame(self) -> Frame:
        """The moment the scene paints."""
        work, method = self.attributing, self.method
        given = work.inputs.get(method)
        found = work.found.get(method)
        seen = self.session.input
        toggles: dict[str, Any] = {
            "share": self.share, "opacity": float(self.session.toggles["opacity"]), "words": self._words(),
            "ramp": seen.ramp if seen is not None else "",
        }  # fmt: skip
        settings = work.settings(method)
        if method == "integrated_gradients":
            if self.path is not None:
                toggles |= {"path": self.path.path, "x": self._path_of[0].x}
        elif found is not None and given is not None and given.x.ndim == 3:
            toggles["x"] = given.x
            if method == "occlusion":
                toggles |= {"occluded": found.detail, "fill": settings["baseline"]}
            else:
                toggles |= {
                    "found": found, "title": METHODS[method].title, "signed": work.signed(method),
                    "note": note(method, settings, self.session.input_shape),
                }  # fmt: skip
        return Frame(toggles=MappingProxyType(toggles))

    def _words(self) -> str:
        chosen, names = self.session.class_index, self.session.classes
        if chosen is None:
            return ""
        other = self.attributing.against
        if other is not None:
            return tr("class {a} against {b}", a=names[chosen], b=names[other])
        return tr("class {a}", a=names[chosen])

    # -- going along it

    def go_to(self, share: float) -> None:
        """Show another moment, from 0 to 1."""
        self.play(False)
        self.session.context.do(
            "inside.show", name="explained_share", value=min(1.0, max(0.0, float(share)))
        )

    def go_by(self, steps: int) -> None:
        """Go some points on."""
        last = max(1, self.count - 1)
        self.go_to((round(self.share * last) + steps) / last)

    def hide_at(self, row: int, column: int) -> None:
        """Put the window on a pixel: of the places that cover it the one whose middle is nearest."""
        found = self.attributing.found.get("occlusion")
        if found is None or found.detail is None:
            return
        windows, _ = in_order(found.detail)  # type: ignore[arg-type]
        middles = (windows[:, :2] + windows[:, 2:] - 1) / 2
        nearest = int(((middles - (row, column)) ** 2).sum(1).argmin())
        self.go_to(nearest / max(1, len(windows) - 1))

    def play(self, playing: bool | None = None) -> None:
        """Let it come about, or stop; by default the other of both."""
        self.playing = (not self.playing if playing is None else playing) and self.count > 1
        clock = self.session.context.clock
        if self.playing:
            if self.share >= 1.0:
                self.share = 0.0
            clock.want(OWNER)
        else:
            clock.release(OWNER)
        self.play_button.set_icon("player-pause" if self.playing else "player-play")
        self.play_button.setAccessibleName(tr("Pause") if self.playing else tr("Play"))
        self.play_button.setToolTip(self.play_button.accessibleName())

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        if not self.playing:
            return
        self.share = min(1.0, self.share + seconds / _SECONDS)
        self._show_share()
        if self.share >= 1.0:
            self.play(False)

    def _on_slider(self, value: float) -> None:
        self.go_to(value)

    def _show_share(self) -> None:
        self.slider.set_amount(self.share)
        self.stage.update()

    # -- following

    def showEvent(self, event: QShowEvent) -> None:
        self.session.context.clock.tick.connect(self._on_tick)
        self.attributing.want(self, True)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        self.play(False)
        self.session.context.clock.tick.disconnect(self._on_tick)
        self.attributing.want(self, False)
        if self._ticket:
            self.session.context.engine.cancel(self._ticket)
            self._ticket = 0

    @Slot()
    def _refresh(self) -> None:
        if not self.isVisible():
            return
        self.choice.set_value(self.method)
        moving = self.method in AT_WORK
        self.play_button.setEnabled(moving)
        self.slider.setEnabled(moving)
        self.said.setText(self._words())
        if not self.playing:
            self.share = float(self.session.toggles["explained_share"])
        self._show_share()
        self._ask_path()

    def _on_changed(self, name: str) -> None:
        if self.isVisible() and name == self.method:
            self.stage.update()

    def _ask_path(self) -> None:
        """Have every point of the path, of the newest network; one question at a time."""
        session, work = self.session, self.attributing
        if self.method != "integrated_gradients" or session.look is None or session.input is None:
            return
        if work.no_reason() or not work.of_images or session.class_index is None:
            return
        settings = {
            k: v
            for k, v in work.settings("integrated_gradients").items()
            if k != "multiply_by_inputs"
        }
        wanted = (
            session.input, session.class_index, work.against, work.on, tuple(sorted(settings.items())),
            session.look.version,
        )  # fmt: skip
        if wanted == self._path_of:
            return
        if self._ticket:
            if wanted[:-1] == self._wanted[:-1]:
                # Only the network has moved on: what is being made is finished first.
                return
            session.context.engine.cancel(self._ticket)
        self._wanted = wanted
        self._ticket = session.ask(
            "inside_path", class_index=session.class_index, on=work.on, against=work.against,
            settings=settings, done=self._on_path, failed=self._on_no_path, asker=OWNER,
        )  # fmt: skip

    def _on_network(self) -> None:
        """The path is of another network, and so would be the answer that is on its way."""
        if self._ticket:
            self.session.context.engine.cancel(self._ticket)
        self._ticket, self.path, self._path_of, self.problem = 0, None, None, ""
        self.stage.update()

    def _on_path(self, found: PathTaken) -> None:
        self._ticket, self.problem = 0, ""
        self.path, self._path_of = found, (*self._wanted[:-1], found.version)
        self.stage.update()
        self._ask_path()

    def _on_no_path(self, sentence: str) -> None:
        self._ticket, self.problem, self.path = 0, sentence, None
        self._path_of = self._wanted
        self.stage.update()


def _check_share(value: float) -> None:
    if not 0 <= value <= 1:
        raise CommandError(tr("How far is a number from 0 to 1; it is {value}.", value=repr(value)))


PANEL = InsidePanel(
    "explanation", "rows", tr("Attribution"), tr("A map at large, and how it comes about"), 60, ExplanationPanel,
    hides=("below",),
)  # fmt: skip
