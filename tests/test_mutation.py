"""Whether the tests would notice: every rule is broken in every small way, and so is the engine.

Each mutant of a rule (see `mutants.py`) must be noticed by the samples of its own op, those of its
row in `tables/ops`; a mutant of a function that rules call, by an op whose rules call it. The
engine is broken by hand, one idea at a time, and small programs and op cases, named beside each
fault, must notice. What survives is a hole in the tests, and fails this one.
"""

import functools
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import pytest

from tinygrad_mlp import anomaly, changes, engine, grad, no_grad, op, ops, tensor
from tinygrad_mlp.engine import OPS
from tinygrad_mlp.tensor import Tensor, from_numpy
from tinygrad_mlp.testing import check_sample, drawn

from .mutants import (
    called_by_rules,
    compiled,
    functions_of,
    mutants_of_function,
    mutants_of_op,
    rules_of,
    with_code,
    with_rule,
    with_text,
)
from .tables.ops import CASES

EXAMPLES = 20
"""How many samples are drawn for each op; its edges come first."""

ZERO_TIMES = "the rule is zero everywhere, and so are its multiples"
TIE_IS_DECIDED = "a tie is decided before this comparison is looked at"
TIMES_ZERO = "the factor b is 0 there, and so is the product, whatever the exponent"

EQUIVALENT = {
    **{
        (name, change): ZERO_TIMES
        for name in ("sign", "trunc", "floor", "ceil", "round", "floor_divide", "trunc_divide")
        for change in ("negated", "doubled", "zero")
    },
    (
        "maximum",
        "lambda g, y, a, b: where(a == b, g / 2, where(a <= b, 0, g))",
    ): TIE_IS_DECIDED,
    (
        "maximum",
        "lambda g, y, a, b: where(a == b, g / 2, where(a >= b, 0, g))",
    ): TIE_IS_DECIDED,
    (
        "minimum",
        "lambda g, y, a, b: where(a == b, g / 2, where(a >= b, 0, g))",
    ): TIE_IS_DECIDED,
    (
        "minimum",
        "lambda g, y, a, b: where(a == b, g / 2, where(a <= b, 0, g))",
    ): TIE_IS_DECIDED,
    ("_power_below", "return b - 1 if b else 2"): TIMES_ZERO,
    ("_power_below", "return where(logical_and(a == 0, b == 0), 2, b - 1)"): TIMES_ZERO,
    (
        "_base",
        "a = constant(np.asarray(a))",
    ): "float64 and float32 differ in float32 alone, and samples are float64",
    ("_dims", "if x.ndim == 0:"): "dimensions that are not there are refused before",
    (
        "_stretch",
        "if dim is not None:",
    ): "with keepdim the reshape gives the shape that is there already",
    (
        "_rows",
        "return x.reshape((-1, x.shape[-1]))",
    ): "the reshape of a matrix to its own shape changes nothing",
    (
        "parts",
        "step = 1",
    ): "the parts are the same; what they cost is counted in test_costs.py",
}
"""Mutants that compute the same, by owner and change, and why: no test can notice them."""


# --------------------------------------------------------------------------------- the rules


@functools.cache
def samples_of(name: str) -> list:
    """The samples of an op. They are reordered: what noticed a mutant is tried first next time."""
    return [*CASES[name].edges, *drawn(CASES[name].samples, EXAMPLES)]


def check_case(name: str) -> None:
    for sample in samples_of(name):
        check_sample(OPS[name], sample, CASES[name].twin, CASES[name].rtol)


def notices(name: str) -> bool:
    """Whether the samples of the op fail now."""
    found = samples_of(name)
    for i, sample in enumerate(found):
        try:
            check_sample(OPS[name], sample, CASES[name].twin, CASES[name].rtol)
        except Exception:
            found.insert(0, found.pop(i))
            return True
    return False


MUTATED = [name for name in sorted(CASES) if name in OPS and OPS[name].op.has_rules]
USERS: dict[tuple[str, str], list[str]] = {}
for name in MUTATED:
    for function in sorted(called_by_rules(name)):
        USERS.setdefault((OPS[name].__module__, function), []).append(name)


class Outcome(NamedTuple):
    killed: int
    survivors: list[str]
    equivalent: set[tuple[str, str]]


