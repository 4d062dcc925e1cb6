# %% [markdown]
# # 3. Checking a gradient
#
# **Question.** How do you know that a derivative is right?
#
# **Time.** 60 minutes.
#
# **New from the package.** `op`, `relu`, `gradcheck`, `autograd.checking`, `testing.check_op`,
# `testing.samples`, `testing.arrays`, `testing.Sample`.
#
# **Before this.** Lesson 2 filled a table of derivatives by hand, one rule per input. A wrong
# value in a program is often noticed. A wrong derivative is not: the network still trains, only
# worse, and nothing tells you why.

# %%
import inspect

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import op, plot
from tinygrad_mlp.autograd import checking

try:
    import torch
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise SystemExit(
        f'This lesson needs {error.name}; install it: python -m pip install -e ".[lessons]" torch'
    ) from None

from tinygrad_mlp.testing import Sample, arrays, check_op, samples

# Hypothesis, which we will meet below, draws random examples: here the same ones in every run.
settings.register_profile("lesson", derandomize=True, database=None, deadline=None)
settings.load_profile("lesson")

# %% [markdown]
# ## Two ways to measure a slope
#
# A derivative is a limit: move $x$ a little, see how far $f$ moves, divide. So a computer can
# measure one without knowing any rule. It can step to one side, or to both sides:
#
# $$\frac{f(x+h)-f(x)}{h} \qquad\text{and}\qquad \frac{f(x+h)-f(x-h)}{2h}.$$
#
# They are called the one-sided and the central difference. We try both on $f(x)=e^x$ at $x=1$,
# where the right answer is $e$.
#
# **Predict.** We make $h$ ten times smaller. By what factor does the error of each one shrink?


# %%
def one_sided(function, x, step):
    """The slope from x to x + step."""
    return (function(x + step) - function(x)) / step


def central(function, x, step):
    """The slope from x - step to x + step."""
    return (function(x + step) - function(x - step)) / (2 * step)


print("step      error, one-sided   error, central")
errors = []
for step in (0.1, 0.01, 0.001):
    pair = [abs(way(np.exp, 1.0, step) - np.e) for way in (one_sided, central)]
    errors.append(pair)
    print(f"{step:<9g} {pair[0]:<18.2e} {pair[1]:.2e}")

shrinks = np.array(errors[0]) / np.array(errors[2])
assert 90 < shrinks[0] < 110, "one-sided: a step 100 times smaller, an error 100 times smaller"
assert 9_000 < shrinks[1] < 11_000, "central: a step 100 times smaller, 10,000 times the accuracy"

# %% [markdown]
# One-sided: ten times. Central: a hundred times. Taylor's series says why. Moving by $h$ gives
#
# $$f(x\pm h) = f(x) \pm h f'(x) + \tfrac{h^2}{2} f''(x) \pm \tfrac{h^3}{6} f'''(x) + \dots$$
#
# In the one-sided difference the first thing left over is $\tfrac{h}{2}f''$. In the central one
# the two terms with $f''$ cancel, and $\tfrac{h^2}{6}f'''$ is left. For one number both
# need two evaluations, and the central difference is far better. (For the slopes by $n$ numbers it
# costs more: $2n$ evaluations instead of $n + 1$, as $f(x)$ is needed only once.)

# %% [markdown]
# ## The smaller the better?
#
# A computer rounds. With $u$ for the relative size of one rounding ($1.1\cdot10^{-16}$ in
# float64, $6\cdot10^{-8}$ in float32), $f(x+h)$ is wrong by up to about $u\,|f|$, and so is the
# other value. Their difference can be wrong by twice that, and we divide it by $h$ (one-sided) or
# by $2h$ (central). For $e^x$, where all derivatives are the same, the two relative errors add up
# to at most about
#
# $$\frac{h}{2}+\frac{2u}{h} \quad\text{(one-sided)}, \qquad
# \frac{h^2}{6}+\frac{u}{h} \quad\text{(central)}.$$
#
# As $h$ gets smaller, the first part falls and the second rises. Their sum is smallest where its
# slope is zero: at $h=2\sqrt{u}$ and at $h=\sqrt[3]{3u}$. ($x+h$ is rounded as well, which adds
# a little to both.)
#
# **Predict.** Which step is best for the central difference in float64: $10^{-3}$, $10^{-5}$,
# $10^{-8}$ or $10^{-12}$? And how many of the 16 digits can it get right?

