# %% [markdown]
# # 23. Properties and mutants
#
# **Question.** Who chooses the examples of a test, and who tests the test?
#
# **Time.** 25 minutes, optional.
#
# **New from the package.** `autograd.checking`.
#
# **Before this.** Lesson 3 planted faults in derivatives and found most of them with a few random
# numbers. Lesson 15 handed a new layer to the package's own checks. Here we look at how such
# checks find their examples. You can read this any time after lesson 15.

# %%
import inspect

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import op, plot
from tinygrad_mlp.autograd import checking

try:
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise SystemExit(
        'This lesson needs hypothesis; install it: python -m pip install -e ".[lessons]"'
    ) from None

from tinygrad_mlp.testing import arrays, check_op, samples

# Hypothesis, which we will meet below, draws random examples: here the same ones in every run.
settings.register_profile("lesson", derandomize=True, database=None, deadline=None)
settings.load_profile("lesson")

# %% [markdown]
# ## Two good examples
#
# Here is Huber's function: a parabola near 0, straight lines outside. Its slope is $x$ between
# $-1$ and 1, then stays at 1 to the right and $-1$ to the left. A test with two good-looking
# examples accepts this rule for it.


# %%
def central(function, x, step):
    """The slope from x - step to x + step, as in lesson 3."""
    return (function(x + step) - function(x - step)) / (2 * step)


def huber(x):
    return np.where(np.abs(x) <= 1, x * x / 2, np.abs(x) - 0.5)


def huber_slope(x):
    return np.where(x > 1, 1.0, x)


for example in (0.4, 2.5):  # one in the parabola, one outside
    error = abs(huber_slope(example) - central(huber, example, 1e-6))
    print(f"x = {example}: rule and difference are {error:.0e} apart")

# %% [markdown]
# ## A property
#
# The rule is wrong all the same: it forgot the line on the left. A **property** is a claim about
# all inputs: "for every $x$ from $-10$ to 10, rule and difference agree". A test of such a claim is
# called a **property-based test**: you describe the inputs, and a program draws them. Hypothesis is
# a library that does this and looks for an input that breaks the claim. When it has found one, it
# **shrinks** it: it goes on trying simpler ones for as long as they still fail.
#
# **Predict.** Every $x$ below $-1$ fails. Which kind of number will it show us in the end?
#
# - the first one that failed, with all its decimals
# - the failing number nearest to the kink, $-1.0000001$ or so
# - a small whole number, such as $-2$
# - the largest failure, $-10$

# %% answer=3
tried = []


@given(st.floats(-10, 10))
def huber_rule_agrees(x):
    tried.append(float(x))
    error = abs(huber_slope(x) - central(huber, x, 1e-6))
    assert error < 1e-6, f"rule {huber_slope(x):g}, difference {central(huber, x, 1e-6):g}"


def failure_of(check):
    """Run a check that must fail, and return its AssertionError."""
    try:
        check()
    except AssertionError as error:
        return error
    raise RuntimeError("this check should have failed, but it passed")


failure = failure_of(huber_rule_agrees)
first = next(x for x in tried if x < -1)
print(f"first x that failed:     {first!r}, after {tried.index(first) + 1} examples")
print(f"after shrinking:         {tried[-1]!r}")
print(f"what the failure says:   {failure}")

# %% [markdown]
# The first failure was some long decimal. The last one is the simplest failing number that
# Hypothesis could find, and it is almost a diagnosis: the right side passed and a small whole
# number on the left does not, so look at the negative side.
#
# The picture shows every number that was tried.

# %% tags=["draw"]
figure = Figure(figsize=(7, 2.8), layout="constrained")
axes = figure.subplots()
grid = np.linspace(-10, 10, 401)
axes.plot(grid, huber_slope(grid), "--", color="#D55E00", label="the rule")
axes.plot(grid, central(huber, grid, 1e-6), color="#0072B2", label="central difference")
axes.plot(tried, np.zeros(len(tried)), "k|", markersize=9, label="tried")
axes.plot(tried[-1:], [0.0], "o", color="#009E73", label="shown in the end")
axes.set(xlabel="$x$", ylabel="slope", ylim=(-5, 2))
axes.legend(fontsize=8, loc="lower right")
axes.grid(color="#e6e6e6", linewidth=0.7)
figure.set_label(
    "The rule for Huber's function and the central difference: they agree from -1 on and part "
    "to the left of it. Marks at 0: the numbers that Hypothesis tried; the one it shows in the end "
    f"is {tried[-1]:g}."
)
plot.show(figure, "runs/lessons/23/tried.png")

