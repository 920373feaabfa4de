"""How the engine listens to the document for what to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot

from app.document import data_info
from app.engine.state import Work
from core.io.runs import DataRef
from core.spec.inspection import inspect

if TYPE_CHECKING:
    from app.engine.proxy import Engine

#: Edits within this many milliseconds count as one: a dragged slider compiles once, when it rests.
_SETTLE = 60


class Follower(QObject):
    """Hand the document's network, training and data to the engine whenever they change.

    A change of the data set, or a document that says so by another `path` or `name`, begins a new run;
    every other edit goes on with the weights there are.
    """

    def __init__(self, engine: Engine, document: Any) -> None:
        super().__init__(engine)
        self._engine = engine
        self._document = document
        self._known: tuple[Any, ...] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE)
        self._timer.timeout.connect(self.look)
        document.model_changed.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        self._timer.start()

    @Slot()
    def look(self) -> None:
        """Compare with what the engine has and tell it what is new."""
        document = self._document
        seen = (document.network, document.training, document.data)
        if seen == self._known:
            return
        first = self._known is None
        self._known = seen
        problems = document.inspection.problems
        if problems:
            work = self._engine.work
            chosen = (document.data.id, dict(document.data.parameters))
            other = work is None or (work.data, dict(work.parameters)) != chosen
            self._engine.block(problems[0].sentence, other_data=other)
            if works_alone(document):
                self._engine.look_alone(work_of(document, self._engine.held_back))
            return
        if first or self._engine.work is None:
            work = work_of(document, self._engine.held_back)
            self._engine.open(work)
        else:
            self._engine.edit(work_of(document))

    def has(self, work: Work) -> None:
        """Know that the engine has this now; what the document says otherwise is handed on."""
        self._known = (work.network, work.training, DataRef(work.data, dict(work.parameters)))
        self._timer.start()

    def opened(self) -> None:
        """Forget what was known: the document holds another project and the engine was given it."""
        self._timer.stop()
        document = self._document
        self._known = (document.network, document.training, document.data)


def work_of(document: Any, saved: Any = None) -> Work:
    """Return what the engine needs of a document."""
    data = document.data
    return Work(document.network, document.training, data.id, dict(data.parameters), saved)


def works_alone(document: Any) -> bool:
    """Whether the network works by itself: it lacks samples it can read, a loss, or the memory that training takes."""
    inputs = [one for one in document.inspection.rows if one.kind == "InputLayer"]
    if len(inputs) != 1:
        return False
    info = data_info(document.data)
    shape = tuple(info.input_shape) if info is not None else None
    if info is None or tuple(inputs[0].output_shape or ()) != shape:
        return not inspect(document.network, batch_size=1).problems
    # Samples fit: only their number at a time, or the loss, keeps it from being trained.
    classes, loss = len(info.classes), document.training.loss
    return not inspect(document.network, 1, shape, classes, loss).problems


def follow(engine: Engine, document: Any) -> Follower:
    """Follow a document from now on, beginning with what it holds."""
    follower = Follower(engine, document)
    follower.look()
    return follower
