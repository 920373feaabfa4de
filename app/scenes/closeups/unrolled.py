"""Recurrent layers as a tape has them unrolled: which tensor is which gate and state at each time step.

Read off the instructions, not off the layer: whatever the activations are (a linear one writes nothing), whether steps
are masked, dropped or cut, the gates are the operands of the products that use them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.snapshots import InstructionView, ProgramView

_PLACED = re.compile(r"^(.+)/([a-z_]+)/(\d+)$")
_TIME = re.compile(r"(\d+)")
#: Roles of weights and of their gradients, whose numbers are not time steps.
_NOT_IN_TIME = ("kernel", "recurrent_kernel", "bias", "state", "from", "sum")


@dataclass(frozen=True)
class TimeStep:
    """One time step of a recurrent layer.

    Attributes
    ----------
    time
        Its place in the sequence, from 0.
    gates
        Tensors by what they are: "f", "i", "g", "o" of an LSTM; "z", "r", "candidate" of a GRU; none of a SimpleRNN.
    sums
        What the functions of the gates are of, by the same names; of a SimpleRNN that of the state ("h").
    h, h_before
        The state after and before this time step.
    c, c_before
        The cell of an LSTM; "" for others.
    fresh, fresh_c
        State and cell as they were worked out, where a mask may put those before in their place; else `h` and `c`.
    cut
        True if no gradient goes back beyond this time step: truncated backpropagation through time.
    """

    time: int
    gates: Mapping[str, str]
    sums: Mapping[str, str]
    h: str
    h_before: str
    c: str = ""
    c_before: str = ""
    fresh: str = ""
    fresh_c: str = ""
    cut: bool = False


@dataclass(frozen=True)
class Unrolled:
    """A recurrent layer, or one direction of it, over its time steps.

    Attributes
    ----------
    kind
        "LSTM", "GRU" or "SimpleRNN".
    place
        What names of its values begin with: ``"lstm_1"``, ``"bidirectional_1/forward"``.
    units
        Size of its state.
    steps
        In the order in which they are read.
    x
        The sequence it reads, ``(time, features)``; "" where that is not one tensor.
    kernel
        The weights of the state, ``recurrent_kernel``; "" if they are not trained.
    """

    kind: str
    place: str
    units: int
    steps: tuple[TimeStep, ...]
    x: str
    kernel: str

    def at(self, time: int) -> int:
        """How many time steps were read before the one at this place of the sequence."""
        return self._places[time]

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {step.time: k for k, step in enumerate(self.steps)}

    def time_of(self, instruction: InstructionView) -> int | None:
        """Return the time step an instruction belongs to, or None for those of the layer as a whole."""
        operands = sorted(
            instruction.operands.values(), key=lambda name: not name.startswith("grad/")
        )
        for name in (*instruction.writes, *operands):
            time = self.time_in(name)
            if time is not None:
                return time
        return None

    def time_in(self, tensor: str) -> int | None:
        """Return the time step in a tensor's name, or None."""
        inside = tensor.removeprefix("grad/")
        if not inside.startswith(f"{self.place}/"):
            return None
        role, _, rest = inside[len(self.place) + 1 :].partition("/")
        found = _TIME.match(rest)
        if found is None or role.startswith(_NOT_IN_TIME):
            return None
        time = int(found[1])
        return time if any(step.time == time for step in self.steps) else None


Roles = dict[str, "InstructionView"]

_known: dict[int, tuple[ProgramView, tuple[Unrolled, ...]]] = {}


def unrolled(program: ProgramView) -> tuple[Unrolled, ...]:
    """Return every recurrent layer of a program, each direction for itself."""
    known = _known.get(program.serial)
    if known is None or known[0] is not program:
        while len(_known) > 7:
            del _known[next(iter(_known))]
        known = _known[program.serial] = (program, tuple(_find(program)))
    return known[1]


def of_instruction(
    program: ProgramView, instruction: InstructionView
) -> tuple[Unrolled, int] | None:
    """Return the recurrent layer and the time step an instruction belongs to, or None."""
    if instruction.phase not in ("forward", "backward"):
        return None
    for one in unrolled(program):
        time = one.time_of(instruction)
        if time is not None:
            return one, time
    return None


def _find(program: ProgramView) -> list[Unrolled]:
    places: dict[str, dict[int, Roles]] = {}
    for line in program.instructions:
        found = _PLACED.match(line.writes[0]) if line.phase == "forward" and line.writes else None
        if found is not None:
            steps = places.setdefault(found[1], {})
            steps.setdefault(int(found[3]), {})[found[2]] = line
    result = []
    for place, steps in places.items():
        kind = next((k for k, role in _MARKS.items() if all(role in s for s in steps.values())), "")
        if not kind:
            continue
        read = sorted(steps.items(), key=lambda item: item[1][_MARKS[kind]].index)
        made = tuple(_STEPS[kind](program, time, roles) for time, roles in read)
        shape = program.tensors[made[0].h].shape
        result.append(
            Unrolled(
                kind,
                place,
                shape[-1],
                made,
                _sequence(program, place, len(made)),
                _kernel(program, steps),
            )
        )
    return result


