# %% [markdown]
# # 19. Derivatives of derivatives
#
# **Question.** A gradient says which way is down; what says how far to go?
#
# **Time.** 70 minutes.
#
# **New from the package.** `grad`, `gradgradcheck`, `autograd.functional`.
#
# **Before this.** Every training so far needed a learning rate, and we found each one by trying:
# too small a rate wastes time, too large a rate ruins the training. The second derivatives of the
# loss tell us where the limit lies. The first derivatives cannot.

# %%
import time
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import op, plot
from tinygrad_mlp.autograd import functional
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.nn import functional as F

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"

# %% [markdown]
# ## The slope of the slope
#
# We take the curve
#
# $$f(x)=\sin(x)\,e^{-x^2/8}.$$
#
# `tg.grad(y, x)` returns the gradients of `y` with respect to `x` as a tuple. Unlike `backward`,
# it leaves every `.grad` alone. We put 301 points into one tensor. Each value of `y` depends only
# on its own `x`, so the gradient of the sum holds the slope at each point.
#
# **Predict.** We ask for the gradient, and then for the gradient of that. How does the engine
# respond?

# %%
points = np.linspace(-5, 5, 301)
x = tg.tensor(points, requires_grad=True)
y = x.sin() * (-x * x / 8).exp()

(slope,) = tg.grad(y.sum(), x)
try:
    tg.grad(slope.sum(), x)
except RuntimeError as error:
    refusal = str(error)
    print(refusal.split(":")[0])
assert "no graph" in refusal, "an ordinary gradient has no record behind it"

# %% [markdown]
# It refuses. An ordinary backward pass runs the derivative rules on plain arrays. That is fast,
# and nothing is written down, so there is nothing to walk back over.
#
# With `create_graph=True` the engine runs the *same rules on tensors*. A rule is made of ops, and
# ops on tensors are recorded, so the gradient comes out as a tensor with a record of its own. It
# can then be differentiated like anything else.
#
# **Predict.** We plot $f$, $f'$ and $f''$. What are $f'$ and the sign of $f''$ at the top of the
# hill? And what does $f'$ do where $f''$ crosses zero?

# %%
y = x.sin() * (-x * x / 8).exp()
(first,) = tg.grad(y.sum(), x, create_graph=True)
(second,) = tg.grad(first.sum(), x)

# By hand, with the product rule.
bell, s, c = np.exp(-(points**2) / 8), np.sin(points), np.cos(points)
first_by_hand = bell * (c - points / 4 * s)
second_by_hand = bell * ((points**2 / 16 - 5 / 4) * s - points / 2 * c)
for name, found, expected in (
    ("f' ", first.data, first_by_hand),
    ("f''", second.data, second_by_hand),
):
    furthest = np.abs(found - expected).max()
    print(f"{name}: at most {furthest:.0e} away from the formula by hand")
    assert furthest < 1e-13, "the engine and the formula must agree"

figure = Figure(figsize=(8, 3.6), layout="constrained")
axes = figure.add_subplot()
for values, formula, colour, name in (
    (y.data, s * bell, "black", "$f$"),
    (first.data, first_by_hand, BLUE, "$f'$"),
    (second.data, second_by_hand, ORANGE, "$f''$"),
):
    axes.plot(points, values, color=colour, label=name)
    axes.plot(points[::15], formula[::15], "o", color=colour, markersize=4)
top = points[y.data.argmax()]
axes.axvline(top, color="#777777", linestyle=":")
axes.axhline(0, color="#777777", linewidth=0.7)
axes.set(xlabel="x", ylabel="value")
axes.legend(frameon=False, title="lines: engine,\ndots: by hand")
figure.set_label(
    "The curve f with its first and second derivatives. The dots of the formulas lie on the lines "
    "of the engine. At the top of f the first derivative is 0 and the second is below 0."
)
plot.show(figure, "runs/lessons/19/curve.png")
peak = y.data.argmax()
assert abs(first.data[peak]) < 0.05 and second.data[peak] < -0.5, "what holds at the top"

# %% [markdown]
# At the top (dotted line) the slope $f'$ is zero and falling, so $f''$ is negative: the curve
# bends down. Where $f''$ crosses zero, $f'$ is at a highest or lowest point: there $f$ is
# steepest.
#
# This can be repeated for any order, but it is not free. We count the ops in the record of each
# derivative; `t.op` is the op that made a tensor, and `t.inputs` is what that op was given.


# %%
def count_ops(tensor):
    """How many recorded ops there are behind a tensor."""
    found, stack = {}, [tensor]
    while stack:
        node = stack.pop()
        if getattr(node, "op", None) is not None and id(node) not in found:
            found[id(node)] = node
            stack.extend(node.inputs)
    return len(found)


derivative = x.sin() * (-x * x / 8).exp()
counts = []
for order in range(5):
    counts.append(count_ops(derivative))
    print(f"derivative {order}: {counts[-1]:4} ops")
    (derivative,) = tg.grad(derivative.sum(), x, create_graph=True)