def outcome(mutants: list, ops_that_must_notice: list[str]) -> Outcome:
    """Plant the mutants one after the other; at least one of the ops must notice each."""
    killed, survivors, equivalent = 0, [], set()
    for mutant in mutants:
        with mutant.planted():
            noticed = any(map(notices, ops_that_must_notice))
        if noticed:
            killed += 1
        elif (mutant.owner, mutant.change) in EQUIVALENT:
            equivalent.add((mutant.owner, mutant.change))
        else:
            survivors.append(str(mutant))
    return Outcome(killed, survivors, equivalent)


@functools.cache
def outcome_of_op(name: str) -> Outcome:
    inputs = max(len(sample.inputs) for sample in samples_of(name))
    return outcome(mutants_of_op(name, inputs), [name])


@functools.cache
def outcome_of_function(module: str, name: str) -> Outcome:
    return outcome(mutants_of_function(name, module), USERS[module, name])


@pytest.mark.parametrize("name", MUTATED)
def test_samples_of_an_op_pass_with_recompiled_rules(name):
    with ExitStack() as stack:
        for _, rule, tree in rules_of(name):
            stack.enter_context(with_code(rule, compiled(tree, rule)))
        check_case(name)


@pytest.mark.parametrize("name", MUTATED)
def test_samples_of_an_op_notice_every_mutant_of_its_rules(name):
    assert not outcome_of_op(name).survivors


@pytest.mark.parametrize(("module", "name"), sorted(USERS))
def test_ops_notice_every_mutant_of_what_their_rules_call(module, name):
    function = getattr(sys.modules[module], name)
    with with_code(function, compiled(functions_of(module)[name], function)):
        for user in USERS[module, name]:
            check_case(user)
    assert not outcome_of_function(module, name).survivors


# -------------------------------------------------------------- what must be true of the engine


def leaf(*values: Any, dtype: Any = np.float64) -> Tensor:
    return tensor(np.array(values, dtype), requires_grad=True)


def shared_subexpressions() -> None:
    x = leaf(1.0)
    b = x + x
    (b * b).backward()
    assert x.grad.item() == 8
    x = leaf(1.0)
    (x * 2 + x * 3 + x * 4).backward()
    assert x.grad.item() == 9


def a_value_waits_for_all_its_users() -> None:
    x = leaf(1.0)
    early = x * 2
    late = early * 3
    (late + early).backward()
    assert x.grad.item() == 8


def stretched_inputs_get_sums() -> None:
    a, b, c = (tensor(np.ones(n), requires_grad=True) for n in [(3, 1), (4,), ()])
    weights = np.arange(12.0).reshape(3, 4)
    (a * b + c).backward(weights)
    assert np.array_equal(a.grad.data, weights.sum(1, keepdims=True))
    assert np.array_equal(b.grad.data, weights.sum(0))
    assert np.array_equal(c.grad.data, weights.sum())
    d = tensor(np.ones((1, 4)), requires_grad=True)  # put in front, and stretched behind it
    (d * np.ones((2, 3, 4))).backward(np.stack([weights, weights]))
    assert np.array_equal(d.grad.data, 2 * weights.sum(0, keepdims=True))


def gradients_own_their_memory() -> None:
    a, b, c = leaf(1, 2, 3), leaf(4, 5, 6), leaf(7, 8, 9)
    seed = np.ones(3)
    (a + b).backward(seed)
    found = [a.grad, b.grad, *grad(a, a, seed)]
    d, e = a * 2, b * 2
    found += grad(d + e, [d, e], seed)
    arrays = [seed, a.data, b.data, *(g.data for g in found)]
    for i, one in enumerate(arrays):
        assert not any(np.shares_memory(one, other) for other in arrays[:i])
    c.sum().backward()
    c.grad.data[0] = 5
    assert c.grad.tolist() == [5, 1, 1]


def leaves_get_an_array_each() -> None:
    @op(grad_of_each=lambda g, y, *xs: ([g * 2] * len(xs)).__getitem__)
    def twice_the_sum(*xs):
        return 2 * np.sum(xs, axis=0)

    del OPS["twice_the_sum"]
    a, b = leaf(1, 2), leaf(3, 4)
    twice_the_sum(a, b).sum().backward()
    assert not np.shares_memory(a.grad.data, b.grad.data)


def backward_adds_to_grad() -> None:
    x = leaf(3.0)
    (x**3).backward()
    (x**3).backward()
    assert x.grad.item() == 54


