"""Write the icons that come from Tabler into assets/icons. Run once, when one is added.

    npm pack @tabler/icons && tar xzf tabler-icons-*.tgz
    python packaging/build_icons.py package/

The other icons in the folder are drawn by hand for this program.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "assets" / "icons"

#: Our name: Tabler's name.
NAMES = {
    "adjustments": "adjustments",
    "alert-triangle": "alert-triangle",
    "arrow-left": "arrow-left",
    "arrow-right": "arrow-right",
    "bulb": "bulb",
    "camera": "camera",
    "check": "check",
    "chevron-down": "chevron-down",
    "chevron-left": "chevron-left",
    "chevron-right": "chevron-right",
    "chevron-up": "chevron-up",
    "clock": "clock",
    "code": "code",
    "copy": "copy",
    "dots": "dots",
    "download": "download",
    "external-link": "external-link",
    "eye": "eye",
    "file": "file",
    "file-plus": "file-plus",
    "film": "movie",
    "flag": "flag",
    "folder": "folder",
    "folder-open": "folder-open",
    "help": "help",
    "info": "info-circle",
    "keyboard": "keyboard",
    "lock": "lock",
    "maximize": "maximize",
    "minus": "minus",
    "moon": "moon",
    "pencil": "pencil",
    "plus": "plus",
    "redo": "arrow-forward-up",
    "refresh": "refresh",
    "save": "device-floppy",
    "settings": "settings",
    "sidebar": "layout-sidebar-right-collapse",
    "sun": "sun",
    "template": "template",
    "trash": "trash",
    "undo": "arrow-back-up",
    "upload": "upload",
    "x": "x",
    "zoom-in": "zoom-in",
    "zoom-out": "zoom-out",
}

# Tabler draws 2 wide on 24 units; 1.8 of 24 is 1.5 px at our 20.
FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 24 24" '
    'fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" '
    'stroke-linejoin="round">{}</svg>\n'
)


def main(package: Path) -> None:
    """Copy the outlines named above, without the invisible square each begins with."""
    for ours, theirs in NAMES.items():
        text = (package / "icons" / "outline" / f"{theirs}.svg").read_text(encoding="utf-8")
        shapes = re.findall(r"<(?!svg|/svg)[^>]+?/>", text)
        drawn = "".join(re.sub(r"\s+", " ", s) for s in shapes if 'd="M0 0h24v24H0z"' not in s)
        (TARGET / f"{ours}.svg").write_text(FRAME.format(drawn), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