assert all(1.5 * a < b for a, b in pairwise(counts)), "each order costs more"

# %% [markdown]
# Each order multiplies the record. Reverse mode is good for first and second derivatives, and bad
# for tenth ones. This lesson needs two.

# %% [markdown]
# ## Why a rule is written with ops
#
# Every rule in the derivative table uses only its inputs, its output and ops. Many frameworks let
# a rule keep something from the forward pass instead. That is tempting: the cosine that the rule
# of the sine needs could be computed once, with NumPy, and kept.

# %%
kept = {}


@op(grad=lambda g, y, x: g * kept["cosine"])
def keeping_sin(x):
    kept["cosine"] = np.cos(x)
    return np.sin(x)


# %% [markdown]
# **Predict.** For $f(x)=x\sin x$ we have $f'=\sin x+x\cos x$ and $f''=2\cos x-x\sin x$. The kept
# cosine has the right value. Will the first derivative be right? The second? If not, which part of
# it will be missing?

# %%
x = tg.tensor(np.array([0.3, 1.1, 2.0]), requires_grad=True)


def two_derivatives(sine):
    """The first two derivatives of x sin x, with this sine."""
    (first,) = tg.grad((x * sine(x)).sum(), x, create_graph=True)
    (second,) = tg.grad(first.sum(), x)
    return first.data, second.data


def sin_of_the_table(x):
    """The sine of the package, whose rule is g * cos(x), with cos an op."""
    return x.sin()


right_first, right_second = two_derivatives(sin_of_the_table)
kept_first, kept_second = two_derivatives(keeping_sin)

s, c = np.sin(x.data), np.cos(x.data)
print("                            x = 0.3      1.1      2.0")
for title, values in (
    ("f'  by hand", s + x.data * c),
    ("f'  rule with ops", right_first),
    ("f'  rule with a kept value", kept_first),
    ("f'' by hand", 2 * c - x.data * s),
    ("f'' rule with ops", right_second),
    ("f'' rule with a kept value", kept_second),
    ("2 cos x", 2 * c),
):
    print(f"{title:26}" + "".join(f"{value:9.4f}" for value in values))

assert np.allclose(kept_first, s + x.data * c), "the first derivative is right"
assert np.allclose(right_second, 2 * c - x.data * s), "ops: the second is right too"
assert np.allclose(kept_second, 2 * c), "kept: the change of the cosine is missing"

# %% [markdown]
# The first derivative is right, but the second is $2\cos x$. For the second derivative the cosine
# must itself be differentiated, and $-x\sin x$ is what that gives. The kept cosine is a plain
# array. To the engine it is a constant, and a constant has the slope zero. There is no error and
# no warning.
#
# `gradcheck` from lesson 3 cannot see this, because it only looks at first derivatives.
# `tg.gradgradcheck` compares the derivatives of the gradients with differences. This is why the
# tests of this package, and `check_op`, run both.

# %%
x = tg.tensor(np.array([0.3, 1.1, 2.0]), requires_grad=True)
assert tg.gradcheck(keeping_sin, x), "the first derivative passes"
print("gradcheck: passes")
try:
    tg.gradgradcheck(keeping_sin, x)
except AssertionError as error:
    print(f"gradgradcheck: {error}")
else:
    raise AssertionError("gradgradcheck must notice the kept value")
assert tg.gradgradcheck(sin_of_the_table, x), "the rule with ops passes both"

# %% [markdown]
# ## Many inputs: matrices of derivatives
#
# A function from $n$ numbers to $m$ numbers has $m\times n$ first derivatives, the *Jacobian*
# $J$. A backward pass that starts with weights $u$ of shape $(m,)$ gives the product $u^\top J$
# of shape $(n,)$. It never builds $J$. `functional.vjp` is this product (vector times Jacobian),
# and `functional.jvp` is the other one, $Jv$ with $v$ of shape $(n,)$. `functional.jacobian`
# builds all of $J$, with one backward pass for each of its $m$ rows.


# %%
def two_numbers(w):
    """From 3 numbers to 2."""
    return w[:2] * w[1:].exp()


w = tg.tensor(np.array([0.5, -1.0, 0.8]))
u, v = tg.tensor(np.array([2.0, -1.0])), tg.tensor(np.array([0.3, 0.1, -0.4]))
J = functional.jacobian(two_numbers, w).data  # (2, 3)
_, rows = functional.vjp(two_numbers, w, u)  # (3,)
_, columns = functional.jvp(two_numbers, w, v)  # (2,)
print("J =\n", J.round(4))
print("u J:", rows.data.round(4), "  J v:", columns.data.round(4))
assert np.allclose(rows.data, u.data @ J) and np.allclose(columns.data, J @ v.data)

