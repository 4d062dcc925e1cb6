# %% [markdown]
# # 1. The derivative
#
# **Question.** What is a gradient, and why does order matter?
#
# **Time.** 45 minutes.
#
# **New from the package.** `plot.show`, `tensor`.
#
# **Before this.** Nothing from this course. You need some Python and the derivatives you learned at
# school: that of $x^2$ is $2x$, that of $\sin x$ is $\cos x$, that of $\cos x$ is $-\sin x$, and
# the product rule.

# %%
import itertools
import math
import sys
from collections import defaultdict

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import plot

BLUE, ORANGE = "#0072B2", "#D55E00"

# %% [markdown]
# ## A slope
#
# A derivative answers one question: *if I move this number a little, how far does the result
# move?* Take the function
#
# $$f(x) = x \, \sin x$$
#
# and move $x$ by a small amount, a **nudge**. Divide how far $f$ moved by how far $x$ moved. That
# ratio is the slope of the curve, measured over the length of the nudge.
#
# At $x = 3$ the value is about $0.42$, and the curve falls there, nearly three times as steeply as
# a line at 45 degrees.
#
# **Predict.** Nudge $x$ from $3$ to $3.01$. By how much does $f$ move?
#
# - about $-0.3$
# - about $-0.03$
# - about $-0.003$


# %% answer=2
def f(x):
    return x * math.sin(x)


print(f"f(3) = {f(3):.4f}")
print()
print("   nudge    f moves by    ratio")
for nudge in (1.0, 0.1, 0.01, 0.001, 0.0001):
    moved = f(3 + nudge) - f(3)
    print(f"{nudge:8.4f}  {moved:12.6f}  {moved / nudge:7.4f}")

# %% [markdown]
# It moves by about $-0.03$. The ratio settles as the nudge shrinks, near $-2.83$. The number it
# settles at is the derivative: $f$ moves about $2.83$ times as far as $x$ does, in the other
# direction.
#
# The picture shows why the ratio settles. Seen from close enough, a smooth curve is a straight
# line, and a straight line has one slope. (`plot.show` is the first thing we use from the
# package: in a notebook it shows a figure, and elsewhere it writes it to a file.)


# %%
def slope_of_f(x):
    # The product rule from school. Later in this lesson we find it again without using it.
    return math.sin(x) + x * math.cos(x)


# %% tags=["draw"]
figure = Figure(figsize=(9, 3.6), layout="constrained")
whole, near = figure.subplots(1, 2, width_ratios=(1.6, 1))

xs = np.linspace(0, 7, 300)
whole.plot(xs, xs * np.sin(xs), color=BLUE, linewidth=2)
for x, reach, place in ((1.0, 0.8, (-46, 24)), (3.0, 0.8, (16, 8)), (6.0, 0.6, (14, -10))):
    ends = np.array([x - reach, x + reach])
    whole.plot(ends, f(x) + slope_of_f(x) * (ends - x), color=ORANGE, linewidth=1.8)
    whole.plot(x, f(x), "o", color=ORANGE)
    whole.annotate(
        f"slope {slope_of_f(x):.2f}",
        (x, f(x)),
        xytext=place,
        textcoords="offset points",
    )
whole.set(xlabel="x", ylabel="f(x) = x sin x", title="The slope differs from place to place")

xs = np.linspace(2.95, 3.05, 100)
near.plot(xs, xs * np.sin(xs), color=BLUE, linewidth=5, alpha=0.5, label="the curve")
near.plot(
    xs, f(3) + slope_of_f(3) * (xs - 3), color=ORANGE, linewidth=1.8, label="the straight line"
)
near.plot(3, f(3), "o", color=ORANGE)
near.legend(frameon=False)
near.set(xlabel="x", title="Around x = 3, seventy times closer")

for axes in (whole, near):
    axes.grid(color="#e6e6e6")
    axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "Left: the curve x sin x from 0 to 7 with straight lines that touch it at 1, 3 and 6, with the "
    "slopes 1.38, -2.83 and 5.48. Right: from 2.95 to 3.05 the curve and its line look the same."
)
plot.show(figure, "runs/lessons/01/slopes.png")

