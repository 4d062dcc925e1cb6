# %% [markdown]
# # 2. Tensors
#
# **Question.** What changes when the numbers are arrays?
#
# **Time.** 40 minutes.
#
# **New from the package.** `ops`.
#
# **Before this.** Lesson 1 built an engine in which every single number is a value in the graph,
# with a local slope for each of its inputs. It left open how a whole array can be one value, and
# what its local slope is then.

# %%
import itertools

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import ops, plot

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"

# %% [markdown]
# ## Why arrays
#
# Soon we will take $50$ images of $784$ pixels, and compute $10$ numbers for each. That is one
# matrix product: images $(50 \times 784)$ times weights $(784 \times 10)$. With the engine of
# lesson 1, each multiplication and each addition in it would be a value of its own.

# %%
images, pixels, units = 50, 784, 10
multiplications = images * pixels * units
additions = images * (pixels - 1) * units
print(f"values in the graph, number by number: {multiplications + additions:,}")
print("values in the graph, array by array:   1")

# %% [markdown]
# So we want one value for the whole product. The question is what to write down as its local
# slope. An array has many numbers, and each of them may move every number of the result.

# %% [markdown]
# ## The table of all slopes
#
# Take a small product, $Y = A B$ with $A$ of shape $(2 \times 3)$, $B$ of shape $(3 \times 4)$
# and $Y$ of shape $(2 \times 4)$. Nudge each of the $6$ numbers of $A$ and watch all $8$ numbers
# of $Y$. This gives a table of $8 \times 6$ slopes, called the **Jacobian** of $Y$ with respect
# to $A$. For $B$ it is $8 \times 12$.
#
# **Predict.** How many of the $48$ slopes in the first table are not zero? (Which numbers of $A$
# does one number of $Y$ depend on?)


# %% answer=[24, 24]
def table_of_slopes(function, x, nudge=1e-6):
    """Slopes of all numbers of function(x), one row each, for all numbers of x, one column each."""
    before = function(x)
    table = np.zeros((before.size, x.size))
    for j in range(x.size):
        nudged = x.copy()
        nudged.flat[j] += nudge
        table[:, j] = ((function(nudged) - before) / nudge).ravel()
    return table


rng = np.random.default_rng(0)
A = rng.uniform(0.5, 2.0, (2, 3))
B = rng.uniform(0.5, 2.0, (3, 4)) * np.array([1, -1, 1, -1])
table_A = table_of_slopes(lambda a: a @ B, A)
table_B = table_of_slopes(lambda b: A @ b, B)
for name, table in (("A", table_A), ("B", table_B)):
    count = np.count_nonzero(np.abs(table) > 1e-4)
    print(f"slopes of Y for {name}: a table {table.shape}, {count} of {table.size} are not zero")


# %% tags=["draw"]
def draw_table(axes, table, shape_of_input, name):
    axes.imshow(table, cmap="RdBu_r", vmin=-4, vmax=4, aspect="auto")
    for (i, j), slope in np.ndenumerate(table):
        if abs(slope) > 1e-4:
            axes.text(j, i, f"{slope:.2f}", ha="center", va="center", fontsize=8)
    rows, columns = shape_of_input
    axes.set_xticks(range(table.shape[1]))
    axes.set_xticklabels([f"{r},{c}" for r in range(rows) for c in range(columns)])
    axes.set_yticks(range(8))
    axes.set_yticklabels([f"{r},{c}" for r in range(2) for c in range(4)])
    axes.set(xlabel=f"number of {name} (row, column)", title=f"Slopes of Y = AB for {name}")


figure = Figure(figsize=(9, 4.1), layout="constrained")
left, right = figure.subplots(1, 2, width_ratios=(6, 12))
draw_table(left, table_A, A.shape, "A")
draw_table(right, table_B, B.shape, "B")
left.set_ylabel("number of Y (row, column)")
figure.set_label(
    "Two tables of slopes. Left, 8 rows and 6 columns: two blocks on the diagonal, both equal to B "
    "with rows and columns exchanged, and zeros elsewhere. Right, 8 rows and 12 columns: the six "
    "numbers of A, each along the diagonal of a block of four by four, and zeros elsewhere."
)
plot.show(figure, "runs/lessons/02/jacobians.png")

