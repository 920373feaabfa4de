"""A close-up made of panels: the tensors of an instruction above, the chosen number term by term beneath."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt

from app.scenes import draw, formula
from app.scenes.closeups import Index, Moment, Subject, heat, terms
from app.scenes.closeups.arrangement import arrange
from app.scenes.closeups.panels import Panel, PanelHits, Slot
from app.scenes.closeups.panels import place as place_panels
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit
from app.scenes.step_focus import ROLES
from app.scenes.step_values import parse_cell
from app.step.notation import title
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QPainter

    from app.scenes.frame import ViewState
    from app.theme import Theme

HEAD = 40.0
PAD = 20.0
#: Whole batches of operands that are summed over samples are shown up to so many numbers.
_TOGETHER = 4096


@dataclass(frozen=True)
class Board:
    """Where everything of such a close-up is.

    Attributes
    ----------
    size
        Of the picture.
    panels
        The tensors.
    footer
        What stands beneath them.
    hits
        Everything that can be pointed at.
    """

    size: tuple[float, float]
    panels: tuple[Panel, ...]
    footer: terms.Footer
    hits: PanelHits

    def panel(self, tensor: str, result: bool | None = None) -> Panel | None:
        """Return the panel of a tensor."""
        return next(
            (p for p in self.panels
             if p.tensor == tensor and (result is None or p.slot.result == result)), None
        )  # fmt: skip


def operands_of(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Return (role, tensor) of what the instruction reads, each tensor once."""
    found: dict[str, str] = {}
    for role, tensor in subject.instruction.operands.items():
        if tensor in subject.program.tensors:
            found.setdefault(tensor, role)
    return tuple((role, tensor) for tensor, role in found.items())


