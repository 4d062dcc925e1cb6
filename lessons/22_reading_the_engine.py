# %% [markdown]
# # 22. Reading the engine
#
# **Question.** What does the package's engine do that the one of lessons 1 and 2 does not, and
# what goes wrong without it?
#
# **Time.** 30 minutes, optional.
#
# **New from the package.** `engine`.
#
# **Before this.** Lesson 1 built a walk back over a graph, and lesson 2 a table of rules and the
# reverse of broadcasting. Here we open the package and find both again. Lesson 8 helps, because it
# uses the engine for training. One paragraph mentions lesson 19.

# %%
import inspect
import itertools

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import engine, ops, plot

BLUE, ORANGE = "#0072B2", "#D55E00"
rng = np.random.default_rng(0)

# %% [markdown]
# ## Our engine once more
#
# This is the engine of lesson 2 in its final form, with the walk of lesson 1 and with
# `unbroadcast` after each rule. You have seen every line of it, so skim it.

# %%
serials = itertools.count(1)
FORWARD = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "matmul": np.matmul}
FORWARD["mean"] = np.mean
RULES = {
    "add": (lambda g, y, a, b: g, lambda g, y, a, b: g),
    "sub": (lambda g, y, a, b: g, lambda g, y, a, b: -g),
    "mul": (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    "matmul": (lambda g, y, a, b: g @ b.T, lambda g, y, a, b: a.T @ g),
    "mean": (lambda g, y, x: np.full(x.shape, g / x.size),),
}


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
    return Array(FORWARD[op](*[x.data for x in inputs]), op, inputs)


def reachable(result):
    values = {}
    waiting = [result]
    while waiting:
        value = waiting.pop()
        if value.serial not in values:
            values[value.serial] = value
            waiting.extend(value.inputs)
    return values


def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for d, length in enumerate(shape):
        if length == 1 and g.shape[d] != 1:
            g = g.sum(axis=d, keepdims=True)
    return g


def backward(result):
    values = reachable(result)
    gradients = {result.serial: np.ones_like(result.data)}
    for serial in sorted(values, reverse=True):
        value = values[serial]
        arrays = [x.data for x in value.inputs]
        for i, x in enumerate(value.inputs):
            part = RULES[value.op][i](gradients[serial], value.data, *arrays)
            part = unbroadcast(part, x.data.shape)
            known = gradients.get(x.serial)
            gradients[x.serial] = part if known is None else known + part
    return gradients


# %% [markdown]
# ## What is written down
#
# In lesson 2 a line through the galaxies had nine values in its graph: the leaves `w`, `b`, `x`
# and `t`, and five results. Here is the same loss for 24 made-up points, with our `Array` and with
# the package's tensors. As in any training, only `w` and `b` ask for a gradient.
#
# The package's graph is made of nodes. A tensor is a node with operators. `_reachable` collects
# them by serial number, as ours does. (A name that begins with an underscore is the package's own
# business and may change. Use such names for reading only.)
#
# **Predict.** How many nodes does the package have in its graph for this loss?
#
# - 9, one for each value
# - 7, because two of the leaves are left out
# - 5, one for each op

# %% answer=2
points, targets = rng.normal(size=(24, 1)), rng.normal(size=(24, 1))


def loss_of(w, b, x, t):
    error = x @ w + b - t
    return (error * error).mean()


our_loss = loss_of(Array([[0.5]]), Array([0.1]), Array(points), Array(targets))
w = tg.tensor(np.array([[0.5]]), requires_grad=True)
b = tg.tensor(np.array([0.1]), requires_grad=True)
loss = loss_of(w, b, tg.tensor(points), tg.tensor(targets))

nodes = engine._reachable([loss])
print(f"ours {len(reachable(our_loss))}, the package {len(nodes)}")
print()
print("number  made by   inputs")
first = min(nodes)
for serial, node in sorted(nodes.items()):
    inputs = [
        str(x.serial - first + 1) if isinstance(x, engine.Node) else f"array {x.shape}"
        for x in node.inputs or ()
    ]
    made_by = node.op.name if node.op else "leaf"
    print(f"{serial - first + 1:6d}  {made_by:8s}  {', '.join(inputs)}".rstrip())

# %% [markdown]
# Seven: `x` and `t` are not in the graph. Where no gradient is asked for, the package writes down
# the plain array, because the rule of the other input will need it, but there is no node to walk
# to. So no rule is ever run for it. In the first layer of a network that saves a whole matrix
# product in each step: the gradient of the images, which nobody wants. (The numbers are counted
# from the first node. Some are missing: `x` and `t` had serial numbers, too.)
#
# Nothing else is stored: the op, its inputs and its parameters, such as the `dim` of a sum. Unlike
# the graph of lesson 1 it holds no local slopes. Nor does it hold functions that keep arrays alive.

# %% [markdown]
# ## The walk
#
# Here is the function behind `.backward()`. `inspect.getsource` gives the text of a function, so
# what you see is what has just been loaded.

# %%
print(inspect.getsource(engine.run_backward))

# %% [markdown]
# It looks longer than it is. These lines do what ours do:
#
# ```
# ours      values = reachable(result)
# package   nodes = _reachable(outputs)
#
# ours      gradients = {result.serial: np.ones_like(result.data)}
# package   _add(pending, node.serial, copied(seed))
#
# ours      for serial in sorted(values, reverse=True):
# package   order = sorted(nodes, reverse=True)
#
# ours      value = values[serial]
# package   node = nodes.pop(serial)
#
# ours      for i, x in enumerate(value.inputs):
# package   _send_back(node, gradient, pending, needed, create_graph)
# ```
#
# And this is what was added:
#
# - `seeds` stands for our 1. There may be several results, each with a weight of its own.
# - `targets` and `needed` serve those who ask for the gradients of a few tensors only. What does
#   not lead to one of them is left out.
# - A **hook** is a function of yours that sees the gradient of a tensor on its way, and may replace
#   it. `t.register_hook(function)` hangs it on the tensor `t`.
# - `create_graph` records the walk itself, so that it can be differentiated again: all of lesson
#   19.
# - `pop`, twice, and `node.inputs = None`. Those two deserve a closer look.

# %% [markdown]
# ## What is finished is let go
#
# Our `gradients` keeps everything until the end. In the package, `pending.pop(serial)` takes the
# gradient of a value out of the dictionary when its turn has come. From then on nobody needs it,
# unless it belongs to a leaf.
#
# To see what this saves, we count the gradients in the dictionary at each step of the walk, with
# and without taking out. The graph is a chain of 100 sums, each with a bias of its own.
#
# **Predict.** Leaves apart, how many gradients are in the dictionary at most, if finished ones are
# taken out?

# %% answer=[1, 3]
value = Array(np.zeros(10))
for _ in range(100):
    value = value + Array(np.zeros(10))


def waiting_gradients(result, take_out):
    """How many gradients of computed values are in the dictionary after each step."""
    values, held, counts = reachable(result), {result.serial}, []
    for serial in sorted(values, reverse=True):
        held |= {x.serial for x in values[serial].inputs if x.op}
        if take_out:
            held.discard(serial)
        counts.append(len(held))
    return counts


kept = waiting_gradients(value, take_out=False)
let_go = waiting_gradients(value, take_out=True)
print(f"all are kept: at most {max(kept)}     finished ones are taken out: at most {max(let_go)}")

# %% tags=["draw"]
figure = Figure(figsize=(8, 3), layout="constrained")
axes = figure.subplots()
axes.plot(kept, color=ORANGE, label="all are kept, as in lesson 2")
axes.plot(let_go, color=BLUE, label="finished ones are taken out, as in the package")
axes.set(xlabel="step of the walk", ylabel="gradients in the dictionary")
axes.legend(frameon=False)
axes.grid(color="#e6e6e6")
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "How many gradients of computed values the dictionary holds during the walk over a chain of "
    "100 sums. If all are kept, the number rises to 100. If finished ones are taken out, it stays "
    "at 1 and falls to 0 at the end."
)
plot.show(figure, "runs/lessons/22/pending.png")

