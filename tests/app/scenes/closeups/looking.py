"""What a close-up sees of a real run, without a window: its subject, and the moment with the engine's numbers."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from PySide6.QtGui import QImage, QPainter

from app import theme as themes
from app.engine.explaining import lasting
from app.engine.program_view import is_there, last_instruction, program_view, written_at
from app.scenes.closeups import Closeup, Moment, Subject
from app.scenes.frame import Selection, ViewState
from app.scenes.step_values import Reader
from app.snapshots import LASTING, ProgramView, Snapshot
from core.runs import Run


class Looker:
    """Follows one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.program: ProgramView = program_view(run)

    def subject(
        self, index: int, tensor: str = "", cell: tuple[int, ...] | None = None, row: int = 0
    ) -> Subject:
        """An instruction and one number of what it writes."""
        line = self.program.instructions[index]
        tensor = tensor or line.writes[0]
        chosen = cell if cell is not None else (0,) * len(self.program.tensors[tensor].shape)
        return Subject(self.program, line, tensor, chosen, row, self.run.program.rows)

    def moment(self, closeup: Closeup, subject: Subject, **more: Any) -> Moment:
        """The arrays it asks for, as the session hands them over: only what this step has computed."""
        run = self.run
        snapshot = Snapshot(
            1,
            run.position,
            program=self.program,
            instruction=last_instruction(run.position),
            written_at=MappingProxyType(written_at(run)),
        )
        reader, written = Reader(snapshot, subject.row), written_at(run)
        arrays: dict[str, np.ndarray] = {}
        before: dict[str, np.ndarray] = {}
        for name in closeup.tensors(subject):
            assert name in self.program.tensors, (
                f"{closeup.name} asks for {name}, which is not there"
            )
            if reader.given(name) or (
                reader.state(name) == "fresh" and is_there(run, name, written)
            ):
                arrays[name] = run.program.tensor(name).copy()
            t = run.program.tape.tensors[name]
            start = run.step_start
            if t.role in LASTING and start is not None:
                before[name] = lasting(run)[name].copy()
        return Moment(arrays, before, snapshot, more.pop("selection", Selection()), **more)


def picture(
    closeup: Closeup, subject: Subject, moment: Moment, size: tuple[int, int], theme: str = "dark"
) -> QImage:
    """Paint a close-up."""
    colors = themes.THEMES[theme]
    image = QImage(size[0] * 2, size[1] * 2, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(2)
    image.fill(colors.bg0)
    place = closeup.layout(subject, (float(size[0]), float(size[1])), ViewState())
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    closeup.paint(painter, place, colors, subject, moment)
    painter.end()
    return image