# %% [markdown]
# ## A gradient
#
# Here is the smallest thing that can learn. A line predicts $w x + b$ for the input $x$, and the
# right answer is $t$. The number $w$ that the input is multiplied by is called a **weight**, and
# the number $b$ that is added a **bias**. How wrong the prediction is, is a single number, the
# **loss**:
#
# $$\text{loss} = (w x + b - t)^2.$$
#
# The loss depends on four numbers, so it has four slopes, one for each: nudge that number alone
# and leave the others where they are. The list of all these slopes is the **gradient**.
#
# Take $w = 1.5$, $x = 2$, $b = 0.5$ and $t = 5$. The prediction is $3.5$, which is too small.
#
# **Predict.** For which of the four numbers is the slope the steepest?
#
# - the weight $w$
# - the input $x$
# - the bias $b$
# - the right answer $t$

# %% answer=1
START = {"w": 1.5, "x": 2.0, "b": 0.5, "t": 5.0}


def loss_of(w, x, b, t):
    error = w * x + b - t
    return error * error


def slopes_by_nudging(function, start, nudge=1e-6):
    """The slope of `function` with respect to each of its numbers, measured one by one."""
    before = function(**start)
    slopes = {}
    for name in start:
        nudged = dict(start)
        nudged[name] += nudge
        slopes[name] = (function(**nudged) - before) / nudge
    return slopes


measured = slopes_by_nudging(loss_of, START)
print(f"loss = {loss_of(**START)}")
for name, slope in measured.items():
    print(f"slope with respect to {name}: {slope:12.8f}")

# %% [markdown]
# Three slopes are negative: a larger $w$, $x$ or $b$ raises the prediction, which is too small.
# The steepest slope is that of $w$, because a change in $w$ is twice as large when it reaches the
# prediction: it is multiplied by $x = 2$ on the way.
#
# Nudging is honest and needs no mathematics. It is also slow and a little wrong: four numbers
# cost five runs, and the slope of $w$ is exactly $-6$, as we will see. What reads digits later in
# this course has thousands of weights. We want all the slopes at once, and we want them exactly.

# %% [markdown]
# ## The chain rule
#
# The loss is made in four small steps. The slope of each single step is easy to read off. We call
# it the **local slope**.
#
# | step | value | local slopes |
# | --- | --- | --- |
# | $p = w \cdot x$ | $3$ | $x = 2$ for $w$, and $w = 1.5$ for $x$ |
# | $y = p + b$ | $3.5$ | $1$ for $p$, and $1$ for $b$ |
# | $e = y - t$ | $-1.5$ | $1$ for $y$, and $-1$ for $t$ |
# | $\text{loss} = e \cdot e$ | $2.25$ | $e = -1.5$ for the left factor, $-1.5$ for the right |
#
# The **chain rule** says what to do with them. If $p$ moves twice as far as $w$, and $y$ as far as
# $p$, and $e$ as far as $y$, then $e$ moves $2 \cdot 1 \cdot 1 = 2$ times as far as $w$. **Along
# a path, local slopes are multiplied.** And $e$ is used twice: when it moves, both factors move,
# and both effects arrive. **Where paths meet, they are added.** So the slope of the loss with
# respect to $w$ is
#
# $$2 \cdot 1 \cdot 1 \cdot (-1.5) \;+\; 2 \cdot 1 \cdot 1 \cdot (-1.5) \;=\; -6,$$
#
# which is what the nudge measured.

# %% [markdown]
# ## A number that remembers
#
# Nobody should have to write that table by hand. We let the calculation write it: a `Value` is a
# number that remembers which values it was made from, and the local slope for each of them. A value
# that was put in, and not made from others, is called a **leaf**. Each value also gets a
# **serial number**, one higher than the value made before it. That number will matter soon.

# %%
serials = itertools.count(1)


class Value:
    """A number that remembers how it came to be."""

    def __init__(self, number, inputs=(), slopes=(), name="?"):
        self.number = number
        self.inputs = inputs  # the values it was made from
        self.slopes = slopes  # its local slope for each of them
        self.name = name  # for pictures only
        self.serial = next(serials)

    def __add__(self, other):
        return Value(self.number + other.number, (self, other), (1.0, 1.0), "+")

    def __sub__(self, other):
        return Value(self.number - other.number, (self, other), (1.0, -1.0), "-")

    def __mul__(self, other):
        return Value(self.number * other.number, (self, other), (other.number, self.number), "*")


def sin(x):
    return Value(math.sin(x.number), (x,), (math.cos(x.number),), "sin")


