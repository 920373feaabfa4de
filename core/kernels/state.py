"""Places in the machine's int64 state vector."""

from __future__ import annotations

#: Updates done since the run began.
STEP = 0
#: Samples in this batch.
ROWS = 1
#: First of them this execution works on (a shard; 0 while a batch is not split).
FIRST = 2
#: Start of every random number.
SEED = 3
#: Completed passes over the training data.
EPOCH = 4
#: Place of this batch in its epoch, from 0.
BATCH = 5
#: Batches in an epoch.
BATCHES = 6
#: Samples in an epoch.
SAMPLES = 7
#: Samples in a full batch.
BATCH_SIZE = 8
#: 1 if the order of samples is drawn anew each epoch.
SHUFFLE = 9
#: Step and epoch at which the present data began: epochs are counted from there.
ORIGIN_STEP = 10
ORIGIN_EPOCH = 11
#: 0, or why the machine stopped.
ERROR = 12
#: The instruction that set it.
ERROR_PC = 13
#: Updates the optimizer has made (its own count, for bias correction).
ITERATION = 14
#: Samples in the whole batch (ROWS counts only those of a shard).
BATCH_ROWS = 15

SIZE = 24

#: Values of ERROR.
FINE, LOSS_NOT_FINITE, BAD_LABEL, BAD_TOKEN = 0, 1, 2, 3
