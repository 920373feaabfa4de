"""An engine that shows given snapshots and notes what it is asked to do."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from app.engine.motion import Motion
from app.engine.state import EngineState


class StandIn(QObject):
    state_changed = Signal(object)
    failed = Signal(str)
    ready = Signal()
    snapshot_ready = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.state = EngineState(status="ready")
        self.motion = Motion()
        self.calls: list[tuple[str, Any]] = []
        self.probes: dict[str, tuple[Any, ...]] = {}

    def show(self, before: Any, after: Any, alpha: float = 1.0, phase: Any = None) -> None:
        self.motion = Motion(before, after, alpha, phase, after)
        self.snapshot_ready.emit()

    def become(self, status: str, **fields: Any) -> None:
        self.state = EngineState(status=status, **fields)  # type: ignore[arg-type]
        self.state_changed.emit(self.state)

    def subscribe(self, key: str, probes: Any) -> None:
        self.probes[key] = tuple(probes)

    def unsubscribe(self, key: str) -> None:
        self.probes.pop(key, None)

    def select_sample(self, index: int, split: str = "validation") -> None:
        self.calls.append(("select_sample", (index, split)))

    def show_predictions(self, first: int = 0, count: int = 24, only_wrong: bool = False) -> None:
        self.calls.append(("show_predictions", count))

    def seek(self, step: int, pc: int = 0) -> None:
        self.calls.append(("seek", step))
