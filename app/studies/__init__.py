"""Studies in the window: many runs of the open project in a child process, and a dialog that shows what comes out."""

from __future__ import annotations

from app.text import tr

#: Command of our command line, title, and what it answers, in the order in which a learner needs them.
KINDS: tuple[tuple[str, str, str], ...] = (
    ("find-lr", "Learning rate", "Train with a rate that grows at every step, and see where the loss falls."),
    ("cross-validate", "Cross-validation", "Train k times, each time measuring on another part of the samples."),
    ("seeds", "Several seeds", "Train from several starts, and see how much of the result is chance."),
    ("search", "Search settings", "Train with settings drawn at random, and keep the best."),
)  # fmt: skip


def title(kind: str) -> str:
    """Return what a kind of study is called."""
    return next(tr(name) for key, name, _ in KINDS if key == kind)


def question(kind: str) -> str:
    """Return the sentence that says what a kind of study is for."""
    return next(tr(words) for key, _, words in KINDS if key == kind)