# %% [markdown]
# Half of the first table is zero, and three quarters of the second, because a number of $Y$
# depends on only one row of $A$ and one column of $B$. And there is nothing new in the rest: on
# the left we find $B^T$, twice; on the right the numbers of $A$, four times each.
#
# For the $50$ images above, the table for the weights would have a row for each of $500$ results
# and a column for each of $7840$ weights: almost four million slopes, only to repeat what the
# $39200$ numbers of the images say. We will not write it down, because we never need the table
# itself. In lesson 1 a local slope was used in one way: it was multiplied by the gradient that had
# arrived. So we need the *product* of the table and that gradient, and there is a shorter way to
# get it.

# %% [markdown]
# ## The rule of the matrix product
#
# (A matrix with rows and columns exchanged is written $B^T$.) Let $L$ be the loss at the end, and
# let $G$ be the gradient of $L$ with respect to $Y$: one number for each number of $Y$, so $G$ has
# the shape of $Y$, $(n \times m)$. We are looking for the gradient with respect to $A$ $(n \times
# k)$, given $G$ $(n \times m)$ and $B$ $(k \times m)$.
#
# The shapes give a hint: only one product of the two fits. Where the matrices are square, though,
# many products fit.
#
# To measure, we take the sum of all $G_{ij} Y_{ij}$ as the loss, because then the gradient of the
# loss with respect to $Y$ is $G$.
#
# **Predict.** Here all three matrices are $(3 \times 3)$. Which product is equal to the measured
# gradient?
#
# - the product $G B$
# - the product $G B^T$
# - the product $B G$
# - the product $B^T G$

# %% answer=2
A3, B3, G3 = rng.normal(size=(3, 3, 3))


def weighted_sum(a):
    return np.sum(G3 * (a @ B3))


measured = table_of_slopes(weighted_sum, A3).reshape(3, 3)
candidates = {"G B": G3 @ B3, "G B^T": G3 @ B3.T, "B G": B3 @ G3, "B^T G": B3.T @ G3}
for name, candidate in candidates.items():
    off = np.abs(candidate - measured).max()
    print(f"{name:6s} differs from the measured gradient by at most {off:.7f}")

# %% [markdown]
# It is $G B^T$. The shapes allowed all four, so they can only give a hint; a measurement decides.
# Here is the reason. (With $\partial L / \partial A_{ir}$ we write the slope of $L$ with respect to
# $A_{ir}$.) One number of the product is
#
# $$Y_{ij} = \sum_{r} A_{ir} B_{rj}.$$
#
# So $A_{ir}$ moves $Y_{ij}$ with the local slope $B_{rj}$, for every column $j$. These are $m$
# paths from $A_{ir}$ to the loss, and where paths meet, we add:
#
# $$\frac{\partial L}{\partial A_{ir}} = \sum_{j} G_{ij} B_{rj} = (G B^T)_{ir},
# \qquad
# \frac{\partial L}{\partial B_{rj}} = \sum_{i} A_{ir} G_{ij} = (A^T G)_{rj}.$$
#
# The shapes: $G B^T$ is $(n \times m)(m \times k) = (n \times k)$, like $A$; and $A^T G$ is
# $(k \times n)(n \times m) = (k \times m)$, like $B$. Two matrix products take the place of two
# large tables. The next cell compares both with the tables we measured above.

# %%
G = rng.normal(size=(2, 4))
by_table_A = (table_A.T @ G.ravel()).reshape(A.shape)
by_table_B = (table_B.T @ G.ravel()).reshape(B.shape)
print("for A: the table and G B^T differ by at most", f"{np.abs(by_table_A - G @ B.T).max():.1e}")
print("for B: the table and A^T G differ by at most", f"{np.abs(by_table_B - A.T @ G).max():.1e}")

# %% [markdown]
# ## The derivative table
#
# So an operation on arrays, or **op** for short, comes with one **rule** for each input, instead of
# a local slope. A rule takes the gradient `g` of the loss with respect to the result, and gives the
# gradient with respect to that input. It is the product of the gradient and the table of slopes,
# the **vector-Jacobian product**, without the table. It may look at the result `y` and at the
# inputs. Five ops are enough for this lesson:
#
# | op | result | rule for the first input | rule for the second input |
# | --- | --- | --- | --- |
# | add | $y = a + b$ | $g$ | $g$ |
# | sub | $y = a - b$ | $g$ | $-g$ |
# | mul | $y = a \cdot b$, number by number | $g \cdot b$ | $g \cdot a$ |
# | matmul | $y = a b$ | $g b^T$ | $a^T g$ |
# | mean | $y = \frac{1}{n} \sum_i x_i$ | $g / n$ in every place | |

