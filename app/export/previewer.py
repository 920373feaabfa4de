"""Making the preview: at once from the live snapshot, exactly from a replay a moment later."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QImage

from app.document import data_info
from app.engine.saved import contents_of
from app.export.formats import ExportError
from app.export.painting import Canvas
from app.export.races import of_race
from app.export.service import ExportJob
from app.scenes.frame import Frame, Selection
from app.scenes.spec_view import network_view
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.engine.state import SavedState
    from app.export.preview import Preview
    from app.export.recipe import Recipe
    from app.workspace import WindowContext

#: Previews are painted at this height; the film's proportions are kept.
_HEIGHT = 720

#: Milliseconds without a change before a replay is started for a moment that is not on the screen.
_REST = 350


class Previewer(QObject):
    """Keep a `Preview` up to date with recipe and moment. Interface thread only.

    The present step is painted from the engine's newest snapshot. Any other step takes a replay, which a
    child process does; until it has answered, the picture there is stays, dimmed.
    """

    def __init__(self, context: WindowContext, preview: Preview, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._preview = preview
        self._wanted: tuple[Recipe, int] | None = None
        self._made: tuple[Recipe, int] | None = None
        self._closed = False
        self._folder = tempfile.TemporaryDirectory(prefix="chainrule-preview-")
        self._job: ExportJob | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._replay)
        context.engine.snapshot_ready.connect(self._on_snapshot)

    def show(self, recipe: Recipe, step: int) -> None:
        """Show that moment; only the last wish counts."""
        width = max(64, round(_HEIGHT * recipe.width / recipe.height))
        # What does not change the picture must not make it again.
        recipe = msgspec.structs.replace(
            recipe,
            format="png",
            width=width,
            height=_HEIGHT,
            fps=30,
            seconds=None,
            first=0,
            last=step,
        )
        if (recipe, step) == self._wanted:
            return
        self._wanted = (recipe, step)
        self._look()

    def show_found(self, recipe: Recipe, share: float, found: Mapping[str, Any] | None) -> None:
        """Show a moment of a film whose answers the window has already; without them what the scene says then."""
        self._rest.stop()
        width = max(64, round(_HEIGHT * recipe.width / recipe.height))
        toggles = {**recipe.toggles, **(found or {}), "share": share}
        self._wanted = None
        self._paint(
            msgspec.structs.replace(recipe, width=width, height=_HEIGHT), MappingProxyType(toggles)
        )

    def close(self) -> None:
        """End what is under way."""
        if self._closed:
            return
        self._closed = True
        self._wanted = None
        self._rest.stop()
        self._context.engine.snapshot_ready.disconnect(self._on_snapshot)
        self._context.engine.unsubscribe("export")
        if self._job is not None:
            self._job.close()
        self._folder.cleanup()

    @Slot()
    def _on_snapshot(self) -> None:
        if self._wanted is not None:
            self._look()

    def _look(self) -> None:
        if self._wanted is None:
            return
        recipe, step = self._wanted
        snapshot = self._context.engine.latest
        # A step in close-up needs the weights it began with: a replay has them.
        live = recipe.scene == "training"
        if live and snapshot is not None and snapshot.position.step == step:
            self._rest.stop()
            self._paint(recipe)
            return
        if self._made == self._wanted:
            return
        if self._preview_is_empty():
            self._paint(recipe)
        self._preview.set_stale()
        self._rest.start()

    def _preview_is_empty(self) -> bool:
        return self._made is None

    def _paint(self, recipe: Recipe, toggles: Mapping[str, Any] | None = None) -> None:
        document = self._context.document
        if document.inspection.problems:
            return
        try:
            spec = network_view(
                document.network, document.inspection, data_info(document.data), document.name
            )
            canvas = Canvas(recipe, spec)
        except ChainruleError:
            return
        frame = Frame(
            after=self._context.engine.latest,
            selection=Selection(sample=recipe.sample),
            toggles=toggles or MappingProxyType(dict(recipe.toggles)),
            caption=recipe.caption,
        )
        self._context.engine.subscribe("export", canvas.probes(frame))
        self._preview.set_image(canvas.image(frame))
        self._made = self._wanted

    @Slot()
    def _replay(self) -> None:
        if self._closed or self._wanted is None:
            return
        if self._job is not None and self._job.running:
            # One at a time; its end looks again.
            self._job.cancel()
            return
        engine = self._context.engine
        if engine.state.position is None or of_race(self._wanted[0].scene):
            self._begin(None)
        else:
            engine.ask("saved_state", done=self._begin, failed=lambda problem: None)

    def _begin(self, saved: SavedState | None) -> None:
        if self._closed or self._wanted is None:
            return
        recipe, step = self._wanted
        document = self._context.document
        contents = contents_of(
            document.name, document.network, document.training, document.data, saved
        )
        job = self._job = ExportJob(self)
        wanted = self._wanted

        def ended(*_: object) -> None:
            if self._closed:
                return
            image = QImage(str(target))
            target.unlink(missing_ok=True)
            if not image.isNull() and wanted == self._wanted:
                self._preview.set_image(image)
                self._made = wanted
            elif wanted != self._wanted:
                self._look()

        target = Path(self._folder.name) / f"step-{step}.png"
        job.finished.connect(ended)
        job.failed.connect(ended)
        job.cancelled.connect(ended)
        try:
            job.start(recipe, contents, target)
        except (ChainruleError, ExportError):
            return