def results_of(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Return (role, tensor) of what it writes."""
    line = subject.instruction
    named = tuple(line.results.items()) or tuple(("y", name) for name in line.writes)
    return tuple((role, name) for role, name in named if name in subject.program.tensors)


def sums_over_samples(subject: Subject) -> bool:
    """Tell whether the instruction makes one number of all samples: a weight's gradient, a mean."""
    return any(subject.info(t).batch for _, t in operands_of(subject)) and not all(
        subject.info(t).batch for _, t in results_of(subject)
    )


def together(subject: Subject, tensor: str, view: ViewState) -> bool:
    """Tell whether all samples of a tensor are shown."""
    info = subject.info(tensor)
    if not info.batch or subject.rows <= 1:
        return False
    if view.option("rows", "sample") == "batch":
        return True
    if not info.shape:
        return True
    return sums_over_samples(subject) and subject.rows * prod(info.shape) <= _TOGETHER


def slots_of(
    subject: Subject, view: ViewState, names: Iterable[tuple[str, str, bool]]
) -> tuple[Slot, ...]:
    """Return the tensors as they want to be placed; `names` are (role, tensor, whether it is a result)."""
    columns = view.option("notation", "rows") == "columns"
    found = []
    focus: dict[int, int] = {}
    ordered = list(names)
    for role, tensor, result in sorted(ordered, key=lambda one: not one[2]):
        info = subject.info(tensor)
        all_rows = together(subject, tensor, view)
        a = arrange(tuple(info.shape), subject.rows if all_rows else 0, columns)
        row = subject.row if info.batch and not all_rows else None
        at = 0
        if tensor == subject.tensor and len(subject.cell) == len(info.shape):
            index = (subject.row, *subject.cell) if all_rows else subject.cell
            at = a.place(index)[0] if index else 0
            focus[a.tiles] = at
        at = focus.get(a.tiles, at)
        page = view.page(tensor) if tensor in dict(view.pages) else -1
        found.append(Slot(tensor, role, result, a, row, info.batch, page, at))
    order = {(tensor, result): k for k, (_, tensor, result) in enumerate(ordered)}
    return tuple(sorted(found, key=lambda slot: order[slot.tensor, slot.result]))


def board(
    subject: Subject, size: tuple[float, float], view: ViewState, slots: tuple[Slot, ...],
    panels: tuple[Panel, ...] | None = None, extra: tuple[Hit, ...] = (),
) -> Board:  # fmt: skip
    """Place panels over the strip of terms; `panels` that are placed already are taken as they are."""
    width, height = size
    low = terms.height_for(height)
    if panels is None:
        panels = place_panels(
            slots, PAD, HEAD + 6, width - 2 * PAD, max(80.0, height - low - HEAD - 18)
        )
    foot = terms.footer(
        0.0, height - low, width, low, int(view.option("terms_from", 0)),
        int(view.option("jumps_from", 0)),
    )  # fmt: skip
    columns = view.option("notation", "rows") == "columns"
    items = (*foot.hits(), *_turns(panels, subject, columns), *extra)
    return Board(size, panels, foot, PanelHits(items, panels, row=subject.row))


def _turns(panels: tuple[Panel, ...], subject: Subject, columns: bool) -> tuple[Hit, ...]:
    """The two ends of a page number: back and on."""
    found = []
    for panel in panels:
        if panel.pages < 2:
            continue
        x, y, w, h = heat.pager(panel, heat.letter(panel, subject, columns).width)
        for step, left in ((-1, x), (1, x + w / 2)):
            found.append(Hit(f"page:{panel.tensor}:{panel.page + step}", "page", panel.tensor,
                             (panel.page + step,), (left, y, w / 2, h)))  # fmt: skip
    return tuple(found)


# -- painting


def scales(subject: Subject, place: Board, moment: Moment) -> Mapping[tuple[str, bool], float]:
    """Return vmax of every panel: its own, or one for all."""
    found = {}
    for panel in place.panels:
        array = array_of(subject, panel, moment)
        found[panel.tensor, panel.slot.result] = heat.scale_of(array)
    if moment.toggles.get("scale") == "shared" and found:
        known = [v for key, v in found.items() if moment.arrays.get(key[0]) is not None]
        top = max(known, default=1.0)
        return dict.fromkeys(found, top)
    return found


def array_of(subject: Subject, panel: Panel, moment: Moment) -> np.ndarray | None:
    """Return what a panel shows: what the instruction read, or what it has made."""
    find = moment.made if panel.slot.result else moment.read
    array = find(subject, panel.tensor)
    if array is None or panel.slot.row is None:
        return array
    return array[min(panel.slot.row, len(array) - 1)]


def header(
    painter: QPainter, theme: Theme, place: Board, subject: Subject, moment: Moment, vmax: float | None
) -> None:  # fmt: skip
    """Write the instruction over the picture, and the scale of the colours."""
    line = subject.instruction
    notation = str(moment.toggles.get("notation", "rows"))
    done = terms.heading_of(title(line, notation), formula.Pen(14, 500))
    color = theme.color(ROLES.get(line.phase, "tx2"))
    middle = HEAD / 2 + 5
    x = PAD + draw.text(painter, PAD, middle, f"{line.index + 1:02d}", 11, color, mono=True) + 12
    painter.save()
    painter.setClipRect(QRectF(x, 0, place.size[0] - x - 230, HEAD), Qt.ClipOperation.IntersectClip)
    formula.paint(painter, done, theme, x, middle - done.baseline)
    painter.restore()
    further = vmax is not None and any(
        heat.beyond(array_of(subject, panel, moment), vmax) for panel in place.panels
    )
    heat.legend(painter, theme, place.size[0] - PAD, HEAD / 2 - 4, vmax, further)


def paint_panels(
    painter: QPainter, theme: Theme, place: Board, subject: Subject, moment: Moment,
    vmaxes: Mapping[tuple[str, bool], float],
) -> None:  # fmt: skip
    """Draw every tensor with its name, and an arrow before the first result."""
    columns = moment.toggles.get("notation", "rows") == "columns"
    before: Panel | None = None
    for panel in place.panels:
        vmax = vmaxes[panel.tensor, panel.slot.result]
        heat.caption(painter, theme, panel, subject, columns)
        heat.paint(painter, theme, panel, array_of(subject, panel, moment), vmax, subject)
        if panel.pages > 1:
            _page(painter, theme, panel, subject, moment, columns)
        if before is not None and panel.slot.result and not before.slot.result and before.x < panel.x:  # fmt: skip
            x, y, _, h = panel.rect
            arrow = x - 17
            mid = y + min(h, 48.0) / 2
            draw.text(painter, arrow, mid + 5, draw.ARROW, 15, theme.tx3, anchor="middle")
        before = panel


def _page(
    painter: QPainter, theme: Theme, panel: Panel, subject: Subject, moment: Moment, columns: bool
) -> None:
    x, y, w, h = heat.pager(panel, heat.letter(panel, subject, columns).width)
    hover = moment.selection.hover if moment.selection is not None else ""
    if hover.startswith(f"page:{panel.tensor}:"):
        draw.fill(painter, x, y, w, h, theme.bg3, 4)
    tiles = panel.slot.arrangement.tiles
    last = panel.first + panel.count
    words = f"{panel.first + 1}\N{EN DASH}{last} / {tiles}"
    if draw.advance(words, 10, 400, True) + 28 <= w:
        draw.text(painter, x + w / 2, y + 14, words, 10, theme.tx2, mono=True, anchor="middle")
    for sign, at, more in (("‹", x + 7, panel.page > 0), ("›", x + w - 7, panel.page < panel.pages - 1)):  # fmt: skip
        draw.text(painter, at, y + 14, sign, 13, theme.tx if more else theme.line2, anchor="middle")


def paint_marks(painter: QPainter, theme: Theme, place: Board, subject: Subject, moment: Moment) -> None:  # fmt: skip
    """Mark the chosen number, the cells that made it, what the picked one goes into, and what the mouse is over."""
    color = theme.color(ROLES.get(subject.instruction.phase, "tx"))
    if subject.instruction.phase == "update":
        color = theme.tx
    origin = moment.origin
    hover = moment.selection.hover if moment.selection is not None else ""
    term = None
    if origin is not None and hover.startswith("term:"):
        term = terms.term_at(place.footer, int(hover[5:]), moment)
    for panel in place.panels:
        if origin is not None and not panel.slot.result and panel.tensor in origin.sources:
            cells = heat.marked(panel, origin.sources[panel.tensor])
            heat.mark(painter, theme, panel, heat.Marks(cells, color))
        if panel.slot.result and panel.tensor == subject.tensor:
            cells = heat.marked(panel, heat.one(subject.full))
            heat.mark(painter, theme, panel, heat.Marks(cells, color, width=2.5))
        if panel.slot.result and (used := moment.readers.get(panel.tensor)) is not None:
            cells = heat.marked(panel, used)
            heat.mark(painter, theme, panel, heat.Marks(cells, theme.tx, dashed=True, dim=False))
        if moment.picked is not None and moment.picked[0] == panel.tensor and not panel.slot.result:
            cells = heat.marked(panel, heat.one(moment.picked[1]))
            heat.mark(painter, theme, panel, heat.Marks(cells, theme.tx, width=2.0))
        if term is not None and not panel.slot.result:
            for name, own in terms.cells_of(term).items():
                if name == panel.tensor:
                    cells = heat.marked(panel, np.asarray(own, np.int32).reshape(len(own), -1))
                    heat.mark(painter, theme, panel, heat.Marks(cells, theme.tx, width=2.0))
        away = parse_cell(hover) if moment.pointed is None else None
        if away is not None and away[0] == panel.tensor:
            # Pointed at in the drawing or in a formula.
            hit = panel.find(away[1], subject.row)
            if hit is not None:
                draw.frame(painter, *hit.rect, theme.tx, 1.25, 2)
        if moment.pointed is not None and moment.pointed[0] == panel.tensor:
            cells = heat.marked(panel, heat.one(moment.pointed[1]))
            heat.mark(painter, theme, panel, heat.Marks(cells, theme.tx, width=1.25))


def describe(place: Board, hit: Hit, subject: Subject, moment: Moment) -> tuple[str, ...]:
    """Return the lines of the tooltip of a cell, a term, an instruction or a page."""
    if hit.kind == "cell":
        info = subject.info(hit.node)
        own = hit.index[1:] if info.batch else hit.index
        where = ",".join(str(k + 1) for k in own)
        name = f"{info.symbol or hit.node}[{where}]" if where else info.symbol or hit.node
        panel = place.panel(hit.node)
        value = moment.value(subject, hit.node, hit.index, made=panel is not None and panel.slot.result)  # fmt: skip
        shown = "…" if value is None else format_number(value, 6)
        lines = [f"{name} = {shown}", hit.node]
        if info.batch and subject.rows > 1:
            lines.append(tr("sample {row}", row=hit.index[0] + 1))
        if panel is not None and not panel.slot.result:
            lines.append(tr("Click: where it goes from here"))
        return tuple(lines)
    if hit.kind == "term":
        term = terms.term_at(place.footer, hit.index[0], moment)
        if term is None:
            return ()
        return (tr("This term: {value}", value=format_number(term.value, 6)),)
    if hit.kind == "jump":
        one = terms.jump_at(place.footer, hit.index[0], moment)
        if one is None:
            return ()
        line = subject.program.instructions[one.instruction]
        return (
            tr(
                "Go to instruction {number}: {title} (G: the first of the list)",
                number=line.index + 1,
                title=line.title,
            ),
        )
    if hit.kind == "page":
        return (tr("More channels"),)
    return ()


def full_index(subject: Subject, tensor: str, cell: Index) -> Index:
    """Return the index of a cell as the engine counts."""
    return (subject.row, *cell) if subject.info(tensor).batch else cell


def phase_color(theme: Theme, subject: Subject) -> QColor:
    """Return the colour of the instruction's phase."""
    phase = subject.instruction.phase
    return theme.tx if phase == "update" else theme.color(ROLES.get(phase, "tx"))