def cos(x):
    return Value(math.cos(x.number), (x,), (-math.sin(x.number),), "cos")


leaves = {name: Value(number, name=name) for name, number in START.items()}
loss = loss_of(**leaves)

print(f"loss = {loss.number}, made by {loss.name}, serial number {loss.serial}")
print("its inputs:", [x.number for x in loss.inputs], " its local slopes:", loss.slopes)

# %% [markdown]
# `loss_of` has not changed: it is the function that we nudged before. Python calls our `__mul__`,
# `__add__` and `__sub__` for `*`, `+` and `-`, and each of them writes down one row of the table.
#
# The values and the arrows between them are called a **graph**. `reachable` collects everything
# that a value was made from, so that we can look at all of it.


# %%
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


print("serial  made by  value   from          local slopes")
for serial, value in sorted(reachable(loss).items()):
    made_of = ", ".join(str(x.serial) for x in value.inputs)
    slopes = ", ".join(str(slope) for slope in value.slopes)
    print(f"{serial:6d}  {value.name:7s}  {value.number:5}   {made_of:12s}  {slopes}".rstrip())

# %% [markdown]
# This is the table from above, and nobody wrote it by hand: $p$, $y$, $e$ and the loss are the
# values with the serial numbers 5 to 8. Now the same as a picture. Code that only draws stands in
# cells of its own. It has nothing to do with derivatives, so you may run it and move on.


# %% tags=["draw"]
def places(result):
    """Where to draw each value: the result on the right, all others to the left of their users."""
    values = reachable(result)
    newest_first = sorted(values, reverse=True)
    column = dict.fromkeys(values, 0)
    users = {serial: [] for serial in values}
    for serial in newest_first:
        for x in values[serial].inputs:
            column[x.serial] = max(column[x.serial], column[serial] + 1)
            users[x.serial].append(serial)
    spots = {}
    for c in range(max(column.values()) + 1):
        members = [s for s in values if column[s] == c]
        heights = {s: sum(spots[u][1] for u in users[s]) / max(len(users[s]), 1) for s in members}
        members.sort(key=lambda s: (-heights[s], s))
        middle = sum(heights.values()) / len(members)
        for i, serial in enumerate(members):
            spots[serial] = (-2.0 * c, middle + 1.35 * ((len(members) - 1) / 2 - i))
    return spots


def text(number):
    return f"{number:.3g}"


NAMES = {5: "p = w · x", 6: "y = p + b", 7: "e = y - t", 8: "loss = e · e"}