# %% [markdown]
# A loss is one number for $n$ weights. Its gradient $g$ has shape $(n,)$. The Jacobian of the
# gradient is the *Hessian* $H$ of shape $(n, n)$: how each slope changes when each weight moves,
#
# $$H_{ij}=\frac{\partial^2 f}{\partial w_i\,\partial w_j}, \qquad g(w+s)\approx g(w)+Hs .$$
#
# For the 79,510 weights of the improved model, $H$ would hold 6.3 billion numbers. But often we
# only need $Hv$ for one direction $v$: how the gradient changes along $v$. Because $v$ is
# constant, that takes two backward passes and no matrix (Pearlmutter, 1994):
#
# $$Hv=\nabla_w\left(g(w)^\top v\right).$$


# %%
def hessian_times(function, w, v):
    """H v at the weights w (n,) for v (n,), both arrays."""
    w = tg.tensor(w, requires_grad=True)
    (g,) = tg.grad(function(w), w, create_graph=True)
    (product,) = tg.grad((g * v).sum(), w)
    return product.data


# %% [markdown]
# `functional.hessian(function, w)` builds the whole matrix, and `functional.hvp(function, w, v)`
# is the product, ready-made: it returns the value of the function, and $Hv$. We compare all of
# them.
#
# We test them on a small network: digits of 7 x 7 pixels (means over squares of 4 x 4), a hidden
# layer with tanh, and cross-entropy. All weights are in one long vector, so that a Hessian is one
# matrix. The network is small because we want to compute the full Hessian as well.

# %%
train, test = load_mnist(), load_mnist(split="test")


def shrunk(images):
    """(k, 28, 28) -> (k, 49): the means of squares of 4 x 4 pixels, in float64."""
    squares = images.astype(np.float64).reshape(-1, 7, 4, 7, 4)
    return squares.mean(axis=(2, 4)).reshape(-1, 49)


COUNT = 500
images, labels = shrunk(train.images[:COUNT]), train.labels[:COUNT]


def network_loss(hidden):
    """The loss of a 49-hidden-10 network on 500 images, as a function of all its weights."""
    sizes = [(hidden, 49), (hidden,), (10, hidden), (10,)]
    ends = np.cumsum([np.prod(size) for size in sizes])

    def loss(w):
        parts = [
            w[end - np.prod(size) : end].reshape(size)
            for end, size in zip(ends, sizes, strict=True)
        ]
        scores = (images @ parts[0].T + parts[1]).tanh() @ parts[2].T + parts[3]  # (500, 10)
        return F.cross_entropy(scores, labels)

    return loss, int(ends[-1])


def gradient(function, w):
    """The value and the gradient (n,) of a function at w (n,)."""
    w = tg.tensor(w, requires_grad=True)
    value = function(w)
    (g,) = tg.grad(value, w)
    return value.item(), g.data


loss, n = network_loss(hidden=4)
rng = np.random.default_rng(0)
w, v = 0.3 * rng.normal(size=n), rng.normal(size=n)

product = hessian_times(loss, w, v)
H = functional.hessian(loss, tg.tensor(w)).data  # (n, n)
step = 1e-5
differences = (gradient(loss, w + step * v)[1] - gradient(loss, w - step * v)[1]) / (2 * step)
_, ready_made = functional.hvp(loss, tg.tensor(w), tg.tensor(v))

print(f"{n} weights; how far H v is, relative to its largest number, from")
for title, other, bound in (
    ("the full Hessian times v", H @ v, 1e-12),
    ("differences of gradients", differences, 1e-6),
    ("functional.hvp", ready_made.data, 1e-12),
):
    off = np.abs(product - other).max() / np.abs(product).max()
    print(f"  {title:26}{off:.0e}")
    assert off < bound, title
assert np.allclose(H, H.T, atol=1e-14), "the order of the two derivatives does not matter"

# %% [markdown]
# They all agree: the matrix, the differences and the two products.
#
# **Predict.** How many times as much as one gradient does a product $Hv$ cost: about 3 times,
# about 30 times, or about $n$ times? And how much does the whole Hessian cost?


# %%
def seconds(function, *arguments):
    """The shortest time of three runs."""
    found = []
    for _ in range(3):
        start = time.perf_counter()
        function(*arguments)
        found.append(time.perf_counter() - start)
    return min(found)


table = []
print("weights    gradient (ms)    H v (ms)    all of H (ms)    H in memory (MB)")
for hidden in (1, 2, 4, 8):
    loss, n = network_loss(hidden)
    w, v = 0.3 * rng.normal(size=n), rng.normal(size=n)
    row = (
        seconds(gradient, loss, w),
        seconds(hessian_times, loss, w, v),
        seconds(functional.hessian, loss, tg.tensor(w)),
    )
    table.append((n, *row))
    a, b, c = (1000 * value for value in row)
    print(f"{n:7} {a:16.2f} {b:11.2f} {c:16.1f} {8 * n * n / 1e6:19.2f}")
