"""Train the networks that are delivered with the program, and note how well they do.

    python packaging/train_models.py [template ...]

Each is a template, trained as `chainrule train` would: the same seeds, the same bits on every machine of one kind. The
weights go to ``assets/models/<template>.weights.safetensors``, what was measured to ``assets/models/<template>.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from core import data, templates
from core.io.weights import SUFFIX, SavedWeights, Standing, write_weights
from core.runs import Run

TARGET = Path(__file__).resolve().parent.parent / "assets" / "models"
#: One for each set of images.
TRAINED = ("digits-cnn", "small-digits-cnn", "garments-cnn", "emoji-cnn")


def train(name: str) -> None:
    """Train a template as long as it says, and write what came of it."""
    template = templates.load(name)
    images = data.load(template.data.id, **template.data.parameters)
    run = Run(template.network, template.training, images)
    assert run.validation is not None
    epochs = []
    for epoch in range(template.training.epochs):
        while run.position.epoch == epoch:
            run.advance(run.batches)
        noted = run.note_epoch(run.evaluate(run.validation))
        epochs.append({key: round(value, 4) for key, value in noted.metrics.items()})
        print(name, epoch + 1, epochs[-1], flush=True)
    weights = run.program.weights()
    standing = Standing(tuple(weights), step=run.position.step, epoch=run.position.epoch)
    write_weights(TARGET / f"{name}{SUFFIX}", SavedWeights(standing, weights))
    right = (run.predict(images.inputs("test")).argmax(1) == images.y_test).sum()
    facts = {
        "template": name,
        "data": template.data.id,
        "command": f"python packaging/train_models.py {name}",
        "seed": template.training.seed,
        "epochs": template.training.epochs,
        "test_samples": len(images.y_test),
        "test_correct": int(right),
        "history": epochs,
    }
    (TARGET / f"{name}.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for chosen in sys.argv[1:] or TRAINED:
        train(chosen)