# %%
FORWARD = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "matmul": np.matmul,
    "mean": np.mean,
}

RULES = {
    "add": (lambda g, y, a, b: g, lambda g, y, a, b: g),
    "sub": (lambda g, y, a, b: g, lambda g, y, a, b: -g),
    "mul": (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    "matmul": (lambda g, y, a, b: g @ b.T, lambda g, y, a, b: a.T @ g),
    "mean": (lambda g, y, x: np.full(x.shape, g / x.size),),
}

# %% [markdown]
# The engine around the table is that of lesson 1, with one difference: a value remembers the name
# of its op, and asks the table on the way back. The parameter `fix_shape` of `backward` does
# nothing yet. We will need it in a moment.

# %%
serials = itertools.count(1)


class Array:
    """An array that remembers how it came to be."""

    def __init__(self, data, op=None, inputs=()):
        self.data = np.asarray(data, dtype=np.float64)
        self.op = op
        self.inputs = inputs
        self.serial = next(serials)

    def __add__(self, other):
        return apply("add", self, other)

    def __sub__(self, other):
        return apply("sub", self, other)

    def __mul__(self, other):
        return apply("mul", self, other)

    def __matmul__(self, other):
        return apply("matmul", self, other)

    def mean(self):
        return apply("mean", self)


def apply(op, *inputs):
    """Compute an op on arrays, and write down what was done."""
    return Array(FORWARD[op](*[x.data for x in inputs]), op, inputs)


def reachable(result):
    """Everything that `result` was made from, itself included, by serial number."""
    values = {}
    waiting = [result]
    while waiting:
        value = waiting.pop()
        if value.serial not in values:
            values[value.serial] = value
            waiting.extend(value.inputs)
    return values


def leave_as_it_is(g, shape):
    return g


def backward(result, fix_shape=leave_as_it_is):
    """The gradient of `result` with respect to everything it was made from, by serial number."""
    values = reachable(result)
    gradients = {result.serial: np.ones_like(result.data)}
    for serial in sorted(values, reverse=True):
        value = values[serial]
        arrays = [x.data for x in value.inputs]
        for i, x in enumerate(value.inputs):
            part = RULES[value.op][i](gradients[serial], value.data, *arrays)
            part = fix_shape(part, x.data.shape)
            if x.serial in gradients:
                # Not +=, which would write into an array that another value may also hold.
                gradients[x.serial] = gradients[x.serial] + part
            else:
                gradients[x.serial] = part
    return gradients


# %% [markdown]
# ## Twenty-four galaxies
#
# Now for some data. In 1929 Edwin Hubble published a table of $24$ galaxies: how far away each
# one is, and how fast it moves away from us ("A relation between distance and radial velocity
# among extra-galactic nebulae", Proceedings of the National Academy of Sciences 15). He saw that
# the more distant ones move away faster, and drew a straight line. Let us find that line.
#
# The distances are in megaparsecs (one is about three million light years), the speeds in
# thousands of kilometres a second. We write them as columns, $x$ and $t$, of shape
# $(24 \times 1)$. The line is $x w + b$ with $w$ of shape $(1 \times 1)$ and $b$ of shape $(1)$,
# and the loss is the mean of the squared errors.

# %%
DISTANCES = (
    "0.032 0.034 0.214 0.263 0.275 0.275 0.45 0.5 0.5 0.63 0.8 0.9 "
    "0.9 0.9 0.9 1.0 1.1 1.1 1.4 1.7 2.0 2.0 2.0 2.0"
)
SPEEDS = (
    "170 290 -130 -70 -185 -220 200 290 270 200 300 -30 "
    "650 150 500 920 450 500 500 960 500 850 800 1090"
)
x = np.array([[float(word)] for word in DISTANCES.split()])
t = np.array([[float(word) / 1000] for word in SPEEDS.split()])


def loss_of(w, b, x, t):
    error = x @ w + b - t
    return (error * error).mean()


w, b = Array([[-0.7]]), Array([0.2])
loss = loss_of(w, b, Array(x), Array(t))
print(f"loss {loss.data:.4f} with w = {w.data[0, 0]} and b = {b.data[0]}")
print(f"{len(reachable(loss))} values in the graph")

# %% [markdown]
# Nine values for the whole calculation: four leaves and five results, one for each op.
#
# Now for the gradients, and with them the descent of lesson 1: move `w` and `b` against their
# gradients, two thousand times.
#
# **Predict.** Something will go wrong with the shapes. What will you see?
#
# - an error message
# - a loss that rises
# - neither

# %% answer=3
gradients = backward(loss)
print("w", w.data.shape, " its gradient", gradients[w.serial].shape)
print("b", b.data.shape, "   its gradient", gradients[b.serial].shape)


def descend(w, b, rate, steps, fix_shape):
    """Gradient descent: every w, b and loss on the way, beginning with those of the start."""
    path = []
    for _ in range(steps):
        leaf_w, leaf_b = Array(w), Array(b)
        loss = loss_of(leaf_w, leaf_b, Array(x), Array(t))
        path.append((w, b, loss.data))
        gradients = backward(loss, fix_shape)
        w = w - rate * gradients[leaf_w.serial]
        b = b - rate * gradients[leaf_b.serial]
    return path


START = np.array([[-0.7]]), np.array([0.2])
path = descend(*START, rate=0.1, steps=2000, fix_shape=leave_as_it_is)
print()
print("step     loss   shape of b")
for step in (0, 1, 10, 100, 1000, 1999):
    w_now, b_now, loss_now = path[step]
    print(f"{step:4d}  {loss_now:7.4f}   {b_now.shape}")

columns = np.hstack([x, np.ones_like(x)])
best_line = np.linalg.lstsq(columns, t, rcond=None)[0].ravel()
best_loss = np.mean((columns @ best_line.reshape(2, 1) - t) ** 2)
print(f"the best possible straight line has a loss of {best_loss:.4f}")

# %% [markdown]
# Neither. There is no message, and the loss falls to zero: lower than any straight line can
# reach. That is the worst kind of fault. It looks like success.
#
# The gradient of `b` came out with the shape $(24 \times 1)$, one number for each galaxy. In
# `b - rate * gradient`, NumPy silently stretched the one number `b` to twenty-four. From then on
# each galaxy had its own `b`, and every error could be brought to zero. No line was fitted at
# all.
#
# **A gradient has the shape of the thing it belongs to.** Where it does not, something is wrong.

# %% [markdown]
# ## The reverse of broadcasting
#
# It begins in the forward direction. In `x @ w + b`, NumPy adds an array of shape $(24 \times 1)$
# and one of shape $(1)$. It behaves as if `b` were copied twenty-four times. This is called
# **broadcasting**. So one number is used twenty-four times: it has twenty-four paths to the loss.
# And where paths meet, we add. The reverse of copying is summing.


# %% tags=["draw"]
def draw_cells(axes, cells, left, top, colour, ghosts=0):
    """A grid of numbers; the last `ghosts` rows are drawn as copies."""
    rows, columns = cells.shape
    for r, c in itertools.product(range(rows), range(columns)):
        copy = r >= rows - ghosts
        box = {"facecolor": "white" if copy else colour, "edgecolor": "#555555"}
        box |= {"linestyle": ":" if copy else "-", "linewidth": 0.8}
        axes.fill(left + c + np.array([0, 1, 1, 0]), top - r - np.array([0, 0, 1, 1]), **box)
        ink = "#999999" if copy else "black"
        style = {"ha": "center", "va": "center", "fontsize": 10, "color": ink}
        axes.text(left + c + 0.5, top - r - 0.5, f"{cells[r, c]:g}", **style)


def draw_words(axes, x, y, words):
    axes.text(x, y, words, ha="center", va="center", fontsize=12)


rows = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
row = np.array([[10, 20, 30, 40]])
g = np.array([[1, 0, 2, -1], [3, 1, 0, 1], [0, 2, 1, 2]])

figure = Figure(figsize=(9, 4.6), layout="constrained")
axes = figure.subplots()
draw_cells(axes, rows, 0, 9, "#d5e8f5")
draw_words(axes, 4.75, 7.5, "+")
draw_cells(axes, np.repeat(row, 3, axis=0), 5.5, 9, "#f9ddc9", ghosts=2)
draw_words(axes, 10.25, 7.5, "=")
draw_cells(axes, rows + row, 11, 9, "#eeeeee")
draw_words(axes, 2, 9.5, "a (3, 4)")
draw_words(axes, 7.5, 9.5, "b (4), copied downwards")
draw_words(axes, 13, 9.5, "y (3, 4)")
draw_cells(axes, g, 11, 4.6, "#eeeeee")
draw_words(axes, 13, 5.1, "gradient of y (3, 4)")
draw_cells(axes, g, 0, 4.6, "#d5e8f5")
draw_words(axes, 2, 5.1, "gradient of a: as it is")
draw_cells(axes, g, 5.5, 4.6, "white", ghosts=3)
draw_cells(axes, g.sum(axis=0, keepdims=True), 5.5, 1.2, "#f9ddc9")
draw_words(axes, 7.5, 5.1, "gradient of b: add each column")
for c in range(4):
    arrow = {"arrowstyle": "-|>", "color": ORANGE}
    axes.annotate("", (6 + c, 1.2), xytext=(6 + c, 1.65), arrowprops=arrow)
style = {"fontsize": 11, "rotation": 90, "ha": "center", "va": "center"}
axes.text(-0.6, 7.5, "forward", **style)
axes.text(-0.6, 3.1, "backward", **style)
axes.set(xlim=(-1, 15.2), ylim=(-0.1, 9.9), aspect="equal")
axes.axis("off")
figure.set_label(
    "Above, an array a of 3 rows and 4 columns plus a row b of 4 numbers, which is copied to all 3 "
    "rows, makes y. Below, the gradient of y, 3 by 4, goes to a unchanged, and to b as the sums "
    "of its 4 columns."
)
plot.show(figure, "runs/lessons/02/broadcasting.png")

# %% [markdown]
# NumPy stretches an array in two ways: it adds new dimensions in front, and it repeats a
# dimension of length $1$. The reverse sums over exactly those dimensions.


# %%
def unbroadcast(g, shape):
    """Sum `g` over what broadcasting had stretched, so that it has `shape` again."""
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for d, length in enumerate(shape):
        if length == 1 and g.shape[d] != 1:
            g = g.sum(axis=d, keepdims=True)
    return g


# %% [markdown]
# Every op that broadcasts needs this: `add`, `sub` and `mul`. But no rule in our table has to
# know about it. The engine does it in one place, after each rule: `fix_shape=unbroadcast`.
#
# **Predict.** An array of shape $(3 \times 4)$ is multiplied by one of shape $(3 \times 1)$. Over
# which dimension of the gradient do we sum for the second one?
#
# - over the first, of length 3
# - over the second, of length 4
# - over both

# %% answer=2
for shape in ((3, 4), (4,), (1, 4), (3, 1), (1, 1), ()):
    a, c = Array(rng.normal(size=(3, 4))), Array(rng.normal(size=shape))
    gradient = backward((a * c).mean(), fix_shape=unbroadcast)[c.serial]
    by_nudging = table_of_slopes(lambda c, a=a: np.mean(a.data * c), c.data).reshape(shape)
    off = np.abs(gradient - by_nudging).max()
    print(f"(3, 4) * {shape!s:7}: gradient of shape {gradient.shape!s:7} off by {off:.0e}")

# %% [markdown]
# For $(3 \times 1)$ the second dimension is summed, and for $()$ both are. In all six cases the
# gradient has the shape of the array it belongs to, and agrees with the nudges.
#
# Now the same descent, fixed.

# %%
path = descend(*START, rate=0.1, steps=2000, fix_shape=unbroadcast)
print("step        w        b     loss   shape of b")
for step in (0, 1, 10, 100, 1000, 1999):
    w_now, b_now, loss_now = path[step]
    print(f"{step:4d}  {w_now.item():7.4f}  {b_now.item():7.4f}  {loss_now:7.4f}   {b_now.shape}")
print(f"best  {best_line[0]:7.4f}  {best_line[1]:7.4f}  {best_loss:7.4f}")

w_end, b_end, loss_end = path[-1]
# %% [markdown]
# The descent ends at the best line, the one that NumPy's least squares finds directly: about
# $0.45$, that is, $450$ kilometres a second for each megaparsec. (Today's value is several times
# smaller. The distances of 1929 were too short, and no fit can repair that.)

# %% [markdown]
# ## The landscape
#
# The loss depends on two numbers, so we can draw it as a map, with lines of equal loss. The
# descent is a path on that map. At each point the gradient is at right angles to the line of
# equal loss, and the step goes against it: straight downhill.


# %% tags=["draw"]
def loss_map(ws, bs):
    """The loss for all pairs: one row for each b, one column for each w."""
    errors = x[:, 0] * ws[None, :, None] + bs[:, None, None] - t[:, 0]
    return (errors**2).mean(axis=-1)


def draw_map(axes, ws, bs):
    # Levels closer together near the lowest point, where the ground is almost flat.
    levels = best_loss + np.array([0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1, 1.5, 2.2, 3, 4])
    style = {"levels": levels, "norm": PowerNorm(0.5, vmin=0, vmax=6)}
    axes.contourf(ws, bs, loss_map(ws, bs), cmap="Blues", extend="both", **style)
    axes.contour(ws, bs, loss_map(ws, bs), levels=levels, colors="#6688aa", linewidths=0.5)
    axes.plot(*best_line, "*", color="black", markersize=11)
    axes.set(xlabel="w (1000 km/s for each megaparsec)", ylabel="b (1000 km/s)")
    axes.set(xlim=(ws[0], ws[-1]), ylim=(bs[0], bs[-1]), aspect="equal")


def draw_path(axes, path, colour):
    points = np.array([[w.item(), b.item()] for w, b, _ in path])
    axes.plot(points[:, 0], points[:, 1], "o-", color=colour, markersize=3.5, linewidth=1.3)


ws, bs = np.linspace(-1.0, 1.4, 200), np.linspace(-0.9, 1.3, 200)
figure = Figure(figsize=(9, 4.2), layout="constrained")
left, right = figure.subplots(1, 2)
left.plot(x, t, "o", color="black", markersize=4)
for step, colour in ((0, PINK), (3, ORANGE), (30, GREEN), (1999, BLUE)):
    w_now, b_now, _ = path[step]
    ends = np.array([0, 2.1])
    left.plot(ends, w_now.item() * ends + b_now.item(), color=colour, label=f"step {step}")
left.set(xlabel="distance (megaparsec)", ylabel="speed (1000 km/s)")
left.legend(frameon=False, fontsize=9, ncols=2)
left.spines[["top", "right"]].set_visible(False)
left.set_title("The line turns towards the galaxies")
draw_map(right, ws, bs)
draw_path(right, path[:300], ORANGE)
right.set_title("The same descent on the map of the loss")
figure.set_label(
    "Left: 24 galaxies, speed over distance, and the line at steps 0, 3, 30 and 1999, from falling "
    "to rising. Right: the loss as a map over w and b, a long valley; the path of descent goes "
    "quickly into the valley and then slowly along it to the lowest point, marked with a star."
)
plot.show(figure, "runs/lessons/02/descent.png")

# %% [markdown]
# The map shows a long valley. The path falls into it within a few steps and then creeps along the
# floor, where the slope is small. A larger learning rate would move faster there.
#
# **Predict.** We take 25 steps with each of these rates. Which of them ends with the lowest loss?
#
# - 0.02
# - 0.2
# - 0.45
# - 0.5

# %% answer=3
RATES = (0.02, 0.2, 0.45, 0.5)
paths = {rate: descend(*START, rate=rate, steps=26, fix_shape=unbroadcast) for rate in RATES}
for rate, path in paths.items():
    print(f"rate {rate:4.2f}: loss after 25 steps {path[-1][2]:.4f}")
print(f"the best line:           {best_loss:.4f}")

# %% tags=["draw"]
figure = Figure(figsize=(9, 2.9), layout="constrained")
wide_w, wide_b = np.linspace(-1.2, 2.1, 160), np.linspace(-1.7, 1.8, 160)
last = {0.02: 26, 0.2: 26, 0.45: 9, 0.5: 6}  # a few steps show the jumps
for axes, (rate, path) in zip(figure.subplots(1, 4, sharey=True), paths.items(), strict=True):
    draw_map(axes, wide_w, wide_b)
    draw_path(axes, path[: last[rate]], ORANGE)
    axes.set(title=f"rate {rate}, {last[rate] - 1} steps", xlabel="w")
    axes.title.set_fontsize(10)
    axes.label_outer()
figure.set_label(
    "Four maps of the loss with paths of descent. Rate 0.02, 25 steps: a short path into the "
    "valley. Rate 0.2: a path along the valley, close to the star. Rate 0.45, 8 steps: jumps from "
    "side to side of the valley. Rate 0.5, 5 steps: each jump is longer, and leads away from it."
)
plot.show(figure, "runs/lessons/02/rates.png")

# %% [markdown]
# The rate $0.02$ is safe and slow. With $0.45$ each step jumps across the valley to its other
# side, a little lower each time, and after 25 steps it is the nearest of the four. With $0.5$
# each jump lands higher than it started, and the loss grows. Across the valley the ground is
# steep, along it the ground is almost flat, and one rate has to serve both.
#
# The best rate and the first one that fails are close together, and nobody tells us in advance
# where the border is. We will meet it again in lessons 7 and 10.

# %% [markdown]
# ## The same, in the package
#
# A `Tensor`, made by `tensor`, holds an array. The array is its attribute `.data`, and the
# gradient in `.grad` is a tensor of the same shape. Operators like `+` and `@` and methods like
# `.mean()` record what they do, so `loss_of` works unchanged. NumPy's float64 arrays stay
# float64; Python numbers become float32, to save time and memory.

# %%
galaxies, speeds = tg.tensor(x), tg.tensor(t)
w, b = START
for _ in range(1999):
    leaf_w = tg.tensor(w, requires_grad=True)
    leaf_b = tg.tensor(b, requires_grad=True)
    loss_of(leaf_w, leaf_b, galaxies, speeds).backward()
    w = w - 0.1 * leaf_w.grad.data
    b = b - 0.1 * leaf_b.grad.data

print(f"the package  w {w.item():.12f}   b {b.item():.12f}   shape of b {b.shape}")
print(f"our engine   w {w_end.item():.12f}   b {b_end.item():.12f}   shape of b {b_end.shape}")
# %% [markdown]
# The derivative table of the package is the file `ops.py`. What our two dictionaries hold stands
# there in one block for each op, with the rules above the function. Do both tables say the same?
# We can ask them.

# %%
PACKAGE = {"add": ops.add, "sub": ops.sub, "mul": ops.mul, "matmul": ops.matmul, "mean": ops.mean}
for name, function in PACKAGE.items():
    inputs = [rng.normal(size=(4, 4)) for _ in RULES[name]]
    y = FORWARD[name](*inputs)
    g = rng.normal(size=np.shape(y))
    entry = function.op  # .rules is its row of the table, .defaults are its other arguments
    for i, rule in enumerate(RULES[name]):
        ours = rule(g, y, *inputs)
        theirs = entry.rules[i](g, y, *inputs, **entry.defaults)
        print(f"{name:6s}  rule of input {i}: off by {np.abs(ours - theirs).max():.0e}")

# %% [markdown]
# They do. In the mean something else can be seen: its rule copies one number to all places. So the
# two go in pairs: **the reverse of copying is summing, and the reverse of summing is copying.**
# (The source of both tables, side by side, is in lesson 22, which is optional.)

# %% [markdown]
# ## What was learned
#
# - A whole array is one value in the graph. Instead of a local slope, it needs a rule for each
#   input: from the gradient of the result to the gradient of the input.
# - The table of all slopes of a matrix product is huge and mostly zero. Its rules are two matrix
#   products: $G B^T$ and $A^T G$.
# - A gradient has the shape of the thing it belongs to. Where broadcasting copied, the gradient
#   sums. Leaving that out gave no error message, and a loss that was too good.
# - The engine knows nothing about particular ops, and the table knows nothing about the walk.
# - Gradient descent with too large a step leaves the valley; just below that size it is fastest.

# %% [markdown]
# ## What is still open
#
# We believed the rules because a nudge agreed. But how small must a nudge be? How close is close
# enough? And which inputs would have found a fault that ours did not? A rule with a wrong sign
# would have worked on silently, as the missing sum did. Lesson 3 is about knowing.

# %% [markdown]
# ## Exercises
#
# Write them in `lessons/exercises/02_tensors.py`.
#
# - `unbroadcast`: the reverse of broadcasting, which also refuses what does not fit.
# - `column_means_rule`: the rule of a mean over the rows, for each column.
# - `linear_rules`: the three rules of $y = x W^T + b$, in the layout of PyTorch, which `nn.Linear`
#   has from lesson 8 on.
# - `fit_logistic`: gradient descent for two classes, with the package. It uses the sigmoid,
#   $1 / (1 + e^{-s})$, which turns any number into one between $0$ and $1$.
#
# Check them with `python -m lessons check 02`.