print(f"{79510:7} {'':16} {'':11} {'':16} {8 * 79510**2 / 1e6:19,.0f}")

figure = Figure(figsize=(8, 3.6), layout="constrained")
axes = figure.add_subplot()
columns = np.array(table).T
for values, colour, marker, title in (
    (columns[3], ORANGE, "o", "the whole Hessian"),
    (columns[2], BLUE, "s", "Hessian times a vector"),
    (columns[1], "black", "^", "the gradient"),
):
    axes.plot(columns[0], 1000 * values, color=colour, marker=marker, label=title)
axes.set_xscale("log")
axes.set_yscale("log")
axes.set_xticks(columns[0], [f"{n:.0f}" for n in columns[0]])
axes.minorticks_off()
axes.set(xlabel="number of weights", ylabel="time (ms)")
axes.grid(color="#e6e6e6", linewidth=0.7)
axes.legend(frameon=False)
figure.set_label(
    "Time against the number of weights, both on log scales: the gradient and the product of the "
    "Hessian and a vector stay low and close together; the whole Hessian is far slower and grows."
)
plot.show(figure, "runs/lessons/19/cost.png")

# %% [markdown]
# A product takes as long as a few gradients, whatever $n$ is. The whole Hessian takes one
# backward pass for each of its $n$ rows, and memory for $n^2$ numbers: 50 GB in float64 for the
# improved model (last line). These are the times of this run on your machine, so nothing is
# asserted about them.

# %% [markdown]
# ## Newton's method
#
# Near a point a smooth function looks like a parabola,
#
# $$f(w+s)\approx f(w)+g^\top s+\tfrac12 s^\top H s .$$
#
# Gradient descent uses only $g$. Newton's method steps to the lowest point of the parabola, where
# its slope $g+Hs$ is zero:
#
# $$s=-H^{-1}g .$$
#
# There is no learning rate: the second derivatives say how far to go. We try both in a ravine
# (Rosenbrock, 1960, made somewhat milder): a curved valley with steep walls and a floor that
# hardly slopes. Its lowest point is $(1, 1)$.
#
# **Predict.** Both start at $(-1.2, 1)$, and both have to get within 0.001 of the lowest point.
# How many steps does each of them need?


# %%
def ravine(w):
    """The height at w (2,)."""
    return (1 - w[0]) ** 2 + 20 * (w[1] - w[0] ** 2) ** 2


def newton_step(function, w):
    """Where Newton's method goes from w (n,)."""
    _, g = gradient(function, w)
    H = functional.hessian(function, tg.tensor(w)).data
    return w - np.linalg.solve(H, g)


def descent_step(function, w):
    """Where gradient descent goes from w (2,)."""
    return w - 0.009 * gradient(function, w)[1]


def bolder_step(function, w):
    """The same, with a rate that is a third larger."""
    return w - 0.012 * gradient(function, w)[1]


def walk(step, start, limit):
    """All points on the way, until one is within 0.001 of (1, 1)."""
    path = [np.array(start)]
    while np.abs(path[-1] - 1).max() > 1e-3 and len(path) <= limit:
        path.append(step(ravine, path[-1]))
    return np.array(path)


start = (-1.2, 1.0)
newton_path = walk(newton_step, start, limit=50)
descent_path = walk(descent_step, start, limit=10_000)
bolder_path = walk(bolder_step, start, limit=3000)
print(f"Newton                         {len(newton_path) - 1:5} steps")
print(f"gradient descent, rate 0.009   {len(descent_path) - 1:5} steps")
print(f"gradient descent, rate 0.012   not there after {len(bolder_path) - 1} steps\n")

point = newton_path[0]
print("Newton    distance to (1, 1)")
away = []
for i in range(len(newton_path) + 1):
    away.append(np.abs(point - 1).max())
    print(f"step {i}   {away[-1]:18.1e}")
    point = newton_step(ravine, point)
assert away[-1] < 100 * away[-2] ** 2 < 1e-6, "squared, so the correct digits double"
assert len(newton_path) - 1 < 12, "Newton needs a handful of steps"
assert 100 * len(newton_path) < len(descent_path) < 10_000, "gradient descent needs far more"
assert np.abs(descent_path[-1] - 1).max() < 1.1e-3, "both arrive"
heights = [ravine(place) for place in newton_path]
assert max(np.diff(heights)) > 10, "one of Newton's steps goes up the wall"
assert len(bolder_path) > 3000, "a larger rate does not arrive"

