"""Whole steps at full speed, and the ends of epochs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from core.runs.history import Epoch
from core.runs.instructing import Instructing
from core.spec.training import check_whole
from core.tape.totals import epoch_values

if TYPE_CHECKING:
    from core.runs.copies import Copies

#: Steps run in one go at most.
SLICE = 4096


class Advancing(Instructing):
    """Forwards by whole steps."""

    def advance(self, steps: int, epochs: int = 1) -> int:
        """Do up to `steps` whole steps at full speed, finishing one that was begun.

        Stops early if ``program.control[0]`` is raised, at a divergence, and at the end of the present epoch (so that
        the caller can measure held-out data with `evaluate` and note it with `note_epoch`), or of the epoch `epochs`
        - 1 after it: a small network does thousands a second, and each return to Python costs as much as one.

        Returns
        -------
        Steps completed, up to the one in which numbers broke.
        """
        steps, epochs = check_whole("steps", steps, 0), check_whole("epochs", epochs, 1)
        self._require_healthy()
        done, first = 0, self.step_count
        end = first + self._until_epoch_end() + (epochs - 1) * self.batches
        if self.pc:
            self._finish_begun_step()
            done = 1
        self.undo.clear()
        while done < steps and self.step_count < end and not self._stopped():
            count = self._run_slice(min(steps - done, end - self.step_count))
            done += count
            if not count:
                break
        stopped = 0 < done < steps and self.step_count < end and bool(self.program.control[0])
        if stopped and self.keeps_starts and not self._has_start and self.divergence is None:
            # In the middle of many steps: one more, whose start is kept, so that the last step can be explained.
            done += self._replay(1)
        # The run stands where numbers broke, which may be before the step whose loss told of it.
        return done if self.divergence is None else max(self.step_count - first, 0)

    def _stopped(self) -> bool:
        return self.divergence is not None or bool(self.program.control[0])

    def _run_slice(self, wanted: int, copies: Copies | None = None) -> int:
        """Steps without a journal entry between them; if nothing else is wanted, the start of the last is kept.

        With `copies` what each instruction writes is copied there, and no start is kept for that.
        """
        self._apply_journal()
        spacing = self._spacing()
        to_checkpoint = spacing - self.step_count % spacing
        to_record = self.history.health.until_next(self.step_count)
        count = min(wanted, self._until_change(), to_checkpoint, to_record, SLICE)
        done, start = 0, None
        # How far a step went is part of what is recorded of layers.
        if (count == wanted and self.keeps_starts and copies is None) or count == to_record:
            done = self._run_plain(count - 1, copies)
            if done < count - 1:
                return done
            start = self._start = self._checkpoint()
        done += self._run_plain(count - done, copies)
        if done == count:
            if start is not None:
                self._previous, self._start = start, None
            self._after_steps()
            self._arrive()
        return done

    def _replay(self, steps: int) -> int:
        """A slice that a raised stop flag does not end: it is meant for training."""
        control, self.program.control = self.program.control, np.zeros(2, np.int64)
        try:
            return self._run_slice(steps)
        finally:
            self.program.control = control

    def _run_plain(self, count: int, copies: Copies | None = None) -> int:
        if not count:
            return 0
        first = self.step_count
        if len(self._record) < count:
            self._record = np.zeros((count, self._record.shape[1]))
        began = time.perf_counter()
        if copies is None:
            done = self.program.run_steps(count, self._record)
        else:
            done = copies.run(self.program, count, self._record)
        if done and copies is None:
            self._seconds_a_step = (
                0.8 * self._seconds_a_step + 0.2 * (time.perf_counter() - began) / done
            )
        if done:
            self.history.append(first, self._record[:done])
        if self.program.error:
            self._diverged_or_raise()
        return done

    def _until_epoch_end(self) -> int:
        position = self.position
        return position.batches - position.batch

    def _until_change(self) -> int:
        following = self.journal.next_after(self.step_count)
        return 1 << 30 if following is None else following - self.step_count

    def _at_epoch_end(self) -> bool:
        return self.pc == 0 and self.step_count > 0 and self.position.batch == 0

    def epoch_just_ended(self) -> bool:
        """True between the last batch of an epoch and the first of the next."""
        return self._at_epoch_end()

    def note_epoch(self, validation: dict[str, float] | None = None) -> Epoch:
        """Add the metrics of the epoch that just ended to the history, with those of held-out data if given."""
        metrics = epoch_values(self.program)
        metrics.update({f"val_{key}": value for key, value in (validation or {}).items()})
        epoch = Epoch(self.position.epoch, self.step_count, metrics)
        self.history.add_epoch(epoch)
        return epoch
