# %% [markdown]
# # 3. Checking a gradient
#
# **Question.** How do you know that a derivative is right?
#
# **Time.** 35 minutes.
#
# **New from the package.** `op`, `relu`, `gradcheck`.
#
# **Before this.** Lesson 2 filled a table of derivatives by hand, one rule per input. A wrong
# value in a program is often noticed. A wrong derivative is not: the descent goes on, only worse,
# and nothing tells you why.

# %%
import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import op, plot

# %% [markdown]
# ## Two ways to measure a slope
#
# A derivative is a limit: move $x$ a little, see how far $f$ moves, divide. So a computer can
# measure one without knowing any rule. It can step to one side, or to both sides:
#
# $$\frac{f(x+h)-f(x)}{h} \qquad\text{and}\qquad \frac{f(x+h)-f(x-h)}{2h}.$$
#
# They are called the one-sided and the central difference. We try both on $f(x)=e^x$ at $x=1$,
# where the right answer is $e$. For the one-sided difference, a step ten times smaller makes the
# error ten times smaller.
#
# **Predict.** By what factor does the error of the central difference shrink?
#
# - also by 10
# - by 20
# - by 100
# - by 1,000


# %% answer=3
def one_sided(function, x, step):
    """The slope from x to x + step."""
    return (function(x + step) - function(x)) / step


def central(function, x, step):
    """The slope from x - step to x + step."""
    return (function(x + step) - function(x - step)) / (2 * step)


print("step      error, one-sided   error, central")
for step in (0.1, 0.01, 0.001):
    errors = [abs(way(np.exp, 1.0, step) - np.e) for way in (one_sided, central)]
    print(f"{step:<9g} {errors[0]:<18.2e} {errors[1]:.2e}")

# %% [markdown]
# By a hundred. Close up, a smooth curve is a line, plus a bit of a parabola, plus less and less of
# more. Taylor's series gives the parts. Moving by $h$ gives
#
# $$f(x\pm h) = f(x) \pm h f'(x) + \tfrac{h^2}{2} f''(x) \pm \tfrac{h^3}{6} f'''(x) + \dots$$
#
# In the one-sided difference the first thing left over is $\tfrac{h}{2}f''$. In the central one the
# two terms with $f''$ cancel, and $\tfrac{h^2}{6}f'''$ is left. For one number both need two
# evaluations, and the central difference is far better. (For the slopes with respect to $n$ numbers
# it costs more: $2n$ evaluations instead of $n + 1$, as $f(x)$ is needed only once.)

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
# With a formula like this we can choose a step before we try any.

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


# %% [markdown]
# We measure the errors for 113 steps, and look for the best ones.
#
# **Predict.** Which step is best for the central difference in float64?
#
# - $10^{-14}$, as small as possible
# - $10^{-8}$
# - $10^{-5}$
# - $10^{-2}$

# %% answer=3
WAYS = {"one-sided": one_sided, "central": central}
measured = {}
print("                    best step             error there")
print("                    predicted  measured   predicted  measured")
for dtype in (np.float32, np.float64):
    for name, way in WAYS.items():
        errors = np.array([np.median(relative_errors(way, dtype, step)) for step in STEPS])
        measured[dtype, name] = errors
        best = best_step(way, dtype)
        print(
            f"{dtype.__name__} {name:<11} {best:<10.1e} {STEPS[errors.argmin()]:<10.1e} "
            f"{predicted(way, dtype, best):<10.1e} {errors.min():.1e}"
        )

# %% [markdown]
# For the central difference in float64, a step near $10^{-5}$ gives 11 correct digits out of 16.
# In float32 the best step is about 800 times longer, and gives 5 digits. A step that is right
# for one dtype is poor in the other. The picture shows all the steps.

# %% tags=["draw"] explore="nudge"
figure = Figure(figsize=(9, 3.9), layout="constrained")
panels = figure.subplots(1, 2, sharey=True)
for axes, dtype, shortest in zip(panels, (np.float32, np.float64), (1e-8, 1e-14), strict=True):
    for name, colour in (("one-sided", "#D55E00"), ("central", "#0072B2")):
        errors, steps = measured[dtype, name][shortest <= STEPS], STEPS[shortest <= STEPS]
        axes.loglog(steps, errors, ".", color=colour, markersize=4, label=f"{name}, measured")
        curve = predicted(WAYS[name], dtype, steps)
        axes.loglog(steps, curve, "--", color=colour, linewidth=1.2, label=f"{name}, predicted")
    axes.set(title=dtype.__name__, xlabel="step $h$", ylim=(1e-13, 30))
    axes.grid(color="#e6e6e6", linewidth=0.7)
panels[0].set_ylabel("relative error of the slope (median)")
panels[0].legend(fontsize=8, loc="lower left")
figure.set_label(
    "Relative error of one-sided and central differences of exp over the step, log scales: each "
    "curve is a V. In float32 the central one is best near 0.005, in float64 near 5e-6."
)
plot.show(figure, "runs/lessons/03/step.png")