# %%
figure = Figure(figsize=(8, 4), layout="constrained")
axes = figure.add_subplot()
across, up = np.meshgrid(np.linspace(-1.7, 1.5, 200), np.linspace(-1.9, 2.2, 200))
height = (1 - across) ** 2 + 20 * (up - across**2) ** 2
axes.contour(
    across,
    up,
    np.log10(height + 1e-3),
    levels=14,
    colors="#bbbbbb",
    linewidths=0.7,
    linestyles="solid",
)
axes.plot(
    *descent_path.T, color=BLUE, marker=".", markersize=3, linewidth=1, label="gradient descent"
)
axes.plot(*newton_path.T, color=ORANGE, marker="o", label="Newton")
for i, place in enumerate(newton_path[:4]):
    axes.annotate(str(i), place, xytext=(6, 6), textcoords="offset points", color=ORANGE)
axes.plot(1, 1, "*", color="black", markersize=14, label="the lowest point")
axes.set(xlabel="$w_0$", ylabel="$w_1$", xlim=(-1.7, 1.5), ylim=(-1.9, 2.2))
axes.legend(frameon=False, loc="lower right")
figure.set_label(
    "A curved ravine seen from above with the paths of both methods. Gradient descent creeps along "
    "the floor in thousands of small steps; Newton's method reaches the lowest point in a few "
    "long ones, one of which goes up the wall."
)
plot.show(figure, "runs/lessons/19/ravine.png")

# %% [markdown]
# The rate of gradient descent must suit the steep walls, so it crawls along the flat floor. With
# a larger rate it ends up jumping from wall to wall, and never arrives; the last parts of this
# lesson show where the limit lies.
#
# Newton's method divides each direction by its own curvature. It goes up the wall once, because
# far away the parabola does not fit well. At the end, the number of correct digits roughly
# doubles with each step.

# %% [markdown]
# Before we praise it, let us look at the price. Newton's method looks for a place where the slope
# is zero. Nobody told it that this should be a lowest point.
#
# **Predict.** On the curve $f$ from the beginning, Newton's method starts at $x=1$, to the left
# of the top of the hill. Where does it go?


# %%
def curve(w):
    """f at w (1,), as a single number."""
    return (w.sin() * (-w * w / 8).exp()).sum()


w = np.array([1.0])
for i in range(5):
    print(f"step {i}: x = {w[0]:.6f}, f = {curve(tg.tensor(w)).item():.6f}")
    w = newton_step(curve, w)
assert curve(tg.tensor(w)).item() > curve(tg.tensor([1.0])).item(), "it climbed"
assert functional.hessian(curve, tg.tensor(w)).data < 0, "and ended where the curve bends down"

# %% [markdown]
# It climbs to the top, to many digits. Where $H$ has negative eigenvalues, $-H^{-1}g$ need not
# point downhill. One of the exercises fixes this. There are losses where it cannot happen,
# because they bend upwards everywhere (they are *convex*), and one of them is in daily use.

# %% [markdown]
# ## Newton on two digits
#
# Is it a 3 or a 5? Let $x$ be an image of 49 pixels, followed by a constant 1. Logistic
# regression gives it the score $x^\top w$, with $w$ of shape $(50,)$. With $t=-1$ for a 3 and
# $t=1$ for a 5, the loss is the mean of $\log(1+e^{-t\,x^\top w})$, here plus a little weight
# decay, $\frac{0.001}{2}\lVert w\rVert^2$. A tensor's `softplus` is $\log(1+e^x)$. This loss is
# convex.
#
# **Predict.** In the ravine, gradient descent needed hundreds of times as many steps. Will it be
# as bad on real digits, with a rate that we derive from the curvatures?

# %%
DECAY = 1e-3


def two_digits(data, count):
    """The first images of 3 and 5, each with a 1 at the end, (count, 50); and -1 or 1, (count,)."""
    chosen = np.flatnonzero((data.labels == 3) | (data.labels == 5))[:count]
    inputs = shrunk(data.images[chosen])
    return np.hstack([inputs, np.ones((count, 1))]), np.where(data.labels[chosen] == 5, 1.0, -1.0)


X, t = two_digits(train, 1000)
X_test, t_test = two_digits(test, 1500)


def logistic(w):
    """The loss for weights w (50,)."""
    return (-(X @ w) * t).softplus().mean() + DECAY / 2 * (w * w).sum()


def minimise(step, limit):
    """Go from zero until no slope exceeds 1e-6; returns the weights and the slopes on the way."""
    w, slopes = np.zeros(50), []
    while True:
        slopes.append(np.abs(gradient(logistic, w)[1]).max())
        if slopes[-1] < 1e-6 or len(slopes) > limit:
            return w, slopes
        w = step(w)


# For a parabola with curvatures between a and b, the best constant rate is 2 / (a + b). Those of
# this loss are largest at w = 0, so the rate is safe everywhere.
curvatures = np.linalg.eigvalsh(functional.hessian(logistic, tg.tensor(np.zeros(50))).data)
rate = 2 / (curvatures[0] + curvatures[-1])
print(f"curvatures at the start: {curvatures[0]:.4f} to {curvatures[-1]:.3f}, so rate {rate:.2f}")
assert 300 < curvatures[-1] / curvatures[0] < 1000, "they differ by a factor of hundreds"

