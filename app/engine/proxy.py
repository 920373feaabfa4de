"""The engine on the interface thread: commands go in, states and snapshots come out."""

from __future__ import annotations

import atexit
import logging
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal, Slot

from app.clock import Clock
from app.engine.inbox import Request
from app.engine.motion import Motion, SlowMotion
from app.engine.state import (
    SECONDS_PER_LAYER,
    SECONDS_PER_SAMPLED_STEP,
    EngineState,
    Work,
)
from app.engine.steering import Steering
from app.engine.warmup import WarmUp
from app.engine.worker import OF_THE_NETWORK, Worker
from app.snapshots import Probe
from app.text import tr

if TYPE_CHECKING:
    from app.bus import Bus
    from app.engine.state import Opened, SavedState
    from app.snapshots import Snapshot
    from core.breakpoints import Breakpoint

log = logging.getLogger("chainrule.engine")

#: What needs a run, or a network that is explained without one: else the worker has that of the network before.
_OF_THE_RUN = frozenset(
    ("inside_exciting", "inside_mistakes", "inside_neighbours", "inside_pictures", "inside_others", "inside_beside",
     "inside_maximization", "inside_maximized", "network_race", "loss_slice")
)  # fmt: skip
#: Questions whose arguments are places in the program.
_ABOUT_THE_PROGRAM = frozenset(
    {"explain", "uses", "numeric_check", "whatif_edit", "whatif_take_back", "whatif_put"}
)

Done = Callable[[Any], None]

#: How long the worker may take to end when the window closes. A kernel answers its stop flag within
#: milliseconds; only a compilation in progress cannot be interrupted.
_PATIENCE = 20_000