# %% [markdown]
# Each curve is a V. On the right side the step is too long for a straight line (Taylor); on the
# left side the digits are used up (rounding). At the left end of the float32 panel the error is
# 1, that is, 100 %: $x+h$ rounds to $x$, and the measured slope is 0.

# %% [markdown]
# ## A tolerance must fit the dtype
#
# A check needs a limit up to which two numbers count as equal. Suppose that a rule contains a
# constant with too few digits, so that the derivative is too large by 1 part in 100,000. We
# compare the right derivative and this wrong one with central differences, each dtype with its
# best step.
#
# **Predict.** In which dtypes is there a tolerance that accepts the right rule and rejects the
# wrong one?
#
# - in float64 only
# - in float32 and in float64
# - in neither


# %% answer=1
def largest_error(dtype, factor):
    """How far factor * exp, taken as the derivative of exp, is from central differences."""
    x = POINTS.astype(dtype)
    measured = central(np.exp, x, dtype(best_step(central, dtype)))
    claimed = dtype(factor) * np.exp(x)
    return float(np.max(np.abs(claimed - measured) / np.abs(measured)))


print("             float32                  float64")
print("tolerance    right rule  wrong rule   right rule  wrong rule")
for tolerance in (1e-2, 1e-3, 1e-6, 1e-8, 1e-12):
    words = []
    for dtype in (np.float32, np.float64):
        for factor in (1, 1.00001):
            is_accepted = largest_error(dtype, factor) <= tolerance
            words.append("accepted" if is_accepted else "rejected")
    print(f"{tolerance:<12g} {words[0]:<11} {words[1]:<12} {words[2]:<11} {words[3]}")

print()
for dtype in (np.float32, np.float64):
    right, wrong = largest_error(dtype, 1), largest_error(dtype, 1.00001)
    print(f"largest error in {dtype.__name__}: right rule {right:.1e}, wrong rule {wrong:.1e}")

# %% [markdown]
# In float32 the noise of the measurement is larger than the fault: by the last lines, even the
# right rule is further off than the fault is large. A loose limit accepts both rules, a strict one
# rejects both. In float64 there is a wide gap between the noise (below $10^{-8}$) and the fault
# ($10^{-5}$), and any limit in the gap will do. So derivatives are checked in float64, even if the
# program will later run in float32.
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
print(f"largest difference:          {np.max(np.abs(-right_sign - measured)):.1e}")
print(f"agree, as written above:     {'accepted' if agree(-right_sign, measured) else 'rejected'}")

# %% [markdown]
# An absolute limit of $10^{-5}$ would accept the wrong sign. Ours does not.
#
# Why not find every gradient this way? Each number costs two evaluations. The programs of
# the next lessons have 79,510 numbers to adjust: 159,020 evaluations for one gradient. The walk
# back of lesson 1 gets all the slopes for the price of a few evaluations. Differences are for
# checking small cases.
#
# ## Planted bugs
#
# Now for six faults of the kinds that happen to everybody. Each entry is a function of one array
# `x`, its right rule and a wrong one. A rule gets `g`, the gradient of the output, as in lesson
# 2. The function `shares` turns any numbers into positive ones that add up to 1, and
# $\mathrm{relu}(x)=\max(x,0)$, called **ReLU**, keeps positive numbers and replaces negative ones
# by 0.


# %%
def shares(x):
    powers = np.exp(x - np.max(x))
    return powers / np.sum(powers)