# %%
POINTS = np.linspace(0.5, 2.0, 201)  # many points, so that luck at one of them does not count
STEPS = np.logspace(-14, 0, 113)


def relative_errors(way, dtype, step):
    """The errors of a difference of exp, computed in `dtype`, at all the points."""
    x = POINTS.astype(dtype)
    right = np.exp(x.astype(np.float64))
    return np.abs(way(np.exp, x, dtype(step)).astype(np.float64) - right) / right


def predicted(way, dtype, step):
    """About as far as Taylor and rounding together can lead."""
    rounding = np.finfo(dtype).eps / 2
    taylor = step / 2 if way is one_sided else step**2 / 6
    return taylor + (2 if way is one_sided else 1) * rounding / step


def best_step(way, dtype):
    """Where the prediction is smallest."""
    rounding = np.finfo(dtype).eps / 2
    return float(2 * rounding ** (1 / 2) if way is one_sided else (3 * rounding) ** (1 / 3))


figure = Figure(figsize=(9, 3.9), layout="constrained")
panels = figure.subplots(1, 2, sharey=True)
print("                    best step             error there")
print("                    predicted  measured   predicted  measured")
for axes, dtype in zip(panels, (np.float32, np.float64), strict=True):
    for way, colour in ((one_sided, "#D55E00"), (central, "#0072B2")):
        name = way.__name__.replace("_", "-")
        measured = np.array([np.median(relative_errors(way, dtype, h)) for h in STEPS])
        axes.loglog(STEPS, measured, ".", color=colour, markersize=4, label=f"{name}, measured")
        curve = predicted(way, dtype, STEPS)
        axes.loglog(STEPS, curve, "--", color=colour, linewidth=1.2, label=f"{name}, predicted")
        expected, found = best_step(way, dtype), STEPS[measured.argmin()]
        expected_error = predicted(way, dtype, expected)
        print(
            f"{dtype.__name__} {name:<11} {expected:<10.1e} {found:<10.1e} "
            f"{expected_error:<10.1e} {measured.min():.1e}"
        )
        assert 0.1 < found / expected < 10, "the best step is where the formula says"
        assert 0.05 < measured.min() / expected_error < 5, "and as good as it says"
    axes.set(title=dtype.__name__, xlabel="step $h$", ylim=(1e-13, 30))
    axes.grid(color="#e6e6e6", linewidth=0.7)
panels[0].set_ylabel("relative error of the slope (median)")
panels[0].legend(fontsize=8, loc="lower left")
figure.set_label(
    "Relative error of one-sided and central differences of exp over the step, log scales: each "
    "curve is a V. In float32 the central one is best near 0.006, in float64 near 7e-6."
)
plot.show(figure, "runs/lessons/03/step.png")

# %% [markdown]
# Each curve is a V. On the right side the step is too long for a straight line (Taylor); on the
# left side the digits are used up (rounding). At the left end of the float32 panel the error is
# 1, that is, 100 %: $x+h$ rounds to $x$, and the measured slope is 0.
#
# For the central difference in float64, a step near $10^{-5}$ gives 10 or 11 correct digits. In
# float32 the best step is about 1,000 times longer, and gives 4 or 5 digits. A step that is right
# for one dtype is poor in the other.

# %% [markdown]
# ## A tolerance must fit the dtype
#
# A check needs a limit up to which two numbers count as equal. Suppose that a rule contains a
# constant with too few digits, so that the derivative is too large by 1 part in 100,000. We
# compare the right derivative and this wrong one with central differences, each dtype with its
# best step.
#
# **Predict.** Is there a tolerance that accepts the right rule and rejects the wrong one, in
# float32? In float64?


# %%
def largest_error(dtype, factor):
    """How far factor * exp, taken as the derivative of exp, is from central differences."""
    x = POINTS.astype(dtype)
    measured = central(np.exp, x, dtype(best_step(central, dtype)))
    claimed = dtype(factor) * np.exp(x)
    return float(np.max(np.abs(claimed - measured) / np.abs(measured)))


