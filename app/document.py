"""The open project as an immutable value behind an undo stack.

Views read the document and listen to its signals; edits arrive as commands on the bus
(:mod:`app.commands`) and end in :meth:`Document.edit`, the only way to change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.scenes.network_settings import NetworkSettings
from app.text import tr
from core.io.runs import NO_DATA, DataRef
from core.landscape.race import Race, first_race
from core.spec import Advice, Inspection, Network, Problem, Training, inspect

__all__ = ["DataRef", "Document", "State", "data_info"]


@dataclass(frozen=True)
class State:
    """What undo brings back: the whole project, which costs nothing because parts are shared.

    Attributes
    ----------
    name
        Name of the project.
    network, training, data
        What is trained, how, on what.
    race
        What is raced in Optimizers.
    network_race
        How its racers train the network.
    """

    name: str
    network: Network
    training: Training
    data: DataRef
    race: Race = field(default_factory=first_race)
    network_race: NetworkSettings = field(default_factory=NetworkSettings)


@dataclass(frozen=True)
class Act:
    """What was done outside the document along with an edit: how it is taken back, and done again.

    Both are called before the document shows the state that belongs to it.
    """

    undo: Callable[[], object]
    redo: Callable[[], object]


class _Edit(QUndoCommand):
    """The one command class: swap one state for another.

    Child commands crash PySide6, so compound edits are macros of this one.
    """

    def __init__(
        self, document: Document, old: State, new: State, label: str, merge: tuple[Any, ...] | None,
        act: Act | None = None,
    ) -> None:  # fmt: skip
        super().__init__(label)
        self._act = act
        self._done = False
        self._document = document
        self._old = old
        self._new = new
        self._merge = merge

    def id(self) -> int:
        # Qt tries to merge neighbours of equal id; -1 means never.
        return 1 if self._merge is not None else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Edit) or other._merge != self._merge:
            return False
        self._new = other._new
        if self._new == self._old:
            self.setObsolete(True)
        return True

    def redo(self) -> None:
        # What is recorded was done already.
        if self._act is not None and self._done:
            self._act.redo()
        self._done = True
        self._document._show(self._new)

    def undo(self) -> None:
        if self._act is not None:
            self._act.undo()
        self._document._show(self._old)


class Document(QObject):
    """The project of one window. Interface thread only.

    Attributes
    ----------
    stack : QUndoStack
        Undo and redo; its clean state is "saved".

    Signals
    -------
    changed()
        Anything an edit can change, once per edit.
    model_changed()
        The same but for edits of the race alone: who shows the network has nothing to do then.
    network_changed(), training_changed(), data_changed(), name_changed(), race_changed(),
    network_race_changed()
        That part; emitted before ``model_changed``, and this before ``changed``.
    selection_changed()
        Another layer is selected.
    file_changed()
        The path or the dirty flag.
    opened()
        Another project took the place of this one.
    """

    changed = Signal()
    model_changed = Signal()
    network_changed = Signal()
    training_changed = Signal()
    data_changed = Signal()
    name_changed = Signal()
    race_changed = Signal()
    network_race_changed = Signal()
    selection_changed = Signal()
    file_changed = Signal()
    opened = Signal()

    def __init__(self, state: State | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state or empty()
        self._path: Path | None = None
        self._selection: str | None = None
        self._gesture = 0
        self._unsaved = False
        self._inspection: tuple[tuple[Any, ...], Inspection] | None = None
        self._dismissed: set[tuple[str, str]] = set()
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(1000)
        self.stack.cleanChanged.connect(self._on_clean_changed)

    # What it holds

    @property
    def state(self) -> State:
        """The project as a value."""
        return self._state

    @property
    def name(self) -> str:
        """Name of the project."""
        return self._state.name

    @property
    def network(self) -> Network:
        """The network."""
        return self._state.network

    @property
    def training(self) -> Training:
        """Optimizer, loss, batch size and the like."""
        return self._state.training

    @property
    def data(self) -> DataRef:
        """The data set."""
        return self._state.data

    @property
    def race(self) -> Race:
        """What is raced."""
        return self._state.race

    @property
    def network_race(self) -> NetworkSettings:
        """How racers train the network."""
        return self._state.network_race

    @property
    def path(self) -> Path | None:
        """The file, or None while it was never saved."""
        return self._path

    @property
    def dirty(self) -> bool:
        """Tell whether there is something that is not in the file."""
        return self._unsaved or not self.stack.isClean()

    @property
    def selection(self) -> str | None:
        """Id of the selected layer."""
        return self._selection

    @property
    def inspection(self) -> Inspection:
        """Shapes, counts and problems; worked out once for each network with its training and data."""
        state, known = self._state, self._inspection
        parts = (state.network, state.training, state.data)
        if known is None or any(old is not new for old, new in zip(known[0], parts, strict=True)):
            known = self._inspection = (parts, look_at(state))
        return known[1]

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What works and is seldom meant, without what the learner does not want to be told."""
        return tuple(a for a in self.inspection.advice if (a.layer, a.title) not in self._dismissed)

    def dismiss(self, advice: Advice) -> None:
        """Do not give that advice about that layer any more, until the project is closed."""
        self._dismissed.add((advice.layer, advice.title))
        self.model_changed.emit()
        self.changed.emit()

    # Changing it

    def edit(self, label: str, *, merge: tuple[Any, ...] | None = None, **parts: Any) -> bool:
        """Replace parts of the project as one undoable edit.

        Parameters
        ----------
        label : str
            What the undo list calls it.
        merge : tuple, optional
            Edits with equal keys within one gesture become one: a dragged slider.
        **parts
            ``name``, ``network``, ``training``, ``data``, ``race`` or ``network_race``.

        Returns
        -------
        bool
            False if nothing is different, and then nothing is recorded.
        """
        new = replace(self._state, **parts)
        if new == self._state:
            return False
        key = None if merge is None else (self._gesture, *merge)
        self.stack.push(_Edit(self, self._state, new, label, key))
        return True

    def record(self, label: str, act: Act, **parts: Any) -> None:
        """Record something that was done to the runs, and the parts of the project that came with it.

        Parameters
        ----------
        label : str
            What the undo list calls it.
        act : Act
            How it is taken back and done again.
        **parts
            As of `edit`; there need be none.
        """
        new = replace(self._state, **parts)
        self.stack.push(_Edit(self, self._state, new, label, None, act))

    def settle(self) -> None:
        """End a gesture: the next edit of the same setting is a new entry in the undo list."""
        self._gesture += 1

    @contextmanager
    def macro(self, label: str) -> Iterator[None]:
        """Group the edits inside into one entry of the undo list."""
        self.stack.beginMacro(label)
        try:
            yield
        finally:
            self.stack.endMacro()

    def select(self, layer: str | None) -> None:
        """Select a layer, or nothing."""
        known = {item.id for item in self._state.network.layers}
        wanted = layer if layer in known else None
        if wanted != self._selection:
            self._selection = wanted
            self.selection_changed.emit()

    # Files

    def open_state(self, state: State, path: Path | None = None, *, dirty: bool = False) -> None:
        """Hold another project. The undo list begins anew."""
        self.stack.clear()
        self.settle()
        self._path = path
        self._unsaved = dirty
        self._dismissed.clear()
        old, self._state = self._state, state
        self._selection = None
        self._tell(old, everything=True)
        self.selection_changed.emit()
        self.file_changed.emit()
        self.opened.emit()

    def mark_saved(self, path: Path) -> None:
        """Note that the file at ``path`` holds the present state."""
        self._path = path
        self._unsaved = False
        self.stack.setClean()
        self.file_changed.emit()

    def mark_unsaved(self) -> None:
        """Note that something outside the undo list differs from the file: the run went on."""
        if not self._unsaved:
            self._unsaved = True
            self.file_changed.emit()

    # Inside

    def _show(self, state: State) -> None:
        old, self._state = self._state, state
        if self._selection is not None:
            self.select(self._selection)
        self._tell(old)

    def _tell(self, old: State, *, everything: bool = False) -> None:
        new, others = self._state, []
        for name in ("network", "training", "data", "name", "race", "network_race"):
            if everything or getattr(old, name) != getattr(new, name):
                others.append(name)
                getattr(self, f"{name}_changed").emit()
        # What was done to the runs changes no part, and is told all the same.
        if not others or not {"race", "network_race"}.issuperset(others):
            self.model_changed.emit()
        self.changed.emit()

    @Slot(bool)
    def _on_clean_changed(self, clean: bool) -> None:
        self.file_changed.emit()