#: What each time step of a kind writes and no other kind does.
_MARKS = {"LSTM": "f_c", "GRU": "u_h", "SimpleRNN": "recurrent"}


def _sequence(program: ProgramView, place: str, steps: int) -> str:
    """The whole input: what the product that is made once for all time steps reads."""
    for line in program.instructions:
        if line.op == "matmul" and line.writes[0].startswith(f"{place}/product"):
            name = line.operands.get("x", "")
            info = program.tensors.get(name)
            return (
                name if info is not None and len(info.shape) == 2 and info.shape[0] == steps else ""
            )
    return ""


def _kernel(program: ProgramView, steps: Mapping[int, Roles]) -> str:
    """The weights of the state, if they are trained."""
    for line in next(iter(steps.values())).values():
        if line.op != "matmul":
            continue
        name = line.operands.get("w", "")
        # Of a gate's columns the weight is what they were taken from.
        if name not in program.tensors or program.tensors[name].role != "weight":
            taken = (i for i in program.instructions if i.op == "take_columns" and name in i.writes)
            name = next((i.operands["w"] for i in taken), "")
        if name and f"grad/{name}" in program.tensors:
            return name
    return ""


def _written(roles: Roles, *names: str) -> str:
    """The tensor written under the first of these roles that there is."""
    return next((roles[name].writes[0] for name in names if name in roles), "")


def _function_of(roles: Roles, gate: str) -> str:
    """What the function of a gate is of: itself, where the function is linear and writes nothing."""
    line = next((one for one in roles.values() if gate in one.writes), None)
    return line.operands.get("x", gate) if line is not None else gate


def _source(program: ProgramView, roles: Roles, tensor: str) -> tuple[str, bool]:
    """The state behind a copy through which no gradient goes, and whether there is such a copy."""
    line = next(
        (one for one in roles.values() if one.op == "cut_gradient" and tensor in one.writes), None
    )
    return (tensor, False) if line is None else (line.operands["x"], True)


def _lstm(program: ProgramView, time: int, roles: Roles) -> TimeStep:
    kept, added = roles["f_c"].operands, roles["i_g"].operands
    fresh = _written(roles, "h_new", "h")
    shown = roles["h_new" if "h_new" in roles else "h"].operands
    gates = {"f": kept["a"], "i": added["a"], "g": added["b"], "o": shown["a"]}
    before, cut = _source(program, roles, kept["b"])
    return TimeStep(
        time,
        MappingProxyType(gates),
        MappingProxyType({name: _function_of(roles, gate) for name, gate in gates.items()}),
        _written(roles, "h"),
        _state_before(program, roles),
        _written(roles, "c"),
        before,
        fresh,
        _written(roles, "c_new", "c"),
        cut,
    )


def _gru(program: ProgramView, time: int, roles: Roles) -> TimeStep:
    kept, added = roles["u_h"].operands, roles["added"].operands
    gates = {"z": kept["a"], "r": roles["r_h"].operands["a"], "candidate": added["b"]}
    before, cut = _source(program, roles, kept["b"])
    return TimeStep(
        time,
        MappingProxyType(gates),
        MappingProxyType({name: _function_of(roles, gate) for name, gate in gates.items()}),
        _written(roles, "h"),
        before,
        fresh=_written(roles, "h_new", "h"),
        cut=cut,
    )


def _simple(program: ProgramView, time: int, roles: Roles) -> TimeStep:
    fresh = _written(roles, "h_new", "h", "z")
    before = _state_before(program, roles)
    return TimeStep(
        time,
        MappingProxyType({}),
        MappingProxyType({"h": _written(roles, "z")}),
        _written(roles, "h", "z"),
        before,
        fresh=fresh,
        cut="h_held" in roles,
    )


def _state_before(program: ProgramView, roles: Roles) -> str:
    """The state the products of a time step read, before any of its units were dropped."""
    product = next((one for one in roles.values() if one.op == "matmul"), None)
    name = product.operands["x"] if product is not None else ""
    dropped = next(
        (one for one in roles.values() if one.op == "multiply" and name in one.writes), None
    )
    if dropped is not None and dropped.writes[0].rpartition("/")[0].rpartition("/")[2].startswith(
        "h_"
    ):
        name = dropped.operands["a"]
    return _source(program, roles, name)[0]


_STEPS = {"LSTM": _lstm, "GRU": _gru, "SimpleRNN": _simple}
