"""Writing frames into files: video, animated pictures, folders of pictures. One class per container.

PyAV is imported where it is used: it takes a fifth of a second, and only an export needs it.
"""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from app.export.formats import Format
from app.export.palette import Palette


class FrameWriter(Protocol):
    """Takes frames one after the other; only the encoder thread calls it."""

    def add(self, frame: np.ndarray) -> None:
        """Write one frame ``(height, width, 3)`` uint8, contiguous."""

    def finish(self) -> None:
        """Write what is left; afterwards the file is complete."""

    def abandon(self) -> None:
        """Let go of the file without completing it; the caller removes it."""


def writer_for(fmt: Format, path: Path, size: tuple[int, int], fps: int) -> FrameWriter:
    """Return the writer of a film format; `path` is the partial file it fills."""
    if fmt.id == "gif":
        return GifWriter(path, size, fps)
    if fmt.id == "frames":
        return FolderWriter(path)
    return VideoWriter(path, size, fps, fmt.id)


# codec, pixel format, container, codec options, container options
_CODECS: dict[str, tuple[str, str, str, dict[str, str], dict[str, str]]] = {
    # faststart puts the index first, so that a browser plays while it loads.
    "mp4": ("libx264", "yuv420p", "mp4", {"crf": "19", "preset": "veryfast", "tune": "animation"},
            {"movflags": "+faststart"}),
    "webm": ("libvpx-vp9", "yuv420p", "webm",
             {"crf": "24", "b": "0", "cpu-used": "4", "row-mt": "1", "deadline": "good"}, {}),
    "apng": ("apng", "rgb24", "apng", {"pred": "mixed"}, {"plays": "0"}),
    "webp": ("libwebp_anim", "bgra", "webp", {"lossless": "1", "compression_level": "2"},
             {"loop": "0"}),
    # Never offered: what the first pass of a GIF is kept in, exact and fast.
    "lossless": ("ffv1", "bgr0", "matroska", {"level": "3", "slices": "4"}, {}),
}  # fmt: skip


class VideoWriter:
    """A film by PyAV: one stream, constant frame rate.

    Parameters
    ----------
    path
        File to write.
    size
        Width and height; even for ``"mp4"`` and ``"webm"``.
    fps
        Frames a second.
    codec
        Key of the codec table.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: int, codec: str) -> None:
        import av

        name, pixels, container, options, container_options = _CODECS[codec]
        self._av = av
        self._pixels = pixels
        self._yuv = pixels == "yuv420p"
        self._count = 0
        self._container = av.open(
            str(path), "w", format=container, container_options=container_options
        )
        stream: Any = self._container.add_stream(name, rate=Fraction(fps), options=options)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.time_base = self._time_base = Fraction(1, fps)
        if self._yuv:
            # Players take small unlabelled films for standard definition and shift the colours.
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = _BT709
            context.color_range = _LIMITED
        self._stream = stream

    def add(self, frame: np.ndarray) -> None:
        """Encode one frame."""
        picture = self._av.VideoFrame.from_ndarray(frame, format="rgb24")
        if self._yuv:
            picture = picture.reformat(
                format=self._pixels,
                src_colorspace=_BT709,
                dst_colorspace=_BT709,
                src_color_range=_FULL,
                dst_color_range=_LIMITED,
            )
            picture.colorspace = _BT709
            picture.color_range = _LIMITED
        elif self._pixels != "rgb24":
            picture = picture.reformat(format=self._pixels)
        picture.pts = self._count
        # Not the stream's: the container replaces that one when its header is written.
        picture.time_base = self._time_base
        self._count += 1
        for packet in self._stream.encode(picture):
            self._container.mux(packet)

    def finish(self) -> None:
        """Flush the encoder and close the file."""
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        try:
            self._container.close()
        except (OSError, ValueError):
            # The trailer of a file that could not be written cannot be written either.
            return


# Numbers of ITU-T H.273, as FFmpeg names them AVCOL_*.
_BT709 = 1
_LIMITED = 1
_FULL = 2


class GifWriter:
    """An animated GIF with one palette for the whole film, in two passes.

    The palette has to know all frames, and GIF writers that choose one per frame flicker and grow. So the
    first pass keeps the frames in a lossless file beside the target and counts their colours; the second
    maps them. Neither holds more than one frame in memory.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: int) -> None:
        self._path, self._size, self._fps = path, size, fps
        self._kept = path.with_name(path.name + ".pass1")
        self._first = VideoWriter(self._kept, size, fps, "lossless")
        self._palette = Palette()

    def add(self, frame: np.ndarray) -> None:
        """Keep a frame and count its colours."""
        self._first.add(frame)
        self._palette.count(frame)

    def finish(self) -> None:
        """Choose the palette and write the GIF."""
        import av

        self._first.finish()
        palette = self._palette.choose()
        try:
            with (
                av.open(str(self._kept)) as source,
                av.open(
                    str(self._path), "w", format="gif", container_options={"loop": "0"}
                ) as target,
            ):
                stream: Any = target.add_stream("gif", rate=Fraction(self._fps))
                stream.width, stream.height = self._size
                stream.pix_fmt = "pal8"
                # A GIF counts hundredths of a second.
                stream.time_base = Fraction(1, 100)
                for number, decoded in enumerate(source.decode(video=0)):
                    pixels = palette.map(decoded.to_ndarray(format="rgb24"))
                    # A pair for this format, of which the type of the argument does not tell.
                    coloured: Any = (pixels, palette.argb)
                    picture = av.VideoFrame.from_ndarray(coloured, format="pal8")
                    picture.pts = round(number * 100 / self._fps)
                    picture.time_base = Fraction(1, 100)
                    for packet in stream.encode(picture):
                        target.mux(packet)
                for packet in stream.encode(None):
                    target.mux(packet)
        finally:
            self._kept.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Close and remove the first pass."""
        self._first.abandon()
        self._kept.unlink(missing_ok=True)


class FolderWriter:
    """One PNG a frame in a folder: ``frame-00001.png``."""

    def __init__(self, path: Path) -> None:
        self._folder = path
        path.mkdir()
        self._count = 0

    def add(self, frame: np.ndarray) -> None:
        """Write one picture."""
        from PIL import Image

        self._count += 1
        picture = Image.fromarray(frame, "RGB")
        picture.save(self._folder / f"frame-{self._count:05d}.png", compress_level=3)

    def finish(self) -> None:
        """Nothing is left to write."""

    def abandon(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