# %% [markdown]
# ## Shapes are examples too
#
# The next rule belongs to the mean of each row of a matrix $x$ of shape $(n,m)$. It is wrong.


# %%
def row_means_rule(g, x):
    """The gradient g (n,) shared out over each row of x (n, m)."""
    n, m = x.shape
    return np.repeat(g[:, None], m, axis=1) / n


# %% [markdown]
# We test it with random values and random weights on a matrix of shape $(3, 3)$, where it passes.
# The central differences are those of the package, from its module `checking`. Then we let
# Hypothesis choose the shape as well, with up to five rows and columns.
#
# **Predict.** Which shape that fails will it show us?
#
# - $(1, 1)$
# - $(1, 2)$
# - $(2, 2)$
# - $(5, 5)$


# %% answer=2
def numerical_gradient(function, x, step=1e-6):
    """Central differences for every number in x, as in lesson 3."""
    return checking.differences(function, x, step)


def agree(found, expected):
    """Whether two gradients are equal, as far as differences in float64 can tell."""
    scale = max(np.max(np.abs(found)), np.max(np.abs(expected)))
    return bool(np.max(np.abs(found - expected)) <= 1e-6 * scale + 1e-9)


def row_means_pass(n, m, seed):
    """Whether the rule agrees with differences, for a matrix (n, m) of random values."""
    rng = np.random.default_rng(seed)
    x, weights = rng.normal(size=(n, m)), rng.uniform(0.5, 1.5, n)
    expected = numerical_gradient(lambda x: np.sum(weights * x.mean(axis=1)), x)
    return agree(row_means_rule(weights, x), expected)


print("shape (3, 3):            ", "passed" if row_means_pass(3, 3, seed=0) else "failed")
shapes_tried = []


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 1000))
def row_means_rule_agrees(n, m, seed):
    shapes_tried.append((n, m))
    assert row_means_pass(n, m, seed)


failure_of(row_means_rule_agrees)
n, m = shapes_tried[-1]
print(f"what Hypothesis shows:    shape ({n}, {m}) fails")

# %% [markdown]
# The rule divides by $n$ where it should divide by $m$, and in a square matrix these are equal.
# No choice of values could have found that. Draw shapes as well as values, including sizes of 1,
# and do not test with square arrays alone.
#
# ## What the package brings
#
# The differences that we just used are those of `gradcheck`. Compare them with the ones you know
# from lesson 3.

# %%
print(inspect.getsource(checking.differences))

# %% [markdown]
# `gradcheck` tests where you ask it to. `check_op(op, samples(...))` of lesson 15 asks in many
# places. `arrays()` is a strategy of Hypothesis for arrays of all shapes and memory layouts,
# `samples(arrays())` draws calls with one array as the input, and `check_op` tests for every call
# all that must be true of an op: weighted gradients that agree with differences, and so do the
# gradients of the gradients; the same values for arrays and tensors; float32 in and float32 out;
# no shared memory. `arrays(avoid=[0.0])` keeps away from a kink.
#
# **Predict.** `relu_wrong` has the slope 1 at 0, where it should be 0. Does `check_op` find it with
# samples that avoid 0?
#
# - no
# - yes, as it draws many arrays
# - yes, as it looks at second derivatives too


# %% answer=1
@op(grad=lambda g, y, x: g * 3 * x * x)
def third_power(x):
    return np.power(x, 3)


@op(grad=lambda g, y, x: g * 3 * x)
def third_power_wrong(x):
    return np.power(x, 3)


@op(grad=lambda g, y, x: g * (x >= 0))
def relu_wrong(x):
    return np.maximum(x, 0)


def show(what, check):
    """Run a check and print the outcome in one line."""
    try:
        check()
    except AssertionError as error:
        print(f"{what:<27} {str(error).split(':')[0]}")
    else:
        print(f"{what:<27} passed")


show("third_power", lambda: check_op(third_power, samples(arrays())))
show("third_power_wrong", lambda: check_op(third_power_wrong, samples(arrays())))
away = samples(arrays(avoid=[0.0]))
show("relu_wrong, off the kink", lambda: check_op(relu_wrong, away))

# %% [markdown]
# No: away from 0 the rule is right, so nothing there can be wrong. The convention needs an example
# of its own, and something to compare it with: PyTorch, or a line that states it. We write the
# line.