# %% [markdown]
# One: the walk along a chain carries a single gradient with it. With all of them kept there
# are a hundred, and in a network each is as large as the output of a layer for the whole batch.

# %% [markdown]
# ## The graph is cut
#
# The other line, `node.inputs = None`, cuts the graph behind the walk. The arrays of the forward
# pass are then free as soon as they have been used. This has a price that you can run into. Take
# two losses that share a value `h`:
#
# ```
# h = w * w
# first, second = h.sum(), (h * h).sum()
# first.backward()
# second.backward()
# ```
#
# **Predict.** What does the last line do?
#
# - it raises an error
# - it adds to `w.grad` what is missing, since `.grad` collects
# - it silently leaves out what lies behind `h`

# %% answer=1
w = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
h = w * w
first, second = h.sum(), (h * h).sum()
first.backward()
print("after first.backward():", w.grad.tolist())
try:
    second.backward()
except RuntimeError as problem:
    print("second.backward():", *str(problem).split("; "), sep="\n    ")

w.grad = None
h = w * w
(h.sum() + (h * h).sum()).backward()
print("the sum of both losses:", w.grad.tolist())

# %% [markdown]
# An error. The first walk has cut `h` off from `w`. To go on silently would be worse, since the
# gradient would lack a part. There are two ways out: add the losses and walk once, or say
# `first.backward(retain_graph=True)`, which leaves the graph whole.

