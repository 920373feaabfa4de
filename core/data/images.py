"""Sets of images, from files of ``assets/data`` (cut by ``packaging/build_data.py``)."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import assets
from core.data.errors import DataError
from core.data.types import DataInfo, Source

if TYPE_CHECKING:
    import numpy.typing as npt

    from core.data.types import Arrays

_TEN = tuple("0123456789")
_GARMENTS = (
    "T-shirt", "Trousers", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def read(name: str) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of a file in ``assets/data``.

    Raises
    ------
    DataError
        The file is missing or damaged: the installation is.
    """
    import numpy as np

    path = assets.path("data", f"{name}.npz")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {key: file[key] for key in ("x_train", "y_train", "x_test", "y_test")}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"The file {path.name} of the program is missing or damaged ({error}). "
            "Installing Chainrule again puts it back."
        ) from error


def _images(name: str) -> Arrays:
    import numpy as np

    found = read(name)
    # Grey images are stored without their one channel.
    x_train, x_test = (
        x[..., np.newaxis] if x.ndim == 3 else x for x in (found["x_train"], found["x_test"])
    )
    return x_train, found["y_train"].astype(np.int64), x_test, found["y_test"].astype(np.int64)


def digits() -> Arrays:
    """10,000 training and 2,000 test images of MNIST, each class with the share it has there."""
    return _images("digits")


def digits8x8() -> Arrays:
    """1,438 training and 359 test images of 8 x 8 numbers from 0 to 16."""
    return _images("digits8x8")


def garments() -> Arrays:
    """10,000 training and 2,000 test images of Fashion-MNIST, about as many of each class."""
    return _images("garments")


def emoji() -> Arrays:
    """3,600 training and 600 test pictures in colour, 32 x 32, as many of each class.

    Each is a drawing of Twemoji on a ground of one colour, moved, turned and made smaller by chance; those that are
    tested on are other drawings than those that are learned from.
    """
    return _images("emoji")


SOURCES = (
    Source(
        DataInfo(
            id="digits",
            version=1,
            title="Digits",
            summary="Handwritten digits, 28 × 28 in grey: 10,000 to learn from and 2,000 to be "
            "tested on, a stratified part of MNIST.",
            input_shape=(28, 28, 1),
            classes=_TEN,
            task="classification",
            kind="image",
            licence="CC BY-SA 3.0",
            origin="MNIST, by Yann LeCun, Corinna Cortes and Christopher Burges, from NIST's forms",
            scale=1 / 255,
        ),
        digits,
    ),
    Source(
        DataInfo(
            id="digits8x8",
            version=1,
            title="Small digits",
            summary="Handwritten digits, 8 × 8: small enough to train in a second and to read "
            "every number of.",
            input_shape=(8, 8, 1),
            classes=_TEN,
            task="classification",
            kind="image",
            licence="CC BY 4.0",
            origin="Optical Recognition of Handwritten Digits (test part), by E. Alpaydin and "
            "C. Kaynak, UCI, as packaged with scikit-learn",
            scale=1 / 16,
        ),
        digits8x8,
    ),
    Source(
        DataInfo(
            id="garments",
            version=1,
            title="Garments",
            summary="Shirts, shoes and bags, 28 × 28 in grey: as large as the digits and harder, because "
            "some classes look alike. A part of Fashion-MNIST.",
            input_shape=(28, 28, 1),
            classes=_GARMENTS,
            task="classification",
            kind="image",
            licence="MIT",
            origin="Fashion-MNIST, by Han Xiao, Kashif Rasul and Roland Vollgraf, Zalando SE",
            scale=1 / 255,
        ),
        garments,
    ),
    Source(
        DataInfo(
            id="emoji",
            version=1,
            title="Emoji in colour",
            summary="Faces, people, animals, food, vehicles and flags, 32 × 32 in colour. Drawings, not "
            "photographs, on grounds of any colour: the ground tells nothing.",
            input_shape=(32, 32, 3),
            classes=("Face", "Person", "Animal", "Food", "Vehicle", "Flag"),
            task="classification",
            kind="image",
            licence="CC BY 4.0",
            origin="Twemoji, by Twitter and contributors (jdecked/twemoji)",
            scale=1 / 255,
        ),
        emoji,
    ),
)
