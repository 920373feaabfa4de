"""A child process that does jobs: ``python -m core.studies.worker FOLDER``.

The parent writes the number of a job on our standard input, a line each, and reads progress and outcomes as lines of
JSON from our standard output. When our standard input ends the parent is gone, however it ended: we remove the folder
that nobody needs any more, and end at once.
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import sys
import threading
import traceback
import warnings
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Do jobs until the parent is gone."""
    # Ctrl-C is the parent's business: it ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder = Path(arguments[0])
    # What anything prints must not stand between the lines of the protocol.
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asked: queue.Queue[int] = queue.Queue()
    listener = threading.Thread(target=_listen, args=(asked, folder), daemon=True)
    listener.start()

    def say(line: str) -> None:
        try:
            print(line, file=said, flush=True)
        except OSError:
            # Nobody reads any more: the listener is about to notice why.
            listener.join()

    warnings.simplefilter("ignore")

    from core.tape import cache

    cache.prepare()
    import msgspec

    from core.studies.job import Job, Outcome, carry_out, encode
    from core.studies.subject import Subject

    subject = Subject.load(folder)
    while True:
        number = asked.get()
        try:
            job = msgspec.json.decode((folder / f"job-{number}.json").read_bytes(), type=Job)
            work = carry_out(subject, job, folder)
            while True:
                try:
                    moment = next(work)
                except StopIteration as end:
                    outcome = end.value
                    break
                say(encode(moment))
        except Exception as error:  # noqa: BLE001 - the parent tells it as a sentence
            traceback.print_exc()
            reason = f"{type(error).__name__}: {error}"
            outcome = Outcome(number, problem=f"Something went wrong inside: {reason}")
        say(encode(outcome))


def _listen(asked: queue.Queue[int], folder: Path) -> None:
    for line in sys.stdin:
        asked.put(int(line))
    # A folder that is the present one could not be removed on Windows.
    os.chdir(folder.parent)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
