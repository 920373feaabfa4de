"""The one engine thread: serves requests, trains in slices, and puts snapshots into the mailbox."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QThread, Signal

from app.engine.answers import LongAnswer
from app.engine.inbox import Inbox, Request
from app.engine.mailbox import Mailbox
from app.engine.moving import ENDS_A_JOURNEY, Moving
from app.engine.pace import Pace
from app.engine.questions import answering, is_alone
from app.engine.state import PREPARING, RACES_PREPARING, EngineState, Work
from app.engine.stopping import STATE_INTERVAL
from app.snapshots import Probe, Snapshot
from app.text import tr

if TYPE_CHECKING:
    from app.engine.session import Session
    from app.engine.unfed import Unfed

log = logging.getLogger("chainrule.engine")

#: Questions that are answered by another run being open afterwards.
_MOVES = ("branch", "switch_run")
_OF_THE_TREE = ("rename_run", "delete_run", "undelete_run")

#: Questions that begin, change or end a what-if copy of a step: what is shown is other numbers afterwards.
_OF_WHATIFS = frozenset(
    ("whatif_edit", "whatif_take_back", "whatif_sample", "whatif_typed", "whatif_keep", "whatif_put",
     "whatif_discard")
)  # fmt: skip

#: Requests that leave a what-if copy as it is, or move within it. All others go on with the run: it ends.
_KEEPS_WHATIF = frozenset(
    ("nothing", "set_breakpoints", "step", "step_back", "seek", "pause", "pulse", "set_speed",
     "set_granularity", "set_probes", "select_sample", "show_predictions", "allow_precise", "evaluate", "answer",
     "cancel", "look_alone")
)  # fmt: skip

#: What is asked of a network and its weights alone.
OF_THE_NETWORK = frozenset(
    ("inside_look", "inside_walk", "inside_attribution", "inside_path", "inside_removals", "inside_sanity_checks",
     "inside_maximization", "inside_maximized", "inside_others", "inside_beside")
)  # fmt: skip

#: Given by what will be answered when it is done.
_LATER = object()

#: Of what takes long every so manieth piece is of each question in turn.
_IN_TURN = 4

#: Share of the time a background job gets while training plays.
_BACKGROUND_SHARE = 0.15


class Worker(Moving, QThread):
    """Owns every program and run; everything in here happens on this thread unless it says otherwise.

    Signals
    -------
    state_changed(EngineState), failed(str), answered(ticket, answer, problem), progressed(ticket, share),
    answered_partly(ticket, what is found so far), snapshot_put(),
    happened(event name, values), kernels_missing(Work)
        All received on the interface thread.
    """

    state_changed = Signal(object)
    failed = Signal(str)
    answered = Signal(int, object, str)
    answered_partly = Signal(int, object)
    kernels_missing = Signal(object)
    progressed = Signal(int, float)
    snapshot_put = Signal()
    happened = Signal(str, object)

    def __init__(self, *, precise: bool = True) -> None:
        super().__init__()
        # Without kernels for numeric checks a child process compiles: for edits, too.
        self._precise, self._has_child = precise, not precise
        self._lacks_kernels: Work | None = None
        self._expecting = False
        #: Whether nothing is open because what was opened cannot run.
        self._left = False
        #: What was asked for while kernels of what was opened or edited were still compiled.
        self._put_off: list[str] = []
        self.setObjectName("chainrule-engine")
        self.inbox = Inbox(self._interrupt)
        self.mailbox: Mailbox[Snapshot] = Mailbox()
        self._session: Session | None = None
        #: A network that no samples fit, while it is what the document holds.
        self._unfed: Unfed | None = None
        #: Whether that network waits for its kernels: what there is meanwhile is another's.
        self._alone_waits = False
        self._closing = threading.Event()
        self._started = False
        self._state = EngineState()
        self._told = 0.0
        self._playing = False
        self._pace = Pace()
        self._probes: tuple[Probe, ...] = ()
        self._wishes: dict[str, tuple[Any, ...]] = {}
        self._dirty = False
        self._background: Iterator[None] | None = None
        #: By question: go on where nothing else is to be done, like the background, and are answered at their end.
        self._long: dict[str, LongAnswer] = {}
        self._pieces = 0
        #: The question that is being answered.
        self._answering = ""
        self._ticket = 0
        self._background_seconds = 0.0
        self._slice_seconds = 0.0
        self._epoch = 0
        #: Seconds spent since the thread began, by what for; read by the soak harness.
        self.spent = {"training": 0.0, "snapshots": 0.0, "background": 0.0}

    # Called from the interface thread

    def start_once(self) -> None:
        """Start the thread at the first request, so that a window shows before Numba is imported."""
        if not self._started:
            self._started = True
            self.start(QThread.Priority.LowPriority)

    def close(self) -> None:
        """Ask the thread to end after the instruction in progress."""
        self._closing.set()
        self.inbox.put(Request("nothing"))

    def _interrupt(self) -> None:
        session = self._session
        if session is not None:
            session.interrupt()

    # The loop

    def run(self) -> None:
        """Serve until closed."""
        try:
            while not self._closing.is_set():
                request = self.inbox.take(self._patience())
                if self._closing.is_set():
                    break
                if request is not None:
                    self._serve(request)
                elif self._playing:
                    self._guard(self._train)
                elif self._has_background:
                    self._guard(self._work_in_background)
                self._guard(self._put_snapshot)
        finally:
            if self._session is not None:
                self._session.close()
                self._session = None

    def _patience(self) -> float | None:
        """Return how long to wait for a request before going on."""
        if self._session is None:
            # Views may want snapshots already: there are none before a run is open.
            return 0 if self._long else None
        if self._playing:
            speed = self._pace.speed
            waiting = (
                self._walk.seconds_to_wait(speed) if self._walks else self._pace.seconds_to_wait()
            )
            if self._dirty and waiting > 0:
                waiting = min(waiting, self._pace.seconds_to_snapshot())
            return 0 if self._has_background else waiting
        if self._has_background:
            return 0
        if self._dirty:
            return self._pace.seconds_to_snapshot()
        return None

    @property
    def _has_background(self) -> bool:
        return self._background is not None or bool(self._long)

    def _guard(self, job: Any) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - a thread that ends would leave the window deaf
            self._playing = False
            self._background = None
            self._dirty = False
            self.failed.emit(_sentence(error))
            self._tell(status="paused" if self._session is not None else "starting")

    def _serve(self, request: Request) -> None:
        self._ticket = request.ticket
        if request.name not in _KEEPS_WHATIF and self._session is not None:
            self._dirty = self._session.end_whatif() or self._dirty
        try:
            answer = getattr(self, f"_do_{request.name}")(**request.arguments)
        except Exception as error:  # noqa: BLE001 - whoever asked has to be told
            sentence = _sentence(error)
            self.answered.emit(request.ticket, None, sentence)
            if request.name != "answer":
                self.failed.emit(sentence)
                self._tell_idle()
        else:
            if answer is not _LATER:
                self.answered.emit(request.ticket, answer, "")

    def _train(self) -> None:
        session = self._open_session()
        if self._walks:
            self._go_along(session)
            if self._has_background:
                self._work_in_background()
            return
        steps = self._pace.steps_due()
        if steps > 0:
            session.share(self._pace.speed.mode)
            began = perf_counter()
            session.meter.spent = 0.0
            if self._stops:
                done = self._train_to_stop(session, steps)
            else:
                done = session.advance(steps, self._waits)
            seconds = perf_counter() - began
            self._pace.count(done, seconds - session.meter.spent)
            self._slice_seconds += seconds
            self.spent["training"] += seconds
            if self._playing:
                self._after_steps(session, done)
        if self._has_background:
            allowed = _BACKGROUND_SHARE * (self._slice_seconds + self._background_seconds)
            if steps <= 0 or self._background_seconds <= allowed:
                self._work_in_background()

    def _after_steps(self, session: Session, done: int) -> None:
        self._dirty = self._dirty or done > 0
        if session.diverged:
            self._playing = False
            self._tell(status="diverged", reason=session.diverged)
            self.happened.emit("run.diverged", session.divergence_values())
            return
        if session.epoch != self._epoch:
            self._epoch = session.epoch
            self.happened.emit("run.epoch-ended", session.epoch_values())
            if self._background is None and session.evaluation_lags:
                self._background = session.evaluation()
                # Its first piece copies the weights as they are at the epoch's end.
                self._work_in_background()
        for one in session.take_happenings():
            self.happened.emit(f"run.{one.name}", one.values)
        if session.finished and self._playing:
            self._playing = False
            self._measure_again(session)
            self._tell(status="paused", reason="")
            self.happened.emit("run.finished", {"step": session.position.step})
            return
        if perf_counter() - self._told > STATE_INTERVAL:
            self._tell()

    def _measure_again(self, session: Session) -> None:
        """Let the held-out metrics catch up with the weights: at full speed they can be many epochs old."""
        if session.evaluation_lags:
            self._background = session.evaluation()
            self._work_in_background()

    def _work_in_background(self) -> None:
        began = perf_counter()
        if self._background is None:
            self._answer_long()
        else:
            try:
                next(self._background)
            except StopIteration:
                self._background = None
                self._dirty = True
        seconds = perf_counter() - began
        self._background_seconds += seconds
        self.spent["background"] += seconds

    def _answer_long(self) -> None:
        """Do one piece of what was asked for and takes long.

        Mostly of what has had the least time so far: who asks something new sees a first part of it at once, however
        much is going on. Every so manieth piece is of each question in turn, so that none waits for ever.
        """
        self._pieces += 1
        question = next(iter(self._long))
        if self._pieces % _IN_TURN:
            question = min(self._long, key=lambda one: self._long[one].seconds)
        job = self._long.pop(question)
        problem, share, found = "", None, None
        if (
            job.run is not None
            and job.run is not self._unfed
            and (self._session is None or self._session.run is not job.run)
        ):
            problem = tr("Another run was opened meanwhile: nothing was compared.")
            if question != "compare":
                problem = tr("Another run was opened meanwhile; please ask again.")
        else:
            try:
                share, found = job.go_on()
            except Exception as error:  # noqa: BLE001 - whoever asked has to be told
                problem = _sentence(error)
        if share is not None:
            self.progressed.emit(job.ticket, share)
        if job.partly is not None:
            self.answered_partly.emit(job.ticket, job.partly)
            job.partly = None
        if problem or found is not None:
            self.answered.emit(job.ticket, found, problem)
        else:
            self._long[question] = job

    def _put_snapshot(self) -> None:
        if self._session is None or not self._dirty:
            return
        if self._playing and self._pace.seconds_to_snapshot() > 0:
            return
        began = perf_counter()
        snapshot = self._session.snapshot(self._probes)
        seconds = perf_counter() - began
        self.spent["snapshots"] += seconds
        self._pace.count_snapshot(seconds)
        self._dirty = False
        self.mailbox.put(snapshot)
        self.snapshot_put.emit()

    def _waits(self) -> bool:
        return self.inbox.interactive or self._closing.is_set()

    # Requests

    def _do_nothing(self) -> None:
        pass

    def _do_expect(self) -> None:
        """Leave what is open: something else will be, as soon as its kernels are there. Play waits for it."""
        self._playing, self._lacks_kernels, self._expecting = False, None, True
        self._left = False
        self._unfed, self._alone_waits = None, False
        self._background, self._put_off = None, []
        old, self._session = self._session, None
        if old is not None:
            old.close()
        self._tell(status="starting", reason="", position=None, finished=False, runs=())

    def _do_leave(self) -> None:
        """Leave what is open: what takes its place cannot run yet."""
        self._do_expect()
        self._expecting, self._left = False, True

    def _do_open(self, work: Work) -> None:
        from app.engine import warm
        from app.engine.session import Session
        from app.scenes import edges

        self._playing, self._lacks_kernels, self._expecting = False, None, False
        self._left = False
        self._background = self._unfed = None
        self._alone_waits = False
        put_off, self._put_off = self._put_off, []
        old, self._session = self._session, None
        if old is not None:
            old.close()
        edges.warm()
        for name in warm.OF_SINGLE_STEPS:
            # Loaded now, or the first press of Step would wait for it.
            warm.compile_job(name)
        _keep_what_is_imported()
        session = Session(work)
        session.hurry = self._is_waited_for
        self._session = session
        wishes, self._wishes = self._wishes, {}
        for name, arguments in wishes.items():
            getattr(session, name)(*arguments)
        self._epoch = session.epoch
        self._pace.forget()
        self._dirty = True
        self._guard(self._put_snapshot)
        self._tell(status="diverged" if session.diverged else "ready", reason=session.diverged)
        self._make_up_for(put_off)

    def _do_look_alone(self, work: Work, anew: bool, warmed: bool = False) -> None:
        """Explain a network that cannot be trained, until another is opened."""
        from app.engine import warm
        from app.engine.unfed import Unfed

        self._alone_waits = (
            self._has_child and not warmed and bool(warm.missing_alone(work.network))
        )
        if self._alone_waits:
            self.kernels_missing.emit(work)
            return
        before: Mapping[str, Any] | None = None
        if not anew and self._unfed is not None:
            before = self._unfed.weights()
        elif not anew and self._session is not None:
            before = self._session.run.program.weights()
        self._unfed = Unfed(work, before)

    def _do_edit(self, work: Work, warmed: bool = False) -> None:
        self._unfed, self._alone_waits = None, False
        if self._session is None:
            self._do_open(work)
            return
        self._background = None
        if self._has_child and not warmed and self._session.lacks_kernels(work):
            # Compiling here would take seconds and hold the interpreter lock: the window would stutter.
            self._playing, self._lacks_kernels = False, work
            self._tell(status="starting", reason="")
            self.kernels_missing.emit(work)
            return
        self._lacks_kernels = None
        self._session.edit(work)
        self._pace.forget()
        self._epoch = self._session.epoch
        self._dirty = True
        self._tell_idle()
        for name, values in self._session.take_news():
            self.happened.emit(name, values)
        put_off, self._put_off = self._put_off, []
        self._make_up_for(put_off)

    def _make_up_for(self, put_off: list[str]) -> None:
        for command in put_off:
            getattr(self, f"_do_{command}")()

    def _is_put_off(self, command: str) -> bool:
        """Put a command off until what was opened or edited before it has its kernels."""
        if self._lacks_kernels is None and not self._expecting:
            return False
        self._put_off.append(command)
        return True

    def _do_set_probes(self, probes: tuple[Probe, ...]) -> None:
        self._probes = probes
        self._dirty = True

    def _do_select_sample(self, index: int, split: str) -> None:
        self._wish("select_sample", index, split)

    def _do_show_predictions(self, first: int, count: int, only_wrong: bool) -> None:
        self._wish("show_predictions", first, count, only_wrong)

    def _wish(self, name: str, *arguments: Any) -> None:
        """Carry out what a view wants to see, or remember it: it may be open before the run is."""
        if self._session is None:
            self._wishes[name] = arguments
        else:
            getattr(self._session, name)(*arguments)
            self._dirty = True

    def _do_allow_precise(self) -> None:
        self._precise = True

    def _do_evaluate(self) -> None:
        self._background = self._open_session().evaluation()

    def _do_answer(self, question: str, values: dict[str, Any]) -> Any:
        if question == "numeric_check" and not self._precise:
            # Compiling for float64 here would hold up everything else for seconds.
            raise NotReadyError(PREPARING)
        if question in ("saved_state", *_MOVES) and self._lacks_kernels is not None:
            # Whoever saves now must not lose what was trained, and undo must not stop half way: what is missing is
            # compiled here after all.
            self._do_edit(self._lacks_kernels, warmed=True)
        self._answering = question
        if question in _MOVES:
            return self._move(question, values)
        if question in _OF_WHATIFS:
            return self._what_if(question, values)
        if question == "compare":
            self._long[question] = self._open_session().compare(ticket=self._ticket, **values)
            return _LATER
        asker = values.get("asker", "")
        if is_alone(question):
            return self._answer_alone(question, values)
        if question in OF_THE_NETWORK and self._alone_waits:
            raise NotReadyError(tr("The engine is still preparing. Try again in a moment."))
        alone = self._unfed if question in OF_THE_NETWORK else None
        asked = alone if alone is not None else self._open_session()
        answer = asked.answer(
            question, **{key: value for key, value in values.items() if key != "asker"}
        )
        if isinstance(answer, Generator):
            # The newest wish of its kind counts.
            self._long[f"{question} {asker}".strip()] = LongAnswer(self._ticket, asked.run, answer)
            return _LATER
        if question in _OF_THE_TREE:
            self._tell()
        return answer

    def _answer_alone(self, question: str, values: dict[str, Any]) -> Any:
        """Answer what is of nothing that is open."""
        if not self._precise and (self._session is not None or self._expecting):
            # As with numeric checks: what computes in float64 is compiled in the child process.
            raise NotReadyError(RACES_PREPARING)
        given = {key: value for key, value in values.items() if key != "asker"}
        answer = answering(question)(None, **given)
        if isinstance(answer, Generator):
            name = f"{question} {values.get('asker', '')}".strip()
            self._long[name] = LongAnswer(self._ticket, None, answer)
            return _LATER
        return answer

    def _do_cancel(self, ticket: int) -> None:
        """Leave out what was asked for under that ticket, if it goes on still."""
        self._long = {name: job for name, job in self._long.items() if job.ticket != ticket}

    def _is_waited_for(self) -> bool:
        """Whether what is being answered may be left off: the learner goes on, or asks the same of something else."""
        return self._has_better_to_do() or self.inbox.asks(self._answering)

    def _has_better_to_do(self) -> bool:
        return self.inbox.has(ENDS_A_JOURNEY) or self._closing.is_set()

    def _what_if(self, question: str, values: dict[str, Any]) -> Any:
        """Answer what shows a what-if copy of the step, or the run again."""
        self._playing = False
        answer = self._open_session().answer(question, **values)
        self._put_now()
        self._tell_idle()
        return answer

    def _move(self, question: str, values: dict[str, Any]) -> Any:
        """Answer what makes another run the open one."""
        self._playing = False
        self._background = None
        session = self._open_session()
        session.end_whatif()
        answer = session.answer(question, **values)
        self._epoch = session.epoch
        self._pace.forget()
        self._put_now()
        self._tell_idle()
        return answer

    # Telling

    def _open_session(self) -> Session:
        if self._session is None and self._left:
            raise NotReadyError(
                tr("This network cannot be trained as it is, so there is no run of it yet.")
            )
        if self._session is None or self._lacks_kernels is not None:
            raise NotReadyError(tr("The engine is still preparing. Try again in a moment."))
        return self._session

    def _put_now(self) -> None:
        self._dirty = True
        self._pace.snapshot_due_now()
        self._put_snapshot()

    def _tell_idle(self) -> None:
        session = self._session
        if session is None:
            self._tell(status="starting")
        elif self._lacks_kernels is not None:
            self._tell(status="starting", reason="")
        elif session.diverged:
            self._tell(status="diverged", reason=session.diverged)
        elif self._playing:
            self._tell(status="playing", reason="")
        else:
            self._tell(status="paused" if session.begun else "ready", reason="")

    def _tell(self, **fields: Any) -> None:
        session = self._session
        if session is not None:
            fields.setdefault("position", session.position)
            fields.setdefault("finished", session.finished)
            fields.setdefault("runs", session.runs())
            fields.setdefault("stopped", session.stopped)
            fields.setdefault("epochs_planned", session.epochs_planned)
        fields["reverse"] = self._reverse and self._playing
        fields.setdefault("steps_per_second", self._pace.steps_per_second if self._playing else 0.0)
        fields.setdefault("progress", 1.0)
        self._state = replace(self._state, **fields)
        self._told = perf_counter()
        self.state_changed.emit(self._state)


class NotReadyError(ValueError):
    """A request came before a run was open."""


def _sentence(error: Exception) -> str:
    """Return what to tell the learner; anything unexpected also goes to the log with its traceback."""
    from core.errors import ChainruleError

    if isinstance(error, ChainruleError | NotReadyError):
        return str(error)
    if isinstance(error, MemoryError):
        return tr(
            "There is not enough memory for this. Close other programs or make the network smaller."
        )
    log.error("the engine failed", exc_info=error)
    return tr(
        "The engine could not do that ({reason}). Nothing was changed; please report it with the log.",
        reason=f"{type(error).__name__}: {error}",
    )


@cache
def _keep_what_is_imported() -> None:
    """Take modules out of every later search for garbage: nothing of them is ever thrown away.

    A search through them takes a tenth of a second, most of it in what Numba makes for its first kernel, and nobody is
    shown anything meanwhile, whichever thread searches.
    """
    gc.freeze()
