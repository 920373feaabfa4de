"""Close-ups of images laid out anew: padded, spread out, cropped, turned, made larger, and their ways back."""

from __future__ import annotations

from app.scenes.closeups import register
from app.scenes.closeups.windows import WindowCloseup

RESIZING = register(
    WindowCloseup(
        "resizing",
        {
            "pad2d": ("x",),
            "spread2d": ("x",),
            "crop2d": ("x",),
            "turn_kernel": ("w",),
            "repeat2d": ("x",),
            "repeat2d_grad": ("dy",),
            "bilinear2d": ("x",),
            "bilinear2d_grad": ("dy",),
        },
    )
)