print("             float32                  float64")
print("tolerance    right rule  wrong rule   right rule  wrong rule")
verdicts = {}
for tolerance in (1e-2, 1e-3, 1e-6, 1e-8, 1e-12):
    words = []
    for dtype in (np.float32, np.float64):
        accepted = [largest_error(dtype, factor) <= tolerance for factor in (1, 1.00001)]
        verdicts[dtype, tolerance] = accepted
        words += ["accepted" if yes else "rejected" for yes in accepted]
    print(f"{tolerance:<12g} {words[0]:<11} {words[1]:<12} {words[2]:<11} {words[3]}")

float32_errors = [largest_error(np.float32, factor) for factor in (1, 1.00001)]
print(f"\nlargest errors in float32: right {float32_errors[0]:.1e}, wrong {float32_errors[1]:.1e}")
good = [key for key, accepted in verdicts.items() if accepted == [True, False]]
assert good == [(np.float64, 1e-6), (np.float64, 1e-8)], "only these tell right from wrong"
assert float32_errors[0] > 1e-5, "in float32 even the right rule is off by more than the fault"

# %% [markdown]
# In float32 the noise of the measurement is larger than the fault. A loose limit accepts both
# rules, a strict one rejects both. In float64 there is a wide gap between the noise (below
# $10^{-8}$) and the fault ($10^{-5}$), and any limit in the gap will do. So derivatives are
# checked in float64, even those of a network that will run in float32.
#
# One more trap. A limit like "off by at most $10^{-5}$" is an **absolute** one: if the gradient
# itself is of size $10^{-6}$, it accepts everything. A **relative** limit is a fraction of the
# largest value of the gradient. It fails where the gradient is 0: the central difference of $x^3$
# at 0 is $h^2$, and no fraction of 0 allows for that. So we take a relative limit, plus an
# absolute one that is far smaller than any gradient we expect.
#
# And since gradients are arrays, we change their numbers one at a time.


# %%
def numerical_gradient(function, x, step=1e-6):
    """Central differences of `function`, which returns one number, for every number in x.

    x (any shape), float64 -> an array of the same shape.
    """
    slopes = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        sides = []
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * step
            sides.append(function(moved))
        slopes[place] = (sides[0] - sides[1]) / (2 * step)
    return slopes


def agree(found, expected):
    """Whether two gradients are equal, as far as differences in float64 can tell."""
    scale = max(np.max(np.abs(found)), np.max(np.abs(expected)))
    return bool(np.max(np.abs(found - expected)) <= 1e-6 * scale + 1e-9)


def tiny_loss(x):
    return 1e-7 * np.sum(x**3)


values = np.array([0.5, -1.3, 2.0])
measured = numerical_gradient(tiny_loss, values)
right_sign = 1e-7 * 3 * values**2
print("a tiny gradient:            ", measured)
print("with the wrong sign:        ", -right_sign)
largest_difference = np.max(np.abs(-right_sign - measured))
print(f"an absolute limit of 1e-5:   {'accepted' if largest_difference <= 1e-5 else 'rejected'}")
print(f"agree, as written above:     {'accepted' if agree(-right_sign, measured) else 'rejected'}")
assert largest_difference <= 1e-5, "the absolute limit accepts the wrong sign"
assert not agree(-right_sign, measured), "ours does not"
assert agree(right_sign, measured), "and ours accepts the right sign"

numbers = 784 * 100 + 100 + 100 * 10 + 10
print(f"\na network 784-100-10 has {numbers:,} numbers: {2 * numbers:,} evaluations a gradient")
assert numbers == 79_510

# %% [markdown]
# The last line shows why nobody trains with differences: one gradient costs two evaluations of
# the whole network for every weight in it. A backward pass gets all the slopes for the price of a
# few evaluations. Differences are for checking small cases.
#
# ## Planted bugs
#
# Now for six faults of the kinds that happen to everybody. Each entry is a function of one array
# `x`, its right rule and a wrong one. A rule gets `g`, the gradient of the output, as in lesson
# 2.


# %%
def softmax(x):
    powers = np.exp(x - np.max(x))
    return powers / np.sum(powers)


def add_to_rows(bias):
    """bias (m,) added to every row of a batch (m, m) of zeros."""
    return np.zeros((len(bias), len(bias))) + bias


