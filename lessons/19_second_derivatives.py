# %% [markdown]
# # 19. Derivatives of derivatives
#
# **Question.** A gradient says which way is down; what says how far to go?
#
# **Time.** 40 minutes.
#
# **New from the package.** `grad`, `gradgradcheck`, `autograd.functional`.
#
# **Before this.** Every training so far needed a learning rate, and we found nearly each one by
# trying. Lesson 10 found a limit for two weights: 2 divided by the largest curvature. What is that
# number for a network? The second derivatives of the loss tell us. The first derivatives cannot.

# %%
import time

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import op, plot
from tinygrad_mlp.autograd import functional
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.nn import functional as F

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"

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
# **Predict.** We ask for the gradient, and then for the gradient of that. What does the engine
# do?
#
# - it returns the second derivative
# - it returns zeros
# - it refuses

# %% answer=3
points = np.linspace(-5, 5, 301)
x = tg.tensor(points, requires_grad=True)
y = x.sin() * (-x * x / 8).exp()

(slope,) = tg.grad(y.sum(), x)
try:
    (second,) = tg.grad(slope.sum(), x)
    print(second.data[:3])
except RuntimeError as error:
    print(str(error).split(":")[0])

# %% [markdown]
# It refuses. An ordinary backward pass runs the derivative rules on plain arrays. That is fast,
# and nothing is written down, so there is nothing to walk back over.
#
# With `create_graph=True` the engine runs the *same rules on tensors*. A rule is made of ops, and
# ops on tensors are recorded, so the gradient comes out as a tensor with a record of its own. It
# can then be differentiated like anything else.

# %%
y = x.sin() * (-x * x / 8).exp()
(first,) = tg.grad(y.sum(), x, create_graph=True)
(second,) = tg.grad(first.sum(), x)

# By hand, with the product rule.
bell, s, c = np.exp(-(points**2) / 8), np.sin(points), np.cos(points)
first_by_hand = bell * (c - points / 4 * s)
second_by_hand = bell * ((points**2 / 16 - 5 / 4) * s - points / 2 * c)
print(f"f' : at most {np.abs(first.data - first_by_hand).max():.0e} away from the formula")
print(f"f'': at most {np.abs(second.data - second_by_hand).max():.0e} away from the formula")

# %% tags=["draw"]
figure = Figure(figsize=(8, 3.2), layout="constrained")
axes = figure.add_subplot()
for values, colour, name in (
    (y.data, "black", "$f$"),
    (first.data, BLUE, "$f'$"),
    (second.data, ORANGE, "$f''$"),
):
    axes.plot(points, values, color=colour, label=name)
axes.axvline(points[y.data.argmax()], color="#777777", linestyle=":")
axes.axhline(0, color="#777777", linewidth=0.7)
axes.set(xlabel="x", ylabel="value")
axes.legend(frameon=False)
figure.set_label(
    "The curve f with its first and second derivatives. At the top of f, a dotted line, the first "
    "derivative is 0 and the second is below 0."
)
plot.show(figure, "runs/lessons/19/curve.png")

# %% [markdown]
# At the top (dotted line) the slope $f'$ is zero and falling, so $f''$ is negative: the curve
# bends down. The second derivative is called the curvature. It is above 0 in a valley, and the
# narrower the valley, the larger it is.
#
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
# cosine has the right value, and $f'$ comes out right. What will $f''$ be?
#
# - right as well
# - $2\cos x$
# - $-x\sin x$
# - an error

# %% answer=2
x = tg.tensor(np.array([0.3, 1.1, 2.0]), requires_grad=True)


def second_derivative(sine):
    """The second derivative of x sin x, with this sine."""
    (first,) = tg.grad((x * sine(x)).sum(), x, create_graph=True)
    (second,) = tg.grad(first.sum(), x)
    return second.data


s, c = np.sin(x.data), np.cos(x.data)
print("                             x = 0.3      1.1      2.0")
for title, values in (
    ("f'' by hand", 2 * c - x.data * s),
    ("f'' rule with ops", second_derivative(lambda x: x.sin())),
    ("f'' rule with a kept value", second_derivative(keeping_sin)),
    ("2 cos x", 2 * c),
    ("-x sin x", -x.data * s),
):
    print(f"{title:27}" + "".join(f"{value:9.4f}" for value in values))

