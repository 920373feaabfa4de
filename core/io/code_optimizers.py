"""Optimizers and schedules in Keras and PyTorch code."""

from __future__ import annotations

from typing import Any

from core import optimizers, schedules
from core.io.code_common import call
from core.schedules import OneCycle, Schedule
from core.spec import Training

# ---- schedules as Python -----------------------------------------------------------------------------------------


def _python(schedule: Schedule) -> list[str]:
    """The body of ``learning_rate(step)`` or ``learning_rate(epoch)``, in plain Python."""
    c: dict[str, Any] = schedule.get_config()
    kind = type(schedule).__name__
    first = c.get("initial_learning_rate")
    if kind in ("InverseTimeDecay", "ExponentialDecay"):
        passed = f"step {'//' if c['staircase'] else '/'} {c['decay_steps']!r}"
        if kind == "InverseTimeDecay":
            return [f"return {first!r} / (1 + {c['decay_rate']!r} * ({passed}))"]
        return [f"return {first!r} * {c['decay_rate']!r} ** ({passed})"]
    if kind == "PolynomialDecay":
        length = f"{c['decay_steps']!r}"
        begin = [f"length = {length}", "step = min(step, length)"]
        if c["cycle"]:
            begin = [f"length = {length} * max(1, math.ceil(step / {length}))"]
        end = c["end_learning_rate"]
        return [
            *begin,
            f"return ({first!r} - {end!r}) * (1 - step / length) ** {c['power']!r} + {end!r}",
        ]
    if kind == "PiecewiseConstantDecay":
        return [f"return {c['values']!r}[sum(step > k for k in {c['boundaries']!r})]"]
    if kind == "CosineDecay":
        lines, top, shift = [], first, 0
        if c["warmup_target"] is not None:
            top, shift = c["warmup_target"], c["warmup_steps"]
            if shift:
                lines = [f"if step < {shift}:",
                         f"    return {first!r} + ({top!r} - {first!r}) * step / {shift}"]  # fmt: skip
        share = f"min(step - {shift}, {c['decay_steps']!r}) / {c['decay_steps']!r}"
        half = f"0.5 * (1 + math.cos(math.pi * {share}))"
        return [*lines, f"return {top!r} * ((1 - {c['alpha']!r}) * {half} + {c['alpha']!r})"]
    if kind == "CosineDecayRestarts":
        return [
            f"length, height, left = {c['first_decay_steps']!r}, 1.0, step",
            "while left >= length:",
            f"    left, length, height = left - length, length * {c['t_mul']!r}, height * {c['m_mul']!r}",
            "half = 0.5 * height * (1 + math.cos(math.pi * left / length))",
            f"return {first!r} * ((1 - {c['alpha']!r}) * half + {c['alpha']!r})",
        ]
    if isinstance(schedule, OneCycle):
        start, top, end, peak, last = schedule.numbers()
        return [
            f"if step <= {peak!r}:",
            f"    return {top!r} + ({start!r} - {top!r}) * 0.5 * (1 + math.cos(math.pi * step / {peak!r}))",
            f"share = (min(step, {last!r}) - {peak!r}) / {last - peak or 1.0!r}",
            f"return {end!r} + ({top!r} - {end!r}) * 0.5 * (1 + math.cos(math.pi * share))",
        ]
    if kind == "InverseEpochDecay":
        return [f"return {first!r} / (1 + {c['decay']!r} * epoch)"]
    if kind == "ExponentialEpochDecay":
        return [f"return {first!r} * {c['base']!r} ** epoch"]
    if kind == "SquareRootDecay":
        return [f"return {first!r} * {c['k']!r} / math.sqrt(epoch + 1)"]
    if kind == "StepDecay":
        return [f"return {first!r} * {c['factor']!r} ** (epoch // {c['epochs']!r})"]
    return [f"rates = {c['values']!r}", "return rates[min(epoch, len(rates) - 1)]"]


def _function(schedule: Schedule, *, torch: bool = False) -> list[str]:
    body = [f"    {line}" for line in _python(schedule)]
    imports = ["import itertools"] if torch and schedule.clock == "step" else []
    imports += ["import math"] if any("math." in line for line in body) else []
    imports += ["", ""] if imports else []
    return [*imports, f"def learning_rate({schedule.clock}):", *body, ""]


