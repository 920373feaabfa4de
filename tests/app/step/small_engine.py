"""An engine for tests of the views: walks through `small_run` and explains with the real operations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.engine.state import EngineState
from core.ops.base import Instruction, operation
from core.tape.tensors import Buffer, Tensor
from tests.app.step import small_run

OPS = {
    "add_bias": ("bias_add", {"x": "x", "bias": "b"}),
    "matmul": ("matmul", {"x": "x", "kernel": "w"}),
    "tanh": ("tanh", {"x": "x"}),
    "sigmoid": ("sigmoid", {"x": "x"}),
    "matmul_weight_grad": ("matmul_weight_grad", {"x": "x", "dy": "dy"}),
    "bias_gradient": ("column_sum", {"g": "x"}),
    "input_gradient": ("matmul_input_grad", {"g": "dy", "kernel": "w"}),
    "tanh_gradient": ("tanh_grad", {"a": "y", "g": "dy"}),
    "sigmoid_gradient": ("sigmoid_grad", {"a": "y", "g": "dy"}),
}


@dataclass(frozen=True)
class Answer:
    result: Any
    expression: Any
    value: float
    kernel_value: float


class SmallEngine(QObject):
    """Steps through the one step of `small_run`; what it answers is computed."""

    state_changed = Signal(object)
    failed = Signal(str)
    ready = Signal()
    snapshot_ready = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.state = EngineState(status="paused")
        self.pc = 0
        self.latest = small_run.snapshot(0)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def subscribe(self, key: str, probes: Any) -> None:
        """Everything is in every snapshot."""

    def unsubscribe(self, key: str) -> None:
        """Nothing to do."""

    def set_granularity(self, value: str) -> None:
        """Steps are instructions here."""

    def _go(self, pc: int) -> None:
        self.pc = max(0, min(pc, len(small_run._LINES)))
        self.latest = small_run.snapshot(self.pc)
        self.state = replace(self.state, position=self.latest.position)
        self.snapshot_ready.emit()
        self.state_changed.emit(self.state)

    def step(self, granularity: str = "instruction") -> None:
        self._go(self.pc + 1)

    def step_back(self, granularity: str = "instruction") -> None:
        self._go(self.pc - 1)

    def seek(self, step: int, pc: int = 0) -> None:
        self._go(pc if step == 0 else len(small_run._LINES))

    def _tensor(self, name: str) -> Tensor:
        info = self.latest.program.tensors[name]
        return Tensor(name, info.shape, Buffer(0, info.batch, "values"), symbol=info.symbol)

    def ask(self, question: str, *, done: Any, failed: Any = None, **arguments: Any) -> int:
        self.asked.append((question, arguments))
        if question != "explain":
            failed("no") if failed else None
            return 0
        line = self.latest.program.instructions[arguments["instruction"]]
        op, roles = OPS.get(line.op, (line.op, {}))
        if line.op not in OPS:
            failed("no") if failed else None
            return 0
        inputs = {roles[r]: self._tensor(n) for r, n in line.operands.items() if r in roles}
        instruction = Instruction(op, inputs, {"y": self._tensor(line.writes[0])}, {"rows": 2})
        expression = operation(op).explain(instruction, arguments["cell"])
        done(Answer(None, expression, 0.0, 0.0))
        return 0


def document() -> Any:
    return SimpleNamespace(
        training=SimpleNamespace(batch_size=2, loss="half_squared_error", optimizer={"kind": "SGD"})
    )
