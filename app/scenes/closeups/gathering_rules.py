"""The rules of `app.scenes.closeups.gathering`: one for each kind of window, the same sums the operations explain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes.closeups.gathering import Terms, cells_at, rule, whole

if TYPE_CHECKING:
    from app.scenes.closeups import Subject

_Names = Mapping[str, str]
_Given = Mapping[str, Any]


def _taps(given: _Given) -> tuple[int, int, int, int, int]:
    """(strides, dilation, groups) of a convolution."""
    (sh, sw), (dh, dw) = given["strides"], given.get("dilation", (1, 1))
    return sh, sw, dh, dw, given.get("groups", 1)


def _grid(planes: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    k, i, j = np.indices((planes, height, width))
    return k, i, j


@rule("conv2d")
def convolution(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """``y[u, v, f] = Σ x[u·sh+i·dh, v·sw+j·dw, c] w[i, j, c, f]``: a plane for each channel c of the filter's group."""
    (kh, kw, channels, filters), (sh, sw, dh, dw, groups) = whole(subject, names["w"]), _taps(given)
    u, v, f = subject.cell
    first = f // (filters // groups) * channels
    c, i, j = _grid(channels, kh, kw)
    return Terms(
        names["x"], cells_at(subject.row, u * sh + i * dh, v * sw + j * dw, first + c), np.ones_like(c, bool),
        names["w"], cells_at(i, j, c, f), kind="channel", names=tuple(range(first, first + channels)),
    )  # fmt: skip