# ---- Keras -------------------------------------------------------------------------------------------------------


def keras_optimizer(training: Training) -> tuple[list[str], str, str]:
    """(lines before the model, the optimizer, the callback that sets its rate or nothing)."""
    given = {key: value for key, value in training.optimizer.items() if key != "kind"}
    name = f"keras.optimizers.{optimizers.kind(str(training.optimizer['kind'])).name}"
    rate = given.get("learning_rate")
    if not isinstance(rate, dict):
        return [], call(name, [], given), ""
    schedule = schedules.get(rate)
    kind = type(schedule).__name__
    before: list[str] = []
    more = ""
    if schedule.clock == "epoch":
        before = _function(schedule)
        text, more = (
            repr(schedule(0)),
            "keras.callbacks.LearningRateScheduler(learning_rate)",
        )
    elif isinstance(schedule, OneCycle):
        start, top, end, peak, last = schedule.numbers()
        before = [
            "class OneCycle(keras.optimizers.schedules.LearningRateSchedule):",
            "    def __call__(self, step):",
            '        step = keras.ops.cast(step, "float32")',
            f"        rise, fall = step / {peak!r}, (step - {peak!r}) / {last - peak or 1.0!r}",
            "        cosine = lambda share: 0.5 * (1 + keras.ops.cos(3.141592653589793 * keras.ops.clip(share, 0, 1)))",
            f"        up = {top!r} + ({start!r} - {top!r}) * cosine(rise)",
            f"        down = {end!r} + ({top!r} - {end!r}) * cosine(fall)",
            f"        return keras.ops.where(step <= {peak!r}, up, down)",
            "",
            "    def get_config(self):",
            "        return {}",
            "",
        ]
        text = "OneCycle()"
    else:
        config = {key: value for key, value in schedule.get_config().items() if key != "name"}
        text = call(f"keras.optimizers.schedules.{kind}", [], config)
    others = [f"{key}={value!r}" for key, value in given.items() if key != "learning_rate"]
    return before, f"{name}({', '.join([f'learning_rate={text}', *others])})", more


# ---- PyTorch -----------------------------------------------------------------------------------------------------


def _written_out(kind: str, c: dict[str, Any]) -> tuple[dict[str, float], list[str]]:
    """(what is remembered with the numbers it starts from, the lines of a step) of what torch.optim does otherwise."""
    if kind == "Adagrad":
        return {"G": c["initial_accumulator_value"]}, [
            'memory["G"].add_(g * g)', f'w.sub_(rate * g / (memory["G"] + {c["epsilon"]!r}).sqrt())',
        ]  # fmt: skip
    if kind == "RMSprop":
        start = {"s": 0.0}
        lines = [f'memory["s"].mul_({c["rho"]!r}).add_(g * g, alpha=1 - {c["rho"]!r})']
        size = 'memory["s"]'
        if c["centered"]:
            start["a"] = 0.0
            lines.append(f'memory["a"].mul_({c["rho"]!r}).add_(g, alpha=1 - {c["rho"]!r})')
            size += ' - memory["a"] ** 2'
        change = f"rate * g / ({size} + {c['epsilon']!r}).sqrt()"
        if not c["momentum"]:
            return start, [*lines, f"w.sub_({change})"]
        start["b"] = 0.0
        return start, [
            *lines,
            f'memory["b"].mul_({c["momentum"]!r}).add_({change})',
            'w.sub_(memory["b"])',
        ]
    if kind == "Adamax":
        return {"t": 0.0, "m": 0.0, "u": 0.0}, [
            'memory["t"] += 1',
            f'memory["m"].add_((g - memory["m"]) * (1 - {c["beta_1"]!r}))',
            f'memory["u"] = torch.maximum(memory["u"] * {c["beta_2"]!r}, g.abs())',
            f'w.sub_(rate / (1 - {c["beta_1"]!r} ** memory["t"]) * memory["m"] / (memory["u"] + {c["epsilon"]!r}))',
        ]
    if kind == "Lion":
        return {"m": 0.0}, [
            f'w.sub_(rate * torch.sign({c["beta_1"]!r} * memory["m"] + (1 - {c["beta_1"]!r}) * g))',
            f'memory["m"].mul_({c["beta_2"]!r}).add_(g, alpha=1 - {c["beta_2"]!r})',
        ]
    step = f'{c["momentum"]!r} * memory["v"] - rate * g' if c["nesterov"] else 'memory["v"]'
    return {"v": 0.0}, [
        f'memory["v"].mul_({c["momentum"]!r}).sub_(rate * g)', f"w.add_({step})",
    ]  # fmt: skip


