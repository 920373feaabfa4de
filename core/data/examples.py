"""Worked examples of lecture notes: so few numbers that each of them can be followed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data.types import DataInfo, Source

if TYPE_CHECKING:
    from core.data.types import Arrays

#: Gender, age, hypertension, smoker; then whether the patient had a stroke.
_PATIENTS = (
    (1, 3, 0, 0, 0),
    (1, 58, 1, 1, 1),
    (0, 8, 0, 0, 0),
    (0, 70, 0, 1, 1),
    (1, 14, 0, 0, 0),
    (1, 10, 0, 0, 0),
)

#: Three salaries of one applicant.
_SALARIES = (10_000, 15_000, 7_000)

#: Sentences of which the last word is to be found.
SENTENCES = ("the ball is pink", "pass the juice", "the book is interesting")
#: Their words in the order of the alphabet: what a one-hot vector counts.
VOCABULARY = ("ball", "book", "interesting", "is", "juice", "pass", "pink", "the")


def stroke_risk() -> Arrays:
    """Six patients as they are printed; tested on themselves, for there are no others."""
    import numpy as np

    table = np.array(_PATIENTS, dtype=np.float32)
    x, y = table[:, :4], table[:, 4].astype(np.int64)
    return x, y, x.copy(), y.copy()


def loan() -> Arrays:
    """One applicant with three salaries, who is to get the loan."""
    import numpy as np

    x, y = np.array([_SALARIES], np.float32), np.ones((1, 1), np.float32)
    return x, y, x.copy(), y.copy()


def threshold() -> Arrays:
    """The inputs 1 and 2 of one neuron, which is to answer 1."""
    import numpy as np

    x, y = np.array([[1, 2]], np.float32), np.ones((1, 1), np.float32)
    return x, y, x.copy(), y.copy()


def one_hot() -> Arrays:
    """Three words of each sentence as one-hot rows, and the word that follows as one.

    Shorter sentences have rows of zeros in front, so that the last word known is always the last row.
    """
    import numpy as np

    longest = max(len(one.split()) for one in SENTENCES) - 1
    x = np.zeros((len(SENTENCES), longest, len(VOCABULARY)), np.float32)
    y = np.zeros((len(SENTENCES), len(VOCABULARY)), np.float32)
    for row, sentence in enumerate(SENTENCES):
        *known, last = sentence.split()
        for place, word in enumerate(known, longest - len(known)):
            x[row, place, VOCABULARY.index(word)] = 1
        y[row, VOCABULARY.index(last)] = 1
    return x, y, x.copy(), y.copy()


_LICENCE = "MIT"

SOURCES = (
    Source(
        DataInfo(
            id="stroke-risk",
            version=1,
            title="Stroke risk",
            summary="Six invented patients: gender, age, hypertension and smoking, and whether a stroke followed. "
            "Ages are not scaled, as in the notes, so that hidden units saturate for the old.",
            input_shape=(4,),
            classes=("no stroke", "stroke"),
            task="classification",
            kind="table",
            licence=_LICENCE,
            origin="A worked example of six invented patients",
            features=("gender", "age", "hypertension", "smoker"),
            as_printed=True,
        ),
        stroke_risk,
    ),
    Source(
        DataInfo(
            id="loan",
            version=1,
            title="Loan",
            summary="One applicant with the salaries 10,000, 15,000 and 7,000, who is to get a loan.",
            input_shape=(3,),
            classes=("refused", "granted"),
            task="classification",
            kind="table",
            licence=_LICENCE,
            origin="A worked example with invented salaries",
            features=("salary 1", "salary 2", "salary 3"),
            output_shape=(1,),
            as_printed=True,
        ),
        loan,
    ),
    Source(
        DataInfo(
            id="threshold",
            version=1,
            title="One neuron, two inputs",
            summary="The inputs 1 and 2 and the answer 1: for seeing what a bias does.",
            input_shape=(2,),
            classes=(),
            task="regression",
            kind="table",
            licence=_LICENCE,
            origin="Made for this program",
            features=("x₁", "x₂"),
            output_shape=(1,),
            as_printed=True,
        ),
        threshold,
    ),
    Source(
        DataInfo(
            id="one-hot-sentences",
            version=1,
            title="One-hot sentences",
            summary="Three short sentences, every word a one-hot row over a vocabulary of eight; the last word of "
            "each is to be found.",
            input_shape=(3, 8),
            classes=VOCABULARY,
            task="classification",
            kind="table",
            licence=_LICENCE,
            origin="Three sentences of a worked example",
            features=VOCABULARY,
            output_shape=(8,),
        ),
        one_hot,
    ),
)
