"""``chainrule doctor``: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

import argparse
import ctypes.util
import os
import platform
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.cli.window import has_display
from app.text import size, tr

#: Libraries Qt's xcb plugin loads that desktop-less systems lack, with Debian's package for each.
_XCB = {
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-image": "libxcb-image0",
    "xcb-render-util": "libxcb-render-util0",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "EGL": "libegl1",
    "GL": "libgl1",
}


@dataclass(frozen=True)
class Finding:
    """One line of the report: good, worth knowing, or wrong."""

    mark: Literal["ok", "note", "bad"]
    title: str
    text: str
    remedy: str = ""


def run(arguments: argparse.Namespace) -> int:
    """Print the report; the exit code is 1 if something essential is wrong."""
    with warnings.catch_warnings():
        # What is to be said of this machine stands in the report.
        warnings.simplefilter("ignore")
        findings = list(examine())
    signs = {"ok": "✓", "note": "·", "bad": "✗"}
    if not _can_print("✓✗"):
        signs = {"ok": "ok", "note": "--", "bad": "!!"}
    for finding in findings:
        print(f"{signs[finding.mark]} {finding.title}: {finding.text}")
        if finding.remedy:
            print(f"    {finding.remedy}")
    bad = sum(finding.mark == "bad" for finding in findings)
    print()
    print(
        tr("Everything essential works.")
        if not bad
        else tr("Something essential is missing; see above.")
    )
    return 1 if bad else 0


def examine() -> Iterator[Finding]:
    """Look at everything in turn; a check that breaks is itself a finding."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _program, _machine, _folders, _qt, _engine, _films,
    )  # fmt: skip
    for check in checks:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001 - the doctor reports, whatever it is
            title = check.__name__.removeprefix("_")
            yield Finding("bad", title, f"{type(error).__name__}: {error}")


def _program() -> Iterator[Finding]:
    from app.cli.run import version

    bundle = tr(", bundled") if getattr(sys, "frozen", False) else ""
    yield Finding("ok", "Chainrule", f"{version()}{bundle}")
    mark: Literal["ok", "bad"] = "ok" if sys.version_info >= (3, 11) else "bad"
    remedy = "" if mark == "ok" else tr("Install Python 3.11 or newer.")
    yield Finding(mark, "Python", platform.python_version(), remedy)


def _machine() -> Iterator[Finding]:
    from core.tape import helper

    cores = os.cpu_count() or 1
    memory = _memory()
    text = f"{platform.system()} {platform.release()}, {platform.machine()}, "
    text += tr("{n} cores", n=cores) + (f", {size(memory)}" if memory else "")
    yield Finding("ok", tr("Machine"), text)
    threads = helper.threads()
    yield Finding(
        "ok",
        tr("Training"),
        tr("on 2 threads where steps are large enough; CHAINRULE_THREADS=1 for one")
        if threads == 2
        else tr("on 1 thread"),
    )
    if memory and memory < 2e9:
        yield Finding(
            "note",
            tr("Memory"),
            size(memory),
            tr("Large networks will not fit; close other programs."),
        )


def _memory() -> int:
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return 0


def _folders() -> Iterator[Finding]:
    from app.settings import home
    from core.tape import cache

    for title, folder in ((tr("Settings"), home()), (tr("Compiled kernels"), cache.prepare())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            yield Finding(
                "bad",
                title,
                f"{folder} ({error.strerror})",
                tr("Make the folder writable, or set CHAINRULE_HOME to one that is."),
            )
            continue
        free = shutil.disk_usage(folder).free
        yield Finding("ok", title, f"{folder} ({tr('{free} free', free=size(free))})")
        if free < 200e6:
            yield Finding(
                "note", tr("Disk"), size(free), tr("Make room before saving or exporting.")
            )


def _qt() -> Iterator[Finding]:
    import PySide6
    from PySide6.QtCore import qVersion

    version = tuple(int(part) for part in PySide6.__version__.split(".")[:2])
    if version >= (6, 12) and sys.version_info < (3, 12):
        yield Finding(
            "bad",
            "PySide6",
            PySide6.__version__,
            tr(
                "This version ends the program after a while: pip install 'PySide6-Essentials<6.12'."
            ),
        )
    else:
        yield Finding("ok", "PySide6", f"{PySide6.__version__}, Qt {qVersion()}")
    if not has_display():
        yield Finding(
            "note",
            tr("Display"),
            tr("none"),
            tr("The window needs one; export, train and the other commands do not."),
        )
    elif sys.platform.startswith("linux"):
        missing = [
            package for name, package in _XCB.items() if ctypes.util.find_library(name) is None
        ]
        if missing:
            yield Finding(
                "note",
                tr("Libraries of the display"),
                tr("some were not found"),
                tr(
                    "If the window does not open: sudo apt-get install {names}",
                    names=" ".join(missing),
                ),
            )
        else:
            names = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
            yield Finding("ok", tr("Display"), next(filter(None, map(os.environ.get, names)), ""))
    fonts = Path(__file__).resolve().parents[2] / "assets" / "fonts"
    if fonts.is_dir():
        yield Finding("ok", tr("Fonts"), tr("bundled"))
    else:
        yield Finding("note", tr("Fonts"), tr("missing"), tr("Install Chainrule again."))


def _engine() -> Iterator[Finding]:
    from core.tape import cache

    cache.prepare()
    import llvmlite
    import numba
    import numpy

    yield Finding("ok", "NumPy", numpy.__version__)
    yield Finding("ok", "Numba", f"{numba.__version__}, llvmlite {llvmlite.__version__}")
    yield from _processor()
    from app.cli.trial import train_one_step
    from core import templates

    seconds, loss = train_one_step(templates.load("xor-mlp"))
    yield Finding(
        "ok", tr("Engine"), tr("one step in {s:.1f} s, loss {loss:.4f}", s=seconds, loss=loss)
    )


def _processor() -> Iterator[Finding]:
    """Which instructions kernels are written for."""
    from core.kernels.processor import CHOSEN, NOT_TAKEN

    title = tr("Processor")
    names = {"avx512": "AVX-512", "avx2": "AVX2", "sse": "SSE", "neon": "NEON"}
    if CHOSEN.lanes > 1:
        text = tr("{name}, {n} numbers at a time", name=names[CHOSEN.name], n=CHOSEN.lanes)
        yield Finding("ok", title, text)
    else:
        slow = tr(
            "Chainrule has no faster code for this one: results are right, training takes longer."
        )
        asked = tr("CHAINRULE_PROCESSOR asks for them.")
        forced = "CHAINRULE_PROCESSOR" in os.environ and not NOT_TAKEN
        yield Finding("note", title, tr("plain loops"), asked if forced else slow)
    for sentence in NOT_TAKEN:
        yield Finding("note", title, sentence)


def _films() -> Iterator[Finding]:
    import av

    codecs = {
        "libx264": "MP4",
        "libvpx-vp9": "WebM",
        "gif": "GIF",
        "apng": "APNG",
        "libwebp_anim": "WebP",
    }
    there = [title for name, title in codecs.items() if _encodes(name)]
    missing = [title for title in codecs.values() if title not in there]
    yield Finding("ok", "PyAV", f"{av.__version__}: {', '.join(there)}")
    if missing:
        yield Finding(
            "note",
            tr("Films"),
            tr("{names} cannot be written", names=", ".join(missing)),
            tr("pip install --force-reinstall av brings the complete one."),
        )


def _encodes(name: str) -> bool:
    import av

    try:
        av.codec.Codec(name, "w")
    except (ValueError, OSError):
        return False
    return True


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