# %% [markdown]
# It is $2\cos x$. For the second derivative the cosine must itself be differentiated, and
# $-x\sin x$ is what that gives. The kept cosine is a plain array. To the engine it is a constant,
# and a constant has the slope zero. There is no error and no warning.
#
# `gradcheck` from lesson 3 cannot see this, because it only looks at first derivatives.
# `tg.gradgradcheck` compares the derivatives of the gradients with differences. This is why the
# tests of this package run both.

# %%
x = tg.tensor(np.array([0.3, 1.1, 2.0]), requires_grad=True)
print("gradcheck:", tg.gradcheck(keeping_sin, x))
try:
    tg.gradgradcheck(keeping_sin, x)
except AssertionError as error:
    print(f"gradgradcheck: {error}")

# %% [markdown]
# (The check weights the outputs with random numbers, so what it prints is not $-\sin x$. What
# matters is the 0 beside it.)
#
# ## A table of second derivatives
#
# A loss is one number for $n$ weights. Its gradient $g$ has shape $(n,)$. The Jacobian of the
# gradient is the **Hessian** $H$ of shape $(n, n)$: how each slope changes when each weight moves,
#
# $$H_{ij}=\frac{\partial^2 f}{\partial w_i\,\partial w_j}, \qquad g(w+s)\approx g(w)+Hs .$$
#
# It is symmetric: the order of the two derivatives does not matter. For the 79,510 weights of the
# improved network, $H$ would hold 6.3 billion numbers. But often we only need $Hv$ for one
# direction $v$: how the gradient changes along $v$. As $v$ is constant, that takes no matrix
# (Pearlmutter, 1994):
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
# Ready-made, `functional.hvp(function, w, v)` returns the value of the function and $Hv$, and
# `functional.hessian(function, w)` builds the whole matrix.
#
# We try them on a small network: digits of 7 x 7 pixels (means over squares of 4 x 4), a hidden
# layer with tanh, and cross-entropy. All weights are in one long vector, so that a Hessian is one
# matrix.

# %%
train = load_mnist()
squares = train.images[:500].astype(np.float64).reshape(500, 7, 4, 7, 4)
images, labels = squares.mean(axis=(2, 4)).reshape(500, 49), train.labels[:500]


def network_loss(hidden):
    """The loss of a 49-hidden-10 network on 500 images, as a function of its n weights; and n."""
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


# %% [markdown]
# **Predict.** How long does $Hv$ take, compared with one gradient?
#
# - about as long as two or three gradients
# - about 30 times as long
# - about $n$ times as long


# %% answer=1
def milliseconds(function, *arguments):
    """The shortest time of three runs."""
    found = []
    for _ in range(3):
        start = time.perf_counter()
        function(*arguments)
        found.append(time.perf_counter() - start)
    return 1000 * min(found)


rng = np.random.default_rng(0)
print("weights   gradient (ms)   H v (ms)   all of H (ms)   H v: off by")
for hidden in (1, 2, 4, 8):
    loss, n = network_loss(hidden)
    w, v = 0.3 * rng.normal(size=n), rng.normal(size=n)
    H = functional.hessian(loss, tg.tensor(w)).data
    product = hessian_times(loss, w, v)
    off = np.abs(product - H @ v).max() / np.abs(product).max()
    a, b = milliseconds(gradient, loss, w), milliseconds(hessian_times, loss, w, v)
    c = milliseconds(functional.hessian, loss, tg.tensor(w))
    print(f"{n:7} {a:15.2f} {b:10.2f} {c:15.1f} {off:13.0e}")

# %% [markdown]
# A product takes as long as two or three gradients, whatever $n$ is, and agrees with the matrix.
# The whole Hessian takes one backward pass for each of its $n$ rows, and memory for $n^2$
# numbers: 50 GB in float64 for the improved network.
#
# ## Directions that are not turned
#
# What does a table of second derivatives say about the shape of a loss? A matrix takes each
# vector to another one, and usually turns it. A direction that it only stretches is an
# **eigenvector** $q$, and the factor $\lambda$ is its **eigenvalue**: $Hq=\lambda q$. A symmetric
# matrix $(n, n)$ has $n$ of these directions, all at right angles to each other.
#
# **Predict.** Multiply by hand: which vector does $\begin{pmatrix}2&1\\1&2\end{pmatrix}$ stretch
# without turning it?
#
# - $(1, 0)$
# - $(2, 1)$
# - $(1, 1)$