# %% [markdown]
# ## The inner loop
#
# What is left is the loop over the inputs. It is `_send_back`, which adds with `_add`.

# %%
print(inspect.getsource(engine._send_back))
print(inspect.getsource(engine._add))

# %% [markdown]
# ```
# ours      arrays = [x.data for x in value.inputs]
# package   arrays = [x.data if isinstance(x, Node) else x for x in inputs]
#
# ours      for i, x in enumerate(value.inputs):
# package   for i, x in enumerate(inputs):
#
# ours      part = RULES[value.op][i](gradients[serial], value.data, *arrays)
# package   part = rule(g, y, *xs, **params)
#
# ours      part = unbroadcast(part, x.data.shape)
# package   part = _unbroadcast(part, x.data.shape, op)
#
# ours      gradients[x.serial] = part if known is None else known + part
# package   pending[serial] = part if known is None else known + part
# ```
#
# Look at the line that begins with `y, xs =`. Normally `xs` are plain arrays, and the rules are
# plain NumPy. For second derivatives `xs` are the tensors themselves. Then the same rule, written
# with the same `*` and `@`, is recorded while it runs. One table serves both.
#
# The line with `astype` keeps a float32 weight from getting a float64 gradient. Two more things are
# there for safety: `_is_shared` and `refuse_if_changed`. Our engine has neither, so it can show us
# what goes wrong without them.

# %% [markdown]
# ## Who else holds this array?
#
# The rule of an addition returns `g` for both inputs: not a copy, but the same array. Now think of
# a training that limits gradients: it writes `gradient *= 0.5` where one is too long.
#
# **Predict.** In our engine, `a` and `b` are added, and the mean of the sum is the loss. We halve
# the gradient of `a` in place. What happens to that of `b`?
#
# - nothing, it is an array of its own
# - NumPy refuses to write into it
# - it is halved, too

# %% answer=3
a, b = Array(np.ones(4)), Array(np.ones(4))
gradients = backward((a + b).mean())
gradients[a.serial] *= 0.5
print("our engine    a:", gradients[a.serial], "  b:", gradients[b.serial])

a, b = (tg.tensor(np.ones(4), requires_grad=True) for _ in range(2))
(a + b).mean().backward()
a.grad.data *= 0.5
print("the package   a:", a.grad.data, "  b:", b.grad.data)

# %% [markdown]
# It is halved, too, and nobody would notice. In the package, `_is_shared` finds a gradient that a
# leaf is about to get and that somebody else also holds, and `copied` makes it a copy. Here only
# leaves need this: their gradients leave the walk. (If the gradient of another tensor is asked for,
# `run_backward` copies it when it hands it out.) On its way a gradient may be shared without harm,
# because `_add` never writes into what it has: it makes a new sum. (That is why lesson 2 had no
# `+=` there.)