def add_to_rows(bias):
    """bias (m,) added to every row of a table (m, m) of zeros."""
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
    "shares, plain mean": (
        shares,
        lambda g, x: shares(x) * (g - np.sum(g * shares(x))),
        lambda g, x: shares(x) * (g - np.mean(g)),
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
# **Predict.** How many of the six faults does the check at $x=1$ find?
#
# - five
# - three
# - one
# - none

# %% answer=3
rng = np.random.default_rng(3)
FOUR = rng.uniform(-2, 2, 4)


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
for fault, (function, right, wrong) in FAULTS.items():
    cells = [outcome(check, function, right, wrong) for check in CHECKS]
    print(f"{fault:<22}" + "".join(f"{cell:<20}" for cell in cells).rstrip())

# %% [markdown]
# At 1 only the wrong sign is found. Row by row, each fault hides somewhere:
#
# - The **sign** hides at 0, where $\sin 0=0$. The **missing factor** $1/n$ hides when $n=1$.
# - The **forgotten broadcast** hides in a table of one row. The wrong rule even gave a gradient
#   of shape $(1,1)$ for a bias of shape $(1,)$, and NumPy silently compared the two. A good check
#   compares shapes first.
# - The rule $3x$ is **right at two points only**, 0 and 1, the two that everybody tries.
# - The rule of **shares** hides behind the sum: the outputs add up to 1 whatever $x$ is, so the
#   right gradient of the sum is 0, and the wrong rule gives 0 too. Weights are the cure.
#
# The last row is different: no check by central differences finds this fault, and at 0 even the
# right rule is accused.
#
# ## A corner has no slope
#
# ReLU has a corner at 0, where its slope jumps from 0 to 1. Such a point is called a **kink**.
# The package has the function as `tg.relu`.
#
# **Predict.** What does the central difference of ReLU at $x=0$ do as $h$ gets smaller?
#
# - it goes to 0
# - it stays at 1/2
# - it goes to 1
# - it grows without limit


# %% answer=2
def plain_relu(x):
    return np.maximum(x, 0.0)


print("step     from the left   central   from the right")
for step in (0.1, 1e-3, 1e-6):
    left = one_sided(plain_relu, 0.0, -step)
    middle = central(plain_relu, 0.0, step)
    right = one_sided(plain_relu, 0.0, step)
    print(f"{step:<8g} {abs(left):<15g} {middle:<9g} {right:g}")

at_zero = tg.tensor(np.array([0.0]), requires_grad=True)
tg.relu(at_zero).sum().backward()
print(f"\nthe rule of tg.relu says {at_zero.grad.item():g}")

# %% [markdown]
# The derivative at 0 does not exist: 0 from the left, 1 from the right, and the central
# difference reports the mean of the two, whatever the step. A framework has to answer something,
# and picks 0 by convention; PyTorch does the same.
#
# The picture takes a very long step of 0.5, to show what this does to checks.

# %% tags=["draw"]
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

# %% [markdown]
# Within one step of a kink, difference and rule disagree, although the rule is right.
#
# Choose points that are further from every kink than the step, and do not loosen the tolerance
# until the noise passes. What happens **at** the kink is not a question of calculus: write the
# convention down, and test the value 0 itself. That test finds the sixth fault, and no central
# difference does.
#
# ## The package's check
#
# The package comes with such a check. `tg.gradcheck(function, inputs)` compares the gradients of
# a function of tensors with central differences. Its double loop is ours: every number in turn,
# up and down. The main difference is that it finds the slope of **every output** with respect to
# every input. Nothing has to be summed up first, so nothing can hide behind a sum.
#
# We give it two functions of our own. `@op(grad=rule)` turns a function of arrays into one of
# tensors, which can be walked back through. The rule is called with the gradient `g` of the output,
# the output `y` and the input. One of ours has a right rule; the other has the faulty rule that is
# right only at 0 and 1.


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


def checked(function, x):
    """What gradcheck says, in a few words."""
    try:
        return "passed" if tg.gradcheck(function, x) else "failed"
    except (AssertionError, ValueError) as error:
        return str(error).split(", at")[0]


print("right rule:             ", checked(third_power, leaf(0.7, -1.2)))
print("wrong rule at 0 and 1:  ", checked(third_power_wrong, leaf(0.0, 1.0)))
print("wrong rule elsewhere:   ", checked(third_power_wrong, leaf(0.7, -1.2)))
print("right rule, float32:    ", checked(third_power, leaf(0.7, -1.2, dtype=np.float32)))
tiny = checked(lambda x: third_power_wrong(x) * 1e-6, leaf(0.7, -1.2))
print("wrong rule, times 1e-6: ", tiny)

# %% [markdown]
# A tool knows no more than we do. `gradcheck` tests where you ask it to, and accepts the wrong
# rule at 0 and 1. And it has an absolute limit (`atol=1e-5`, as in PyTorch) that lets the tiny
# gradient of the last line slip through. It does refuse float32.
#
# Could a program choose better points than we do? Yes: the optional lesson 23 lets one search for
# the points where a rule fails, and then asks who checks the checks.
#
# ## What was learned
#
# - A central difference measures a slope without any rule. Its error, plotted over the step, is a
#   V; in float64 the bottom lies near $h=10^{-5}$, with about 11 correct digits.
# - Check in float64, with a tolerance between the noise of the measurement and the faults to be
#   found, relative to the size of the gradient.
# - Round numbers, single numbers and plain sums hide faults. Take several random values, and weight
#   the outputs with random numbers.
# - At a kink there is no derivative. Keep the points away from it, and test the convention there.
#
# ## What is still open
#
# We can now trust a gradient. But apart from the galaxies of lesson 2, our numbers were made up.
# Lesson 4 looks at the data that the rest of the course is about: 70,000 handwritten digits.
#
# ## Exercises
#
# Write them in `lessons/exercises/03_gradient_check.py`.
#
# - `slope_along(function, x, direction, step)`: measure all derivatives at once, along a direction.
# - `richardson(function, x, step)`: combine two central differences into a much better one.
#
# Check them with `python -m lessons check 03`.