FAULTS = {
    # what is wrong: (function, right rule, wrong rule)
    "sign of cos": (
        np.cos,
        lambda g, x: -g * np.sin(x),
        lambda g, x: g * np.sin(x),
    ),
    "mean without 1/n": (
        np.mean,
        lambda g, x: np.full(x.shape, g / x.size),
        lambda g, x: np.full(x.shape, g),
    ),
    "forgotten broadcast": (
        add_to_rows,
        lambda g, bias: g.sum(axis=0),
        lambda g, bias: g,
    ),
    "cube, 3x for 3x^2": (
        lambda x: x**3,
        lambda g, x: g * 3 * x**2,
        lambda g, x: g * 3 * x,
    ),
    "softmax, plain mean": (
        softmax,
        lambda g, x: softmax(x) * (g - np.sum(g * softmax(x))),
        lambda g, x: softmax(x) * (g - np.mean(g)),
    ),
    "relu, 1 at the kink": (
        lambda x: np.maximum(x, 0),
        lambda g, x: g * (x > 0),
        lambda g, x: g * (x >= 0),
    ),
}

# %% [markdown]
# And four checks. The first two are what most people try first: a single, round number. The third
# takes four random numbers and adds up the outputs to get one loss. The fourth weights each
# output with a random number before adding, so that `g` is not all ones.
#
# **Predict.** Which of the six faults does the check at $x=1$ find? Which faults does the third
# check miss?

# %%
rng = np.random.default_rng(3)
FOUR = rng.uniform(-2, 2, 4)
assert np.min(np.abs(FOUR)) > 0.05, "none of the four is near the kink of relu"


def ones(shape):
    return np.ones(shape)


def random_weights(shape):
    return np.random.default_rng(0).uniform(0.5, 1.5, shape)


CHECKS = {
    "x = 0": (np.array([0.0]), ones),
    "x = 1": (np.array([1.0]), ones),
    "4 random, summed": (FOUR, ones),
    "4 random, weighted": (FOUR, random_weights),
}


def accepts(check, function, rule):
    """Whether a check finds that the rule agrees with differences."""
    x, make_weights = CHECKS[check]
    weights = make_weights(np.shape(function(x)))
    expected = numerical_gradient(lambda x: np.sum(weights * function(x)), x)
    return agree(rule(weights, x), expected)


def outcome(check, function, right, wrong):
    if not accepts(check, function, right):
        return "false alarm"
    return "missed" if accepts(check, function, wrong) else "found"


print("fault                 " + "".join(f"{check:<20}" for check in CHECKS).rstrip())
found_by = {check: [] for check in CHECKS}
alarms = []
for fault, (function, right, wrong) in FAULTS.items():
    cells = [outcome(check, function, right, wrong) for check in CHECKS]
    for check, cell in zip(CHECKS, cells, strict=True):
        if cell == "found":
            found_by[check].append(fault)
        if cell == "false alarm":
            alarms.append((check, fault))
    print(f"{fault:<22}" + "".join(f"{cell:<20}" for cell in cells).rstrip())

assert found_by["x = 0"] == [], "at 0 nothing is found"
assert found_by["x = 1"] == ["sign of cos"], "at 1 only the sign is found"
assert set(FAULTS) - set(found_by["4 random, summed"]) == {
    "softmax, plain mean",
    "relu, 1 at the kink",
}
assert set(FAULTS) - set(found_by["4 random, weighted"]) == {"relu, 1 at the kink"}
assert alarms == [("x = 0", "relu, 1 at the kink")], "one right rule is accused"

# %% [markdown]
# Row by row, each fault hides somewhere:
#
# - The **sign** hides at 0, where $\sin 0=0$. The **missing factor** $1/n$ hides when $n=1$.
# - The **forgotten broadcast** hides in a batch of one row. The wrong rule even gave a gradient
#   of shape $(1,1)$ for a bias of shape $(1,)$, and NumPy silently compared the two. A good check
#   compares shapes first.
# - The rule $3x$ is **right at two points only**, 0 and 1, the two that everybody tries.
# - The **softmax** rule hides behind the sum: the outputs of softmax add up to 1 whatever $x$ is,
#   so the right gradient of the sum is 0, and the wrong rule gives 0 too. Weights are the cure.
#
# The last row is different: no check by differences finds this fault, and at 0 even the right
# rule is accused.