results = {}
for title, step, limit in (
    ("Newton", lambda w: newton_step(logistic, w), 50),
    ("gradient descent", lambda w: w - rate * gradient(logistic, w)[1], 10_000),
):
    start = time.perf_counter()
    w, slopes = minimise(step, limit)
    taken = time.perf_counter() - start
    accuracy = np.mean(np.sign(X_test @ w) == t_test)
    results[title] = w, slopes
    print(f"{title:17}{len(slopes) - 1:5} steps, {taken:.2f} s, test accuracy {accuracy:.1%}")
    assert 0.9 < accuracy < 0.97, "a straight cut between 3 and 5 is right nine times out of ten"

newton_slopes, descent_slopes = results["Newton"][1], results["gradient descent"][1]
assert len(newton_slopes) - 1 <= 10, "Newton: a handful of steps again"
assert 1000 < len(descent_slopes) - 1 < 10_000, "gradient descent: thousands"
assert np.abs(results["Newton"][0] - results["gradient descent"][0]).max() < 0.01, "the same end"

figure = Figure(figsize=(8, 3.4), layout="constrained")
axes = figure.add_subplot()
for slopes, colour, marker, title in (
    (descent_slopes, BLUE, "", "gradient descent"),
    (newton_slopes, ORANGE, "o", "Newton"),
):
    axes.plot(np.arange(1, len(slopes) + 1), slopes, color=colour, marker=marker, label=title)
axes.set_xscale("log")
axes.set_yscale("log")
axes.set(xlabel="step, counted from 1", ylabel="largest slope")
axes.grid(color="#e6e6e6", linewidth=0.7)
axes.legend(frameon=False)
figure.set_label(
    "The largest slope of the logistic loss on log scales: with Newton it falls below 1e-6 within "
    "ten steps, with gradient descent after thousands."
)
plot.show(figure, "runs/lessons/19/logistic.png")

# %% [markdown]
# Fewer than ten steps against thousands, and the same weights at the end. The reason is in the
# first line: the curvatures differ by a factor of hundreds. The rate must suit the largest one,
# and the flattest direction needs that many times more steps.
#
# Yet nobody trains large networks like this. A Newton step solves a system of $n$ equations,
# which takes work in proportion to $n^3$, and the losses of networks are not convex. What remains
# useful at any size is the product $Hv$. With it we can find just the largest curvature.

# %% [markdown]
# ## Sharpness, and the largest stable learning rate
#
# Take a parabola $f=\frac{\lambda}{2}w^2$. A step of gradient descent is
#
# $$w \leftarrow w-\eta\lambda w=(1-\eta\lambda)\,w .$$
#
# The weight shrinks if $|1-\eta\lambda|<1$, that is, if $\eta<2/\lambda$, and explodes above
# that. Near a point, a loss is a sum of such parabolas along the eigenvectors of its Hessian. So
# the largest eigenvalue, the *sharpness*, limits the rate:
#
# $$\eta_\text{max}=\frac{2}{\lambda_\text{max}} .$$
#
# We find it by *power iteration*: multiply a random vector by $H$ again and again, and scale it
# back to length 1 each time. The part along the largest eigenvalue (in size) grows fastest and is
# soon all that is left. This only needs products $Hv$.


# %%
def sharpness(function, w, start=None, precision=1e-7):
    """The eigenvalue of the Hessian at w that is largest in size, and its direction (n,)."""
    v = np.random.default_rng(0).normal(size=len(w)) if start is None else start
    eigenvalue = 0.0
    for _ in range(500):
        v = v / np.linalg.norm(v)
        product = functional.hvp(function, tg.tensor(w), tg.tensor(v))[1].data
        before, eigenvalue = eigenvalue, float(v @ product)
        if abs(eigenvalue - before) < precision * abs(eigenvalue):
            break
        v = product
    return eigenvalue, v


def first_weights(n, seed):
    """Small random weights; 0.15 is about 1 / sqrt(49)."""
    return 0.15 * np.random.default_rng(seed).normal(size=n)


def descend(function, w, rate, steps):
    """Gradient descent on all 500 images at once; the weights, and the loss before each step."""
    losses = []
    for _ in range(steps):
        value, g = gradient(function, w)
        losses.append(value)
        w = w - rate * g
    return w, losses


loss, n = network_loss(hidden=8)
SEEDS = (0, 1, 2)
trained = {}
print(f"{n} weights, after 400 steps of gradient descent with rate 1")
print("seed    loss    sharpness    2 / sharpness")
for seed in SEEDS:
    w, losses = descend(loss, first_weights(n, seed), rate=1.0, steps=400)
    trained[seed] = w, *sharpness(loss, w)
    largest = trained[seed][1]
    print(f"{seed:4} {losses[-1]:7.3f} {largest:12.4f} {2 / largest:16.3f}")

