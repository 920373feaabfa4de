"""Attribution in Look inside: every number is the engine's, whatever is chosen, trained or hidden meanwhile."""

from __future__ import annotations

import numpy as np

from app.engine.questions import answering
from app.engine.session import Session
from app.engine.state import Work
from core import templates
from core.explain.explainer import Explainer
from core.explain.occluding import occlusion
from core.explain.progress import last
from core.explain.score import Score


def test_a_map_made_in_pieces_is_of_one_network_though_training_goes_on() -> None:
    template = templates.load("digits-cnn")
    session = Session(
        Work(template.network, template.training, template.data.id, template.data.parameters)
    )
    x = np.random.default_rng(0).uniform(0, 1, session.run.program.tape.inputs["input_1"].shape)
    of = Explainer(template.network, session.run.program.weights())
    pieces = answering("inside_attribution")(
        session, x=x, method="occlusion", class_index=3, settings={"window": 5}
    )
    found = None
    while found is None:
        try:
            next(pieces)
        except StopIteration as end:
            found = end.value
        session.advance(1)
        # What is asked between is of the network as it is now.
        look = answering("inside_look")(session, x=x)
    row = x[None].astype(np.float32)
    expected = last(occlusion(of, row, Score(3), window=5)).attributions[0]
    assert np.allclose(found.values, expected, atol=1e-6)
    assert found.position.step == 0
    now = Explainer(template.network, session.run.program.weights())
    assert np.array_equal(look.scores, now.outputs(row)[0])
    assert not np.allclose(look.scores, of.outputs(row)[0])
