"""Superinstructions: for which instructions each stands, line by line, and what its kernel is given.

A line of `stands_for` is an instruction: what it writes, its operation, what it reads. ``z[1:2/4]`` is the second
quarter of the tensor z (of each of its rows). A line that begins with ``?`` may be missing; where a name follows
``or``, it stands for what is missing.

`given` are the tensors whose places the kernel is told, in the order of its integers; ``d1|dH`` is the first of them
that there is. What the lines write and the kernel is given, it writes. What it is not given it keeps to itself, and
then nothing else may read it (`core.tape.fusing`). Adding a superinstruction is adding a class here and its kernel in
`core.kernels.fused`.
"""

from __future__ import annotations

from typing import ClassVar

from core.ops.base import Half, Instruction, Op, middle_cell, superinstruction


class Superinstruction(Op):
    """One kernel in place of the instructions of `stands_for`, which makes the same bits."""

    stands_for: ClassVar[str] = ""
    given: ClassVar[str] = ""
    #: The operand that has as many numbers as the layer has units: the kernel's first integer.
    units: ClassVar[str] = ""
    #: True if it adds a bias, the operand `early`, to x first where it is given one.
    takes_bias: ClassVar[bool] = False

    def integers(self, ins: Instruction) -> list[int]:
        """How many units, then (place, row) of each tensor in `given`, -1 and 0 of one that is missing."""
        operands = {**ins.inputs, **ins.outputs}
        found = [operands[self.units].size]
        for word in self.given.split():
            names = [name.partition("[")[0] for name in word.split("|")]
            t = next((operands[name] for name in names if name in operands), None)
            found += [-1, 0] if t is None else [t.at, t.row]
        return found


@superinstruction
class LstmStep(Superinstruction):
    """A time step of an LSTM behind its product q: gates i, f, g, o, cell C, tanh of it, state H."""

    name = "lstm_step"
    kernel = "fused.lstm_step"
    stands_for = """
        z = add x q
        i = sigmoid z[0:1/4]
        f = sigmoid z[1:2/4]
        g = tanh z[2:3/4]
        o = sigmoid z[3:4/4]
        k = multiply f c
        a = multiply i g
        C = add k a
        s = tanh C
        H = multiply o s
    """
    given = "x q c i f g o C s H early"
    units = "H"
    takes_bias = True


@superinstruction
class LstmStepGrad(Superinstruction):
    """Back through `LstmStep`. The last time step has no dC from behind, the first one needs no dc."""

    name = "lstm_step_grad"
    kernel = "fused.lstm_step_grad"
    stands_for = """
        do = multiply dH s
        ds = multiply dH o
        dp = tanh_grad s ds
        ? de = add dC dp or dp
        di = multiply de g
        dg = multiply de i
        df = multiply de c
        ? dc = multiply de f
        dz[3:4/4] = sigmoid_grad o do
        dz[2:3/4] = tanh_grad g dg
        dz[1:2/4] = sigmoid_grad f df
        dz[0:1/4] = sigmoid_grad i di
    """
    given = "dH s o dC g i c f dz dc"
    units = "s"


@superinstruction
class GruStep(Superinstruction):
    """A time step of a GRU (`reset_after`) behind its product q: gates z, r, candidate n, state H."""

    name = "gru_step"
    kernel = "fused.gru_step"
    stands_for = """
        v = bias_add q b
        t = add x[0:2/3] v[0:2/3]
        z = sigmoid t[0:1/2]
        r = sigmoid t[1:2/2]
        p = multiply r v[2:3/3]
        y = add x[2:3/3] p
        n = tanh y
        k = multiply z h
        w = complement z
        a = multiply w n
        H = add k a
    """
    given = "b q x h v[2:3/3] z r n w H early"
    units = "H"
    takes_bias = True


@superinstruction
class GruStepGrad(Superinstruction):
    """Back through `GruStep`. What behind comes from two sides is added first; the first time step needs no dh."""

    name = "gru_step_grad"
    kernel = "fused.gru_step_grad"
    stands_for = """
        ? dH = add d1 d2
        dw = multiply dH n
        dn = multiply dH w
        e1 = negate dw
        e2 = multiply dH h
        ? dh = multiply dH z
        dy = tanh_grad n dn
        dr = multiply dy v
        dv = multiply dy r
        dt[1:2/2] = sigmoid_grad r dr
        e = add e1 e2
        dt[0:1/2] = sigmoid_grad z e
        du = copy dt
    """
    given = "d1|dH d2 n w h z v r dh dy dv dt du"
    units = "n"


@superinstruction
class AddTo(Superinstruction):
    """``y += x``: a gradient joins the sum of those of later time steps."""

    name = "add_to"
    kernel = "fused.add_to"
    operands = ("x", "before")

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.outputs["y"]
        return [x.size, x.at, y.at]

    def halves(self, ins: Instruction) -> tuple[Half, Half] | None:
        (n, x, y), cut = self.integers(ins), middle_cell(ins.output.shape)
        return (
            Half([cut, x, y], dict.fromkeys(("x", "before", "y"), (0, cut))),
            Half([n - cut, x + cut, y + cut], dict.fromkeys(("x", "before", "y"), (cut, n))),
        )
