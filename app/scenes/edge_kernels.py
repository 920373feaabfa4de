"""The rasterisers of edges and tiles, compiled by Numba. Import only off the interface thread: it takes 0.4 s."""

from __future__ import annotations

import numpy as np

from core.kernels.kept import kept


@kept
def draw_edges(image, ends, width, color, span, shape, slope):
    """Blend curves that are monotone in x into an image: each pixel column gets one antialiased span.

    Parameters
    ----------
    image : (height, width, 4) uint8
        Blue, green, red, unused; opaque.
    ends : (n, 4) float32
        x0, y0, x1, y1 in pixels, x1 > x0.
    width : (n,) float32
        Thickness in pixels.
    color : (n, 3) uint8
        Blue, green, red.
    span : (n, 4) float32
        Part drawn as fractions of x (from, to) and the opacity at both ends.
    shape, slope : (m + 1,) float32
        Height of the curve and its derivative at fractions of x, both for a unit square.
    """
    rows = image.shape[0]
    columns = image.shape[1]
    last = shape.size - 1
    for e in range(ends.shape[0]):
        x0 = ends[e, 0]
        y0 = ends[e, 1]
        dx = ends[e, 2] - x0
        dy = ends[e, 3] - y0
        if dx <= 0:
            continue
        begin = x0 + dx * span[e, 0]
        end = x0 + dx * span[e, 1]
        if end <= begin:
            continue
        steep = dy / dx
        half_width = np.float32(0.5) * width[e]
        blue = np.int32(color[e, 0])
        green = np.int32(color[e, 1])
        red = np.int32(color[e, 2])
        fade = (span[e, 3] - span[e, 2]) / (end - begin)
        first = max(0, int(np.floor(begin)))
        stop = min(columns, int(np.ceil(end)))
        for x in range(first, stop):
            left = max(np.float32(x), begin)
            right = min(np.float32(x + 1), end)
            middle = np.float32(0.5) * (left + right)
            at = (middle - x0) / dx * np.float32(last)
            k = min(max(int(at), 0), last - 1)
            part = at - np.float32(k)
            y = y0 + dy * (shape[k] + (shape[k + 1] - shape[k]) * part)
            s = steep * (slope[k] + (slope[k + 1] - slope[k]) * part)
            half = half_width * np.sqrt(np.float32(1) + s * s)
            opacity = (span[e, 2] + fade * (middle - begin)) * (right - left) * np.float32(256)
            # Thinner than a pixel in y: the column still takes the curve's share, spread over the rows it crosses.
            rise = np.float32(0.5) * abs(s) * (right - left)
            reach = half + rise if half < np.float32(0.5) else half
            opacity *= half / reach
            top = y - reach
            bottom = y + reach
            for v in range(max(0, int(np.floor(top))), min(rows, int(np.ceil(bottom)))):
                cover = np.int32(
                    (min(bottom, np.float32(v + 1)) - max(top, np.float32(v))) * opacity
                )
                b = np.int32(image[v, x, 0])
                g = np.int32(image[v, x, 1])
                r = np.int32(image[v, x, 2])
                image[v, x, 0] = np.uint8(b + (((blue - b) * cover + 128) >> 8))
                image[v, x, 1] = np.uint8(g + (((green - g) * cover + 128) >> 8))
                image[v, x, 2] = np.uint8(r + (((red - r) * cover + 128) >> 8))


@kept
def draw_tiles(image, values, rects, table, factor, zero, margin, ground):
    """Draw small heat maps, interpolated between their values, each on a margin of the ground's colour.

    Parameters
    ----------
    image : (height, width, 4) uint8
        Blue, green, red, unused; opaque.
    values : (n, rows, columns) float32
        What is not finite is drawn as zero.
    rects : (n, 4) float32
        Left, top, width and height in pixels.
    table : (256, 4) uint8
        Colours, blue first.
    factor, zero : float
        A value v has the colour at zero + factor v.
    margin : int
        Pixels around each tile.
    ground : (3,) uint8
        Blue, green, red of the margin.
    """
    height = image.shape[0]
    width = image.shape[1]
    rows = values.shape[1]
    columns = values.shape[2]
    for n in range(values.shape[0]):
        left = int(np.floor(rects[n, 0] + np.float32(0.5)))
        top = int(np.floor(rects[n, 1] + np.float32(0.5)))
        wide = max(1, int(np.floor(rects[n, 2] + np.float32(0.5))))
        tall = max(1, int(np.floor(rects[n, 3] + np.float32(0.5))))
        for y in range(max(0, top - margin), min(height, top + tall + margin)):
            inside = top <= y < top + tall
            v = (np.float32(y - top) + np.float32(0.5)) / np.float32(tall) * np.float32(
                rows
            ) - np.float32(0.5)
            v = min(max(v, np.float32(0)), np.float32(rows - 1))
            j = min(int(v), max(rows - 2, 0))
            down = v - np.float32(j)
            below = min(j + 1, rows - 1)
            for x in range(max(0, left - margin), min(width, left + wide + margin)):
                if not inside or x < left or x >= left + wide:
                    image[y, x, 0] = ground[0]
                    image[y, x, 1] = ground[1]
                    image[y, x, 2] = ground[2]
                    continue
                u = (np.float32(x - left) + np.float32(0.5)) / np.float32(wide) * np.float32(
                    columns
                ) - np.float32(0.5)
                u = min(max(u, np.float32(0)), np.float32(columns - 1))
                i = min(int(u), max(columns - 2, 0))
                along = u - np.float32(i)
                right = min(i + 1, columns - 1)
                upper = values[n, j, i] + (values[n, j, right] - values[n, j, i]) * along
                lower = (
                    values[n, below, i] + (values[n, below, right] - values[n, below, i]) * along
                )
                value = (upper + (lower - upper) * down) * factor + zero
                if not np.isfinite(value):
                    value = np.float32(zero)
                k = int(min(max(value + np.float32(0.5), np.float32(0)), np.float32(255)))
                image[y, x, 0] = table[k, 0]
                image[y, x, 1] = table[k, 1]
                image[y, x, 2] = table[k, 2]


def warm() -> None:
    """Compile for the types that are used, into Numba's cache."""
    one = np.ones(1, np.float32)
    flat = np.zeros(2, np.float32)
    span = np.array([[0, 1, 1, 1]], np.float32)
    ends = np.array([[0, 0, 2, 2]], np.float32)
    draw_edges(
        np.zeros((2, 2, 4), np.uint8), ends, one, np.zeros((1, 3), np.uint8), span, flat, flat
    )
    colors = np.zeros((256, 4), np.uint8)
    tiles = np.zeros((1, 2, 2), np.float32)
    image = np.zeros((2, 2, 4), np.uint8)
    draw_tiles(image, tiles, ends, colors, np.float32(1), np.float32(128), 1, np.zeros(3, np.uint8))