@rule("depthwise2d")
def depthwise(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """The same with one channel: that of the filter."""
    (kh, kw, _, many), (sh, sw, dh, dw, _) = whole(subject, names["w"]), _taps(given)
    u, v, k = subject.cell
    channel, m = divmod(k, many)
    c, i, j = _grid(1, kh, kw)
    return Terms(
        names["x"], cells_at(subject.row, u * sh + i * dh, v * sw + j * dw, channel), np.ones_like(c, bool),
        names["w"], cells_at(i, j, channel, m), kind="channel", names=(channel,),
    )  # fmt: skip


@rule("depthwise2d_input_grad")
def depthwise_back(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """``dx[p, q, c] = Σ dy[u, v, c·M+m] w[i, j, c, m]`` where tap (i, j) of place (u, v) fell on the pixel."""
    (kh, kw, _, many), (sh, sw, dh, dw, _) = whole(subject, names["w"]), _taps(given)
    height, width, _ = whole(subject, names["dy"])
    p, q, channel = subject.cell
    m, i, j = _grid(many, kh, kw)
    (u, up), (v, over) = np.divmod(p - i * dh, sh), np.divmod(q - j * dw, sw)
    there = (up == 0) & (over == 0) & (u >= 0) & (v >= 0) & (u < height) & (v < width)
    return Terms(
        names["dy"], cells_at(subject.row, u, v, channel * many + m), there, names["w"], cells_at(i, j, channel, m),
        kind="filter", names=tuple(range(channel * many, (channel + 1) * many)),
    )  # fmt: skip


@rule("conv2d_weight_grad")
def convolution_weight(
    subject: Subject, names: _Names, given: _Given, samples: np.ndarray
) -> Terms:
    """``dw[i, j, c, f] = Σ x[u·sh+i·dh, v·sw+j·dw, c] dy[u, v, f]``: a plane for each sample."""
    _, _, channels, filters = whole(subject, subject.tensor)
    i, j, c, f = subject.cell
    groups = given.get("groups", 1)
    channel = f // (filters // groups) * channels + c
    return _weight(subject, names, given, samples, (i, j, channel, f))


@rule("depthwise2d_weight_grad")
def depthwise_weight(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """The same for a filter of one channel."""
    many = whole(subject, subject.tensor)[3]
    i, j, c, m = subject.cell
    return _weight(subject, names, given, samples, (i, j, c, c * many + m))


def _weight(
    subject: Subject,
    names: _Names,
    given: _Given,
    samples: np.ndarray,
    place: tuple[int, int, int, int],
) -> Terms:
    """`place`: the tap's row and column, the channel it reads, the filter it belongs to."""
    sh, sw, dh, dw, _ = _taps(given)
    i, j, channel, f = place
    height, width, _ = whole(subject, names["dy"])
    k, u, v = _grid(len(samples), height, width)
    r, there = samples[k], np.ones_like(k, bool)
    # Between the first and the last place the same pixels are met by a stretch of the image: what all samples give
    # is summed over stretches, which is much quicker than cell by cell.
    p, q = i * dh, j * dw
    stretch = (
        (
            slice(None),
            slice(p, p + (height - 1) * sh + 1, sh),
            slice(q, q + (width - 1) * sw + 1, sw),
            channel,
        ),
        (slice(None), slice(None), slice(None), f),
    )
    return Terms(
        names["x"], cells_at(r, u * sh + p, v * sw + q, channel), there, names["dy"], cells_at(r, u, v, f),
        kind="sample", names=tuple(int(n) for n in samples), stretch=stretch,
    )  # fmt: skip


@rule("column_sum")
def bias(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """``db[f] = Σ dy[..., f]`` over samples and places: a plane for each sample."""
    shape, f = whole(subject, names["x"]), subject.cell[0]
    image = shape if len(shape) == 3 else (1, *shape)
    k, u, v = _grid(len(samples), *image[:2])
    r, there = samples[k], np.ones_like(k, bool)
    cells = cells_at(r, u, v, f) if len(shape) == 3 else cells_at(r, v, f)
    stretch = ((slice(None),) * len(shape) + (f,), None)
    return Terms(
        names["x"],
        cells,
        there,
        kind="sample",
        names=tuple(int(n) for n in samples),
        stretch=stretch,
    )


# ---- pooling -----------------------------------------------------------------------------------------------------


def _window(given: _Given) -> tuple[int, int, int, int, int, int]:
    return (*given["pool"], *given["strides"], *given["before"])


def _inside(i: np.ndarray, j: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    return (i >= 0) & (j >= 0) & (i < size[0]) & (j < size[1])


@rule("max_pool2d", "average_pool2d")
def pooling(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """The window's places that lie inside the image: the largest, or the mean."""
    ph, pw, sh, sw, top, left = _window(given)
    u, v, c = subject.cell
    _, a, b = _grid(1, ph, pw)
    i, j = u * sh - top + a, v * sw - left + b
    how = "max" if subject.instruction.op == "max_pool2d" else "mean"
    there = _inside(i, j, whole(subject, names["x"]))
    return Terms(
        names["x"], cells_at(subject.row, i, j, c), there, how=how, kind="channel", names=(c,)
    )


def _over(place: int, pool: int, stride: int, before: int, count: int) -> list[int]:
    """Windows of one axis that contain a place."""
    return [u for u in range(count) if 0 <= place - (u * stride - before) < pool]


@rule("max_pool2d_grad")
def max_pooling_back(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """A plane for each window over the place: it gets that window's error if it was its first maximum."""
    ph, pw, sh, sw, top, left = _window(given)
    i, j, c = subject.cell
    height, width, _ = whole(subject, names["y"])
    windows = [(u, v) for u in _over(i, ph, sh, top, height) for v in _over(j, pw, sw, left, width)]
    us, vs = (np.array([w[k] for w in windows], np.int64) for k in (0, 1))
    _, a, b = _grid(len(windows), ph, pw)
    p = us[:, None, None] * sh - top + a
    q = vs[:, None, None] * sw - left + b
    own = (i - (us * sh - top)) * pw + j - (vs * sw - left)
    return Terms(
        names["x"], cells_at(subject.row, p, q, c), _inside(p, q, whole(subject, names["x"])),
        names["dy"], cells_at(subject.row, us, vs, c), how="winner", kind="window", names=tuple(windows), own=own,
    )  # fmt: skip


@rule("average_pool2d_grad")
def average_pooling_back(
    subject: Subject, names: _Names, given: _Given, samples: np.ndarray
) -> Terms:
    """The errors of the windows over the place, each divided by how many places its window has."""
    ph, pw, sh, sw, top, left = _window(given)
    i, j, c = subject.cell
    size, (height, width, _) = whole(subject, subject.tensor), whole(subject, names["dy"])
    us, vs = _over(i, ph, sh, top, height), _over(j, pw, sw, left, width)
    if not us or not vs:
        return _nothing(subject, names["dy"])
    u, v = (a[None] for a in np.meshgrid(us, vs, indexing="ij"))
    rows = np.minimum(u * sh - top + ph, size[0]) - np.maximum(u * sh - top, 0)
    columns = np.minimum(v * sw - left + pw, size[1]) - np.maximum(v * sw - left, 0)
    return Terms(
        names["dy"], cells_at(subject.row, u, v, c), np.ones_like(u, bool), shares=1.0 / (rows * columns),
        kind="window",
    )  # fmt: skip


def _nothing(subject: Subject, name: str) -> Terms:
    """A place no window reads: nothing comes back to it."""
    rank = len(whole(subject, name)) + int(subject.info(name).batch)
    return Terms(name, np.zeros((1, 1, 1, rank), np.int64), np.zeros((1, 1, 1), bool))


def _places(subject: Subject, name: str, channel: int) -> tuple[np.ndarray, np.ndarray]:
    """All places of one channel of an image or a sequence: cells, and a grid of them."""
    shape = whole(subject, name)
    if len(shape) == 3:
        k, i, j = _grid(1, *shape[:2])
        return cells_at(subject.row, i, j, channel), np.ones_like(k, bool)
    k, _, t = _grid(1, 1, shape[0])
    return cells_at(subject.row, t, channel), np.ones_like(k, bool)


def _order(shape: tuple[int, ...], cell: tuple[int, ...]) -> np.ndarray:
    """The place of a cell among all places of its channel."""
    return np.array([np.ravel_multi_index(cell[:-1], shape[:-1])])


@rule("global_max")
def global_max(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """The largest of all places."""
    cells, there = _places(subject, names["x"], subject.cell[-1])
    return Terms(names["x"], cells, there, how="max", kind="channel", names=(subject.cell[-1],))


@rule("global_max_grad")
def global_max_back(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """The places equal to the largest share its error."""
    c = subject.cell[-1]
    cells, there = _places(subject, names["x"], c)
    return Terms(
        names["x"], cells, there, names["dy"], cells_at(subject.row, c)[None], how="equals", kind="channel", names=(c,),
        own=_order(whole(subject, names["x"]), subject.cell),
    )  # fmt: skip


@rule("mean_of_steps")
def mean_of_steps(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """The steps that are not padding, divided by their number."""
    cells, there = _places(subject, names["x"], subject.cell[-1])
    marks = _marks(subject, names["keep"])
    return Terms(names["x"], cells, there, names["keep"], marks, how="kept mean", kind="channel",
                 names=(subject.cell[-1],))  # fmt: skip


@rule("mean_of_steps_grad")
def mean_of_steps_back(
    subject: Subject, names: _Names, given: _Given, samples: np.ndarray
) -> Terms:
    """The error divided by the number of steps that are not padding, for those."""
    t, c = subject.cell
    marks = _marks(subject, names["keep"])
    return Terms(
        names["keep"], marks, np.ones(marks.shape[:-1], bool), names["dy"], cells_at(subject.row, c)[None],
        how="kept share", own=np.array([t]),
    )  # fmt: skip


def _marks(subject: Subject, name: str) -> np.ndarray:
    shape = whole(subject, name)
    _, _, t = _grid(1, 1, int(np.prod(shape)))
    return cells_at(subject.row, t) if len(shape) == 1 else cells_at(subject.row, t, 0)


# ---- images laid out anew ----------------------------------------------------------------------------------------


def _one(subject: Subject, name: str, cell: tuple[int, ...], there: bool = True) -> Terms:
    """One cell that is copied, or a zero."""
    index = cells_at(*([subject.row] if subject.info(name).batch else []), *cell)
    channel = cell[-1]
    return Terms(
        name,
        index.reshape(1, 1, 1, -1),
        np.full((1, 1, 1), there),
        kind="channel",
        names=(channel,),
    )


@rule("repeat2d")
def repeat(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """Every pixel becomes a block."""
    (sh, sw), (u, v, c) = given["size"], subject.cell
    return _one(subject, names["x"], (u // sh, v // sw, c))


@rule("repeat2d_grad")
def repeat_back(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """The errors of the block, added up."""
    (sh, sw), (i, j, c) = given["size"], subject.cell
    _, a, b = _grid(1, sh, sw)
    return Terms(
        names["dy"], cells_at(subject.row, i * sh + a, j * sw + b, c), np.ones_like(a, bool), kind="channel", names=(c,)
    )  # fmt: skip


def _line(u: int, size: int, factor: int) -> dict[int, float]:
    """Pixels of one axis and their shares in pixel u of the larger image."""
    at = max((u + 0.5) / factor - 0.5, 0.0)
    first = int(at)
    second, share = min(first + 1, size - 1), at - first
    if second == first or not share:
        return {first: 1.0}
    return {first: 1 - share, second: share}


def _mixed(rows: dict[int, float], columns: dict[int, float]) -> tuple[np.ndarray, ...]:
    i, j = (a[None] for a in np.meshgrid(list(rows), list(columns), indexing="ij"))
    a, b = (
        x[None] for x in np.meshgrid(list(rows.values()), list(columns.values()), indexing="ij")
    )
    return i, j, a * b


@rule("bilinear2d")
def bilinear(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """The pixels around a place, the nearer the larger the share."""
    (sh, sw), (u, v, c) = given["size"], subject.cell
    height, width, _ = whole(subject, names["x"])
    i, j, shares = _mixed(_line(u, height, sh), _line(v, width, sw))
    return Terms(names["x"], cells_at(subject.row, i, j, c), np.ones_like(i, bool), shares=shares,
                 kind="channel", names=(c,))  # fmt: skip


@rule("bilinear2d_grad")
def bilinear_back(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """The errors of the places a pixel has a share in."""
    (sh, sw), (i, j, c) = given["size"], subject.cell
    height, width, _ = whole(subject, subject.tensor)
    rows = {u: s for u in range(height * sh) if (s := _line(u, height, sh).get(i)) is not None}
    columns = {v: s for v in range(width * sw) if (s := _line(v, width, sw).get(j)) is not None}
    u, v, shares = _mixed(rows, columns)
    return Terms(names["dy"], cells_at(subject.row, u, v, c), np.ones_like(u, bool), shares=shares,
                 kind="channel", names=(c,))  # fmt: skip


@rule("pad2d", "spread2d")
def laid_out(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """A pixel of the image, or a zero around it or between its pixels."""
    (top, left), (sh, sw), (u, v, c) = given["before"], given.get("strides", (1, 1)), subject.cell
    height, width, _ = whole(subject, names["x"])
    (i, up), (j, over) = divmod(u - top, sh), divmod(v - left, sw)
    there = not up and not over and 0 <= i < height and 0 <= j < width
    return _one(subject, names["x"], (i, j, c) if there else (0, 0, c), there)


@rule("crop2d")
def cropped(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """A pixel of the inside."""
    (top, left), (sh, sw), (u, v, c) = given["before"], given.get("strides", (1, 1)), subject.cell
    return _one(subject, names["x"], (u * sh + top, v * sw + left, c))


@rule("turn_kernel")
def turned(subject: Subject, names: _Names, given: _Given, samples: np.ndarray) -> Terms:
    """A weight of a filter, rotated by half a turn, channels in and out exchanged."""
    kh, kw, own, _ = whole(subject, subject.tensor)
    i, j, f, channel = subject.cell
    g, c = divmod(channel, whole(subject, names["w"])[2])
    return _one(subject, names["w"], (kh - 1 - i, kw - 1 - j, c, g * own + f))
