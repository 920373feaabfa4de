"""Writes the frozen project file of the present format: ``python -m tests.core.io.make_corpus``.

Only for a format that has none yet: a file that was committed stays as the program of its day wrote it.
"""

from __future__ import annotations

from pathlib import Path

from app.engine.saved import contents_of
from app.engine.session import Session
from app.engine.state import Work
from core import io, templates
from core.io.migrations import FORMAT

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    """A run of twelve steps and two branches of it, the second of which is open."""
    template = templates.load("xor-mlp")
    data = template.data
    work = Work(template.network, template.training, data.id, dict(data.parameters))
    session = Session(work)
    for run, step, until in (("1", 0, 12), ("1.1", 5, 9), ("1.2", 12, 14)):
        session.switch_run("1")
        if run != "1":
            session.branch(step)
        while session.position.step < until:
            session.advance(until - session.position.step)
    path = CORPUS / f"v{FORMAT}-runs.chainrule"
    if path.exists():
        message = f"{path.name} is frozen."
        raise SystemExit(message)
    io.write(
        path,
        contents_of("Runs", work.network, work.training, data, session.saved_state()),
    )


if __name__ == "__main__":
    main()
