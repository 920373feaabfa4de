"""Close-ups of pooling, forward and back: the winner of a window, or its mean, and where the error goes."""

from __future__ import annotations

from app.scenes.closeups import register
from app.scenes.closeups.windows import WindowCloseup

POOLING = register(
    WindowCloseup(
        "pooling",
        {
            "max_pool2d": ("x",),
            "average_pool2d": ("x",),
            "global_max": ("x",),
            "mean_of_steps": ("x",),
        },
    )
)
POOLING_BACK = register(
    WindowCloseup(
        "pooling gradients",
        {
            "max_pool2d_grad": ("x", "dy"),
            "average_pool2d_grad": ("dy",),
            "global_max_grad": ("x", "dy"),
            "mean_of_steps_grad": ("dy",),
        },
    )
)