w, largest, direction = trained[0]
all_eigenvalues = np.linalg.eigvalsh(functional.hessian(loss, tg.tensor(w)).data)
print(
    f"\nseed 0, from all of H: largest {all_eigenvalues[-1]:.4f}, lowest {all_eigenvalues[0]:.4f}"
)
assert np.isclose(largest, all_eigenvalues[-1], rtol=1e-3), "power iteration finds the largest"
assert all_eigenvalues[0] < 0, "the loss of a network is not convex"

# %% [markdown]
# Power iteration finds the largest eigenvalue without the matrix. The lowest one is negative: this
# loss bends down in some directions, so it is not convex.
#
# The ravine is a first test of the formula: there a rate of 0.009 arrived, and 0.012 did not.

# %%
steepest, _ = sharpness(ravine, np.ones(2))
print(
    f"the ravine at its lowest point: sharpness {steepest:.1f}, so rates up to {2 / steepest:.4f}"
)
assert 0.009 < 2 / steepest < 0.012, "the limit lies between the two rates"

# %% [markdown]
# It fits. Now for the networks. From each trained network we start two runs that differ by a tiny
# kick of $10^{-4}$ along the sharpest direction, and watch the distance between the two.
# According to the formula, each step multiplies it by $|1-\eta\lambda_\text{max}|$.
#
# **Predict.** At 0.95 of the limit the factor is $|1-1.9|=0.9$, and at 1.05 of it $|1-2.1|=1.1$.
# What does a kick of $10^{-4}$ become in 40 steps at each rate? And what will the loss do?

# %%
KICK = 1e-4
STEPS = 160


def distances(function, w, direction, rate):
    """How far apart two runs are along the direction, step by step, when one was kicked."""
    kicked, found = w + KICK * direction, []
    for _ in range(STEPS):
        found.append(abs((kicked - w) @ direction))
        w = w - rate * gradient(function, w)[1]
        kicked = kicked - rate * gradient(function, kicked)[1]
    return np.array(found)


figure = Figure(figsize=(9, 3.9), layout="constrained")
left, right = figure.subplots(1, 2)
print("       rate, in    factor a step            loss            sharpness      2 / rate")
print("seed   limits predicted    found     first   highest     before    after")
for seed, dash in zip(SEEDS, ("-", "--", ":"), strict=True):
    w, largest, direction = trained[seed]
    for share, colour in ((0.95, BLUE), (1.05, ORANGE)):
        rate = share * 2 / largest
        apart = distances(loss, w, direction, rate)
        end, losses = descend(loss, w + KICK * direction, rate, STEPS)
        after, _ = sharpness(loss, end, precision=1e-4)
        predicted, found = abs(1 - 2 * share), (apart[20] / apart[0]) ** (1 / 20)
        print(f"{seed:4} {share:8.2f} {predicted:9.2f} {found:8.3f}", end="")
        print(f" {losses[0]:9.3f} {max(losses):9.3f} {largest:10.3f} {after:8.3f} {2 / rate:13.3f}")
        assert abs(found - predicted) < 0.03, "the formula predicts the factor"
        if share < 1:
            assert np.all(np.diff(losses) < 0), "just below the limit the loss falls at every step"
        else:
            assert max(losses) > losses[0] + 0.02, "just above, it rises"
            assert after < min(largest, 1.1 * 2 / rate), "and ends in a flatter place"
        left.plot(apart, color=colour, linestyle=dash)
        right.plot(losses, color=colour, linestyle=dash)
for share, colour in ((0.95, BLUE), (1.05, ORANGE)):
    left.plot([], [], color=colour, label=f"{share:.2f} of the limit")
    predicted = KICK * abs(1 - 2 * share) ** np.arange(60)
    left.plot(predicted, color="black", linewidth=0.8)
left.plot([], [], color="black", linewidth=0.8, label=r"predicted, $|1-\eta\lambda|$ a step")
left.set_yscale("log")
left.set(xlabel="step", ylabel="distance between the two runs")
left.legend(frameon=False, fontsize=8)
right.set(xlabel="step", ylabel="loss on the 500 images")
figure.set_label(
    "Three seeds. Left, on a log scale: the distance between two runs is multiplied by 0.9 a step "
    "just below the limit and by 1.1 a step just above, as predicted. Right: below the limit the "
    "loss falls smoothly; above it the loss rises in a hump and comes back."
)
plot.show(figure, "runs/lessons/19/limit.png")

# %% [markdown]
# Just below the limit, each step multiplies the distance by 0.9, and the loss falls at every
# step. With a rate a tenth higher, each step multiplies the same distance by 1.1, until it is
# large enough to be seen in the loss, which leaves its smooth path and jumps up. The thin lines
# are the formula, with no constant fitted. They fit well at first and less well later, because
# the training goes on and the sharpness changes.
#
# A parabola would explode. The network comes back, and the last columns show how: the hump
# carried it to another place, where the sharpness is *lower*, near $2/\eta$ or below. There this
# rate is stable again. So the limit also works the other way round: the rate decides where the
# network can stay.