# %%
def slope_at_zero_is_zero(made):
    """What lesson 3 wrote down about relu: at the kink the slope is 0."""
    x = tg.tensor(np.array([-1.0, 0.0, 2.0]), requires_grad=True)
    made(x).sum().backward()
    assert x.grad[1].item() == 0, "the slope at 0 is not 0"


show("relu_wrong, at the kink", lambda: slope_at_zero_is_zero(relu_wrong))
show("tg.relu, at the kink", lambda: slope_at_zero_is_zero(tg.relu))

# %% [markdown]
# ## Who checks the checks?
#
# A test that has never failed has proved little. **Mutation testing** turns the question around:
# plant small faults in a right rule, one at a time, and count how many the test finds. Each fault
# is a **mutant**; a mutant that no test notices has survived, and marks a hole in the tests.
#
# A rule is a line of text, so a few lines of code make mutants of it.

# %%
CHANGES = [("*", "+"), ("-", "+"), ("1", "2"), ("3", "2"), (" * x", ""), (" * y", "")]


def mutants(rule):
    """The text of a rule with one change, for every change and every place."""
    found = []
    for old, new in CHANGES:
        for place in range(len(rule)):
            if rule.startswith(old, place):
                mutant = rule[:place] + new + rule[place + len(old) :]
                if mutant not in found:
                    found.append(mutant)
    return found


def hyperbolic(x):
    return np.tanh(x)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def cubic(x):
    return np.power(x, 3)


RULES = {hyperbolic: "g * (1 - y * y)", logistic: "g * y * (1 - y)", cubic: "g * 3 * x * x"}

for function, rule in RULES.items():
    print(f"{function.__name__}:  {rule}")
    for mutant in mutants(rule):
        print(f"    {mutant}")
count = sum(len(mutants(rule)) for rule in RULES.values())
print(f"{count} mutants")

# %% [markdown]
# Three tests will look for them: one example at $x=0$, one at $x=1$, and `check_op`.
#
# **Predict.** How many of the 15 mutants survive the example at $x=0$?


# %% answer=[4, 8]
def leaf(number):
    """A tensor that asks for a gradient."""
    return tg.tensor(np.array([number]), requires_grad=True)


def with_rule(function, rule):
    """The function as an op whose derivative rule is the text `rule`."""
    return op(grad=eval(f"lambda g, y, x: {rule}"))(function)


def one_example(x):
    """A test of an op that compares its gradient with a difference, at x alone."""

    def test(made):
        assert tg.gradcheck(made, leaf(x))

    return test


def everything(made):
    check_op(made, samples(arrays()), examples=10)


def survives(test, function, rule):
    try:
        test(with_rule(function, rule))
    except AssertionError:
        return False
    return True


TESTS = {"example x = 0": one_example(0.0), "example x = 1": one_example(1.0)}
TESTS["check_op"] = everything
survivors = {}
for name, test in TESTS.items():
    survivors[name] = []
    for function, rule in RULES.items():
        assert survives(test, function, rule), "the right rule must pass"
        survivors[name] += [m for m in mutants(rule) if survives(test, function, m)]
    print(f"{name:<15} {len(survivors[name])} of {count} survive")
    for mutant in survivors[name]:
        print(f"{'':<15}     {mutant}")

# %% [markdown]
# At 0 six survive, and at 1 one that we know from lesson 3. None survives `check_op`. (The right
# rules survive all three, as they must.) The tests of this package do the same to every rule in
# its table of derivatives, with more kinds of changes; a survivor is a failure, unless somebody
# has written down why nothing could tell it from the right rule.
#
# Mutation testing measures the test. It says nothing about other kinds of fault, such as a
# function that computes the wrong thing and has the right derivative for it. Only a reference
# helps there: a formula on paper, or another program.
#
# ## What was learned
#
# - A property is a claim about all inputs. A library draws them, and shrinks a failure until it
#   nearly names the fault.
# - Draw shapes as well as values: square arrays and single numbers hide faults.
# - What happens at a kink is a convention, which needs a test of its own.
# - Plant faults to see what a test is worth.
#
# ## What is still open
#
# Every test here compares a gradient with differences or with a rule that we wrote down. None of
# them says whether the function itself is the one that we want.
#
# ## Exercises
#
# Write them in `lessons/exercises/23_properties.py`.
#
# - `points_that_tell()`: choose the test points that find every planted fault of a clipped line.
# - `shrunk(numbers, fails)`: make a failing list as short as possible, as Hypothesis does.
#
# Check them with `python -m lessons check 23`.