def floats_keep_their_width() -> None:
    x = leaf(1, 2, dtype=np.float32)
    (x * np.ones(2)).backward(np.ones(2))
    assert x.grad.dtype == np.float32
    tenths = leaf(*range(1000), dtype=np.float32)
    assert np.array_equal(ops.mul(tenths, np.float64(0.1)).data, tenths.data * np.float32(0.1))
    assert (tensor([1, 2]) / 2).dtype == np.float32
    assert (tensor(1.0) * np.float64(0.1)).dtype == np.float32
    wide = engine.Op(lambda x: x * np.ones(2), (lambda g, y, x: g,), None)
    assert engine.apply(wide, (leaf(1, 2, dtype=np.float32),), {}).dtype == np.float32
    assert (leaf(1, 2) * 2).dtype == np.float64


def only_what_asks_is_recorded() -> None:
    x, constant = leaf(1.0), tensor([1.0])
    with no_grad():
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    assert not (constant * 2).requires_grad
    without_rules = engine.Op(lambda x: x + 1, (), None)
    assert not engine.apply(without_rules, (x,), {}).requires_grad
    assert not x.astype(np.int64).requires_grad
    with pytest.raises(ZeroDivisionError), no_grad():
        _ = 1 / 0
    assert engine.is_grad_enabled()


def nothing_is_computed_in_vain() -> None:
    x, other = leaf(2.0), leaf(3.0)
    called: list = []

    def note(gradient: Any) -> Any:
        called.append(gradient)
        return gradient

    with with_rule(OPS["mul"].op, 1, note):
        assert grad(x * other, x)[0].item() == 3
        (x * other.detach()).backward()
    assert not called


def only_the_way_to_the_inputs_is_walked() -> None:
    x, other = leaf(2.0), leaf(3.0)
    middle = x * x
    y = (middle * other).exp().log()
    assert grad(y, [middle, x], retain_graph=True)[1].item() == pytest.approx(12)
    assert grad(y, other)[0].item() == pytest.approx(4)


def recorded_gradients_can_be_differentiated() -> None:
    x = leaf(2.0)
    (first,) = grad(x**3, x, create_graph=True)
    assert grad(first, x)[0].item() == 12


def an_ordinary_backward_records_nothing() -> None:
    x, seen = leaf(2.0), []
    x.register_hook(lambda g: seen.append(engine.is_grad_enabled()))
    (x * x).backward()
    assert seen == [False]
    assert not x.grad.requires_grad


def hooks_see_and_replace_the_whole_gradient() -> None:
    x, seen = leaf(2.0), []
    x.register_hook(lambda g: seen.append(g.item()))
    x.register_hook(lambda g: g * 10)
    (x * x).backward()
    assert seen == [4]
    assert x.grad.item() == 40