# %% [markdown]
# ## Was it overwritten?
#
# A rule such as $g \cdot b$ looks at the inputs again during the walk back. They should still hold
# what they held in the forward pass. Suppose that `w` is overwritten in between.
#
# **Predict.** `y = (w * w).mean()` with $w = 3$, a single number. Then $w$ becomes $10$, and then
# the gradient of `y` is asked for. What does our engine find?
#
# - 6
# - 20
# - it stops with an error

# %% answer=2
w = Array([3.0])
y = (w * w).mean()
w.data[...] = 10
print("our engine:", backward(y)[w.serial])

w = tg.tensor([3.0], requires_grad=True)
y = (w * w).mean()
with tg.no_grad():
    w += 7
try:
    y.backward()
except RuntimeError as problem:
    print("the package:", *str(problem).split("; "), sep="\n    ")

y = (w * w).mean()
w.data[...] = 3
y.backward()
print("the package, written to through .data:", w.grad.tolist())

# %% [markdown]
# It finds $20$, the slope at $10$, for a value that was computed at $3$. No optimiser would
# complain. The package leaves a stamp on an array when a tensor is changed in place. A stamp is a
# serial number, so it can be compared: if it is larger than that of the result, the array was
# written to after it was used, and `refuse_if_changed` stops the walk.
#
# The last line shows what this check cannot see. Writing through `.data` leaves no stamp: here `w`
# was $10$ when `y` was computed, and the gradient is that of $3$.

# %% [markdown]
# ## The table
#
# The table of lesson 2 is the file `ops.py`. An op and its rules stand in one block. Here are three
# of them, and two functions that they use.

# %%
for op in (ops.mul, ops.matmul, ops.mean):
    print(inspect.getsource(op))
for helper in (ops._matmul_grad_a, ops._stretch):
    print(inspect.getsource(helper))

# %% [markdown]
# The rules of `mul` are ours to the letter. That of `matmul` ends with ours, $g b^T$: the lines
# above it are for vectors, and `transpose` of the last two dimensions is for stacks of matrices.
# `mean` divides by the number of values and copies the gradient to all places. That is `np.full` in
# our table. `_stretch` does the copying also where the mean was taken over some dimensions only.
#
# One thing you will not find is a rule that fixes shapes after broadcasting. As in lesson 2, this
# happens in one place:

# %%
print(inspect.getsource(engine._unbroadcast))

# %% [markdown]
# It finds the dimensions that were stretched, and sums over all of them at once. The rest tells the
# author of a rule, with the name of the op, when a gradient cannot be brought into shape. Your
# `unbroadcast` of lesson 2 raises a `ValueError` there, too.

# %% [markdown]
# ## What was learned
#
# - The package's engine is that of lessons 1 and 2: the same walk in the same order, and the same
#   table.
# - What asks for no gradient is no node, so no work is done for it.
# - What is finished is let go: gradients as soon as they are passed on, and the graph behind the
#   walk. Therefore a second walk over it is refused.
# - Gradients that leave the walk are arrays of their own, and an array that was overwritten after
#   it was used stops the walk. Without these two, wrong numbers come out silently.
# - With a hook you can look at a gradient on its way, and replace it.

# %% [markdown]
# ## What is still open
#
# `apply`, the other half of the file, computes an op and writes it down. You know enough to read
# it now. Begin where it says `recorded =`. Most of what stands above that line is about number
# formats and error messages.

# %% [markdown]
# ## Exercises
#
# Write them in `lessons/exercises/22_reading_the_engine.py`.
#
# - `reachable`: for the package's own tensors, whose graph has plain arrays in it, too.
# - `on_the_way`: which values a gradient must pass through to get to those that are asked for.
# - `limit_gradient`: a hook that shortens a gradient on its way.
#
# Check them with `python -m lessons check 22`.
