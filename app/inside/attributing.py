"""What of an input mattered, by the methods that are shown: asks for one after the other, and follows."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.bus import CommandError
from app.inside.choices import one_of
from app.inside.methods import METHODS, STARTING, check_methods, check_settings, settings_of, signed
from app.text import tr

if TYPE_CHECKING:
    from app.engine.questions.inside import Attribution
    from app.inside.given import Input
    from app.inside.session import InsideSession

#: From so long on progress is shown, in milliseconds.
_LONG = 500


class Attributing(QObject):
    """See the module's text. One question at a time; those that have waited longest come first.

    While the network trains, a map that is being made is finished and the next is of the newest network, so that
    nothing piles up and nothing starves. Another input, class or setting ends what is no longer wanted.

    Attributes
    ----------
    found
        By method: the newest map, which may be of an earlier step while another is made.
    inputs
        By method: the input its map is of; another may be shown already.
    problems
        By method: why there is none, a sentence.
    share
        By method that is being made: how far it has come, from 0 to 1, once it takes long.
    seconds
        How long the last round of all methods took; None before there was one.
    cancelled
        Whether the learner has ended what was being made.

    Signals
    -------
    changed(str)
        A map, a problem or a share of that method is new.
    working_changed()
        Something long has begun or ended.
    """

    changed = Signal(str)
    working_changed = Signal()

    @classmethod
    def of(cls, session: InsideSession) -> Attributing:
        """The one of a session."""
        found = session.findChild(cls)
        return found if found is not None else cls(session)

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session)
        self._session = session
        self.found: dict[str, Attribution] = {}
        self.inputs: dict[str, Input] = {}
        self.problems: dict[str, str] = {}
        self.share: dict[str, float] = {}
        self.seconds: float | None = None
        self.cancelled = False
        self.asking = ""
        self._ticket = 0
        self._of: Any = None
        self._of_step: Any = None
        self._known: dict[str, Any] = {}
        self._turns: dict[str, int] = {}
        self._turn = 0
        self._began = 0.0
        self._wanting: set[QObject] = set()
        self._cancelled_of: Any = None
        self._long = QTimer(self)
        self._long.setSingleShot(True)
        self._long.setInterval(_LONG)
        self._long.timeout.connect(self.working_changed)
        self._offer()
        session.looked.connect(self.refresh)
        session.chosen.connect(self.refresh)
        session.network_changed.connect(self._on_network)
        session.context.engine.progressed.connect(self._on_progress)

    def _offer(self) -> None:
        """Let the learner choose through ``inside.show``."""
        session = self._session
        session.offer("methods", list(STARTING), check_methods)
        session.offer("method", "integrated_gradients", lambda name: check_methods([name]))
        session.offer(
            "method_settings", {}, lambda value: check_settings(value, session.input_shape)
        )
        session.offer("attribution_scale", "own", one_of("own", "same"))
        session.offer("explain_on", "score", one_of("score", "probability"))
        session.offer("against", -1, self._check_against)

    def _check_against(self, value: int) -> None:
        count = len(self._session.classes)
        if isinstance(value, bool) or not -1 <= value < count:
            raise CommandError(
                tr("There are {count} classes, numbered from 0; −1 is none.", count=count)
            )
        if value == self._session.class_index and value >= 0:
            raise CommandError(tr("Choose another class than the one that is explained."))

    # -- what is wanted

    @property
    def methods(self) -> tuple[str, ...]:
        """Methods that are shown, in the order of all."""
        chosen = self._session.toggles["methods"]
        return tuple(name for name in METHODS if name in chosen)

    @property
    def large(self) -> str:
        """The method that is seen at large."""
        return str(self._session.toggles["method"])

    @property
    def against(self) -> int | None:
        """The class that is contrasted, or None."""
        value = int(self._session.toggles["against"])
        good = 0 <= value < len(self._session.classes) and value != self._session.class_index
        return value if good else None

    @property
    def on(self) -> str:
        """Which number of the class: "score" or "probability"."""
        return str(self._session.toggles["explain_on"])

    def settings(self, method: str) -> dict[str, Any]:
        """Settings a method is asked with."""
        session = self._session
        return settings_of(method, session.input_shape, session.toggles["method_settings"])

    def signed(self, method: str) -> bool:
        """Whether the method's numbers speak for and against."""
        return signed(method, self.settings(method))

    @property
    def of_images(self) -> bool:
        """Whether the input has rows and columns."""
        return len(self._session.input_shape) == 3

    def no_reason(self) -> str:
        """Why nothing can be explained; empty where it can."""
        shape = self._session.input_shape
        if not shape:
            return ""
        if len(shape) not in (1, 3) or any(
            n.kind == "Embedding" for n in self._session.network.nodes
        ):
            return tr(
                "Attribution says which pixels or features mattered. This network reads sequences: look at its "
                "layers instead."
            )
        if self._session.look is not None and not len(self._session.look.scores):
            return tr("Attribution explains a class; this network gives no list of classes.")
        if not self._session.sound:
            return tr("There is nothing to explain: the network's numbers are not finite.")
        return ""

    def _key(self, method: str, step: bool = True) -> Any:
        """What a map is of; without the `step` only what the learner chose."""
        session, look = self._session, self._session.look
        version = look.version if step and look is not None else None
        chosen = tuple(sorted((k, str(v)) for k, v in self.settings(method).items()))
        return (session.input, session.class_index, self.against, self.on, chosen, version)

    def fresh(self, method: str) -> bool:
        """Whether the map of a method is of what is shown now."""
        return method in self._known and self._known[method] == self._key(method)

    # -- asking

    def want(self, who: QObject, wanted: bool) -> None:
        """Begin or stop to look; hidden panels cost nothing."""
        if wanted:
            self._wanting.add(who)
            self.refresh()
        else:
            self._wanting.discard(who)
            if not self._wanting:
                self._end()

    @Slot()
    def refresh(self) -> None:
        """Ask for what is no longer right."""
        session = self._session
        if session.look is None or session.input is None or session.class_index is None:
            return
        if self.cancelled and self._wishes() != self._cancelled_of:
            self.cancelled = False
            self.working_changed.emit()
        if self.asking and self._of != self._key(self.asking, step=False):
            self._end()
        self._next()

    def _wishes(self) -> Any:
        return tuple(self._key(name, step=False) for name in self.methods)

    def _stale(self) -> list[str]:
        wanted = self.methods + ((self._session.toggles["method"],) if self._watched else ())
        names = dict.fromkeys(n for n in wanted if not self.fresh(n))
        return sorted(names, key=lambda name: self._turns.get(name, -1))

    @property
    def _watched(self) -> bool:
        return len(self._wanting) > 1

    def _next(self) -> None:
        if self.asking or self.cancelled or not self._wanting or self.no_reason():
            return
        for name in self._stale():
            if METHODS[name].of == "image" and not self.of_images:
                self._tell_problem(
                    name,
                    tr(
                        "{title} needs an image: it hides or marks places.",
                        title=METHODS[name].title,
                    ),
                )
                continue
            if not self._began:
                self._began = perf_counter()
            self.asking, self._of = name, self._key(name, step=False)
            self._of_step = self._key(name)
            self._turn += 1
            self._turns[name] = self._turn
            settings = self.settings(name)
            if name == "occlusion":
                settings["window"] = (settings["window"],) * 2
                settings["strides"] = (settings["strides"],) * 2
            self._ticket = self._session.ask(
                "inside_attribution", method=name, class_index=self._session.class_index, settings=settings,
                on=self.on, against=self.against, done=self._on_found, partly=self._on_part,
                failed=self._on_failed, asker="attribution",
            )  # fmt: skip
            self._long.start()
            return
        if self._began:
            self.seconds, self._began = perf_counter() - self._began, 0.0
            self.working_changed.emit()

    def _end(self) -> None:
        """Leave off what is being made."""
        if self.asking:
            self._session.context.engine.cancel(self._ticket)
            name, self.asking = self.asking, ""
            self._began = 0.0
            self._done(name)
            self.changed.emit(name)

    def _done(self, name: str) -> None:
        self.share.pop(name, None)
        if self._long.isActive():
            self._long.stop()
        else:
            self.working_changed.emit()

    def cancel(self) -> None:
        """End it, until the learner wants something else or goes on."""
        self._end()
        self.cancelled, self._cancelled_of = True, self._wishes()
        self.working_changed.emit()

    def go_on(self) -> None:
        """Make what was cancelled after all."""
        self.cancelled = False
        self.working_changed.emit()
        self.refresh()

    @property
    def long(self) -> bool:
        """Whether what is being made takes so long that progress is shown."""
        return bool(self.asking) and not self._long.isActive()

    # -- answers

    def _on_part(self, found: Attribution) -> None:
        if found.method == self.asking:
            self._keep(found, None)
            self.changed.emit(found.method)

    def _keep(self, found: Attribution, version: Any) -> None:
        name = found.method
        self.found[name], self.inputs[name] = found, self._of_step[0]
        self._known[name] = (*self._of_step[:-1], version)
        self.problems.pop(name, None)

    def _on_found(self, found: Attribution) -> None:
        name, self.asking = found.method, ""
        self._keep(found, found.version)
        self._done(name)
        self.changed.emit(name)
        self._next()

    def _on_failed(self, sentence: str) -> None:
        name, self.asking = self.asking, ""
        if name:
            self._done(name)
            self._tell_problem(name, sentence)
        self._next()

    def _tell_problem(self, name: str, sentence: str) -> None:
        self.found.pop(name, None)
        self.problems[name] = sentence
        self._known[name] = self._key(name)
        self.changed.emit(name)

    @Slot(int, float)
    def _on_progress(self, ticket: int, share: float) -> None:
        if ticket == self._ticket and self.asking:
            self.share[self.asking] = share
            if self.long:
                self.changed.emit(self.asking)
                self.working_changed.emit()

    @Slot()
    def _on_network(self) -> None:
        self._end()
        self.seconds = None
        self.found.clear()
        self.inputs.clear()
        self.problems.clear()
        self._known.clear()
        for name in METHODS:
            self.changed.emit(name)
        self.working_changed.emit()
