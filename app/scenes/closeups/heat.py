"""Painting a tensor in its place: a heat map in one image, numbers where cells have room, and what is marked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.scenes import draw, formula, images
from app.scenes.cache import Cache
from app.scenes.formula_tex import to_box
from app.snapshots import LASTING
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.closeups import Index, Subject
    from app.scenes.closeups.panels import Panel
    from app.theme import Theme

_pictures = Cache(64)
_scales = Cache(64)
_largest = Cache(64)
#: Of larger arrays the scale is taken from a regular sample.
_SAMPLED = 65_536
#: How wide the turning of pages is, and its arrows alone.
_PAGER, _ARROWS = 92.0, 32.0
#: So many marked cells get a frame each; of more, the others are dimmed.
_FRAMED = 160


def scale_of(array: np.ndarray | None) -> float:
    """Return what gets the ramp's last colour."""
    if array is None or not array.size:
        return 1.0

    def make() -> tuple[np.ndarray, float]:
        flat = array.reshape(-1)
        if flat.size > _SAMPLED:
            flat = flat[:: flat.size // _SAMPLED]
        return array, images.extent(flat)

    size = _scales.get(_at(array), make)[1]
    assert isinstance(size, float)
    return size


def beyond(array: np.ndarray | None, vmax: float) -> bool:
    """Tell whether there are numbers that the colours' ends do not reach to."""
    if array is None or not array.size:
        return False

    def make() -> tuple[np.ndarray, float]:
        sizes = np.abs(array[np.isfinite(array)])
        return array, float(sizes.max(initial=0.0))

    largest = _largest.get(_at(array), make)[1]
    assert isinstance(largest, float)
    return images.is_beyond(largest, vmax)


def number(value: float, width: float, px: float, sign: bool = True) -> str:
    """Return a number as it fits into a cell: up to four decimals, fewer where there is less room."""
    if not np.isfinite(value):
        return draw.scientific(value)
    if value == 0:
        return "0"
    room = int((width - 3) / (0.6 * px))
    if float(value).is_integer() and abs(value) < 1e5:
        whole = f"{abs(value):.0f}"
        return (draw.MINUS if value < 0 else "") + whole
    size = abs(value)
    lead = "+" if sign and value > 0 else draw.MINUS if value < 0 else ""
    for digits in (4, 3, 2, 1):
        string = f"{size:.{digits}f}"
        if len(lead) + len(string) <= room and float(string) >= 0.5 * 10.0**-digits:
            if digits == 1 and size < 0.95 and room >= 5:
                break
            return lead + string
    if size < 1e5 and size >= 9.5:
        return lead + f"{size:.0f}"
    mantissa, exponent = f"{size:.0e}".split("e")
    return (lead if value < 0 else "") + f"{mantissa}e{int(exponent)}".replace("-", draw.MINUS)


@dataclass(frozen=True)
class Marks:
    """Cells that are marked in a panel: ``(n, axes)`` indices of what the panel shows, and how."""

    cells: np.ndarray
    color: QColor
    dashed: bool = False
    width: float = 1.5
    dim: bool = True


def letter(panel: Panel, subject: Subject, columns: bool) -> formula.Formula:
    """The letter of a tensor as it stands over its cells."""
    info = subject.info(panel.tensor)
    role = "bwd" if panel.tensor.startswith("grad/") else "fwd"
    if info.role in LASTING:
        role = "tx"
    pen = formula.Pen(13, 500, role)
    # A name of several words, such as a running sum, keeps its spaces.
    parts = (info.symbol or info.name).replace(" ", r"\ ").split("/")
    pieces = [to_box(parts[0], pen)]
    for part in parts[1:]:
        pieces += [formula.text("/", pen), to_box(part, pen)]
    a = panel.slot.arrangement
    turned = bool(a.down and a.across) and a.down > a.across and not a.tiled
    if turned != (columns and panel.slot.batch):
        pieces = [formula.scripts(formula.row(pieces), formula.text("T", pen.script()), None, pen)]
    return formula.lay_out(formula.row(pieces))


def pager(panel: Panel, letters: float) -> tuple[float, float, float, float]:
    """Where the pages are turned: at the right over the cells, beside letters that are so wide.

    Where there is little room there are only the two arrows: the rectangles' own numbers tell which are shown.
    """
    x, y, w, _ = panel.rect
    width = _PAGER if w >= letters + 8 + _PAGER else _ARROWS
    return max(x + letters + 6, x + w - width), y - panel.head - 22.0, width, 20.0


def caption(painter: QPainter, theme: Theme, panel: Panel, subject: Subject, columns: bool) -> None:
    """Write a tensor's letter, what it is called and its shape over it."""
    a = panel.slot.arrangement
    turned = bool(a.down and a.across) and a.down > a.across and not a.tiled
    done = letter(panel, subject, columns)
    baseline = panel.y - panel.head - 7
    formula.paint(painter, done, theme, panel.x, baseline - done.baseline)
    shape = panel.slot.arrangement.shape
    if turned:
        shape = shape[::-1]
    words = "×".join(map(str, shape)) or "1"
    # A little way into the gap beside it, and not into its neighbour's name; the tooltip says it in any case.
    room = panel.rect[2] + 14
    if panel.pages > 1:
        room = pager(panel, done.width)[0] - panel.x - 6
    if done.width + 8 + draw.advance(words, 10, 400, True) <= room:
        draw.text(painter, panel.x + done.width + 8, baseline, words, 10, theme.tx3, mono=True)


def paint(
    painter: QPainter,
    theme: Theme,
    panel: Panel,
    array: np.ndarray | None,
    vmax: float,
    subject: Subject,
) -> None:
    """Draw the cells: an image of colours and the numbers; dashed where nothing is computed yet."""
    a = panel.slot.arrangement
    array = _whole(panel, array)
    for tile in range(panel.first, panel.first + panel.count):
        corner = panel.tile_at(tile)
        assert corner is not None
        w, h = panel.tile_size
        if a.tiles > 1:
            _name_tile(painter, theme, panel, tile, corner, subject)
        if array is None:
            _empty(painter, theme, panel, corner)
            continue
        picture = _picture(theme, array, panel, tile, vmax)
        images.place(painter, corner[0], corner[1], w, h, picture, smooth=min(panel.cell) < 1.0)
        if panel.digits:
            cells = a.spread(array)[tile]
            _numbers(painter, theme, panel, corner, cells, vmax)
        if panel.digits or min(panel.cell) >= 8:
            _grid(painter, theme, panel, corner)
        draw.frame(painter, *corner, w, h, theme.line if panel.digits else theme.line2)


def _whole(panel: Panel, array: np.ndarray | None) -> np.ndarray | None:
    """The array in the panel's shape; samples that were not sent are left empty."""
    a = panel.slot.arrangement
    if array is None or array.shape == a.shape:
        return array
    if array.ndim != len(a.shape) or array.shape[1:] != a.shape[1:]:
        return None
    if len(array) >= a.shape[0]:
        return array[: a.shape[0]]
    more = np.full((a.shape[0] - len(array), *a.shape[1:]), np.nan, np.float32)
    return np.concatenate([array, more])


def _picture(theme: Theme, array: np.ndarray, panel: Panel, tile: int, vmax: float) -> QImage:
    """One rectangle's colours, a pixel a cell; made once for each array."""
    a = panel.slot.arrangement
    key = (theme.name, _at(array), a, tile, vmax, panel.cell)

    def make() -> tuple[np.ndarray, QImage]:
        shown = a.spread(array)[tile]
        across, down = (max(1, int(0.5 / side)) for side in panel.cell)
        if across > 1 or down > 1:
            shown = shown[::down, ::across]
        return array, images.heat(theme, shown, "signed", vmax)

    picture = _pictures.get(key, make)[1]
    assert isinstance(picture, QImage)
    return picture


def _at(array: np.ndarray) -> tuple[Any, ...]:
    """Where an array's numbers lie: rows of one array are new objects each time.

    Who remembers something by it keeps the array, so that nothing else comes to lie there.
    """
    return array.__array_interface__["data"][0], array.shape, array.strides


def _numbers(
    painter: QPainter, theme: Theme, panel: Panel, corner: tuple[float, float],
    cells: np.ndarray, vmax: float,
) -> None:  # fmt: skip
    """Write the numbers: those on dark cells first, then the others, so that the pen changes once."""
    w, h = panel.cell
    px = panel.digits
    a = panel.slot.arrangement
    painter.setFont(draw.face(px, 400, True))
    one = draw.advance("0", px, 400, True)
    bright = _bright(theme)[images.levels(cells, "signed", vmax)]
    values = cells.tolist()
    last = a.shape[0] if a.wrap else a.height * a.width
    for on_bright, ink in ((False, QColor("#ffffff")), (True, QColor("#0d1015"))):
        painter.setPen(ink)
        for i, j in np.argwhere(bright == on_bright).tolist():
            if i * a.width + j >= last:
                continue
            string = number(values[i][j], w, px)
            x = corner[0] + (j + 0.5) * w - 0.5 * one * len(string)
            painter.drawText(QPointF(x, corner[1] + (i + 0.5) * h + 0.36 * px), string)


@lru_cache(maxsize=8)
def _bright(theme: Theme) -> np.ndarray:
    """Of the signed ramp's colours those on which ink is dark."""
    table = theme.table("signed")
    return np.array([theme.on(QColor(*map(int, row[:3]))).lightness() < 128 for row in table])


def _grid(painter: QPainter, theme: Theme, panel: Panel, corner: tuple[float, float]) -> None:
    """Hairlines between cells, in the colour of the ground."""
    (x, y), (w, h) = corner, panel.cell
    painter.setPen(QPen(theme.bg0, 1.0))
    rows, columns = panel.slot.arrangement.height, panel.slot.arrangement.width
    for i in range(1, rows):
        painter.drawLine(round(x), round(y + i * h), round(x + columns * w), round(y + i * h))
    for j in range(1, columns):
        painter.drawLine(round(x + j * w), round(y), round(x + j * w), round(y + rows * h))


def _empty(painter: QPainter, theme: Theme, panel: Panel, corner: tuple[float, float]) -> None:
    """Dashed cells: this step has not computed them."""
    a, (w, h) = panel.slot.arrangement, panel.cell
    pen = QPen(theme.line2, 1.0)
    pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    tw, th = panel.tile_size
    painter.drawRect(QRectF(corner[0] + 0.5, corner[1] + 0.5, tw - 1, th - 1))
    if panel.digits and a.height * a.width <= 256:
        for i in range(a.height):
            for j in range(a.width):
                draw.text(painter, corner[0] + (j + 0.5) * w, corner[1] + (i + 0.5) * h + 4, "…",
                          11, theme.bwd, mono=True, anchor="middle")  # fmt: skip
    elif tw > 20:
        x, y = corner[0] + tw / 2, corner[1] + th / 2 + 4
        draw.text(painter, x, y, "…", 11, theme.bwd, mono=True, anchor="middle")


def _name_tile(
    painter: QPainter, theme: Theme, panel: Panel, tile: int, corner: tuple[float, float],
    subject: Subject,
) -> None:  # fmt: skip
    a = panel.slot.arrangement
    names = a.names(tile)
    words = ",".join(str(k + 1) for k in names)
    if panel.slot.row is None and panel.slot.batch:
        words = tr("sample {row}", row=names[0] + 1)
        if len(names) > 1:
            words += "  " + ",".join(str(k + 1) for k in names[1:])
    elif len(names) == 2:
        words = f"{names[1] + 1}→{names[0] + 1}"
    words = draw.elide(words, 10, max(panel.tile_size[0], 24.0), 400, True)
    draw.text(painter, corner[0], corner[1] - 3, words, 10, theme.tx3, mono=True)


def mark(painter: QPainter, theme: Theme, panel: Panel, marks: Marks) -> None:
    """Frame the marked cells; where there are too many, dim the others."""
    a = panel.slot.arrangement
    if not len(marks.cells):
        return
    tiles, rows, columns = a.places(marks.cells)
    pen = QPen(marks.color, marks.width)
    if marks.dashed:
        pen.setDashPattern([3.0, 2.0])
    for tile in range(panel.first, panel.first + panel.count):
        own = tiles == tile
        count = int(own.sum())
        corner = panel.tile_at(tile)
        if not count or corner is None:
            continue
        i, j = rows[own], columns[own]
        top, bottom, left, right = int(i.min()), int(i.max()), int(j.min()), int(j.max())
        w, h = panel.cell
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if (bottom - top + 1) * (right - left + 1) == count:
            painter.drawRoundedRect(
                QRectF(corner[0] + left * w, corner[1] + top * h, (right - left + 1) * w, (bottom - top + 1) * h),
                2, 2,
            )  # fmt: skip
        elif count <= _FRAMED and w >= 4:
            for one in range(count):
                painter.drawRoundedRect(
                    QRectF(corner[0] + j[one] * w, corner[1] + i[one] * h, w, h), 2, 2
                )
        elif marks.dim:
            veil = np.full((a.height, a.width), 0, np.uint32)
            ground = theme.bg0
            veil[:] = 150 << 24 | _premultiplied(ground, 150)
            veil[i, j] = 0
            form = QImage.Format.Format_ARGB32_Premultiplied
            image = QImage(veil.data, a.width, a.height, a.width * 4, form)
            images.place(painter, corner[0], corner[1], *panel.tile_size, image, smooth=False)


def _premultiplied(color: QColor, alpha: int) -> int:
    r, g, b = (c * alpha // 255 for c in (color.red(), color.green(), color.blue()))
    return r << 16 | g << 8 | b


def marked(panel: Panel, cells: np.ndarray) -> np.ndarray:
    """Return the indices within what a panel shows of cells as the engine counts them, ``(n, axes)``."""
    slot = panel.slot
    if slot.batch and slot.row is not None:
        cells = cells[cells[:, 0] == slot.row][:, 1:]
    shape = slot.arrangement.shape
    if cells.shape[1] != len(shape):
        return np.zeros((0, len(shape)), np.int32)
    inside = (cells < np.asarray(shape, np.int32)).all(axis=1) if len(shape) else np.ones(len(cells), bool)  # fmt: skip
    return cells[inside]


def one(index: Index) -> np.ndarray:
    """Return a single index as an array of indices."""
    return np.asarray(index, np.int32).reshape(1, -1)


def legend(
    painter: QPainter, theme: Theme, x: float, y: float, vmax: float | None, further: bool = False
) -> None:
    """Draw the colours from −vmax to +vmax, right-aligned at x; without a number where each has its own scale.

    Parameters
    ----------
    further
        Whether there are numbers beyond the ends, which have the colours of the ends.
    """
    width, height = 96.0, 8.0
    ramp = np.linspace(-1, 1, 97, dtype=np.float32).reshape(1, -1)
    shown = "" if vmax is None else draw.plain(vmax, 3) if vmax >= 0.01 else draw.scientific(vmax)
    right = shown and (f"≥ {shown}" if further else f"+{shown}")
    left = shown and (f"≤ {draw.MINUS}{shown}" if further else f"{draw.MINUS}{shown}")
    if vmax is None:
        left, right = tr("{minus} own", minus=draw.MINUS), tr("scale +")
    end = x - draw.advance(right, 10, 400, True) - 6
    draw.text(painter, x, y + 8, right, 10, theme.tx3, mono=True, anchor="end")
    picture = images.heat(theme, ramp, "signed", 1.0)
    images.place(painter, end - width, y, width, height, picture, smooth=True)
    draw.text(painter, end - width - 6, y + 8, left, 10, theme.tx3, mono=True, anchor="end")