def draw_graph(axes, result, gradients=None, local_slopes=True, headroom=0.5, names=None):
    """Circles are values; an arrow leads from an input to what was made from it."""
    values, spots = reachable(result), places(result)
    for serial, value in values.items():
        x, y = spots[serial]
        draw_arrows(axes, value, spots, local_slopes)
        colour = "#eeeeee" if value.inputs else "#d5e8f5"
        axes.plot(x, y, "o", markersize=36, color=colour, markeredgecolor="#555555", clip_on=False)
        words = f"{value.name}\n{text(value.number)}"
        axes.text(x, y, words, ha="center", va="center", fontsize=9.5)
        if names and serial in names:
            axes.annotate(
                names[serial],
                (x, y),
                xytext=(0, 25),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        if gradients is not None:
            style = {"color": ORANGE, "weight": "bold", "fontsize": 10.5}
            style |= {"xytext": (0, -27), "textcoords": "offset points", "va": "center"}
            axes.annotate(text(gradients[serial]), (x, y), ha="center", **style)
    across = [x for x, _ in spots.values()]
    up = [y for _, y in spots.values()]
    below = 0.5 if gradients is None else 0.8
    axes.set_xlim(min(across) - 0.5, max(across) + 0.5)
    axes.set_ylim(min(up) - below, max(up) + headroom)
    axes.set_aspect("equal")
    axes.axis("off")


def draw_arrows(axes, value, spots, local_slopes):
    """The arrows that end at `value`, each with its local slope."""
    x1, y1 = spots[value.serial]
    for i, (source, slope) in enumerate(zip(value.inputs, value.slopes, strict=True)):
        x0, y0 = spots[source.serial]
        twice = value.inputs.count(source) > 1
        passes_by = x1 - x0 > 2.5  # another value may stand between the two
        bend = (-0.4 if i == 0 else 0.4) if twice or passes_by else 0.0
        arrow = {"arrowstyle": "-|>", "color": "#555555", "shrinkA": 19, "shrinkB": 19}
        arrow["connectionstyle"] = f"arc3,rad={bend}"
        axes.annotate("", (x1, y1), xytext=(x0, y0), arrowprops=arrow, zorder=1)
        if local_slopes:
            x = (x0 + x1) / 2 + bend / 2 * (y1 - y0)
            y = (y0 + y1) / 2 - bend / 2 * (x1 - x0)
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
            style = {"color": BLUE, "fontsize": 9.5, "bbox": box, "zorder": 2}
            axes.text(x, y, text(slope), ha="center", va="center", **style)


# %% tags=["draw"]
figure = Figure(figsize=(9, 3.8), layout="constrained")
draw_graph(figure.subplots(), loss, headroom=0.8, names=NAMES)
figure.set_label(
    "The graph of the loss. w = 1.5 and x = 2 make the product 3; adding b = 0.5 makes 3.5; "
    "subtracting t = 5 makes the error -1.5; two arrows lead from the error to its product with "
    "itself, the loss, 2.25. Each arrow carries its local slope: 2, 1.5, 1, 1, 1, -1, and twice "
    "-1.5."
)
plot.show(figure, "runs/lessons/01/graph.png")

# %% [markdown]
# Read it from left to right: blue circles are the numbers we put in, grey circles the numbers
# that were computed. The blue number on an arrow is its local slope. The slope of the loss with
# respect to $w$ is the sum over all paths from $w$ to the last circle, and there are two of them,
# because two arrows lead from the error to the loss.

# %% [markdown]
# ## First attempt: tell your inputs at once
#
# We have to walk back along the arrows, from the loss to the leaves. The slope of the loss with
# respect to itself is $1$. Then each value passes its gradient to its inputs, times the local
# slope, and each input does the same in turn. As a recursive function this takes four lines.
#
# Nudging gave $-6$ for $w$, $-4.5$ for $x$, $-3$ for $b$ and $3$ for $t$.
#
# **Predict.** What does this function find for $w$? Trace it on the picture with a finger.
#
# - $-3$, half of it: one of the two arrows is lost
# - $-6$, the same
# - less than $-6$: something is counted twice


# %% answer=3
def backward_at_once(value, gradients):
    for x, slope in zip(value.inputs, value.slopes, strict=True):
        gradients[x.serial] += slope * gradients[value.serial]
        backward_at_once(x, gradients)


gradients = defaultdict(float)
gradients[loss.serial] = 1.0
backward_at_once(loss, gradients)

error = loss.inputs[0]
of_error = slopes_by_nudging(lambda e: e * e, {"e": error.number})["e"]
print("        measured   at once")
print(f"error   {of_error:8.4f}  {gradients[error.serial]:8.4f}")
for name, leaf in leaves.items():
    print(f"{name}       {measured[name]:8.4f}  {gradients[leaf.serial]:8.4f}")

# %% [markdown]
# It is right for the error, and wrong for everything behind it. This is what happened: the first
# arrow brings $-1.5$ to the error, which passes $-1.5$ on at once. Then the second arrow brings
# another $-1.5$. Now the error holds $-3$, which is right, and passes on $-3$. But it had already
# passed on $-1.5$ of that. So its input got $-4.5$ instead of $-3$: the first part was **counted
# twice**. One step further back the same mistake is made again, on top of the first, and $b$ ends
# at $-6$.
#
# This happens wherever two paths part and meet again. Such a place is called a **diamond**, after
# its shape in a drawing. Here is the smallest, frame by frame: $v = 2$, $e = 3 v$, and $r = e^2$,
# whose two arrows have the slope $6$. Orange is what has arrived. Above, a value passes on what it
# has at once; below, it waits until everything has arrived. Nudging $v$ gives $36$.

# %% tags=["draw"]
AT_ONCE = [
    ("one arrow brings 6 to e", {"r": 1, "e": 6}),
    ("e passes it on: 3 · 6", {"r": 1, "e": 6, "v": 18}),
    ("the other brings 6 more", {"r": 1, "e": 12, "v": 18}),
    ("e passes on all it has: 3 · 12", {"r": 1, "e": 12, "v": 54}),
]
WAIT = [
    ("one arrow brings 6 to e", {"r": 1, "e": 6}),
    ("e waits", {"r": 1, "e": 6}),
    ("the other brings 6 more", {"r": 1, "e": 12}),
    ("now e passes on: 3 · 12", {"r": 1, "e": 12, "v": 36}),
]


def draw_frame(axes, title, arrived):
    for name, x in (("v", 0), ("e", 1), ("r", 2)):
        axes.plot(x, 0, "o", markersize=26, color="#eeeeee", markeredgecolor="#555555")
        axes.text(x, 0, name, ha="center", va="center", fontsize=11)
        words = str(arrived.get(name, ""))
        axes.text(x, -0.52, words, ha="center", color=ORANGE, weight="bold", fontsize=11)
    for start, bends in ((0, [0]), (1, [-0.4, 0.4])):
        for bend in bends:
            arrow = {"arrowstyle": "-|>", "color": "#555555", "shrinkA": 14, "shrinkB": 14}
            arrow["connectionstyle"] = f"arc3,rad={bend}"
            axes.annotate("", (start + 1, 0), xytext=(start, 0), arrowprops=arrow)
    axes.set(xlim=(-0.4, 2.4), ylim=(-0.75, 0.5))
    axes.set_title(title, fontsize=9)
    axes.axis("off")


figure = Figure(figsize=(10, 3.4), layout="constrained")
rows = figure.subplots(2, 4)
for row, words, frames in zip(rows, ("at once", "wait"), (AT_ONCE, WAIT), strict=True):
    for axes, (title, arrived) in zip(row, frames, strict=True):
        draw_frame(axes, title, arrived)
    row[0].text(-0.4, 0.42, words, weight="bold", fontsize=11, color=BLUE)
figure.set_label(
    "Two rows of four frames. At once: e gets 6 and sends 18 to v, then gets 6 more and sends 36 "
    "more, so that v ends with 54. Wait: e gets 6 and 6, then sends 36, and v ends with 36."
)
plot.show(figure, "runs/lessons/01/frames.png")

# %% [markdown]
# ## Second attempt: one path at a time
#
# The obvious fix is to pass on only the part that has just arrived, and not everything collected
# so far. Then every path from the loss to a leaf is walked on its own, and adds its own product.


# %%
def backward_by_paths(value, gradients, part=1.0):
    """Add up all paths, and return the number of calls it took."""
    gradients[value.serial] += part
    calls = 1
    for x, slope in zip(value.inputs, value.slopes, strict=True):
        calls += backward_by_paths(x, gradients, slope * part)
    return calls


gradients = defaultdict(float)
calls = backward_by_paths(loss, gradients)

print("    measured   by paths")
for name, leaf in leaves.items():
    print(f"{name}   {measured[name]:8.4f}  {gradients[leaf.serial]:8.4f}")
print(f"{calls} calls for {len(reachable(loss))} values")

# %% [markdown]
# All four are right. But eight values took fifteen calls: everything behind the diamond was
# visited twice, once for each way through it.
#
# Now put several diamonds in a row. Each of them computes $\sin v + \cos v$ and hands the sum to
# the next. Calculations that learn have this shape: most of their values are used more than once.
#
# **Predict.** A ladder of eighteen diamonds has $55$ values. How many calls will it take?
#
# - about a hundred
# - about a thousand
# - about a million


# %% answer=3
def ladder(rungs):
    v = Value(0.4, name="v")
    for _ in range(rungs):
        v = sin(v) + cos(v)
    return v


rungs = list(range(1, 19))
calls = [backward_by_paths(ladder(n), defaultdict(float)) for n in rungs]
sizes = [len(reachable(ladder(n))) for n in rungs]

print("diamonds   values      calls")
for n in (1, 2, 3, 6, 12, 18):
    print(f"{n:8d}  {sizes[n - 1]:7d}  {calls[n - 1]:9,d}")

# %% tags=["draw"]
figure = Figure(figsize=(9, 5.2), layout="constrained")
top, bottom = figure.subplots(2, 1, height_ratios=(1, 1.6))
draw_graph(top, ladder(3), local_slopes=False)
top.set_title("Three diamonds: 2 · 2 · 2 = 8 paths from the last circle back to v")
bottom.semilogy(rungs, calls, "o-", color=ORANGE, label="calls, path by path")
bottom.semilogy(rungs, sizes, "s-", color=BLUE, label="values")
bottom.set(xlabel="diamonds in a row", xticks=rungs, ylabel="count (each line: ten times as many)")
bottom.grid(color="#e6e6e6")
bottom.spines[["top", "right"]].set_visible(False)
bottom.legend(frameon=False)
figure.set_label(
    "Above: the graph of three diamonds in a row. Below: the number of calls over the number of "
    "diamonds, on a logarithmic axis; it doubles with each diamond and passes a million at 18, "
    "while the number of values grows to 55."
)
plot.show(figure, "runs/lessons/01/ladder.png")

# %% [markdown]
# More than a million. Each diamond doubles the number of paths, so each doubles the work. At a
# billion calls a second, a hundred diamonds would keep a computer busy for more than a hundred
# trillion years. And yet eighteen diamonds are only 55 values, each made from two others at most.
# The answers are right. It is work that is wasted.

# %% [markdown]
# ## Third attempt: wait until everything has arrived
#
# In the small diamond two paths bring $6$ and $6$ to $e$, and the arrow behind it has the slope
# $3$. The second attempt computed $3 \cdot 6 + 3 \cdot 6$. That is the same as $3 \cdot (6 + 6)$:
# first collect, then multiply once. **A value must pass on its gradient once, after all of its
# users have sent theirs.** That is why order matters. The first attempt passed on too early; the
# second was right, but never collected.
#
# Which order visits every value after all its users? We have it already. A value is made after
# its inputs, so its serial number is larger than theirs. Walk through the serial numbers from the
# largest down to the smallest: when we come to a value, everything that was made from it has a
# larger number and has had its turn. An order in which every value comes after all that it was made
# from is called a **topological order**; we walk through one backwards. And finding all slopes of
# one result in a single walk back is called **reverse mode**, or **backpropagation**. With these
# words you can look it all up.


# %% explore="walk"
def backward(result):
    """The slope of `result` with respect to everything it was made from, by serial number."""
    values = reachable(result)
    gradients = dict.fromkeys(values, 0.0)
    gradients[result.serial] = 1.0
    for serial in sorted(values, reverse=True):
        value = values[serial]
        for x, slope in zip(value.inputs, value.slopes, strict=True):
            gradients[x.serial] += slope * gradients[serial]
    return gradients


gradients = backward(loss)
for name, leaf in leaves.items():
    print(f"{name}   measured {measured[name]:8.4f}   backward {gradients[leaf.serial]:8.4f}")

tall = ladder(100)
oldest = min(reachable(tall))  # the smallest serial number: that of v
gradient = backward(tall)[oldest]
print()
print(f"a hundred diamonds: {len(reachable(tall))} values, one visit each, slope {gradient:.2e}")

# %% tags=["draw"]
figure = Figure(figsize=(9, 4.0), layout="constrained")
draw_graph(figure.subplots(), loss, gradients, headroom=0.8, names=NAMES)
figure.set_label(
    "The graph of the loss again, now with the gradient of the loss under each value: 1 for the "
    "loss, -3 for the error, the sum and the product, 3 for t, -3 for b, -6 for w, -4.5 for x."
)
plot.show(figure, "runs/lessons/01/gradients.png")

# %% [markdown]
# (On the page of this lesson you can step through all three attempts.) The orange numbers are the
# gradient: how fast the loss moves with each value, including the ones
# in between. The error has $-3$ and passed it on once. One walk found all eight slopes, where
# nudging needs another run for each, and its $-6$ is exact, where the nudge gave $-5.999999$.
#
# The ladder of a hundred diamonds was no trouble: 301 visits. Its slope is tiny because a hundred
# factors between $-1$ and $1$ were multiplied on the way down. In lesson 7 the same thing will keep
# something deep from learning.

# %% [markdown]
# ## A long chain
#
# So far the graphs were small.
#
# We add $1$ to a number, ten thousand times in a row. From the start to the end there is only one
# path, and the second attempt gives the right slope when it follows paths.
#
# **Predict.** What will the second attempt, path by path, do with the ten thousand additions?
#
# - it finds the slope at once
# - it finds the slope, after a long time
# - it fails


# %% answer=3
def chain(length):
    v, one = Value(0.5, name="v"), Value(1.0, name="1")
    start = v
    for _ in range(length):
        v = v + one
    return start, v


start, end = chain(10_000)
print(f"Python's limit for calls inside calls: {sys.getrecursionlimit():,}")
outcome = "found the slope"
try:
    backward_by_paths(end, defaultdict(float))
except Exception as problem:
    outcome = f"{type(problem).__name__}: {str(problem)[:32]}"
print(f"path by path,  10,000 additions: {outcome}")

start, end = chain(100_000)
slope = backward(end)[start.serial]
print(f"by serial,    100,000 additions: slope {slope}")

# %% [markdown]
# Python stops a function that calls itself too many times, one call inside another; the first line
# above gives the limit. A walk that calls itself fails on anything deeper. The walk by serial
# number is a loop, and `reachable` is a loop too, with a list of what is still waiting. Nothing
# calls itself, and a chain ten times as long is no trouble.

# %% [markdown]
# ## What it is good for
#
# First, a check against mathematics. In $x \sin x$ the number $x$ is used twice, so there are two
# paths: one through the product alone, with the slope $\sin x$, and one through the sine, with
# the slope $x \cos x$. Their sum is the product rule from school. Nobody told our engine that
# rule.

# %%
for number in (1.0, 3.0, 6.0):
    x = Value(number, name="x")
    y = x * sin(x)
    slope = backward(y)[x.serial]
    by_hand = slope_of_f(number)
    print(f"x = {number}:  by the engine {slope:15.12f}   by the product rule {by_hand:15.12f}")

# %% tags=["draw"]
figure = Figure(figsize=(6, 2.4), layout="constrained")
draw_graph(figure.subplots(), y, backward(y), headroom=1.0)
figure.set_label(
    "The graph of x sin x at x = 6: one arrow from x to the product, past the sine, with the local "
    "slope sin 6 = -0.279; and one through the sine, cos 6 = 0.96, and then 6. Below x is 5.48."
)
plot.show(figure, "runs/lessons/01/product.png")

# %% [markdown]
# Now for the reason why anybody wants a gradient. The slope of the loss for $w$ is $-6$: a larger
# $w$ means a smaller loss. So we move $w$ and $b$ a little way **against** their slopes, and
# compute the loss again. This is called **gradient descent**. The length of the step is the slope
# times a small number, the **learning rate**. Only $w$ and $b$ move, because they are ours to
# choose. The input $x$ and the right answer $t$ are given: to change them would be to change the
# question.
#
# **Predict.** The loss is $2.25$, and the learning rate is $0.05$. What is the loss after one step?

# %% answer=[0.4, 0.75]
w, b = START["w"], START["b"]
x, t = START["x"], START["t"]
losses = []
print("step        w        b     loss")
for step in range(6):
    leaves = {name: Value(number) for name, number in (("w", w), ("x", x), ("b", b), ("t", t))}
    loss = loss_of(**leaves)
    gradients = backward(loss)
    losses.append(loss.number)
    print(f"{step:4d}  {w:7.4f}  {b:7.4f}  {loss.number:7.4f}")
    w -= 0.05 * gradients[leaves["w"].serial]
    b -= 0.05 * gradients[leaves["b"].serial]

# %% [markdown]
# Each step cuts the loss to a quarter, and five steps bring it below a hundredth. This is
# learning, on one example, with one weight and one bias.
#
# Note that each step builds a new graph. The record belongs to one calculation; new numbers make
# a new record. So you may use `if` and `for` freely inside `loss_of`: what is recorded is what
# was done.

# %% [markdown]
# ## A neuron that learns
#
# A straight line cannot level off. A **neuron** bends it: it computes $\tanh(w x + b)$, which rises
# from $-1$ to $1$ and is nearly flat at both ends. Our engine needs one more function with its
# local slope, $1 / \cosh^2$. (You will find a shorter one in the exercises.)
#
# Here are five points. The loss is now the sum of five squares, all in one graph, and the descent
# is the loop from above.
#
# **Predict.** Will the loss of the neuron go all the way down to $0$?
#
# - yes, with enough steps
# - no, it stops at some value above $0$
# - no, it goes down at first and then up again


# %% answer=2
def tanh(x):
    return Value(math.tanh(x.number), (x,), (1 / math.cosh(x.number) ** 2,), "tanh")


POINTS = [(-2.0, -0.9), (-1.0, -0.8), (0.0, -0.3), (1.0, 0.6), (2.0, 0.8)]


def loss_of_neuron(w, b):
    total = Value(0.0)
    for x, t in POINTS:
        error = tanh(w * Value(x) + b) - Value(t)
        total = total + error * error
    return total


w, b = 0.1, 0.0
path = []
for step in range(201):
    weight, bias = Value(w), Value(b)
    loss = loss_of_neuron(weight, bias)
    gradients = backward(loss)
    path.append((w, b))
    if step in (0, 1, 2, 5, 10, 50, 100, 200):
        print(f"step {step:3d}  w {w:6.3f}  b {b:6.3f}  loss {loss.number:.4f}")
    w -= 0.1 * gradients[weight.serial]
    b -= 0.1 * gradients[bias.serial]
print(f"one graph: {len(reachable(loss))} values")

# %% tags=["draw"]
figure = Figure(figsize=(8, 3.4), layout="constrained")
axes = figure.subplots()
xs = np.linspace(-2.5, 2.5, 200)
for step, shade in ((0, 0.25), (2, 0.5), (200, 1.0)):
    weight, bias = path[step]
    curve = np.tanh(weight * xs + bias)
    axes.plot(xs, curve, color=BLUE, alpha=shade, linewidth=2, label=f"step {step}")
axes.plot(*np.transpose(POINTS), "o", color=ORANGE)
axes.set(xlabel="x", ylabel="tanh(w x + b)", ylim=(-1.05, 1.05))
axes.legend(frameon=False)
axes.grid(color="#e6e6e6")
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "Five points that rise from -0.9 to 0.8, and the neuron's curve: almost flat at step 0, and an "
    "S that passes close to all points at step 200."
)
plot.show(figure, "runs/lessons/01/neuron.png")