# %% [markdown]
# ## At the edge
#
# Cohen and others (2021) followed the sharpness through whole trainings with gradient descent on
# all examples. We do the same with a network of 16 hidden units, three rates and two seeds.
#
# **Predict.** With rate 1 the sharpness rises to somewhat above 1, far from the limit of 2. The
# rates 2 and 3 allow a sharpness of 1 and of 0.67. Where will it go with these rates? Will the
# training explode?

# %%
MEASURED_EVERY = 10
EDGE_STEPS = 400
loss, n = network_loss(hidden=16)


def followed(function, w, rate):
    """The sharpness every few steps, and the loss before each step."""
    found, losses, direction = [], [], None
    for _ in range(EDGE_STEPS // MEASURED_EVERY):
        w, part = descend(function, w, rate, MEASURED_EVERY)
        losses += part
        eigenvalue, direction = sharpness(function, w, start=direction, precision=1e-3)
        found.append(eigenvalue)
    return np.array(found), losses


figure = Figure(figsize=(9, 3.9), layout="constrained")
left, right = figure.subplots(1, 2)
measured_at = np.arange(1, EDGE_STEPS // MEASURED_EVERY + 1) * MEASURED_EVERY
print("rate   seed   2 / rate   sharpness, middle value from step 200   last loss")
for rate, colour in ((1.0, BLUE), (2.0, ORANGE), (3.0, GREEN)):
    for seed, dash in ((0, "-"), (1, "--")):
        found, losses = followed(loss, first_weights(n, seed), rate)
        middle = np.median(found[measured_at >= 200])
        print(f"{rate:4} {seed:6} {2 / rate:10.2f} {middle:39.2f} {losses[-1]:11.3f}")
        left.plot(measured_at, found, color=colour, linestyle=dash)
        right.plot(losses, color=colour, linestyle=dash)
        if rate == 1:
            assert 1 < middle < max(found) < 0.9 * 2 / rate, "rate 1 never meets its limit"
        else:
            assert 0.8 < middle / (2 / rate) < 1.25, "the sharpness stays near 2 / rate"
        assert losses[-1] < 0.4, "and the loss falls nevertheless"
    left.axhline(2 / rate, color=colour, linestyle=":", linewidth=1)
    right.plot(
        [], [], color=colour, label=f"rate {rate:g}, sharpness up to {2 / rate:.2g} is stable"
    )
left.set(xlabel="step", ylabel="sharpness (dotted: 2 / rate)", ylim=(0, 2.3))
right.set(xlabel="step", ylabel="loss on the 500 images")
right.legend(frameon=False, fontsize=8)
figure.set_label(
    "Left: the sharpness through 400 steps. With rate 1 it stays well below its limit of 2; with "
    "the rates 2 and 3 it hovers around their limits 1 and 0.67. Right: the losses all fall, those "
    "of the larger rates with spikes."
)
plot.show(figure, "runs/lessons/19/edge.png")

# %% [markdown]
# With rates 2 and 3 the sharpness soon goes above $2/\eta$. The network is thrown out, the loss
# jumps, and the network comes down in a flatter place. This happens several times, until the
# sharpness stays near its dotted line. Nothing explodes for good, and the loss falls. At rate 1
# the limit of 2 is never reached, and the sharpness settles by itself.
#
# So the rate is limited by $2/\lambda_\text{max}$ at each moment, and yet you cannot choose it by
# measuring the sharpness once: the training moves to where the chosen rate is just allowed. This
# was one small network with all examples in each step. With batches and Adam the picture is less
# clean.

# %% [markdown]
# ## What was learned
#
# - With `create_graph=True` the rules run on tensors, and a gradient can be differentiated like
#   any other result. A rule that keeps a plain value gives a right first derivative and,
#   silently, a wrong second one; `gradgradcheck` notices.
# - The Hessian times a vector costs a few gradients, whatever the number of weights. The Hessian
#   itself costs one backward pass for each weight.
# - Newton's method needs a handful of steps where gradient descent needs thousands, because it
#   divides each direction by its own curvature. It also climbs to the tops of hills, and its cost
#   grows as $n^3$.
# - Gradient descent is stable up to a rate of $2/\lambda_\text{max}$. Above it, a network is
#   thrown into a flatter place.
#
# ## What is still open
#
# Everything here was small, so that we could afford it. What does a step of a real training cost,
# and where does the time go? Lesson 20 finds out.
#
# ## Exercises
#
# - `gaussian_rule`: the derivative rule of an op $e^{-x^2}$ that is right in every order.
# - `downhill_newton_step`: Newton's method, fixed so that it never climbs.
# - `most_negative_curvature`: the lowest eigenvalue of a Hessian, from products $Hv$ alone.
#
# Check them with `python -m lessons check 19`.