def _class(kind: str, config: dict[str, Any]) -> list[str]:
    starts, lines = _written_out(kind, config)
    begin = [f'memory["{name}"] = torch.full_like(w, {value!r})' for name, value in starts.items()]
    return [
        f"class {kind}(torch.optim.Optimizer):",
        f'    """{kind} as Keras and Chainrule compute it; torch.optim does it otherwise or not at all."""',
        "",
        "    def __init__(self, parameters, lr):",
        '        super().__init__(parameters, {"lr": lr})',
        "",
        "    @torch.no_grad()",
        "    def step(self):",
        "        for group in self.param_groups:",
        '            for w in group["params"]:',
        '                g, memory, rate = w.grad, self.state[w], group["lr"]',
        "                if not memory:",
        *(f"                    {line}" for line in begin),
        *(f"                {line}" for line in lines),
        "",
        "",
    ]


def pytorch_optimizer(training: Training) -> tuple[list[str], str, list[str], list[str]]:
    """(lines before the model, the optimizer, lines between backward and step, lines of the loop over epochs)."""
    made = optimizers.get(dict(training.optimizer))
    c, kind, schedule = made.config, made.name, made.schedule
    rate = made.learning_rate
    named: dict[str, Any] = {"lr": rate}
    before: list[str] = []
    written = kind in ("Adagrad", "RMSprop", "Adamax", "Lion") or (
        kind == "SGD" and bool(c["momentum"]) and schedule is not None
    )
    if written:
        before += _class(kind, c)
        text = f"{kind}(model.parameters(), lr={rate!r})"
    else:
        if kind == "SGD":
            named |= {"momentum": c["momentum"]} if c["momentum"] else {}
            named |= {"nesterov": True} if c["momentum"] and c["nesterov"] else {}
        elif kind == "Adadelta":
            named |= {"rho": c["rho"], "eps": c["epsilon"]}
        else:
            named |= {"betas": (c["beta_1"], c["beta_2"]), "eps": c["epsilon"]}
            named |= {"momentum_decay": 1.0} if kind == "Nadam" else {}
            named |= {"amsgrad": True} if c.get("amsgrad") else {}
            named |= {"weight_decay": c["weight_decay"] or 0.0} if kind == "AdamW" else {}
        name = {"Nadam": "NAdam"}.get(kind, kind)
        text = call(f"torch.optim.{name}", [], named).replace("(", "(model.parameters(), ", 1)
    inside: list[str] = []
    loop: list[str] = []
    if schedule is not None:
        function = _function(schedule, torch=True)
        before = [*function, "", *before]
        if schedule.clock == "step":
            before += ["steps = itertools.count()", ""]
            inside += ["rate = learning_rate(next(steps))", "for group in optimizer.param_groups:",
                       '    group["lr"] = rate']  # fmt: skip
        else:
            loop = [
                "for group in optimizer.param_groups:",
                '    group["lr"] = learning_rate(epoch)',
            ]
    if made.clipping == "clipvalue":
        inside.append(f"torch.nn.utils.clip_grad_value_(model.parameters(), {c['clipvalue']!r})")
    elif made.clipping:
        limit = repr(c[made.clipping])
        norm = "w.grad.norm()"
        if made.clipping == "global_clipnorm":
            inside.append("norm = torch.stack([w.grad.norm() for w in model.parameters()]).norm()")
            norm = "norm"
        inside += ["for w in model.parameters():",
                   f"    w.grad.mul_({limit} / {norm}.clamp(min={limit}))"]  # fmt: skip
    if c["weight_decay"] and kind != "AdamW":
        inside += [
            "with torch.no_grad():  # weight decay, which torch.optim adds to the gradient",
            "    for w in model.parameters():",
            f'        w.mul_(1 - optimizer.param_groups[0]["lr"] * {c["weight_decay"]!r})',
        ]
    return before, text, inside, loop