# %% [markdown]
# It settles above $0$: two numbers are not enough to pass through five points, and the S of the
# tanh has only so many shapes. But it comes close to all of them, and nobody told it how. Nothing
# in the engine knows about neurons: `backward` saw a larger graph and did what it did before. From
# here on there will be more numbers, and hardly any new ideas about slopes.

# %% [markdown]
# ## The same, in the package
#
# What our `Value` is, the package calls a **Tensor**. `tensor(number, requires_grad=True)` makes
# one and asks for its gradient. `loss.backward()` walks back, and leaves the gradients in the
# attribute `.grad` of the leaves.

# %%
w = tg.tensor(1.5, requires_grad=True)
b = tg.tensor(0.5, requires_grad=True)
loss = loss_of(w=w, x=2.0, b=b, t=5.0)
loss.backward()
print("loss", loss.item(), "  w.grad", w.grad.item(), "  b.grad", b.grad.item())

# %% [markdown]
# `loss_of` is still the function of the second section. Only `w` and `b` have asked for a
# gradient; `x` and `t` are plain numbers, and no work is done for them. (`.item()` takes the
# number out of a tensor.)
#
# The package is plain Python, and its `backward()` is our walk: the same dictionary by serial
# number, the same order. If you want to read it now, lesson 22 puts the two side by side; it is
# optional, and better after lesson 8.

