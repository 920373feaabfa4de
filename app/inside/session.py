"""What the panels of Look inside share: the input, what the network makes of it, and what is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.bus import CommandError
from app.document import data_info
from app.inside.channels import channels_of
from app.inside.choices import one_of, share
from app.inside.commands import InsideCommands
from app.inside.given import Input, kept_sample, of_sample
from app.inside.painting import Painting
from app.inside.photography import Photography
from app.scenes.spec_view import network_view
from app.text import tr
from core.io.runs import DataRef

if TYPE_CHECKING:
    from app.engine.questions.inside import Look
    from app.snapshots import NetworkView
    from app.workspace import WindowContext

OWNER = "inside"
#: Under this name it stands with the project which sample is looked at.
KEPT = "inside"
#: Milliseconds after which the engine has been told of an edit.
_SETTLED = 150


class InsideSession(QObject):
    """The state behind the panels. Interface thread only; numbers come from the engine's answers.

    Parameters
    ----------
    context
        The window's document, bus, engine and clock.

    Signals
    -------
    input_changed()
        Another input.
    looked()
        `look` is new: another input, or the network has moved on.
    chosen()
        Another layer, channel, place, class, or way of showing.
    network_changed()
        Another network, other settings of training, another data set or project: what was answered is of another.
    """

    input_changed = Signal()
    looked = Signal()
    chosen = Signal()
    network_changed = Signal()

    def __init__(self, context: WindowContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.context = context
        #: What is shown, or None before there is anything.
        self.input: Input | None = None
        #: What the network makes of it, or None until it has answered.
        self.look: Look | None = None
        #: Why there is nothing to look at; a sentence.
        self.problem = ""
        #: Layer id, channel and place of its map that are looked at.
        self.layer = ""
        self.channel = 0
        self.place = (0, 0)
        #: The class that is explained, or None for the one the network takes the input for.
        self.class_chosen: int | None = None
        #: Switches by name: "scale" (unit, layer, network), "opacity", ...; panels `offer` more.
        self.toggles: dict[str, Any] = {}
        self._checks: dict[str, Callable[[Any], None]] = {}
        self.offer("opacity", 0.8, share)
        # Which filters are shown, with what beside them, and what gets the strongest colour.
        self.offer("filters_layers", "all", one_of("all", "chosen"))
        self.offer("filters_scale", "layer", one_of("unit", "layer", "network"))
        self.offer("filters_gradients", True)
        self.offer("filters_colour", True)
        # Whether top samples are seen whole or what excites of them.
        self.offer("top_samples", "samples", one_of("samples", "patches"))
        # Of the panel Channels: the channel whose numbers are read, and how they are written.
        self.offer("channel", "", self._check_channel)
        self.offer("numbers", "unit", one_of("unit", "byte"))
        #: Page of the maps of layers that have too many for one.
        self.pages: dict[str, int] = {}
        self._active = False
        self._view: tuple[Any, NetworkView] | None = None
        self._asking = 0
        self._again = False
        self._position: Any = None
        self._version: Any = None
        self._known: Any = None
        self._same: Any = None
        self._unsubscribe: Any = None
        self._starting = False
        #: Counts projects: samples of the last one may still be on their way.
        self._project = 0
        self._data = context.document.data
        # What was taken back before the engine was told of it brings no snapshot.
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED)
        self._settled.timeout.connect(self._on_snapshot)
        context.bus.subscribe(self._on_opened, ("project.opened",))
        self.commands = InsideCommands(self)
        #: What is drawn, and the photograph that is open.
        self.painting = Painting(self)
        self.photography = Photography(self)

    # -- life

    def activate(self) -> None:
        """Begin to follow the engine."""
        if self._active:
            return
        self._active = True
        engine, context = self.context.engine, self.context
        engine.subscribe(OWNER, ())
        engine.snapshot_ready.connect(self._on_snapshot)
        engine.state_changed.connect(self._on_state)
        context.document.model_changed.connect(self._on_document)
        self._unsubscribe = context.bus.subscribe(self._on_message, ("select.sample",))
        self._on_document()
        self._on_snapshot()

    def deactivate(self) -> None:
        """Stop following; hidden views cost nothing."""
        if not self._active:
            return
        self._active = False
        engine, context = self.context.engine, self.context
        engine.snapshot_ready.disconnect(self._on_snapshot)
        engine.state_changed.disconnect(self._on_state)
        context.document.model_changed.disconnect(self._on_document)
        self._unsubscribe()
        engine.unsubscribe(OWNER)
        self._leave_off()

    @property
    def active(self) -> bool:
        """Whether it follows the engine."""
        return self._active

    # -- the network

    @property
    def network(self) -> NetworkView:
        """The document's network as scenes see it."""
        document = self.context.document
        key = (document.network, document.training, document.data)
        if self._view is None or self._view[0] != key:
            info = data_info(document.data)
            found = network_view(document.network, document.inspection, info, document.name)
            self._view = (key, found)
        return self._view[1]

    @property
    def same_network(self) -> Any:
        """Equal as long as the weights go on: a changed learning rate makes no other network."""
        document = self.context.document
        training = document.training
        return (document.network, document.data, training.seed, training.validation_split)

    @property
    def blocked(self) -> str:
        """Why the document's network cannot run, a sentence; empty if it can."""
        problems = self.context.document.inspection.problems
        return str(problems[0].sentence) if problems else ""

    @property
    def alone(self) -> bool:
        """Whether the network is explained although no samples fit it."""
        work = self.context.engine.alone
        return work is not None and work.network == self.context.document.network

    @property
    def current(self) -> bool:
        """Whether the engine has been given what the document holds: what is asked now is answered of it."""
        engine, document = self.context.engine, self.context.document
        if self.blocked:
            return self.alone
        work = engine.work
        if work is None or engine.state.status == "starting":
            return False
        data = DataRef(work.data, dict(work.parameters))
        return (work.network, work.training, data) == (
            document.network,
            document.training,
            document.data,
        )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one sample; empty without a network."""
        nodes = [node for node in self.network.nodes if node.kind == "Input"]
        return nodes[0].shape if len(nodes) == 1 else ()

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the numbers of the input where they have any."""
        nodes = [node for node in self.network.nodes if node.kind == "Input"]
        return tuple(nodes[0].labels) if len(nodes) == 1 else ()

    def picture_shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the network's pictures.

        Raises
        ------
        CommandError
            It does not look at pictures.
        """
        shape = self.input_shape
        if len(shape) != 3:
            raise CommandError(
                tr("This network does not look at pictures: nothing can be drawn or opened for it.")
            )
        return shape[0], shape[1], shape[2]

    @property
    def is_image(self) -> bool:
        """Whether the network looks at images."""
        return len(self.input_shape) == 3

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, numbers where they have no names."""
        names = self.network.classes
        count = len(self.look.scores) if self.look is not None else len(names)
        if count == 1 and len(names) == 2:
            # One unit for two classes says how likely the second is.
            return names[1:]
        return tuple(names[k] if k < len(names) else str(k) for k in range(count))

    @property
    def sound(self) -> bool:
        """Whether the network answers with numbers: not with NaN, and with nothing infinite."""
        look = self.look
        if look is None:
            return True
        return bool(np.isfinite(look.scores).all() and np.isfinite(look.probabilities).all())

    @property
    def predicted(self) -> int | None:
        """The class the network takes the input for; None where it says nothing."""
        if self.look is None or not len(self.look.scores) or not self.sound:
            return None
        return int(self.look.scores.argmax())

    @property
    def class_index(self) -> int | None:
        """The class that is explained; None where the network says nothing."""
        if not self.sound:
            return None
        chosen, count = self.class_chosen, len(self.classes)
        return chosen if chosen is not None and chosen < count else self.predicted

    def layers(self) -> tuple[str, ...]:
        """Ids of the layers in the order in which data goes through them, without the input."""
        found = dict.fromkeys(n.layer for n in self.network.nodes if n.kind != "Input")
        return tuple(found)

    # -- choosing

    def show(self, given: Input) -> None:
        """Look at another input."""
        self.input = given
        if given.sample is not None:
            self.context.view[KEPT] = {"sample": list(given.sample)}
        self.input_changed.emit()
        self._ask()

    def choose(self, layer: str, channel: int = 0, place: tuple[int, int] | None = None) -> None:
        """Look at a channel of a layer, and at a place of its map."""
        moved = (layer, channel) != (self.layer, self.channel)
        self.layer, self.channel = layer, channel
        if place is not None:
            self.place = place
        elif moved:
            self.place = self._strongest()
        self.chosen.emit()

    def set_toggle(self, name: str, value: Any) -> None:
        """Switch how something is shown."""
        if self.toggles.get(name) != value:
            self.toggles = self.toggles | {name: value}
            self.chosen.emit()

    def turn_to(self, layer: str, page: int) -> None:
        """Show another page of a layer's maps."""
        if self.pages.get(layer, 0) != page:
            self.pages = self.pages | {layer: page}
            self.chosen.emit()

    def _strongest(self) -> tuple[int, int]:
        """Where the chosen map has most to say: its corner is often a border of zeros."""
        values = self.map_of(self.layer, self.channel)
        if values is None or not values.size:
            return (0, 0)
        row, column = np.unravel_index(int(np.nan_to_num(np.abs(values)).argmax()), values.shape)
        every = self.look.every.get(self.layer, 1) if self.look is not None else 1
        return int(row) * every, int(column) * every

    def map_size(self, layer: str) -> tuple[int, int]:
        """Rows and columns of a layer's maps; of large ones there are not all in `look`."""
        shape = next((node.shape for node in self.network.nodes if node.layer == layer), ())
        if len(shape) == 2:
            # A sequence is an image of one row.
            return (1, shape[0])
        return (shape[0], shape[1]) if len(shape) == 3 else (1, 1)

    def map_of(self, layer: str, channel: int) -> np.ndarray | None:
        """One map of a layer: (height, width); None where it has none."""
        values = self.look.layers.get(layer) if self.look is not None else None
        if values is None or values.ndim != 3 or channel >= values.shape[-1]:
            return None
        return values[..., channel]

    def offer(self, name: str, value: Any, check: Callable[[Any], None] | None = None) -> None:
        """Let ``inside.show`` switch something more.

        Parameters
        ----------
        name, value
            The switch and where it begins; values are of its type.
        check
            Raises `CommandError` for what it cannot be.
        """
        self.toggles = {name: value} | self.toggles
        if check is not None:
            self._checks[name] = check

    def check_of(self, name: str) -> Callable[[Any], None] | None:
        """What raises a CommandError for values that a switch cannot have; None if it takes all of its type."""
        return self._checks.get(name)

    def _check_channel(self, value: str) -> None:
        known = [one.id for one in channels_of(self.input)] if self.input is not None else []
        if value:
            one_of(*known)(value)

    # -- asking the engine

    def ask(
        self,
        question: str,
        *,
        done: Callable[[Any], None],
        failed: Callable[[str], None] | None = None,
        partly: Callable[[Any], None] | None = None,
        **values: Any,
    ) -> int:
        """Ask about the input; returns a ticket for `Engine.cancel`, or 0 if there is no input."""
        if self.input is None:
            return 0
        ticket = self.context.engine.ask(
            question, done=done, failed=failed, partly=partly, x=self.input.x, **values
        )
        return int(ticket)

    def _ask(self) -> None:
        """Have the network look at the input; one question at a time, the newest input counts."""
        if not self._active or self.input is None or not self._fits(self.input) or not self.current:
            return
        if self._asking:
            self._again = True
            return
        self._asking = self.ask("inside_look", done=self._on_look, failed=self._on_no_look)

    def _on_look(self, look: Any) -> None:
        self._asking, self.problem = 0, ""
        first = self.look is None
        self.look = look
        if first or self.layer not in look.layers:
            self._choose_first()
        self.looked.emit()
        if self._again:
            self._again = False
            self._ask()

    def _on_no_look(self, sentence: str) -> None:
        self._asking, self.look, self.problem = 0, None, sentence
        # It is asked again when something is new.
        self._version = None
        self.looked.emit()
        if self._again:
            self._again = False
            self._ask()

    def _choose_first(self) -> None:
        assert self.look is not None
        maps = [n for n in self.layers() if getattr(self.look.layers.get(n), "ndim", 0) == 3]
        layer = next(iter(maps or self.layers()), "")
        self.choose(layer, 0)

    # -- following

    @Slot()
    def _on_snapshot(self) -> None:
        if not self._active:
            # What is seen now would not be asked for, and not be new any more when it can be.
            return
        if self.blocked:
            if self.alone and self._version is not self.context.engine.alone:
                self._version = self.context.engine.alone
                self._ask()
            return
        newest = self.context.engine.latest
        if newest is None or not self.current:
            return
        if self.input is None and not self._starting:
            self._begin()
        seen = (newest.version, newest.position)
        if seen != self._version:
            self._version, self._position = seen, newest.position
            self._ask()

    @Slot(object)
    def _on_state(self, _state: Any) -> None:
        self._on_snapshot()

    @Slot()
    def _on_document(self) -> None:
        document = self.context.document
        known, self._known = self._known, (document.network, document.training, document.data)
        if known == self._known:
            return
        same, self._same = self._same, self.same_network
        if same != self._same:
            self._leave_off()
            self.look, self.problem = None, self.blocked
        data, self._data = self._data, self.context.document.data
        if self.input is not None and (data != self._data or not self._fits(self.input)):
            self._forget_input()
        self._version = None
        self.network_changed.emit()
        if self.look is None:
            self.looked.emit()
        self._on_snapshot()
        self._settled.start()

    def _leave_off(self) -> None:
        """Want no answer of the network there was."""
        if self._asking:
            self.context.engine.cancel(self._asking)
        self._asking, self._again = 0, False

    def _on_opened(self, _message: Any) -> None:
        """Another project: what is looked at is what was looked at in it."""
        self._project += 1
        self._starting = False
        self._leave_off()
        self._forget_input()
        # The same network may come with other weights.
        self._version, self.class_chosen, self.problem = None, None, self.blocked
        self.network_changed.emit()
        self.looked.emit()
        self._on_snapshot()

    def _forget_input(self) -> None:
        self.input = self.look = None
        self.input_changed.emit()

    def _fits(self, given: Input) -> bool:
        shape = self.input_shape
        return bool(shape) and given.x.size == prod(shape)

    def _begin(self) -> None:
        """Begin with the sample that was looked at, or that the other workspaces show, or that is held out first."""
        kept = kept_sample(self.context.view.get(KEPT))
        if kept is not None:
            self._starting = True
            self.show_sample(*kept)
            return
        snapshot = self.context.engine.latest
        sample = snapshot.sample if snapshot is not None else None
        index = int(getattr(sample, "index", 0) or 0)
        self._starting = True
        self.show_sample("", "validation", index)

    def show_sample(self, data: str, part: str, index: int) -> None:
        """Look at a sample of a data set (empty: the run's own)."""

        project, starting = self._project, self._starting

        def done(search: Any) -> None:
            if project != self._project:
                return
            self._starting = False
            if search.found is None:
                # A project may name a sample that its data set has not.
                if starting and index:
                    self._starting = True
                    self.show_sample("", "validation", 0)
                return
            found = of_sample(search.found, self.network.classes)
            if self._fits(found):
                self.show(found)

        def failed(sentence: str) -> None:
            if project != self._project:
                return
            self._starting = False
            if starting and data:
                self._starting = True
                self.show_sample("", part, index)
                return
            self.problem = sentence
            self.looked.emit()

        self.context.engine.ask(
            "sample_search", done=done, failed=failed, data=data, part=part, start=index, by=1
        )

    def _on_message(self, message: Any) -> None:
        arguments: Mapping[str, Any] | None = getattr(message, "arguments", None)
        if arguments is not None and "index" in arguments:
            self.show_sample("", "validation", int(arguments["index"]))