# %% [markdown]
# ## At a kink there is nothing to be right about
#
# $\mathrm{relu}(x)=\max(x,0)$ has a corner at 0. The package has it as `tg.relu`.
#
# **Predict.** What does the central difference of relu at $x=0$ give for $h=0.1$, for $h=0.001$
# and for $h=10^{-6}$?


# %%
def plain_relu(x):
    return np.maximum(x, 0.0)


print("step     from the left   central   from the right")
for step in (0.1, 1e-3, 1e-6):
    left = one_sided(plain_relu, 0.0, -step)
    middle = central(plain_relu, 0.0, step)
    right = one_sided(plain_relu, 0.0, step)
    print(f"{step:<8g} {abs(left):<15g} {middle:<9g} {right:g}")
    assert (left, middle, right) == (0, 0.5, 1), "three ways to measure, three answers"

at_zero = tg.tensor(np.array([0.0]), requires_grad=True)
tg.relu(at_zero).sum().backward()
at_zero_there = torch.zeros(1, requires_grad=True)
torch.relu(at_zero_there).sum().backward()
print(f"\nthe rule here says {at_zero.grad.item():g}, PyTorch says {at_zero_there.grad.item():g}")
assert at_zero.grad.item() == at_zero_there.grad.item() == 0

# %%
width = 0.5
grid = np.linspace(-1.5, 1.5, 601)
figure = Figure(figsize=(8, 3.2), layout="constrained")
left, right = figure.subplots(1, 2)
left.plot(grid, plain_relu(grid), color="#0072B2", label="relu")
ends = np.array([-width, width])
left.plot(ends, plain_relu(ends), "o--", color="#D55E00", label="what the difference sees")
left.set(xlabel="$x$", ylabel="relu$(x)$")
right.plot(grid[grid <= 0], 0 * grid[grid <= 0], color="#0072B2", label="the rule")
right.plot(grid[grid > 0], 0 * grid[grid > 0] + 1, color="#0072B2")
right.plot(
    grid, central(plain_relu, grid, width), "--", color="#D55E00", label="central difference"
)
right.set(xlabel="$x$", ylabel="slope at $x$")
left.legend(fontsize=8, loc="upper left")
right.legend(fontsize=8, loc="lower right")
for axes in (left, right):
    axes.grid(color="#e6e6e6", linewidth=0.7)
figure.set_label(
    f"Left: relu and the line between its points at plus and minus {width}. Right: the rule jumps "
    f"from 0 to 1 at 0, the central difference of step {width} climbs there in a ramp."
)
plot.show(figure, "runs/lessons/03/kink.png")

ramp = central(plain_relu, grid, width)
disagree = np.abs(ramp - (grid > 0)) > 1e-9
assert np.all(np.abs(grid[disagree]) < width + 1e-9), "they differ only within a step of the kink"
assert np.all(~disagree[np.abs(grid) > width + 1e-9])

# %% [markdown]
# The derivative at 0 does not exist: 0 from the left, 1 from the right, and the central
# difference reports the mean of the two, whatever the step. A framework has to answer something,
# and picks 0 by convention. The picture shows what this does to checks: within one step of a kink
# (here a very long step of 0.5) difference and rule disagree, although the rule is right.
#
# So there are two honest things to do. Choose points that are further from every kink than the
# step; do not loosen the tolerance until the noise passes. And what happens **at** the kink is
# not a question of calculus: write the convention down and compare it with a reference, as the
# last printed line did with PyTorch. That comparison finds the sixth fault, and no difference
# does.

# %% [markdown]
# ## From examples to a property
#
# Our fourth check took one array of four numbers. Are they the right four? Here is Huber's
# function: a parabola near 0, straight lines outside. Its slope is $x$ between $-1$ and 1, then
# stays at 1 to the right and $-1$ to the left. A test with two good-looking examples accepts this
# rule for it.


# %%
def huber(x):
    return np.where(np.abs(x) <= 1, x * x / 2, np.abs(x) - 0.5)


def huber_slope(x):
    return np.where(x > 1, 1.0, x)


for example in (0.4, 2.5):  # one in the parabola, one outside
    error = abs(huber_slope(example) - central(huber, example, 1e-6))
    print(f"x = {example}: rule and difference are {error:.0e} apart")
    assert error < 1e-6, "the examples find nothing"