def empty() -> State:
    """Return a project without layers."""
    network = Network.chain(tr("Network"), ())
    return State(tr("Untitled"), network, Training(), DataRef("digits"))


def data_info(data: DataRef) -> Any:
    """Return what is known of a data set, or None if this installation does not have it."""
    from core import data as sets

    if data.id not in sets.names():
        return None
    return sets.info(data.id)


def look_at(state: State) -> Inspection:
    """Inspect a state: the network by itself and against the data and the loss."""
    info = data_info(state.data)
    shape = None if info is None else tuple(info.input_shape)
    # Zero classes means one number to predict; None would switch the check off.
    classes = None if info is None else len(info.classes)
    found = inspect(
        state.network,
        batch_size=state.training.batch_size,
        data_shape=shape,
        classes=classes,
        loss=state.training.loss,
    )
    return causes_only(_with_samples(found, state, known=info is not None))


def _with_samples(inspection: Inspection, state: State, *, known: bool) -> Inspection:
    """Say what else training needs: a data set this installation has, and a loss. Models of scripts come without."""
    if inspection.problems:
        return inspection
    if not known and state.data.id in ("", NO_DATA):
        sentence = tr(
            "No data set is chosen, so this network cannot be trained. Choose one at the top of the window."
        )
        title = tr("No samples")
    elif not known:
        title = tr("No such data set")
        sentence = tr(
            "There is no data set {name} here, so this network cannot be trained. Choose another at the top of the "
            "window.",
            name=repr(state.data.id),
        )
    elif not state.training.loss:
        title = tr("No loss")
        sentence = tr(
            "No loss is chosen, so this network cannot be trained. Choose one in the training settings."
        )
    else:
        return inspection
    return replace(inspection, problems=(Problem(None, title, sentence),), advice=())


def causes_only(inspection: Inspection) -> Inspection:
    """Leave out problems that only follow from an earlier one; their layers stay skipped."""
    skipped = {row.layer for row in inspection.rows if row.skipped}
    causes = tuple(
        problem
        for problem in inspection.problems
        if problem.title != "Nothing to read" or problem.layer not in skipped
    )
    if not causes or len(causes) == len(inspection.problems):
        return inspection
    return replace(inspection, problems=causes)