class Engine(Steering, QObject):
    """Proxy of the one worker thread that owns every program and run.

    Nothing here computes: methods put a request into the worker's queue and return at once, and what
    the worker has to say arrives by the signals or waits in a mailbox. Interface thread only.

    Parameters
    ----------
    clock
        The window's clock. Without one the engine makes its own.
    warm
        Compile kernels in a child process first. Tests that have them in the cache switch it off.
    parent
        Owner of the object.

    Signals
    -------
    state_changed(EngineState)
        Whenever something the transport or the status line shows is different.
    failed(str)
        A command could not be carried out; a sentence for the learner. Nothing half-done stays.
    progressed(ticket, share)
        How far a question has come that takes long: ``"compare"``.
    prepared()
        What computes in float64 is compiled, too: numeric checks and races.
    ready()
        Kernels are loaded and a run is open, after each `open`.
    snapshot_ready()
        At most once a tick, when `take` has something new and nobody may be ticking.
    """

    state_changed = Signal(object)
    failed = Signal(str)
    progressed = Signal(int, float)
    prepared = Signal()
    ready = Signal()
    snapshot_ready = Signal()

    def __init__(
        self, clock: Clock | None = None, *, warm: bool = True, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.clock = clock if clock is not None else Clock(self)
        self._state = EngineState()
        self._work: Work | None = None
        #: What the file held that was opened and cannot run yet.
        self._held_back: SavedState | None = None
        self._blocked = ""
        self._hidden = False
        self._alone: Work | None = None
        self._anew = False
        self._bus: Bus | None = None
        self._document: Any = None
        self._follower: Any = None
        self._tickets: dict[int, tuple[Done | None, Done | None]] = {}
        #: Who wants to hear what is found so far.
        self._partly: dict[int, Done] = {}
        self._last_ticket = 0
        self._probes: dict[str, tuple[Probe, ...]] = {}
        self._latest: Snapshot | None = None
        self._taken = -1
        self._slow = SlowMotion()
        self._waiting_for_step = False
        self._stops: tuple[tuple[Breakpoint, ...], bool] = ((), False)
        self._closed = False
        self._warm_up = WarmUp(self) if warm else None
        #: What kernels are being compiled for, and how it goes on: "open", "edit" or "alone".
        self._warming: Work | None = None
        self._then = "open"
        if self._warm_up is not None:
            self._warm_up.progressed.connect(self._on_warm_progress)
            self._warm_up.finished.connect(self._on_warm_finished)
            self._warm_up.precise_finished.connect(self._on_precise_finished)
            self.ready.connect(self._warm_up.begin_precise)
        self._worker = Worker(precise=not warm)
        self._worker.state_changed.connect(self._on_state)
        self._worker.failed.connect(self._on_failed)
        self._worker.answered.connect(self._on_answer)
        self._worker.progressed.connect(self.progressed)
        self._worker.answered_partly.connect(self._on_part)
        self._worker.kernels_missing.connect(self._on_kernels_missing)
        self._worker.snapshot_put.connect(self._on_snapshot_put)
        self._worker.happened.connect(self._on_happened)
        self.clock.tick.connect(self._on_tick)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)
        # A thread still running when its object goes takes the process with it.
        atexit.register(_close, weakref.ref(self))

    # What it is doing

    @property
    def state(self) -> EngineState:
        """The newest state."""
        return self._state

    @property
    def latest(self) -> Snapshot | None:
        """The newest snapshot that has arrived, however often it was taken."""
        self._pull()
        return self._latest

    def take(self) -> Snapshot | None:
        """Return the newest snapshot if it was not taken before. For several readers use `latest`."""
        self._pull()
        if self._latest is None or self._latest.serial == self._taken:
            return None
        self._taken = self._latest.serial
        return self._latest

    @property
    def motion(self) -> Motion:
        """What to paint now: in slow motion the phase inside the step, else the newest snapshot."""
        self._pull()
        return self._slow.motion(self._latest)

    @property
    def work(self) -> Work | None:
        """What was opened last."""
        return self._work

    @property
    def held_back(self) -> SavedState | None:
        """What the file held that was opened and cannot run yet: it goes on with that when it can."""
        return self._held_back

    @property
    def alone(self) -> Work | None:
        """What is explained although it cannot be trained."""
        return self._alone

    # Opening and editing

    def open(self, work: Work) -> None:
        """Open a network, its training settings and its data; replaces the run there was."""
        if self._closed:
            return
        self._work, self._held_back = work, None
        self._blocked, self._hidden, self._alone = "", False, None
        self._slow.stop()
        self._latest = None
        self._worker.mailbox.take()
        self._change(
            status="starting", reason="", progress=0.0, detail="", position=None, finished=False
        )
        # What is pressed from now on is meant for this one, not for the run that is open until its kernels are there.
        self._send("expect")
        self._warm_or_open(work)

    def edit(self, work: Work) -> None:
        """Go on with a changed network, training or data.

        Weights are kept by layer id where their shapes overlap; changed training settings take effect
        at the next step. With other data, another seed or another split training begins anew, as a run of its own
        beside the one there was; the settings of a run that is kept open that one again.
        """
        self._work = work
        self._blocked, self._hidden, self._alone = "", False, None
        self._slow.stop()
        if self._warming is not None:
            # Sent when the kernels are there: an open run would otherwise be replaced by the one that was waited for.
            self._change(status="starting", reason="")
        else:
            self._send("edit", work=work)

    def block(self, reason: str, *, other_data: bool = False) -> None:
        """Refuse to run with that reason until the next `edit`: the network cannot work as it is.

        With `other_data` there are no snapshots until then: what is known is about samples that are not chosen now.
        """
        self._blocked = reason
        self._slow.stop()
        self._hidden = other_data
        if other_data:
            self._latest = None
        self._alone = None
        self._send("pause")
        self._change(status="blocked", reason=reason)

    def look_alone(self, work: Work, *, anew: bool = False) -> None:
        """Explain a blocked network although it cannot be trained; with `anew` no weights of one before are kept."""
        self._alone, self._anew = work, anew
        self._send("look_alone", work=work, anew=anew)

    def attach(self, bus: Bus, document: Any) -> None:
        """Carry out the bus's ``run.*`` commands, emit its run events, and follow the document.

        Commands another part has registered already are left to it.
        """
        from app.engine.following import follow
        from app.engine.transport import Transport

        self._bus = bus
        self._document = document
        Transport(self, bus)
        self._follower = follow(self, document)

    def catch_up(self) -> None:
        """Hand on edits of the followed document that are still settling."""
        if self._follower is not None:
            self._follower.look()

    def open_document(self, saved: SavedState | None = None) -> None:
        """Open what the followed document holds, going on from `saved`: a project file was read."""
        from app.engine.following import work_of, works_alone

        if self._follower is not None:
            self._follower.opened()
        problems = self._document.inspection.problems
        if problems:
            # What is there is of another project: saved, or gone on with, it would take the place of what was opened.
            self._work, self._held_back = None, saved
            self._send("leave")
            self._change(position=None, finished=False, runs=())
            self.block(problems[0].sentence, other_data=True)
            if works_alone(self._document):
                self.look_alone(work_of(self._document, saved), anew=True)
        else:
            self.open(work_of(self._document, saved))

    def open_run(self, run: str, done: Done) -> None:
        """Open another run of the project; ``done(Opened)`` is called when it is.

        Edits before belong to the run that is open until now. Settings that the document shows then and the run has
        not are edits of that run.
        """

        def opened(found: Opened) -> None:
            self._work = found.work
            if self._follower is not None:
                self._follower.has(found.work)
            done(found)

        self.catch_up()
        self.ask("switch_run", done=opened, run=run)

    # What views ask for

    def subscribe(self, key: str, probes: Iterable[Probe]) -> None:
        """Want these values in every snapshot from now on; replaces what ``key`` wanted before."""
        wanted = tuple(probes)
        if self._probes.get(key) == wanted:
            return
        self._probes[key] = wanted
        self._send_probes()

    def unsubscribe(self, key: str) -> None:
        """Want nothing any more."""
        if self._probes.pop(key, None) is not None:
            self._send_probes()

    def select_sample(self, index: int, split: str = "validation") -> None:
        """Choose the sample that ``sample:`` probes follow; split ``"train"`` or ``"validation"``."""
        self._preview("sample", "select_sample", index=int(index), split=split)

    def show_predictions(self, first: int = 0, count: int = 24, only_wrong: bool = False) -> None:
        """Choose the page of held-out samples in the snapshots; ``count`` 0 switches it off."""
        self._preview(
            "page",
            "show_predictions",
            first=int(first),
            count=int(count),
            only_wrong=bool(only_wrong),
        )

    def evaluate(self) -> None:
        """Evaluate on all held-out data in the background; the snapshots bring the result."""
        self._send("evaluate")

    def ask(
        self,
        question: str,
        *,
        done: Done,
        failed: Done | None = None,
        partly: Done | None = None,
        **arguments: Any,
    ) -> int:
        """Ask the worker something; ``done(answer)`` is called on this thread, and ``partly(found so far)`` before.

        Of questions that take long the newest of its kind counts; with an `asker`, the newest of its kind by that one.

        Questions: ``"explain"`` (instruction, cell, output=None), ``"uses"`` (instruction, role, cell),
        ``"tensor"`` (name, rows=None), ``"predict"`` (x), ``"saved_state"`` (), ``"evaluation"`` (),
        ``"compare"`` (run), ``"rename_run"`` (run, name), ``"delete_run"`` (key),
        ``"undelete_run"`` (key).
        A question that cannot be answered calls ``failed(sentence)``, or emits `failed` without one.

        Returns
        -------
        int
            A ticket for `forget`.
        """
        alone = self._alone is not None and question in OF_THE_NETWORK
        if self._blocked and question in _OF_THE_RUN and not alone and failed is not None:
            # The worker still has the run of the network before.
            sentence = tr("{reason} Until then nothing is looked for here.", reason=self._blocked)
            QTimer.singleShot(0, lambda: failed(sentence))
            return 0
        if question in _ABOUT_THE_PROGRAM and self._latest is not None:
            view = self._latest.program
            # What the asker has seen: an edit under way may give the same place another meaning.
            arguments.setdefault("program", view.serial if view is not None else None)
        ticket = self._send(
            "answer", done=done, on_failed=failed, question=question, values=arguments
        )
        if partly is not None and ticket in self._tickets:
            self._partly[ticket] = partly
        return ticket

    def forget(self, ticket: int) -> None:
        """Do not call back for that ticket any more: its asker is going away."""
        self._tickets.pop(ticket, None)
        self._partly.pop(ticket, None)

    def cancel(self, ticket: int) -> None:
        """Do not call back for that ticket, and end what it asked for if that takes long."""
        self.forget(ticket)
        self._send("cancel", ticket=ticket)

    @Slot()
    def close(self) -> None:
        """End the child process and the worker thread. Harmless a second time."""
        if self._closed:
            return
        self._closed = True
        self.clock.release("engine")
        if self._warm_up is not None:
            self._warm_up.close()
        self._tickets.clear()
        self._partly.clear()
        self._worker.close()
        if not self._worker.wait(_PATIENCE):
            log.error("the engine thread did not end within %d s", _PATIENCE // 1000)

    @property
    def ended(self) -> bool:
        """Whether the worker thread has ended, or never began: a compilation may outlast `close`."""
        return not self._worker.isRunning()

    # Inside

    def _send(
        self,
        command: str,
        /,
        *,
        done: Done | None = None,
        on_failed: Done | None = None,
        **arguments: Any,
    ) -> int:
        if self._closed:
            return 0
        self._worker.start_once()
        self._last_ticket += 1
        if done is not None:
            self._tickets[self._last_ticket] = (done, on_failed)
        self._worker.inbox.put(Request(command, arguments, self._last_ticket))
        return self._last_ticket

    def _preview(self, key: str, command: str, /, **arguments: Any) -> None:
        if self._closed:
            return
        self._worker.start_once()
        self._worker.inbox.put_preview(key, Request(command, arguments))

    def _send_probes(self) -> None:
        # Two views may want the same value: it is evaluated once.
        wanted: Mapping[Probe, None] = {
            probe: None for probes in self._probes.values() for probe in _hashable(probes)
        }
        self._send("set_probes", probes=tuple(wanted))

    def _pull(self) -> None:
        newest = self._worker.mailbox.peek()
        if (
            self._hidden
            or newest is None
            or (self._latest is not None and newest.serial <= self._latest.serial)
        ):
            return
        before, self._latest = self._latest, newest
        if self._waiting_for_step and self._state.speed.mode == "slow":
            moved = before is None or newest.position.step > before.position.step
            if moved and self._state.status == "playing":
                self._waiting_for_step = False
                self._slow.hops = _hops(newest)
                self._slow.show(before, newest)

    def _change(self, **fields: Any) -> None:
        state = replace(self._state, **fields)
        if state != self._state:
            self._state = state
            self.state_changed.emit(state)

    @Slot(object)
    def _on_state(self, state: EngineState) -> None:
        # What the interface chooses is kept here; what the engine knows comes from there.
        fields: dict[str, Any] = {
            "granularity": self._state.granularity,
            "speed": self._state.speed,
            "by_unit": self._state.by_unit,
        }
        if self._blocked:
            fields |= {"status": "blocked", "reason": self._blocked}
        was = self._state.status
        now = replace(state, **fields)
        if now.status == "playing":
            self.clock.want("engine")
        else:
            self.clock.release("engine")
            self._slow.stop()
        if now != self._state:
            self._state = now
            self.state_changed.emit(now)
        if was == "starting" and now.status != "starting":
            self.ready.emit()

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        speed = self._state.speed
        if self._state.status != "playing" or (speed.mode != "slow" and not speed.sampled):
            return
        if self._state.reverse or self._state.walks:
            # The worker walks by itself: nothing travels between two of its moments.
            self._pull()
            return
        self._pull()
        if speed.sampled:
            self._show_a_sampled_step(seconds)
            return
        if self._slow.advance(seconds, self._state.speed.rate) and not self._waiting_for_step:
            self._waiting_for_step = True
            self._send("pulse")

    def _show_a_sampled_step(self, seconds: float) -> None:
        """While training goes on, let the signal travel through one real step after the other."""
        rate = SECONDS_PER_LAYER * self._slow.length / SECONDS_PER_SAMPLED_STEP
        newest, shown = self._latest, self._slow.shown
        if self._slow.advance(seconds, rate) and newest is not None and newest is not shown:
            self._slow.hops = _hops(newest)
            self._slow.show(shown, newest)

    @Slot()
    def _on_snapshot_put(self) -> None:
        self._pull()
        self.snapshot_ready.emit()

    @Slot(int, object)
    def _on_part(self, ticket: int, found: Any) -> None:
        partly = self._partly.get(ticket)
        if partly is not None:
            partly(found)

    @Slot(int, object, str)
    def _on_answer(self, ticket: int, answer: Any, problem: str) -> None:
        done, on_failed = self._tickets.pop(ticket, (None, None))
        self._partly.pop(ticket, None)
        if not problem:
            if done is not None:
                done(answer)
        elif on_failed is not None:
            on_failed(problem)
        elif done is not None:
            self.failed.emit(problem)

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self._waiting_for_step = False
        self.failed.emit(sentence)

    @Slot(str, object)
    def _on_happened(self, name: str, values: dict[str, Any]) -> None:
        if self._bus is not None:
            self._bus.emit(name, **values)

    @Slot()
    def _on_precise_finished(self) -> None:
        # Told when the worker has been told: who was refused before that asks again, and is not refused again.
        self._send("allow_precise", done=lambda _: self.prepared.emit())

    @Slot(int, int)
    def _on_warm_progress(self, done: int, total: int) -> None:
        if self._state.status == "starting":
            self._change(progress=done / max(1, total), detail=f"{done}/{total}")

    @Slot(str)
    def _on_warm_finished(self, problem: str) -> None:
        # A child that failed is no catastrophe: the worker compiles what is missing itself.
        if problem:
            log.warning("the warm-up ended early: %s", problem)
        warmed, self._warming = self._warming, None
        if self._then == "alone" and self._alone is not None:
            self._send("look_alone", work=self._alone, anew=self._anew, warmed=True)
            # Who was told to wait asks again.
            self.state_changed.emit(self._state)
            return
        if self._work is None or self._closed:
            return
        if warmed is None or warmed is self._work or problem:
            if self._then == "open":
                self._send("open", work=self._work)
            else:
                self._send("edit", work=self._work, warmed=True)
        elif self._then == "open":
            self._warm_or_open(self._work)
        else:
            self._send("edit", work=self._work)

    @Slot(object)
    def _on_kernels_missing(self, work: Work) -> None:
        if self._warm_up is not None and not self._closed and work is self._alone:
            self._warming, self._then = work, "alone"
            self._warm_up.begin(work, alone=True)
            return
        # A newer edit is on its way to the worker; it will say what that one lacks.
        if work is self._work and self._warm_up is not None and not self._closed:
            self._warming, self._then = work, "edit"
            self._change(status="starting", reason="", progress=0.0, detail="")
            self._warm_up.begin(work)

    def _warm_or_open(self, work: Work) -> None:
        if self._warm_up is not None:
            self._warming, self._then = work, "open"
            self._warm_up.begin(work)
        else:
            self._send("open", work=work)


def _close(reference: weakref.ref[Engine]) -> None:
    engine = reference()
    if engine is not None:
        engine.close()


def _hashable(probes: Iterable[Probe]) -> tuple[Probe, ...]:
    # Slices became hashable in Python 3.12 only.
    return tuple(
        replace(probe, rows=(probe.rows.start, probe.rows.stop, probe.rows.step))
        if isinstance(probe.rows, slice)
        else probe
        for probe in probes
    )


def _hops(snapshot: Snapshot) -> int:
    """Count the connections a signal crosses, from the forward instructions."""
    if snapshot.program is None:
        return 1
    layers = [i.layer for i in snapshot.program.instructions if i.phase == "forward" and i.layer]
    return max(1, len(dict.fromkeys(layers)))
