"""What `@op` can see of derivative rules when an op is defined, and refuses then.

A rule that cannot be called, or that no input is there for, would fail only in a backward pass.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .signatures import Rule

if TYPE_CHECKING:
    from .engine import Op


def refuse_unfit_rules(op: Op) -> None:
    """TypeError for rules that cannot be those of the function: now, and not in a backward pass."""
    names, rules = list(op.signature.parameters), op.rules
    kinds = {p.kind for p in op.signature.parameters.values()}
    if op.name == "<lambda>" and names[:2] == ["g", "y"]:
        raise TypeError("@op was given a rule as its function; write @op(grad=lambda g, y, x: ...)")
    for rule in rules:
        if rule is not None and not callable(rule):
            raise TypeError(
                f"grad= of {op.name}() must be a rule, or a tuple with a rule or None for each "
                f"input, not {type(rule).__name__}; write grad=(lambda g, y, ...: ..., ...)"
            )
    if rules and inspect.Parameter.VAR_POSITIONAL in kinds:
        raise TypeError(
            f"{op.name}() takes any number of inputs, so it needs one rule for all of them; write "
            "grad_of_each=lambda g, y, *xs: lambda i: ..., the gradient of input i"
        )
    if len(rules) > len(names):
        raise TypeError(
            f"{op.name}() has {len(rules)} rules, but takes only ({', '.join(names)}); write one "
            "rule for each input. Where an input counts in several ways, its rule adds them up"
        )
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return
    for name, rule in zip(names, rules, strict=False):
        if rule is not None and not _can_be_called(rule, [None, None, *names[: op.arity]], op):
            without = ", ".join(p.name for p in op.params if p.default is p.empty)
            also = f"; if {without} is an input too, it needs a rule of its own" if without else ""
            raise TypeError(
                f"the rule of {name} in {op.name}() takes {inspect.signature(rule)}, but is called "
                "with the gradient of the output, the output, the inputs and the parameters; "
                f"begin it with lambda {', '.join(['g', 'y', *names])}:{also}"
            )


def _can_be_called(rule: Rule, args: list[Any], op: Op) -> bool:
    try:
        signature = inspect.signature(rule)
    except ValueError:  # some functions written in C do not tell
        return True
    try:
        signature.bind(*args, **dict.fromkeys(op.param_names))
    except TypeError:
        return False
    return True