# %% [markdown]
# ## What was learned
#
# - A derivative says how far the result moves when a number moves a little. A gradient is the
#   list of the derivatives with respect to all the numbers that went in.
# - The chain rule: along a path, multiply the local slopes; where paths meet, add.
# - A calculation can record itself. Each value remembers its inputs and the local slopes.
# - Order matters because a value must pass on its gradient once, after all its users have sent
#   theirs. Too early counts twice; path by path takes exponential time.
# - Creation order, walked backwards, is such an order, and it needs no recursion.

# %% [markdown]
# ## What is still open
#
# Our engine needs a `Value` for every single number. An image of $28 \times 28$ pixels has 784 of
# them, and what recognises it has thousands of weights. NumPy multiplies whole arrays at once; can
# a whole array be *one* value in the graph? What is its local slope then? That is lesson 2.
#
# And we typed the local slopes by hand. If we had written `+` instead of `-` in `cos`, how would
# we notice? That is lesson 3.

# %% [markdown]
# ## Exercises
#
# Write them in `lessons/exercises/01_derivative.py`.
#
# - `divide`: the quotient of two numbers and its two local slopes.
# - `tanh`: its value and its local slope, for which the value is enough.
# - `walk_back`: the backward walk over a graph that is given as plain lists.
# - `walk_forward`: the other direction, from one value to everything that was made from it.
#
# Keep your answers: `python -m lessons capstone` will build a framework out of them, and
# `walk_back` is its engine.
#
# Check them with `python -m lessons check 01`.
