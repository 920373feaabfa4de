"""What close-ups of windows share: convolution, pooling, their gradients, images laid out anew.

Above, the planes of the operands and of the result with the window on them; below, the arithmetic of the chosen cell:
patch, filter, products, what every channel (or sample) gives, and the sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.scenes.closeups import Index, Moment, Subject, Walk
from app.scenes.closeups.gathering import evaluate, sample_sums, terms_of, whole
from app.scenes.closeups.planes import axes_of
from app.scenes.closeups.windows_layout import WindowPlace, place, terms_in_focus
from app.scenes.closeups.windows_paint import Painting
from app.scenes.formula_expressions import format_number, significant
from app.scenes.step_values import parse_cell
from app.text import tr

if TYPE_CHECKING:
    import numpy as np
    from PySide6.QtGui import QPainter

    from app.scenes.closeups.gathering import Values
    from app.scenes.frame import ViewState
    from app.scenes.hits import Hit
    from app.theme import Theme

#: Seconds in which a window slides over all places when its instruction is come to, and for each of few places.
_SWEEP, _EACH = 1.6, 0.15


class WindowCloseup:
    """A close-up of operations that look through a window.

    Parameters
    ----------
    name
        Of the close-up.
    operands
        By operation: the operands drawn as planes before the result.
    """

    rank = 10

    def __init__(self, name: str, operands: dict[str, tuple[str, ...]]) -> None:
        self.name = name
        self._operands = operands

    def fits(self, subject: Subject) -> bool:
        """Whether it has something to show of this instruction."""
        line = subject.instruction
        if line.op not in self._operands or subject.tensor not in line.writes:
            return False
        # The bias of a dense layer has no image to add up.
        return line.op != "column_sum" or len(whole(subject, line.operands["x"])) > 1

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """Name the tensors it needs."""
        line = subject.instruction
        names = [*line.operands.values(), subject.tensor]
        names += [name for name in bias_of(subject) if name]
        return tuple(dict.fromkeys(names))

    def walk(self, subject: Subject) -> Walk | None:
        """Every place of the page of the result that is shown."""
        axes = axes_of(whole(subject, subject.tensor), subject.cell)
        sequence = axes.down is not None and axes.down > axes.across
        pairs = [(axes.down, axes.rows), (axes.across, axes.columns)]
        kept = [(a, n) for a, n in pairs if a is not None and not (sequence and a == axes.down)]
        return Walk(subject.cell, tuple(a for a, _ in kept), tuple(n for _, n in kept))

    def moves(self, subject: Subject) -> tuple[int | None, int]:
        """Along which axes the arrow keys move: down and across."""
        axes = axes_of(whole(subject, subject.tensor), subject.cell)
        return axes.down, axes.across

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> WindowPlace:
        """Place planes and arithmetic."""
        return place(subject, self._operands[subject.instruction.op], size, view)

    def duration(self, subject: Subject) -> float:
        """Seconds for which the window slides over its image when the instruction is come to."""
        walk = self.walk(subject)
        return min(_SWEEP, _EACH * walk.count) if walk is not None and walk.count > 1 else 0.0

    def present(self, subject: Subject, moment: Moment) -> tuple[Subject, int | None]:
        """The cell that is drawn, and up to which number of the walk the result is filled in (None: all of it)."""
        walked = moment.toggles.get("walked")
        walk = self.walk(subject)
        if isinstance(walked, int) and walk is not None:
            return subject, walked
        duration = self.duration(subject)
        if walk is None or not moment.clock < duration:
            return subject, None
        number = min(int(moment.clock / duration * walk.count), walk.count - 1)
        return replace(subject, cell=walk.cell(number)), number

    def paint(
        self,
        painter: QPainter,
        place: WindowPlace,
        theme: Theme,
        subject: Subject,
        moment: Moment,
    ) -> None:
        """Draw one moment inside the rectangle (0, 0, width, height)."""
        present, walked = self.present(subject, moment)
        if present.cell != subject.cell:
            place = self.layout(present, place.size, place.view)
        values = values_of(place, present, moment)
        sums = sums_of(place, present, moment, values)
        walk = self.walk(present) if walked is not None else None
        Painting(painter, place, theme, present, moment, values, sums, self.title(subject)).all(
            walk, walked
        )

    def describe(
        self, place: WindowPlace, hit: Hit, subject: Subject, moment: Moment
    ) -> tuple[str, ...]:
        """Lines of the tooltip of what the hit index found."""
        if hit.kind == "turn":
            return (tr("Turn the page"),)
        if hit.kind == "toggle":
            return (tr("Write this one out"),)
        cell = parse_cell(hit.id)
        if cell is not None:
            return _cell_lines(place, cell, subject, moment)
        if hit.kind != "term":
            return ()
        values = values_of(place, subject, moment)
        at = hit.index
        left, product = float(values.left[at]), float(values.products[at])
        if not place.terms.there[at]:
            return (tr("Beyond the edge"),)
        if values.right is not None:
            other = significant(float(values.right[at]), 4)
        elif place.terms.shares is not None:
            other = significant(float(place.terms.shares[at]), 4)
        else:
            return (format_number(left, 6),)
        return (f"{significant(left, 4)} · {other} = {significant(product, 4)}",)

    def title(self, subject: Subject) -> str:
        """A few words over the picture: what it shows."""
        return title_of(subject)


def numbers_of(subject: Subject, moment: Moment) -> dict[str, np.ndarray]:
    """The arrays of a moment, with what lasts as the step found it: its instructions read it before the updates."""
    read = {name: moment.read(subject, name) for name in moment.arrays}
    return {name: array for name, array in read.items() if array is not None}


def values_of(place: WindowPlace, subject: Subject, moment: Moment) -> Values:
    """The numbers of what is written out."""
    return evaluate(place.terms, numbers_of(subject, moment), subject.row)


def sums_of(
    place: WindowPlace, subject: Subject, moment: Moment, values: Values
) -> dict[int, float]:
    """What every plane gives, by its number."""
    if place.terms.stretch is None:
        return {k: float(v) for k, v in enumerate(values.sums)}
    sums = sample_sums(place.terms, numbers_of(subject, moment))
    if sums is not None and len(sums) == subject.rows:
        return {k: float(v) for k, v in enumerate(sums)}
    return {place.focus: float(values.sums[0])}


def bias_of(subject: Subject) -> tuple[str, str]:
    """The bias that is added to the result, and the name of what comes of it; empty where there is none."""
    line, tensor = subject.instruction, subject.tensor
    if line.phase != "forward" or line.op not in ("conv2d", "depthwise2d"):
        return "", ""
    head = tensor.removesuffix("/row")
    for later in subject.program.instructions[line.index + 1 : line.index + 4]:
        if (
            later.op == "bias_add"
            and later.layer == line.layer
            and later.operands["x"] in (tensor, head)
        ):
            return later.operands["b"], later.writes[0]
    return "", ""


def _cell_lines(
    place: WindowPlace, cell: tuple[str, Index], subject: Subject, moment: Moment
) -> tuple[str, ...]:
    name, index = cell
    info = subject.info(name)
    symbol = info.symbol or name
    head = f"{symbol}[{', '.join(str(k + 1) for k in index)}]"
    array = numbers_of(subject, moment).get(name)
    if array is None:
        return (head, tr("not computed yet"))
    sample = next((p.plane.sample for p in place.pages if p.plane.tensor == name), -1)
    row = sample if sample >= 0 else subject.row
    values = array[min(row, len(array) - 1)] if info.batch else array
    try:
        value = float(values[index])
    except (IndexError, ValueError):
        return (head,)
    lines = [f"{head} = {format_number(value, 6)}"]
    page = next((p for p in place.pages if p.plane.tensor == name and p.inner), None)
    if page is not None and page.inner is not None and page.note.startswith("padded"):
        top, left, height, width = page.inner
        at = page.plane.axes.find(index)
        if at is not None and not (top <= at[0] < top + height and left <= at[1] < left + width):
            lines.append(tr("a zero of the padding"))
    return tuple(lines)


_TITLES = {
    "conv2d": tr("The filter slides over the image: patch times weights, added up"),
    "depthwise2d": tr("Each channel has a filter of its own: patch times weights, added up"),
    "conv2d_weight_grad": tr("Gradient of a weight: what it met times the error there, over all places and samples"),
    "depthwise2d_weight_grad": tr("Gradient of a weight: what it met times the error there, in its own channel"),
    "depthwise2d_input_grad": tr("Gradient of a pixel: the errors of the patches it was in, times the weights it met"),
    "column_sum": tr("Gradient of a bias: the errors of all places and samples, added up"),
    "max_pool2d": tr("The largest number of the window goes on"),
    "average_pool2d": tr("The mean of the window goes on"),
    "max_pool2d_grad": tr("The error goes back to the place that was the largest; the others get nothing"),
    "average_pool2d_grad": tr("Every place of the window gets the same share of the error"),
    "global_max": tr("The largest number of the whole map goes on"),
    "global_max_grad": tr("The error goes back to the largest place; equal ones share it"),
    "mean_of_steps": tr("The mean of the steps that are not padding goes on"),
    "mean_of_steps_grad": tr("Every step that is not padding gets the same share of the error"),
    "repeat2d": tr("Every pixel becomes a block of equal pixels"),
    "repeat2d_grad": tr("The gradient of a pixel is the sum over the block it became"),
    "bilinear2d": tr("A pixel between others is a mix of them: the nearer, the larger the share"),
    "bilinear2d_grad": tr("Every error goes back in the shares its value was mixed in"),
    "pad2d": tr("Zeros are put around the image, so that the filter reaches over its edge"),
    "spread2d": tr("Zeros are put around the numbers and between them: so a filter of stride 1 reaches all"),
    "crop2d": tr("The inside is kept; what stands in the padding is left out"),
    "turn_kernel": tr("The filter turned by half a turn, channels in and out exchanged"),
}  # fmt: skip


def title_of(subject: Subject) -> str:
    """What the picture shows, in a line."""
    line = subject.instruction
    if line.op == "conv2d" and line.phase == "backward":
        return tr(
            "Gradient of the input: the turned filter slides over the error with zeros around it"
        )
    turned = any(name.endswith("/turned") for name in line.operands.values())
    if line.op == "conv2d" and turned:
        return tr(
            "A convolution backwards: the turned filter slides over the image with zeros in between"
        )
    return _TITLES.get(line.op, "")


__all__ = [
    "WindowCloseup",
    "bias_of",
    "numbers_of",
    "sums_of",
    "terms_in_focus",
    "terms_of",
    "title_of",
    "values_of",
]
