"""Sentences for the instructions of recurrent layers: by operation, and by what one is for at a time step."""

from __future__ import annotations

from collections.abc import Sequence

RECURRENT = {
    "take_columns": "The columns of the weights that belong to one gate.",
    "put_columns": "The gate's gradient takes its place among the others; the rest is 0.",
    "keep_state": "The last state is kept: the next batch begins with it.",
    "cut_gradient": "A window ends here: the state goes on, but no gradient goes back through this place.",
    "complement": "What the gate leaves: 1 minus it.",
    "carry": "Where the mask hides a time step nothing happens: the state before it is kept.",
    "carry_grad": "The error goes to whichever was taken: the new state, or the one before.",
}

#: By the role of what is written, in every time step.
_GATES = {
    "i": "The input gate: near 1 the new content is let in, near 0 it is kept out.",
    "f": "The forget gate: near 1 the cell keeps what it held, near 0 it forgets.",
    "g": "The new content that could enter the cell.",
    "o": "The output gate: how much of the cell is shown.",
    "f_c": "What the cell held, as far as the forget gate keeps it.",
    "i_g": "The new content, as far as the input gate lets it in.",
    "c": "The cell: what was kept and what is new, added up. Errors travel back through this sum without fading.",
    "c_new": "The cell after this time step, if the time step counts.",
    "tanh_c": "The cell, squeezed before it is shown.",
    "h": "The state after this time step: the output, and what the next time step reads.",
    "h_new": "The state after this time step, if the time step counts.",
    "z": "What this time step brings, and what the state remembers, added up.",
    "z_zr": "What this time step brings, and what the state remembers, added up for both gates.",
    "z_h": "What this time step brings, and what the reset gate lets through of the past, added up.",
    "recurrent": "The state of the step before comes in through weights of its own, the same at every time step.",
    "recurrent_zr": "The state of the step before comes in through the gates' weights, the same at every time step.",
    "recurrent_h": "What the reset gate left of the state comes in through its own weights.",
    "update": "The update gate: near 1 the old state stays, near 0 the candidate takes its place.",
    "reset": "The reset gate: near 0 the candidate is made as if there were no past.",
    "candidate": "The candidate: what the state could become.",
    "u_h": "The old state, as far as the update gate keeps it.",
    "added": "The candidate, as far as the update gate makes room.",
    "r_h": "The past, as far as the reset gate lets it through.",
}


def of_time_step(writes: Sequence[str], phase: str) -> str:
    """What a forward instruction of a recurrent layer is for, by the name of what it writes; "" for others."""
    if phase != "forward" or not writes:
        return ""
    *_, role, time = ("", *writes[0].split("/"))
    return _GATES.get(role, "") if time.isdecimal() else ""
