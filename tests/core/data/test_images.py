"""The image files are what their licence text says they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import assets
from core import data


def test_mnist_has_its_known_counts_mean_and_deviation() -> None:
    digits = data.load("digits")
    assert digits.x_train.shape == (10_000, 28, 28, 1)
    assert digits.x_test.shape == (2_000, 28, 28, 1)
    # A sixth of MNIST's own 5,923 zeros, 6,742 ones, ... and a fifth of its 980 test zeros, ...
    assert np.bincount(digits.y_train).tolist() == [
        987, 1124, 993, 1022, 974, 904, 986, 1044, 975, 991,
    ]  # fmt: skip
    assert np.bincount(digits.y_test).tolist() == [
        196, 227, 206, 202, 196, 178, 192, 206, 195, 202,
    ]  # fmt: skip
    scaled = digits.inputs("train")
    assert scaled.dtype == np.float32
    # The known figures of all 60,000; 10,000 of them differ by little.
    assert scaled.mean(dtype=np.float64) == pytest.approx(0.1307, abs=1e-3)
    assert scaled.std(dtype=np.float64) == pytest.approx(0.3081, abs=1e-3)


def test_small_digits_keep_all_rows_once() -> None:
    digits = data.load("digits8x8")
    assert (len(digits.x_train), len(digits.x_test)) == (1438, 359)
    assert digits.x_train.shape[1:] == (8, 8, 1)
    counts = np.bincount(digits.y_train) + np.bincount(digits.y_test)
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert digits.x_train.min() == 0
    assert digits.x_train.max() == 16
    assert digits.inputs("test").max() == 1.0


def test_garments_are_as_many_of_each_class() -> None:
    garments = data.load("garments")
    assert garments.x_train.shape == (10_000, 28, 28, 1)
    # All but evenly: images that are there twice are left out.
    assert np.abs(np.bincount(garments.y_train) - 1000).max() <= 1
    assert np.abs(np.bincount(garments.y_test) - 200).max() <= 1
    scaled = garments.inputs("train")
    # The known figures of the whole set.
    assert scaled.mean(dtype=np.float64) == pytest.approx(0.2860, abs=2e-3)
    assert scaled.std(dtype=np.float64) == pytest.approx(0.3530, abs=2e-3)


def test_the_ground_of_an_emoji_tells_nothing_of_its_class() -> None:
    emoji = data.load("emoji")
    assert emoji.x_train.shape == (3600, 32, 32, 3)
    assert np.bincount(emoji.y_train).tolist() == [600] * 6
    assert np.bincount(emoji.y_test).tolist() == [100] * 6
    # Corners are ground more often than not; their mean colour is the same for every class.
    corners = emoji.inputs("train")[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean(1)
    means = np.stack([corners[emoji.y_train == c].mean(0) for c in range(6)])
    assert np.abs(means - means.mean(0)).max() < 0.06


@pytest.mark.parametrize(
    ("name", "right"), [("digits", 0.78), ("digits8x8", 0.85), ("garments", 0.63), ("emoji", 0.3)]
)
def test_a_class_looks_like_itself(name: str, right: float) -> None:
    """Nearest mean image: 82 % on MNIST, 90 % on the small ones, a tenth (a sixth) if labels were shifted."""
    digits = data.load(name)
    train, test = digits.inputs("train"), digits.inputs("test")
    means = np.stack(
        [train[digits.y_train == c].mean(axis=0).ravel() for c in range(digits.y_train.max() + 1)]
    )
    distance = ((test.reshape(len(test), 1, -1) - means) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == digits.y_test).mean() > right


@pytest.mark.parametrize("name", ["digits", "garments", "emoji"])
def test_no_test_image_is_a_training_image(name: str) -> None:
    digits = data.load(name)
    train = {image.tobytes() for image in digits.x_train}
    assert not any(image.tobytes() in train for image in digits.x_test)


def test_a_missing_or_damaged_file_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.data import images

    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    with pytest.raises(data.DataError, match=r"digits\.npz .*missing or damaged.*again"):
        images.read("digits")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "digits.npz").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(data.DataError, match="missing or damaged"):
        images.read("digits")
    np.savez(tmp_path / "data" / "digits.npz", x_train=np.array([{"a": 1}], dtype=object))
    with pytest.raises(data.DataError, match="missing or damaged"):
        images.read("digits")