def graphs_are_freed_unless_retained() -> None:
    x = leaf(2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8
    with pytest.raises(RuntimeError, match="freed"):
        y.backward()


def only_what_was_walked_over_is_freed() -> None:
    x = leaf(2.0)
    middle = x * x
    grad(middle * 3, middle)
    middle.backward()
    assert x.grad.item() == 4


def only_floats_that_still_ask_get_gradients() -> None:
    x, other, whole = leaf(2.0), leaf(3.0), tensor([1])
    y = x * other
    other.requires_grad_(False)
    y.backward()
    assert x.grad.item() == 3
    assert other.grad is None
    whole.requires_grad = True
    with pytest.raises(TypeError, match="floating-point"):
        (x * whole).backward()


def later_changes_in_place_are_refused() -> None:
    for part in (slice(None), slice(0, 1)):
        x = leaf(2.0, 3.0)
        with no_grad():
            x.add_(1)
        total = x.exp().sum()
        leaf(1.0).detach().add_(1)  # later, but of no concern to it
        total.backward()
        y = (x * x).sum()
        from_numpy(x.data[part]).add_(1)
        with pytest.raises(RuntimeError, match="in place"):
            y.backward()


def anomalies_are_found() -> None:
    with np.errstate(all="ignore"), anomaly.detect_anomaly():
        with pytest.raises(FloatingPointError, match="log"):
            leaf(-1.0).log()
        with pytest.raises(FloatingPointError, match="sqrt"):
            leaf(0.0).sqrt().backward()


def parameters_have_their_defaults() -> None:
    x = leaf(1.0, 2.0)
    x.sum().backward()
    assert x.grad.tolist() == [1, 1]


TRUTHS = [
    shared_subexpressions,
    a_value_waits_for_all_its_users,
    stretched_inputs_get_sums,
    gradients_own_their_memory,
    backward_adds_to_grad,
    floats_keep_their_width,
    only_what_asks_is_recorded,
    nothing_is_computed_in_vain,
    only_the_way_to_the_inputs_is_walked,
    recorded_gradients_can_be_differentiated,
    an_ordinary_backward_records_nothing,
    hooks_see_and_replace_the_whole_gradient,
    graphs_are_freed_unless_retained,
    only_what_was_walked_over_is_freed,
    only_floats_that_still_ask_get_gradients,
    later_changes_in_place_are_refused,
    anomalies_are_found,
    parameters_have_their_defaults,
]


# --------------------------------------------------------------------------- the engine, broken


class Fault(NamedTuple):
    """In the source of `function`, `new` instead of `old`; all `noticed_by` must notice.

    `noticed_by` holds truths from above and names of ops, whose samples must notice.
    """

    what: str
    function: Any
    old: str
    new: str
    noticed_by: tuple[Callable[[], None] | str, ...]


FAULTS = [
    Fault(
        "accumulation keeps the first contribution",
        engine._add,
        "known + part",
        "known",
        (shared_subexpressions, a_value_waits_for_all_its_users, "softmax"),
    ),
    Fault(
        "accumulation keeps the last contribution",
        engine._add,
        "part if known is None else known + part",
        "part",
        (shared_subexpressions, a_value_waits_for_all_its_users, "softmax"),
    ),
    Fault(
        "accumulation doubles the first contribution",
        engine._add,
        "part if known is None",
        "part + part if known is None",
        (shared_subexpressions, "add", "exp"),
    ),
    Fault(
        "a later backward replaces .grad",
        Tensor.backward,
        "leaf.grad + found",
        "found",
        (backward_adds_to_grad,),
    ),
    Fault(
        "values are visited from the first to the last",
        engine.run_backward,
        "sorted(nodes, reverse=True)",
        "sorted(nodes)",
        (shared_subexpressions, a_value_waits_for_all_its_users, "add", "exp"),
    ),
    Fault(
        "values are visited in the order of discovery",
        engine.run_backward,
        "sorted(nodes, reverse=True)",
        "list(nodes)",
        (a_value_waits_for_all_its_users,),
    ),
    Fault(
        "dimensions that broadcasting stretched are not summed",
        engine._unbroadcast,
        "(shape[d - extra] == 1 and g.shape[d] != 1)",
        "False",
        (stretched_inputs_get_sums, "add", "mul"),
    ),
    Fault(
        "dimensions that broadcasting put in front are not summed",
        engine._unbroadcast,
        "_summed(g, tuple(range(extra)))",
        "g[(0,) * extra]",
        (stretched_inputs_get_sums, "add", "mul"),
    ),
    Fault(
        "dimensions put in front of stretched ones are not summed",
        engine._unbroadcast,
        "d < extra or",
        "d >= extra and",
        (stretched_inputs_get_sums,),
    ),
    Fault(
        "the mean is taken over what broadcasting put in front",
        engine._unbroadcast,
        "_summed(g, tuple(range(extra)))",
        "g.mean(tuple(range(extra)))",
        (stretched_inputs_get_sums, "add", "mul"),
    ),
    Fault(
        "the mean is taken over what broadcasting stretched",
        engine._unbroadcast,
        "_summed(g, stretched)",
        "g.mean(stretched)",
        (stretched_inputs_get_sums, "add", "mul"),
    ),
    Fault(
        "the first is taken of what broadcasting stretched",
        engine._unbroadcast,
        "_summed(g, stretched)",
        "g[tuple(0 if d in stretched else slice(None) for d in range(g.ndim))]",
        (stretched_inputs_get_sums, "add", "mul"),
    ),
    Fault(
        "graphs are never freed",
        engine.run_backward,
        "if not retain_graph:",
        "if False:",
        (graphs_are_freed_unless_retained,),
    ),
    Fault(
        "graphs are freed though they are to be retained",
        engine.run_backward,
        "if not retain_graph:",
        "if True:",
        (graphs_are_freed_unless_retained, "exp"),
    ),
    Fault(
        "what was not walked over is freed",
        engine.run_backward,
        "not (targets is None or _leads_to(node, needed))",
        "False",
        (only_what_was_walked_over_is_freed,),
    ),
    Fault(
        "a leaf that stopped asking gets a gradient",
        engine._send_back,
        "or not x.requires_grad ",
        "",
        (only_floats_that_still_ask_get_gradients,),
    ),
    Fault(
        "integers may get gradients",
        engine._reachable,
        'node.data.dtype.kind != "f"',
        "False",
        (only_floats_that_still_ask_get_gradients,),
    ),
    Fault(
        "integer results are recorded",
        engine.apply,
        'and data.dtype.kind == "f"',
        "",
        (only_what_asks_is_recorded,),
    ),
    Fault(
        "a freed graph is taken for a leaf",
        engine._reachable,
        "if node.op is None:",
        "if node.op is None or node.inputs is None:",
        (graphs_are_freed_unless_retained,),
    ),
    Fault(
        "gradients of all inputs are computed",
        engine._send_back,
        "x.serial not in needed",
        "False",
        (nothing_is_computed_in_vain,),
    ),
    Fault(
        "the way to the inputs is not followed",
        engine._leads_to,
        "x.serial in needed",
        "False",
        (only_the_way_to_the_inputs_is_walked,),
    ),
    Fault(
        "the inputs are not on their way",
        engine._on_the_way,
        "serial in targets or ",
        "",
        (only_the_way_to_the_inputs_is_walked, "mul"),
    ),
    Fault(
        "the way is looked for from the end",
        engine._on_the_way,
        "reversed(order)",
        "order",
        (only_the_way_to_the_inputs_is_walked, recorded_gradients_can_be_differentiated, "softmax"),
    ),
    Fault(
        "a gradient may be the array of another",
        engine._is_shared,
        "id(part) in others",
        "False",
        (gradients_own_their_memory, "add"),
    ),
    Fault(
        "two leaves may get one array",
        engine._send_back,
        "others.add(id(part))",
        "pass",
        (leaves_get_an_array_each,),
    ),
    Fault(
        "a gradient may look into the array of another",
        engine._is_shared,
        'getattr(plain(part), "base", None) is not None',
        "False",
        (gradients_own_their_memory,),
    ),
    Fault(
        "gradients of results are handed out as they are",
        engine.run_backward,
        "gradient if node.op is None else copied(gradient)",
        "gradient",
        (gradients_own_their_memory,),
    ),
    Fault(
        "the gradient given is handed out as it is",
        engine.run_backward,
        "copied(seed)",
        "seed",
        (gradients_own_their_memory,),
    ),
    Fault(
        "gradients keep the width of the rule's result",
        engine._send_back,
        "part.astype(x.data.dtype)",
        "part",
        (floats_keep_their_width,),
    ),
    Fault(
        "results keep the width that NumPy gave them",
        engine.apply,
        "data.dtype is FLOAT64 and op.narrows and not _any_float64(args)",
        "False",
        (floats_keep_their_width,),
    ),
    Fault(
        "every result becomes float32",
        engine.apply,
        "data.dtype is FLOAT64 and op.narrows and not _any_float64(args)",
        "data.dtype is FLOAT64",
        (floats_keep_their_width, "add", "exp"),
    ),
    Fault(
        "NumPy's numbers count as arrays",
        engine._narrow,
        "value.item()",
        "np.asarray(value)",
        (floats_keep_their_width,),
    ),
    Fault(
        "recording cannot be switched off",
        engine.apply,
        "and recording.get()",
        "",
        (only_what_asks_is_recorded,),
    ),
    Fault(
        "recording stays off",
        engine.set_grad_enabled.__exit__,
        "recording.set(self.before.pop())",
        "pass",
        (only_what_asks_is_recorded,),
    ),
    Fault(
        "recording stays off after an exception",
        engine.set_grad_enabled.__exit__,
        "recording.set(self.before.pop())",
        "error[0] or recording.set(self.before.pop())",
        (only_what_asks_is_recorded,),
    ),
    Fault(
        "constants are recorded as inputs",
        engine.apply,
        "arg.requires_grad",
        "True",
        (only_what_asks_is_recorded,),
    ),
    Fault(
        "ops without rules are recorded",
        engine.apply,
        "and op.has_rules",
        "",
        (only_what_asks_is_recorded,),
    ),
    Fault(
        "gradients are never recorded",
        engine.run_backward,
        "set_grad_enabled(create_graph)",
        "set_grad_enabled(False)",
        (recorded_gradients_can_be_differentiated, "mul", "exp"),
    ),
    Fault(
        "recording stays on in an ordinary backward pass",
        engine.run_backward,
        "set_grad_enabled(create_graph)",
        "set_grad_enabled(True)",
        (an_ordinary_backward_records_nothing,),
    ),
    Fault(
        "rules run on arrays though their gradients are to be recorded",
        engine._send_back,
        "if create_graph",
        "if False",
        (recorded_gradients_can_be_differentiated, "mul", "exp"),
    ),
    Fault(
        "what a hook returns is ignored",
        engine.run_backward,
        "gradient = _after_hook",
        "_after_hook",
        (hooks_see_and_replace_the_whole_gradient,),
    ),
    Fault(
        "every input is taken for the first",
        engine._send_back,
        "each(i)",
        "each(0)",
        ("cat",),
    ),
    Fault(
        "the rule of the first input is taken for all",
        engine._send_back,
        "op.rules[i]",
        "op.rules[0]",
        ("sub", "mul", "matmul"),
    ),
    Fault(
        "rules do not get the defaults of parameters",
        engine.apply,
        "{**op.defaults, **params}",
        "params",
        (parameters_have_their_defaults,),
    ),
    Fault(
        "rules get nothing but the defaults of parameters",
        engine.apply,
        "{**op.defaults, **params}",
        "op.defaults",
        ("sum", "cat"),
    ),
    Fault(
        "changes in place are not looked for",
        engine._send_back,
        "if changes.latest > node.serial:",
        "if False:",
        (later_changes_in_place_are_refused,),
    ),
    Fault(
        "earlier changes in place are refused too",
        changes.refuse_if_changed,
        "when > serial",
        "when",
        (later_changes_in_place_are_refused,),
    ),
    Fault(
        "changes through a view are not seen",
        changes._owner,
        "array = array.base",
        "break",
        (later_changes_in_place_are_refused,),
    ),
    Fault(
        "no value is bad",
        anomaly._is_bad,
        "not np.isfinite(value).all()",
        "False",
        (anomalies_are_found,),
    ),
    Fault(
        "backward passes are not watched",
        engine._send_back,
        "for observer in observers:",
        "for observer in ():",
        (anomalies_are_found,),
    ),
]


def fails(truth: Callable[[], None] | str) -> bool:
    if isinstance(truth, str):
        return notices(truth)
    try:
        truth()
    except (Exception, pytest.fail.Exception):
        return True
    return False


@functools.cache
def outcome_of_fault(i: int) -> Outcome:
    fault = FAULTS[i]
    try:
        with with_text(fault.function, fault.old, fault.new):
            blind = [truth for truth in fault.noticed_by if not fails(truth)]
    finally:
        engine.recording.set(True)
    names = [getattr(truth, "__name__", truth) for truth in blind]
    survivors = [f"engine: {fault.what}; not noticed by {', '.join(names)}"] if blind else []
    return Outcome(not blind, survivors, set())


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.__name__)
def test_the_engine_is_right_while_nothing_is_broken(truth):
    truth()


@pytest.mark.parametrize("i", range(len(FAULTS)), ids=lambda i: FAULTS[i].what)
def test_a_broken_engine_is_noticed(i):
    assert not outcome_of_fault(i).survivors


# ------------------------------------------------------------------------------------ in total


def test_every_mutant_is_killed(capsys):
    outcomes = [outcome_of_op(name) for name in MUTATED]
    outcomes += [outcome_of_function(*key) for key in sorted(USERS)]
    outcomes += [outcome_of_fault(i) for i in range(len(FAULTS))]
    killed = sum(o.killed for o in outcomes)
    survivors = [s for o in outcomes for s in o.survivors]
    equivalent = {e for o in outcomes for e in o.equivalent}
    with capsys.disabled():
        print(
            f"\n{killed} of {killed + len(survivors)} mutants killed; "
            f"{len(equivalent)} that compute the same are listed with the reason"
        )
    assert not survivors
    assert set(EQUIVALENT) == equivalent, "listed as equivalent, but noticed or gone"
