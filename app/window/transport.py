"""Which of play, step, back and reset are possible now, and why the others are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.engine.pace_words import pace_words
from app.text import tr

if TYPE_CHECKING:
    from app.engine.state import EngineState
    from app.transport import Transport
    from app.window.actions import Actions
    from app.workspace import WindowContext


def show(context: WindowContext, actions: Actions, state: EngineState) -> None:
    """Name, enable and explain the actions of the transport."""
    playing, going = state.status == "playing", state.status == "busy"
    reason = obstacle(context, state)
    actions["transport-play"].setText(tr("Pause") if playing or going else tr("Play"))
    tip = tr("Pause") if playing else tr("Train until paused")
    pace = pace_words(state)
    if state.by_unit and not playing:
        # Where every number is shown, it goes by what Step does.
        tip = (
            tr("Play {pace}, until a breakpoint stops it or you do", pace=pace) if pace
            else tr("Train until a breakpoint stops it or you do")
        )  # fmt: skip
    if state.reverse:
        tip = tr("Stop playing backwards")
    _enable(
        actions,
        "transport-play",
        not reason or playing or going,
        reason,
        tr("Stop at the step that has been reached") if going else tip,
    )
    can_step = not reason and not playing
    waiting = tr("Pause to go step by step") if playing else ""
    position = state.position
    moved = position is not None and (position.step > 0 or position.pc > 0)
    at_start = "" if moved else tr("This is the beginning: there is nothing to go back to")
    for suffix in ("", "-instruction"):
        _enable(
            actions, f"transport-step{suffix}", can_step, reason or waiting, tr("Go one step on")
        )
        why = obstacle(context, state, back=True) or waiting or at_start
        _enable(
            actions,
            f"transport-step-back{suffix}",
            not why,
            why,
            tr("Go one step back, to the exact numbers that were there"),
        )
    _enable(
        actions,
        "transport-reset",
        moved,
        at_start,
        tr("Go back to the weights before the first step"),
    )
    actions[f"transport-granularity-{state.granularity}"].setChecked(True)


def show_other(actions: Actions, other: Transport) -> None:
    """Name, enable and explain the actions while a workspace plays something else than the run."""
    state, tips = other.state, other.tips
    actions["transport-play"].setText(tr("Pause") if state.playing else tr("Play"))
    tip = tr("Pause") if state.playing else tips["play"]
    _enable(actions, "transport-play", not state.obstacle or state.playing, state.obstacle, tip)
    at_end = tr("This is the end") if state.step >= state.total else ""
    at_start = tr("This is the beginning: there is nothing to go back to") if state.at_start else ""
    for suffix in ("", "-instruction"):
        for name, tip, why in (
            ("transport-step", tips["step"], state.obstacle or at_end),
            ("transport-step-back", tips["step_back"], state.obstacle or at_start),
        ):
            _enable(actions, f"{name}{suffix}", not why, why, tip)
    _enable(actions, "transport-reset", not state.at_start, at_start, tips["reset"])


def obstacle(context: WindowContext, state: EngineState, *, back: bool = False) -> str:
    """Return why the run cannot go on, or back, or an empty text."""
    problems = context.document.inspection.problems
    if problems:
        return problems[0].sentence
    if not context.attached or state.status == "starting":
        return tr("The engine is being prepared")
    if state.status == "busy":
        return tr("The engine is busy")
    if state.status == "blocked":
        return state.reason
    if state.status == "diverged" and not back:
        return state.reason
    return ""


def _enable(actions: Actions, name: str, enabled: bool, reason: str, tip: str) -> None:
    actions[name].setEnabled(enabled)
    actions.set_tip(name, tip if enabled or not reason else reason)