# %% [markdown]
# The rule is wrong all the same: it forgot the line on the left. A **property** is a claim about
# all inputs: "for every $x$ from $-10$ to 10, rule and difference agree". Hypothesis is a library
# that draws inputs and looks for one that breaks the claim. When it has found one, it **shrinks**
# it: it goes on trying simpler ones for as long as they still fail.
#
# **Predict.** Which $x$ will it show us in the end?

# %%
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
assert tried[-1] < -1 and tried[-1] == round(tried[-1]), "a simple number on the forgotten side"

# %% [markdown]
# The first failure was some long decimal. The last one is the simplest failing number that
# Hypothesis could find, and it is almost a diagnosis: 2 works, $-2$ does not, so look at the
# negative side.
#
# Shapes deserve the same treatment. This rule belongs to the mean of each row of a matrix $x$ of
# shape $(n,m)$. It was tested with random values and random weights on a matrix of shape
# $(3, 3)$, and it passed.


# %%
def row_means_rule(g, x):
    """The gradient g (n,) shared out over each row of x (n, m)."""
    n, m = x.shape
    return np.repeat(g[:, None], m, axis=1) / n


def row_means_pass(n, m, seed):
    """Whether the rule agrees with differences, for a matrix (n, m) of random values."""
    rng = np.random.default_rng(seed)
    x, weights = rng.normal(size=(n, m)), rng.uniform(0.5, 1.5, n)
    expected = numerical_gradient(lambda x: np.sum(weights * x.mean(axis=1)), x)
    return agree(row_means_rule(weights, x), expected)


print("shape (3, 3):            ", "passed" if row_means_pass(3, 3, seed=0) else "failed")
assert row_means_pass(3, 3, seed=0), "the square matrix finds nothing"

shapes_tried = []


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 1000))
def row_means_rule_agrees(n, m, seed):
    shapes_tried.append((n, m))
    assert row_means_pass(n, m, seed)


failure_of(row_means_rule_agrees)
n, m = shapes_tried[-1]
print(f"what Hypothesis shows:    shape ({n}, {m}) fails")
assert n != m and n * m == 2, "the smallest matrix that is not square"

# %% [markdown]
# The rule divides by $n$ where it should divide by $m$, and in a square matrix these are equal.
# No choice of values could have found that. Draw shapes as well as values, including sizes of 1,
# and do not test with square arrays alone.
#
# ## What the package brings
#
# The package comes with such checks. The first is `tg.gradcheck(function, inputs)`: it compares
# the gradients of a function of tensors with central differences. Its differences are computed by
# a function in the folder `autograd/`, beside the derivatives of whole functions. Compare it with
# our `numerical_gradient`.

# %%
print(inspect.getsource(checking.differences))

# %% [markdown]
# The double loop is ours: every number in turn, up and down. It differs in one thing. Its `value`
# may be an array, so `slopes` holds the slope of **every output** with respect to every input.
# Nothing has to be summed up first, so nothing can hide behind a sum.
#
# We give it two ops of our own. `@op(grad=rule)`, which we saw in lesson 2 at the top of each
# block of the table, works here as well: it turns the function below it into an op. A rule is
# called with the gradient `g` of the output, the output `y` and the input. One op has a right
# rule; the other has the faulty rule that is right only at 0 and 1.


# %%
@op(grad=lambda g, y, x: g * 3 * x * x)
def third_power(x):
    return np.power(x, 3)


@op(grad=lambda g, y, x: g * 3 * x)
def third_power_wrong(x):
    return np.power(x, 3)


def leaf(*numbers, dtype=np.float64):
    """A tensor that asks for a gradient."""
    return tg.tensor(np.array(numbers, dtype), requires_grad=True)


print("right rule:             ", tg.gradcheck(third_power, leaf(0.7, -1.2)))
print("wrong rule at 0 and 1:  ", tg.gradcheck(third_power_wrong, leaf(0.0, 1.0)))
failure = failure_of(lambda: tg.gradcheck(third_power_wrong, leaf(0.7, -1.2)))
print("wrong rule elsewhere:   ", str(failure).split(", at")[0])

refused = ""
try:
    tg.gradcheck(third_power, leaf(0.7, -1.2, dtype=np.float32))
except ValueError as error:
    refused = str(error)
print("float32:                ", refused)
assert "float64" in refused, "gradcheck refuses float32"

