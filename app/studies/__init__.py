"""Studies in the window: many runs of the open project in a child process, and a dialog that shows what comes out."""

from __future__ import annotations

from app.text import tr

#: What the picture and the table of each will show, said while there is nothing in them.
SHOWS: dict[str, tuple[str, str]] = {
    "find-lr": (
        "Here the loss is drawn over the learning rate, and a line marks the rate at which it falls most steeply.",
        "Here: rates, and the loss at each.",
    ),
    "cross-validate": (
        "Here the loss of each fold is drawn over its epochs, and their mean.",
        "Here: the last numbers of each fold, their mean and how far they spread.",
    ),
    "seeds": (
        "Here the loss from each seed is drawn over its epochs, and their mean.",
        "Here: the last numbers from each seed, their mean and how far they spread.",
    ),
    "search": (
        "Here the loss of each trial is drawn over its epochs; the best one will stand out.",
        "Here: the trials, the best first, with the settings each was given.",
    ),
}

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
