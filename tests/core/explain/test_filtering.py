"""One filter over one image, compared with loops in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from core.classic_filters import FILTERS, SIZES, classic_filter, name_of
from core.errors import ChainruleError
from core.explain.filtering import MODES, convolved, pooled


def windows(padded: np.ndarray, size: int, strides: int, dilation: int) -> np.ndarray:
    """(rows, columns, channels, size, size): what the taps see at every place, by NumPy alone."""
    reach = (size - 1) * dilation + 1
    seen = np.lib.stride_tricks.sliding_window_view(padded, (reach, reach), axis=(0, 1))
    return seen[::strides, ::strides, :, ::dilation, ::dilation]


def same(n: int, window: int, strides: int) -> tuple[int, int]:
    total = max((-(-n // strides) - 1) * strides + window - n, 0)
    return total // 2, total - total // 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("size", "strides", "dilation", "padding"),
    [(1, 1, 1, "valid"), (3, 1, 1, "valid"), (3, 2, 1, "same"), (5, 1, 2, "same"), (7, 3, 1, 4), (3, 2, 3, 2)],
)  # fmt: skip
def test_convolutions_are_numpys(
    mode: str, size: int, strides: int, dilation: int, padding: str | int
) -> None:
    random = np.random.default_rng(size * 10 + strides)
    image, kernel = random.random((19, 23, 3)), random.normal(size=(size, size))
    found = convolved(
        image, kernel, bias=0.25, strides=strides, dilation_rate=dilation, padding=padding, mode=mode
    )  # fmt: skip
    reach = (size - 1) * dilation + 1
    if padding == "same":
        around = (same(19, reach, strides), same(23, reach, strides))
    else:
        around = ((padding, padding),) * 2 if isinstance(padding, int) else ((0, 0), (0, 0))
    padded = np.pad(image, (*around, (0, 0)), mode=mode)
    sums = np.einsum("hwcij,ij->hwc", windows(padded, size, strides, dilation), kernel)
    assert found.padding == around
    assert found.sums.shape == sums.shape
    assert np.allclose(found.padded, padded, atol=1e-6)
    assert np.allclose(found.sums, sums, atol=1e-5)
    assert np.allclose(found.values, sums + 0.25, atol=1e-5)


@pytest.mark.parametrize("operation", ["max", "average"])
@pytest.mark.parametrize(
    ("size", "strides", "padding"), [(2, 2, "valid"), (3, 1, "same"), (4, 3, "same")]
)
def test_pooling_is_numpys(operation: str, size: int, strides: int, padding: str) -> None:
    image = np.random.default_rng(size).normal(size=(15, 18, 2)).astype(np.float32)
    found = pooled(image, size, strides=strides, padding=padding, operation=operation)
    seen = windows(found.padded, size, strides, 1)
    expected = (np.nanmax if operation == "max" else np.nanmean)(seen, axis=(3, 4))
    assert np.allclose(found.values, expected, atol=1e-6)


def test_known_filters() -> None:
    assert classic_filter("sobel_x").tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    assert classic_filter("sobel_y").tolist() == [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]
    assert classic_filter("prewitt_y").tolist() == [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]
    assert classic_filter("laplacian").tolist() == [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    assert classic_filter("emboss").tolist() == [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
    assert classic_filter("sharpen").tolist() == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    assert classic_filter("gaussian", 5)[2].tolist() == [6, 24, 36, 24, 6]
    for name, one in FILTERS.items():
        for size in SIZES:
            kernel = classic_filter(name, size)
            assert kernel.shape == (max(size, one.least),) * 2
            # What keeps brightness has a sum to be divided by; what finds edges has none.
            assert (kernel.sum() != 0) == (one.divide or name in ("identity", "emboss")), name
            if size >= one.least:
                assert name_of(kernel) == name
    assert name_of(np.arange(9.0).reshape(3, 3)) == ""


def test_an_edge_is_found_in_its_direction() -> None:
    image = np.zeros((9, 9, 1))
    image[:, 5:] = 1
    across = convolved(image, classic_filter("sobel_x")).values
    assert across.max() == 4
    assert not convolved(image, classic_filter("sobel_y")).values.any()
    # Turned by half a turn it says the opposite.
    assert convolved(image, classic_filter("sobel_x")[::-1, ::-1]).values.min() == -4


def test_what_does_not_fit_is_told() -> None:
    image = np.zeros((5, 9, 1))
    with pytest.raises(ChainruleError, match=r"7×7 pixels.*5×9"):
        convolved(image, np.ones((7, 7)))
    with pytest.raises(ChainruleError, match="taps stand 4 apart"):
        convolved(image, np.ones((3, 3)), dilation_rate=4)
    with pytest.raises(ChainruleError, match="6×6"):
        pooled(image, 6, strides=1)
    with pytest.raises(ChainruleError, match="odd"):
        classic_filter("box", 4)
    with pytest.raises(ChainruleError, match="sobel_x"):
        classic_filter("sobel")
    assert convolved(image, np.ones((7, 7)), padding=1).values.shape == (1, 5, 1)