# %% answer=3
H = np.array([[2.0, 1.0], [1.0, 2.0]])
for v in ([1, 0], [2, 1], [1, 1], [1, -1]):
    print(f"{v!s:8} goes to {H @ v}")
eigenvalues, Q = np.linalg.eigh(H)  # from the lowest; the eigenvectors are the columns of Q
print("eigenvalues", eigenvalues, "with eigenvectors", Q[:, 0].round(3), Q[:, 1].round(3))

# %% tags=["draw"]
figure = Figure(figsize=(8.5, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
for angle in np.arange(0, 360, 15):
    v = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    special = angle % 90 == 45
    colour = ORANGE if special and angle % 180 == 45 else BLUE if special else "#bbbbbb"
    arrow = {"arrowstyle": "->", "color": colour, "linewidth": 2 if special else 1}
    if not np.allclose(H @ v, v):
        left.annotate("", xy=H @ v, xytext=v, arrowprops=arrow)
    left.plot(*v, ".", color=colour)
across, up = np.meshgrid(np.linspace(-3, 3, 150), np.linspace(-3, 3, 150))
height = across**2 + across * up + up**2  # half of w H w
right.contour(across, up, height, levels=[0.5, 1.5, 3, 5, 7.5], colors="#bbbbbb", linewidths=1)
for column, colour in ((1, ORANGE), (0, BLUE)):
    q = 2.4 * Q[:, column]
    words = f"curvature {eigenvalues[column]:.0f}"
    right.plot([-q[0], q[0]], [-q[1], q[1]], color=colour, linewidth=2, label=words)
right.legend(frameon=True, loc="upper left", fontsize=8)
box = {"xlim": (-3, 3), "ylim": (-3, 3), "aspect": "equal"}
left.set(title="each dot goes to the tip of its arrow", **box)
right.set(title=r"lines of equal height of $\frac{1}{2}w^\top Hw$", **box)
figure.set_label(
    "Left: the points of a circle and where the matrix takes them. Along one diagonal they move "
    "straight outwards to three times the distance, along the other they stay, and all others are "
    "turned. Right: a valley with lines of equal height in the form of ellipses; it is steep along "
    "the first diagonal and flat along the second."
)
plot.show(figure, "runs/lessons/19/eigen.png")

# %% [markdown]
# The vector $(1, 1)$ goes to $(3, 3)$, so 3 is an eigenvalue. The other eigenvector is $(1, -1)$,
# with the eigenvalue 1: it stays as it is. All others are turned towards the first diagonal (left).
#
# Now let this matrix be the Hessian at the lowest point of a valley (right). Walk from there along
# an eigenvector, and you walk on a parabola whose curvature is the eigenvalue. In these
# directions the valley splits into independent parabolas: here a narrow
# one and a wide one. The same holds with $n$ weights, close enough to a point. A negative
# eigenvalue is a direction in which the loss bends down.
#
# ## Straight to the bottom
#
# Near a point a smooth function looks like
#
# $$f(w+s)\approx f(w)+g^\top s+\tfrac12 s^\top H s .$$
#
# **Newton's method** steps to where the slope of this, $g+Hs$, is zero:
#
# $$s=-H^{-1}g .$$
#
# Along each eigenvector, that is the slope divided by the eigenvalue: every direction has its own
# learning rate, $1/\lambda$. We try it in a ravine (Rosenbrock, 1960, made milder): a curved
# valley with steep walls and a floor that hardly slopes. Its lowest point is $(1, 1)$.
#
# **Predict.** Both methods start at $(-1.2, 1)$. Gradient descent with a rate of 0.009 takes
# 1,873 steps to come within 0.001 of the lowest point. How many does Newton's method take?
#
# - fewer than 10
# - about 100
# - about 600


# %% answer=1
def ravine(w):
    """The height at w (2,)."""
    return (1 - w[0]) ** 2 + 20 * (w[1] - w[0] ** 2) ** 2


def newton_step(function, w):
    """Where Newton's method goes from w (n,)."""
    H = functional.hessian(function, tg.tensor(w)).data
    return w - np.linalg.solve(H, gradient(function, w)[1])


def descent_step(function, w, rate=0.009):
    """Where gradient descent goes from w (n,)."""
    return w - rate * gradient(function, w)[1]


def walk(step, limit=2500):
    """All points on the way through the ravine, until one is within 0.001 of (1, 1)."""
    path = [np.array([-1.2, 1.0])]
    while np.abs(path[-1] - 1).max() > 1e-3 and len(path) <= limit:
        path.append(step(ravine, path[-1]))
    return np.array(path)


newton_path, descent_path = walk(newton_step), walk(descent_step)
bolder_path = walk(lambda function, w: descent_step(function, w, rate=0.012))
print(f"gradient descent, rate 0.009: {len(descent_path) - 1} steps")
print(f"gradient descent, rate 0.012: not there after {len(bolder_path) - 1} steps")
print(f"Newton's method: {len(newton_path) - 1} steps, at these distances from the lowest point:")
print("  ".join(f"{np.abs(point - 1).max():.1e}" for point in newton_path))

# %% tags=["draw"]
figure = Figure(figsize=(8, 3.8), layout="constrained")
axes = figure.add_subplot()
across, up = np.meshgrid(np.linspace(-1.7, 1.5, 200), np.linspace(-1.9, 2.2, 200))
height = np.log10((1 - across) ** 2 + 20 * (up - across**2) ** 2 + 1e-3)
lines = {"colors": "#bbbbbb", "linewidths": 0.7, "linestyles": "solid"}
axes.contour(across, up, height, levels=14, **lines)
axes.plot(*descent_path.T, ".-", color=BLUE, markersize=3, linewidth=1, label="gradient descent")
axes.plot(*newton_path.T, "o-", color=ORANGE, label="Newton's method")
for i, place in enumerate(newton_path[:4]):
    axes.annotate(str(i), place, xytext=(6, 6), textcoords="offset points", color=ORANGE)
axes.plot(1, 1, "*", color="black", markersize=14, label="the lowest point")
axes.set(xlabel="$w_0$", ylabel="$w_1$", xlim=(-1.7, 1.5), ylim=(-1.9, 2.2))
axes.legend(frameon=False, loc="lower right")
figure.set_label(
    "A curved ravine seen from above with the paths of both methods. Gradient descent creeps along "
    "the floor in small steps; Newton's method reaches the lowest point in a few long ones, two of "
    "which go up the wall."
)
plot.show(figure, "runs/lessons/19/ravine.png")

# %% [markdown]
# The rate of gradient descent must suit the steep walls, so it crawls along the flat floor. With
# a rate a third larger it has not arrived after 2,500 steps.
#
# Newton's method has its price. Two of its steps go up the wall: the parabola fits only near a
# point, and a step may be too long for it. It also looks for a place where the slope is zero, and
# nobody told it that this should be a lowest point: along an eigenvector with a negative
# eigenvalue, it heads for a top. (One of the exercises fixes this.) And it solves a system of $n$
# equations, which takes work in proportion to $n^3$. What stays useful at any size is the product
# $Hv$.
#
# ## How large a step may be
#
# Take a parabola $f=\frac{\lambda}{2}w^2$. A step of gradient descent with the learning rate
# $\eta$ is
#
# $$w \leftarrow w-\eta\lambda w=(1-\eta\lambda)\,w .$$
#
# The weight shrinks if $|1-\eta\lambda|<1$, that is, if $\eta<2/\lambda$, and explodes above
# that. Near a point, a loss is a sum of such parabolas along the eigenvectors of its Hessian. So
# the largest eigenvalue, the **sharpness**, limits the rate:
#
# $$\eta_\text{max}=\frac{2}{\lambda_\text{max}} .$$
#
# We find it by **power iteration**: multiply a random vector by $H$ again and again, and scale it
# back to length 1 each time. The part along the eigenvalue that is largest in size grows fastest
# and is soon all that is left. This only needs products $Hv$.


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


def descend(function, w, rate, steps):
    """Gradient descent on all 500 images at once; the weights, and the loss before each step."""
    losses = []
    for _ in range(steps):
        value, g = gradient(function, w)
        losses.append(value)
        w = w - rate * g
    return w, losses


def first_weights(n, seed):
    """Small random weights; 0.15 is about 1 / sqrt(49)."""
    return 0.15 * np.random.default_rng(seed).normal(size=n)


steepest, _ = sharpness(ravine, np.ones(2))
print(f"the ravine at its lowest point: sharpness {steepest:.1f}, rates up to {2 / steepest:.4f}")
loss, n = network_loss(hidden=8)
w, _ = descend(loss, first_weights(n, seed=0), rate=1.0, steps=400)
largest, direction = sharpness(loss, w)
every = np.linalg.eigvalsh(functional.hessian(loss, tg.tensor(w)).data)
print(f"a network after 400 steps: sharpness {largest:.4f}, rates up to {2 / largest:.3f}")
print(f"eigenvalues of its whole Hessian: from {every[0]:.4f} to {every[-1]:.4f}")

# %% [markdown]
# In the ravine, 0.009 arrived and 0.012 did not: the limit lies between them. For the network,
# power iteration finds the largest eigenvalue without the matrix. The lowest one is negative.
#
# From the trained network we start two runs that differ by a tiny kick of $10^{-4}$ along the
# sharpest direction, and watch the distance between them. According to the formula, each step
# multiplies it by $|1-\eta\lambda_\text{max}|$: that is 0.9 with a rate of 0.95 of the limit, and
# 1.1 with a rate of 1.05 of it.
#
# **Predict.** What will the loss do in 160 steps with the rate just above the limit?
#
# - it keeps falling, as if nothing were wrong
# - it grows without end, as on a parabola
# - it rises and comes back

# %% answer=3
found = {}
print("       rate, in   factor a step           loss             sharpness")
print("seed   limits   predicted   found     first  highest  last   before  after  2 / rate")
for seed in (0, 1, 2):
    w, _ = descend(loss, first_weights(n, seed), rate=1.0, steps=400)
    largest, direction = sharpness(loss, w)
    for share in (0.95, 1.05):
        rate, one, other = share * 2 / largest, w, w + 1e-4 * direction
        distances, losses = [], []
        for _ in range(160):
            distances.append(abs((other - one) @ direction))
            one = descend(loss, one, rate, 1)[0]
            other, value = descend(loss, other, rate, 1)
            losses += value
        found[seed, share] = distances, losses
        factor = (distances[20] / distances[0]) ** (1 / 20)
        print(f"{seed:4} {share:8.2f} {abs(1 - 2 * share):11.2f} {factor:7.3f}", end="")
        print(f" {losses[0]:9.3f} {max(losses):8.3f} {losses[-1]:5.3f}", end="")
        print(f" {largest:8.3f} {sharpness(loss, other, precision=1e-4)[0]:6.3f} {2 / rate:9.3f}")

# %% tags=["draw"]
figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
for (seed, share), (distances, losses) in found.items():
    style = {"color": BLUE if share < 1 else ORANGE, "linestyle": ("-", "--", ":")[seed]}
    left.plot(distances, **style, label=f"{share:.2f} of the limit" if seed == 0 else None)
    right.plot(losses, **style)
for share in (0.95, 1.05):
    predicted = 1e-4 * abs(1 - 2 * share) ** np.arange(60)
    left.plot(predicted, color="black", linewidth=0.8, label="predicted" if share < 1 else None)
left.set(xlabel="step", ylabel="distance between the two runs", yscale="log")
left.legend(frameon=False, fontsize=8)
right.set(xlabel="step", ylabel="loss on the 500 images")
figure.set_label(
    "Three seeds. Left, on a log scale: the distance between two runs is multiplied by 0.9 a step "
    "just below the limit and by 1.1 a step just above, as predicted. Right: below the limit the "
    "loss falls smoothly; above it the loss rises in a hump and comes back."
)
plot.show(figure, "runs/lessons/19/limit.png")

# %% [markdown]
# Just above the limit, the distance grows by a tenth in each step, until it can be seen in the
# loss, which jumps up. The thin lines are the formula, with no constant fitted. They fit well at
# first and less well later, because the training goes on and the sharpness changes.
#
# A parabola would explode. The network comes back, and the last columns show how: the hump carried
# it to another place, where the sharpness is *lower*, near $2/\eta$ or below. There this rate is
# stable again. (Below the limit the sharpness keeps rising. For seed 1 it passed the limit near the
# end: the dashed blue line turns up.)
#
# ## At the edge
#
# Cohen and others (2021) followed the sharpness through whole trainings with gradient descent on
# all examples. We do the same with 16 hidden units, three rates and two seeds. With rate 1 the
# sharpness rises above 1.2 and settles at about 1.1, far from the limit of 2. Rate 3 allows no more
# than 0.67.
#
# **Predict.** Where is the sharpness after 200 steps with rate 3?
#
# - near 1.1 again, as it belongs to the network and its data
# - near 0.67, the limit
# - nowhere: the training explodes

# %% answer=2
loss, n = network_loss(hidden=16)
followed = {}
print("rate   seed   2 / rate   sharpness, middle value from step 200   last loss")
for rate in (1.0, 2.0, 3.0):
    for seed in (0, 1):
        w, direction, sharp, losses = first_weights(n, seed), None, [], []
        for _ in range(40):
            w, part = descend(loss, w, rate, 10)
            losses += part
            eigenvalue, direction = sharpness(loss, w, start=direction, precision=1e-3)
            sharp.append(eigenvalue)
        followed[rate, seed] = sharp, losses
        middle = np.median(sharp[19:])
        print(f"{rate:4} {seed:6} {2 / rate:10.2f} {middle:39.2f} {losses[-1]:11.3f}")

# %% tags=["draw"]
figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
for (rate, seed), (sharp, losses) in followed.items():
    colour = {1: BLUE, 2: ORANGE, 3: GREEN}[int(rate)]
    style = {"color": colour, "linestyle": ("-", "--")[seed]}
    left.plot(np.arange(10, 401, 10), sharp, **style)
    left.axhline(2 / rate, color=colour, linestyle=":", linewidth=1)
    label = f"rate {rate:g}, stable up to {2 / rate:.2g}" if seed == 0 else None
    right.plot(losses, **style, label=label)
left.set(xlabel="step", ylabel="sharpness (dotted: 2 / rate)", ylim=(0, 2.3))
right.set(xlabel="step", ylabel="loss on the 500 images")
right.legend(frameon=False, fontsize=8)
figure.set_label(
    "Left: the sharpness through 400 steps. With rate 1 it stays well below its limit of 2; with "
    "the rates 2 and 3 it ends near their limits 1 and 0.67, or a little below. Right: the losses "
    "all fall, those of the larger rates with spikes."
)
plot.show(figure, "runs/lessons/19/edge.png")

# %% [markdown]
# With rates 2 and 3 the sharpness soon goes above $2/\eta$. The network is thrown out, the loss
# jumps, and the network comes down in a flatter place. With rate 3 this happens several times,
# until the sharpness comes to rest near its dotted line, or drifts a little below it. (One curve
# leaves the picture for a moment.) Nothing explodes for good, and the loss falls. At rate 1 the
# limit of 2 is never reached, and the sharpness settles by itself.
#
# So the limit also works the other way round: the rate decides where the network can stay. It is
# limited by $2/\lambda_\text{max}$ at each moment, and yet you cannot choose it by measuring the
# sharpness once: the training moves to where the chosen rate is just allowed. This was one small
# network with all examples in each step. Batches and Adam were not tried here.
#
# ## What was learned
#
# - With `create_graph=True` the rules run on tensors, and a gradient can be differentiated like
#   any other result. A rule that keeps a plain value gives a right first derivative and,
#   silently, a wrong second one; `gradgradcheck` notices.
# - The Hessian times a vector costs a few gradients, whatever the number of weights.
# - Along its eigenvectors the Hessian is a set of curvatures. Newton's method divides by them.
# - Gradient descent is stable up to a rate of $2/\lambda_\text{max}$. Above it, this network was
#   thrown into a flatter place.
#
# ## What is still open
#
# Everything here was small, so that we could afford it. What does a step of a real training cost,
# and where does the time go? Lesson 20 finds out.
#
# ## Exercises
#
# Write them in `lessons/exercises/19_second_derivatives.py`.
#
# - `gaussian_rule`: the derivative rule of an op $e^{-x^2}$ that is right in every order.
# - `downhill_newton_step`: Newton's method, fixed so that it always points downhill.
# - `most_negative_curvature`: the lowest eigenvalue of a Hessian, from products $Hv$ alone.
#
# Check them with `python -m lessons check 19`.