tiny = tg.gradcheck(lambda x: third_power_wrong(x) * 1e-6, leaf(0.7, -1.2))
print("wrong rule, times 1e-6: ", tiny)
assert tiny, "gradcheck too has an absolute limit, and a tiny gradient slips under it"

# %% [markdown]
# A tool knows no more than we do: `gradcheck` tests where you ask it to, and it has an absolute
# limit (`atol=1e-5`, as in PyTorch) that lets the tiny gradient of the last line slip through.
#
# `check_op(op, samples(...))` asks in many places. `arrays()` is a Hypothesis strategy for arrays
# of all shapes and memory layouts, `samples(arrays())` draws calls with one array as the input,
# and `check_op` tests for every call all that must be true of an op: weighted gradients that
# agree with differences, and so do the gradients of the gradients; the same values for arrays and
# tensors; float32 in and float32 out; no shared memory. `arrays(avoid=[0.0])` keeps away from a
# kink.
#
# At the kink itself a `Sample` with `smooth=False` leaves differences out, and `reference=` names a
# function of PyTorch to compare with.


# %%
@op(grad=lambda g, y, x: g * (x >= 0))
def relu_wrong(x):
    return np.maximum(x, 0)


AT_KINK = [Sample((np.array([-1.0, 0.0, 2.0]),), smooth=False)]


def show(what, check):
    """Run a check and print the outcome in one line; True if it passed."""
    try:
        check()
    except AssertionError as error:
        print(f"{what:<27} {str(error).split(':')[0]}")
        return False
    print(f"{what:<27} passed")
    return True


assert show("third_power", lambda: check_op(third_power, samples(arrays())))
assert not show("third_power_wrong", lambda: check_op(third_power_wrong, samples(arrays())))
away = samples(arrays(avoid=[0.0]))
assert show("relu_wrong, off the kink", lambda: check_op(relu_wrong, away))
assert not show("relu_wrong, at the kink", lambda: check_op(relu_wrong, AT_KINK, torch.relu))
assert show("tg.relu, at the kink", lambda: check_op(tg.relu, AT_KINK, torch.relu))

# %% [markdown]
# ## Who checks the checks?
#
# A test that has never failed has proved little. **Mutation testing** turns the question around:
# plant small faults in a right rule, one at a time, and count how many the test finds. Each fault
# is a mutant; a mutant that no test notices has survived, and marks a hole in the tests.
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
assert count == 15

# %% [markdown]
# Three tests will look for them: one example at $x=0$, one at $x=1$, and `check_op`.
#
# **Predict.** How many of the 15 mutants survive each test?


# %%
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

assert len(survivors["example x = 0"]) == 6
assert survivors["example x = 1"] == ["g * 3 * x"], "our old friend, right at 1"
assert survivors["check_op"] == []

# %% [markdown]
# At 0 six survive, and at 1 the one that we know by now. None survives `check_op`. The tests of
# this package do the same to every rule in its table of derivatives, with more kinds of changes;
# a survivor is a failure, unless somebody has written down why nothing could tell it from the
# right rule.
#
# Mutation testing measures the test. It says nothing about other kinds of fault, such as a
# function that computes the wrong thing and has the right derivative for it. Only a reference
# helps there: a formula on paper, or another program.

# %% [markdown]
# ## What was learned
#
# - A central difference measures a slope without any rule. Its error, plotted over the step, is a
#   V; in float64 the bottom lies near $h=10^{-5}$, with about 10 correct digits.
# - Check in float64, with a tolerance between the noise of the measurement and the faults to be
#   found, relative to the size of the gradient.
# - Round numbers, single numbers, square arrays and plain sums hide faults. Draw values, shapes and
#   weights at random.
# - At a kink there is no derivative. Keep samples away from it, and compare the convention with a
#   reference.
# - Plant faults to see what a test is worth.
#
# ## What is still open
#
# We can now trust a gradient. But so far, nearly all our numbers were made up. Lesson 4 looks at
# the data that the rest of the course is about: 70,000 handwritten digits.
#
# ## Exercises
#
# - `slope_along(function, x, direction, step)`: measure all derivatives at once, along a direction.
# - `richardson(function, x, step)`: combine two central differences into a much better one.
# - `points_that_tell()`: choose the test points that find every planted fault of a clipped line.
#
# Check them with `python -m lessons check 03`.
