"""Pictures from files and from the clipboard, read with limits. Any thread but the interface's; knows no Qt.

A picture is looked at before it is decoded: what would take too much memory is refused by what its head says.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import assets
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from PIL.Image import Image

#: Files of more bytes and pictures of more pixels are refused, and sides below so many pixels.
MOST_BYTES, MOST_PIXELS, LEAST_SIDE = 64 * 2**20, 80_000_000, 2
#: The longest side that is kept: networks look at far smaller ones.
LONGEST = 1024
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture that was read.

    Attributes
    ----------
    pixels
        (height, width, 3) or, with transparent places, (height, width, 4) uint8; its longest side is `LONGEST` at most.
    name
        What it is called.
    size
        Width and height in the file.
    notes
        What was done to it, as words for people.
    """

    pixels: np.ndarray
    name: str
    size: tuple[int, int]
    notes: tuple[str, ...] = ()


def examples() -> tuple[str, ...]:
    """Names of the photographs the program is delivered with."""
    return tuple(sorted(path.stem for path in assets.path("photos").glob("*.jpg")))


def of_example(name: str) -> Photo:
    """One of `examples`."""
    if name not in examples():
        raise ChainruleError(
            tr("There is no photograph {name}; there are {names}.", name=repr(name),
               names=", ".join(examples()))
        )  # fmt: skip
    return of_file(assets.path("photos", f"{name}.jpg"), name)


def of_file(path: Path, name: str = "") -> Photo:
    """Read a picture from a file.

    Raises
    ------
    ChainruleError
        It cannot be read, is too large or too small, or is no picture.
    """
    name = name or path.name
    try:
        if not path.is_file():
            raise ChainruleError(tr("There is no file {name}.", name=str(path)))
        if path.stat().st_size > MOST_BYTES:
            raise ChainruleError(
                tr("{name} has {size} MB; pictures of up to {most} MB are read.", name=name,
                   size=f"{path.stat().st_size / 2**20:,.0f}", most=MOST_BYTES // 2**20)
            )  # fmt: skip
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise ChainruleError(
            tr("{name} cannot be read: {reason}.", name=name, reason=error.strerror or str(error))
        ) from error
    return of_bytes(content, name)


def of_bytes(content: bytes, name: str) -> Photo:
    """Read a picture from what stands in a file; see `of_file`."""
    from PIL import Image, UnidentifiedImageError

    if len(content) > MOST_BYTES:
        raise ChainruleError(
            tr("{name} is larger than {most} MB.", name=name, most=MOST_BYTES // 2**20)
        )
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            _check(picture.size, name)
            return _read(picture, name)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ChainruleError(
            tr("{name} has more than {most} million pixels.", name=name,
               most=MOST_PIXELS // 10**6)
        ) from error  # fmt: skip
    except UnidentifiedImageError as error:
        raise ChainruleError(
            tr("{name} is no picture that can be read: PNG, JPEG, GIF, WebP, BMP and TIFF can.",
               name=name)
        ) from error  # fmt: skip
    except ChainruleError:
        raise
    except MemoryError as error:
        raise ChainruleError(tr("There is too little memory for {name}.", name=name)) from error
    except Exception as error:
        # Decoders raise many kinds for broken files: OSError, SyntaxError, struct.error, ValueError, ...
        raise ChainruleError(
            tr("{name} is damaged or incomplete, so it cannot be read. Save it again, or choose another.",
               name=name)
        ) from error  # fmt: skip


def _check(size: tuple[int, int], name: str) -> None:
    wide, high = size
    if wide * high > MOST_PIXELS:
        raise ChainruleError(
            tr("{name} has {wide} × {high} pixels; pictures of up to {most} million are read.", name=name,
               wide=f"{wide:,}", high=f"{high:,}", most=MOST_PIXELS // 10**6)
        )  # fmt: skip
    if min(size) < LEAST_SIDE:
        raise ChainruleError(
            tr("{name} has {wide} × {high} pixels: too few to look at.", name=name, wide=wide,
               high=high)
        )  # fmt: skip


def _read(picture: Image, name: str) -> Photo:
    from PIL import Image, ImageOps

    size, notes = picture.size, []
    if getattr(picture, "n_frames", 1) > 1:
        notes.append(tr("first of {count} pictures", count=picture.n_frames))  # type: ignore[attr-defined]
        picture.seek(0)
    if picture.format == "JPEG":
        # Large JPEGs are decoded at half or a quarter of their size in the first place.
        picture.draft(picture.mode if picture.mode in ("L", "RGB") else None, (LONGEST, LONGEST))
    picture.load()
    shown: Image.Image = ImageOps.exif_transpose(picture)
    if shown.size != picture.size:
        size = (size[1], size[0])
    if shown.mode.startswith("I") or shown.mode == "F":
        numbers, own = _eight_bits(np.asarray(shown))
        # Modes are called "I;16" and, with 32 bits, "I" and "F"; a PNG of 16 bits may be read as "I".
        bits = 16 if "16" in shown.mode or picture.format == "PNG" else 32
        shown = Image.fromarray(numbers)
        if own:
            notes.append(tr("{bits} bit: its own range brought to 8", bits=bits))
        else:
            notes.append(tr("{bits} bit brought to 8", bits=bits))
    elif shown.mode == "CMYK":
        notes.append(tr("CMYK as RGB"))
    clear = shown.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in shown.info
    shown = shown.convert("RGBA" if clear else "RGB")
    if max(shown.size) > LONGEST:
        share = LONGEST / max(shown.size)
        wide, high = (max(1, round(side * share)) for side in shown.size)
        shown = shown.resize((wide, high), Image.Resampling.BOX)
    if max(size) > LONGEST:
        notes.append(tr("shown reduced"))
    pixels = np.array(shown, np.uint8)
    if clear and bool((pixels[..., 3] == 255).all()):
        pixels = np.ascontiguousarray(pixels[..., :3])
    elif clear:
        notes.append(tr("clear places on white"))
    pixels.flags.writeable = False
    return Photo(pixels, name, size, tuple(notes))


def _eight_bits(values: np.ndarray) -> tuple[np.ndarray, bool]:
    """Numbers of 16 or 32 bits as 0 to 255, and whether by their own range.

    Whole numbers go by 65,535, fractions by 1, or by 255 if that is where they end. What goes beyond that, and whole
    numbers of which nothing could be seen (up to 255 of 65,535), go by their own range. Places without a number are as
    dark as any, infinite ones as bright or as dark as any.
    """
    there = values[np.isfinite(values)].astype(np.float64)
    low, high = (float(there.min()), float(there.max())) if there.size else (0.0, 0.0)
    found = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    fractions = values.dtype.kind == "f"
    whole = next((w for w in (1.0, 255.0) if fractions and high <= w), 65535.0)
    own = low < 0 or high > whole or (not fractions and low < high <= 255)
    if own:
        found = (found - low) / max(high - low, 1e-12)
    else:
        found = found / whole
    return np.rint(np.clip(found, 0, 1) * 255).astype(np.uint8), own


def on_white(pixels: np.ndarray) -> np.ndarray:
    """Colours from 0 to 1, transparent places over white: (height, width, 3) float32."""
    values = pixels.astype(np.float32) / np.float32(255)
    if values.shape[-1] == 4:
        alpha = values[..., 3:]
        values = values[..., :3] * alpha + (1 - alpha)
    return values


def gray(colors: np.ndarray) -> np.ndarray:
    """Brightness by ITU-R BT.601, as photographs are made gray: (height, width, 1)."""
    shares = np.array([0.299, 0.587, 0.114], np.float32)
    return (colors @ shares)[..., None]
