"""The formula of every instruction of every layer is set and painted: in both themes and both notations, whole.

Each is laid out for the inspector's narrow and wide form, in symbols and in numbers, and painted on an image with a
margin: nothing may be empty, stand outside its box, or be drawn with a character that the font does not have.
"""

from __future__ import annotations

import re
from types import MappingProxyType

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter, QRawFont

from app import theme as themes
from app.scenes import formula as f
from app.scenes.formula_expressions import Look, role_of, symbol_box, visible
from app.scenes.formula_expressions import formula as laid
from app.scenes.formula_tex import to_box
from app.snapshots import InstructionView
from app.step.card import Card
from app.step.notation import arranged, title
from app.step.page import PAD, Light, Page
from app.step.sections import sections
from app.step.simplify import shorten, simplify
from app.theme_fonts import load_fonts
from core import losses
from core.expressions import Expr, Ref, elide
from core.ops.base import Instruction, ref
from core.tape.program import Program
from tests.core.ops.explaining import kind_of, rough_kind
from tests.core.ops.programs import PROGRAMS
from tests.core.subjects import bound, each, first_computed, layer_subjects

WIDTHS = (360, 280)
SHOWN = ("equation", "result", "words")
THEMES = (themes.DARK, themes.LIGHT)
NOTATIONS = ("rows", "columns")
#: Instructions seen in earlier programs: an operation in the same form is looked at once.
seen: set[object] = set()


@pytest.fixture(scope="module", autouse=True)
def _fonts(qapp):
    load_fonts()


def has_glyphs(text: str) -> bool:
    raw = QRawFont.fromFont(f.mono(13))
    return all(raw.supportsCharacter(ord(letter)) for letter in text if not letter.isspace())


def whole(done: f.Formula, said: str) -> None:
    """Nothing of a formula is empty, outside its box, or without a glyph."""
    assert done.plain().strip(), said
    assert has_glyphs(done.plain()), f"{said}: {done.plain()!r}"
    for x, y, run in done.glyphs:
        up = f.vertical(run.size)[0]
        width = f.advance(run.text, run.size, run.weight)
        assert x >= -1, f"{said}: {run.text!r} is clipped"
        assert x + width <= done.width + 1.5, f"{said}: {run.text!r} is clipped"
        assert y - up * 0.8 >= -1.5, f"{said}: {run.text!r} stands over the top"
        assert y <= done.height + 1.5, f"{said}: {run.text!r} stands under the bottom"
        assert run.size >= f.MINIMUM_SIZE, said


def cell_of(program: Program, ins: Instruction) -> tuple[str, tuple[int, ...]]:
    t = ins.output
    shape = (program.rows, *t.shape) if t.batch else t.shape
    return t.name, tuple(n // 2 for n in shape)


def looked_at(program: Program, index: int, ins: Instruction, notation: str) -> Card:
    """What the inspector would show of the middle cell."""
    name, cell = cell_of(program, ins)
    found = program.explain(index, cell, name)

    def value(tensor: str, at: tuple[int, ...]) -> float:
        return float(program.value(tensor, at))

    arranged_ = arranged(ins.op, shorten(found.expression), notation)
    shown: Expr = elide(simplify(arranged_, value))
    line = program.instructions[index]
    view = InstructionView(
        index, line.phase, line.op, line.layer, line.title, line.formula, MappingProxyType(line.operands),
        line.writes,
    )  # fmt: skip
    return Card(
        "Instruction", ref(ins.output, cell), view, shown,
        {key: value(*key) for key in visible(shown)}, found.kernel_value, arranged_, "Words about it.",
        columns=notation == "columns", parts={"equation": True, "result": "", "words": "Words about it."},
    )  # fmt: skip


def painted(card: Card, width: int, colors: themes.Theme) -> np.ndarray:
    """The sections painted on an image with a margin at the bottom and the right; returns where ink is."""
    margin = 24
    page = write(card, width, colors)
    image = QImage(width + margin, round(page.y) + margin, QImage.Format.Format_RGB32)
    image.fill(colors.bg1)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    page.paint(painter, Light())
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    return (pixels & 0xFFFFFF) != (colors.bg1.rgb() & 0xFFFFFF)


def write(card: Card, width: int, colors: themes.Theme) -> Page:
    page = Page(colors, card, width)
    for section in sections():
        if section.name in SHOWN:
            section.paint(page, card.parts[section.name])
    return page


def rendered(program: Program) -> int:
    """Look at every instruction whose form was not seen yet; returns how many there were."""
    count = 0
    for index, ins in enumerate(program.tape.instructions):
        if ins.op in ("choose_batch", "gather"):
            continue
        name, _ = cell_of(program, ins)
        for notation in NOTATIONS:
            line = title(program.instructions[index], notation)
            if (line, notation) not in seen:
                seen.add((line, notation))
                whole(f.lay_out(to_box(line, f.Pen(12))), f"the line {line!r}")
        if kind_of(ins) in seen:
            continue
        seen.add(kind_of(ins))
        count += 1
        for notation in NOTATIONS:
            card = looked_at(program, index, ins, notation)
            if card.worded:
                continue
            said = f"{ins.op} ({program.instructions[index].title}) in {notation}"
            symbol = f.lay_out(symbol_box(card.subject, f.Pen(13)))
            whole(symbol, said)
            for width in WIDTHS:
                room = width - 2 * PAD
                for mode in ("symbolic", "numbers"):
                    pen = f.Pen(13 if mode == "symbolic" else 12, 400, "tx2")
                    done = laid(card.expression, Look(mode, pen, width=room), card.values)
                    whole(done, f"{said}, {mode}")
                    assert done.width <= room + 1, f"{said}, {mode}: wider than {width}"
                    symbols = {(r.tensor, r.index) for _, r in done.hits if isinstance(r, Ref)}
                    assert symbols or not card.values, f"{said}, {mode}: nothing can be hovered"
                    if not {"Σ", "…", "maximum"} & set(re.split(r"(Σ|…|maximum)", done.plain())):
                        assert symbols == set(card.values), (
                            f"{said}, {mode}: not all can be hovered"
                        )
            if (rough_kind(ins), notation) in seen:
                continue
            seen.add((rough_kind(ins), notation))
            for width in WIDTHS:
                for colors in THEMES:
                    ink = painted(card, width, colors)
                    assert ink.any(), f"{said}: nothing is painted"
                    assert not ink[:, width:].any(), (
                        f"{said}: painted over the right edge of {width}"
                    )
                    assert not ink[-20:].any(), f"{said}: painted under the sheet"
        assert hasattr(themes.DARK, role_of(name)), f"{name} has no colour"
    return count


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_formulas_of_a_program_are_painted_whole(name: str) -> None:
    program = PROGRAMS[name]()
    if not program.tables:
        program.run(first_computed(program))
    else:
        program.run()
    rendered(program)


@each(layer_subjects())
def test_the_formulas_of_every_layer_are_painted_whole(subject) -> None:
    program = bound(subject.network, losses.get("mean_squared_error"), dtype=np.float32)
    program.run(first_computed(program))
    rendered(program)
