# %% [markdown]
# # 15. A new layer
#
# **Question.** How do I add an op and a layer of my own, and know that they are right?
#
# **Time.** 45 minutes.
#
# **New from the package.** `engine.OPS`, `sqrt`, `exp`, `testing.check_op`, `testing.samples`,
# `testing.arrays`, `testing.broadcastable_shapes`, `testing.check_layer`,
# `optim.Optimizer`.
#
# **Before this.** Everything so far was built from what the package already has. This lesson goes
# from an idea in a paper to a layer that is checked, trained, saved and carried over to PyTorch.

# %%
import textwrap

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, interop, nn, op, optim, plot
from tinygrad_mlp.data import ArrayDataset, DataLoader, load_mnist
from tinygrad_mlp.engine import OPS
from tinygrad_mlp.train import evaluate, fit

try:
    import torch
    from hypothesis import settings
except ModuleNotFoundError as error:
    raise SystemExit(
        f'This lesson needs {error.name}; install it: python -m pip install -e ".[lessons]" torch'
    ) from None

from tinygrad_mlp.testing import arrays, broadcastable_shapes, check_layer, check_op, samples

# Hypothesis, which we will meet below, draws examples at random: here the same in every run.
settings.register_profile("lesson", derandomize=True, database=None, deadline=None)
settings.load_profile("lesson")
torch.set_num_threads(1)

# %% [markdown]
# ## The idea
#
# ReLU has a corner at 0. Jonathan Barron (2021) proposed a relative without a corner, called
# squareplus:
#
# $$y = \frac{x+\sqrt{x^2+b}}{2}, \qquad b>0.$$
#
# With $b=0$ the root is $|x|$ and $y$ is ReLU. The larger $b$ is, the rounder the bend; with
# $b=4$ it is curved as much at 0 as softplus, $\log(1+e^x)$, an older smooth relative. Could each
# unit of a network learn its own $b$?
#
# First we check whether the package already has it: `OPS` is the dictionary in which the engine
# keeps every op by name.

# %%
table = sorted(name for name, made in OPS.items() if made.__module__ == "tinygrad_mlp.ops")
print(f"{len(table)} ops, among them {', '.join(table[-6:])}")
print("squareplus is one of them:", "squareplus" in table)

# %% [markdown]
# It does not. Then the quickest way is to compose it from ops that are there: `tg.sqrt` is the
# square root. Gradients come for free.


# %%
def composed(x, b):
    """squareplus from ops that the package has."""
    return (x + tg.sqrt(x * x + b)) / 2


x = tg.tensor(np.array([-2.0, 0.0, 2.0]), requires_grad=True)
y = composed(x, 4.0)
y.sum().backward()
print("x       ", x.data)
print("y       ", y.data.round(4))
print("slope   ", x.grad.data.round(4))

# %% [markdown]
# Most layers need no more than that. An op with a rule of its own is worth the trouble for two
# reasons: one recorded op instead of five is faster and keeps fewer arrays, and it can be
# computed more carefully than by its formula. We will need the second.
#
# ## The rules, on paper
#
# Write $s=\sqrt{x^2+b}$, so $y=(x+s)/2$. Then
#
# $$\frac{\partial y}{\partial x}=\frac12\left(1+\frac{x}{s}\right)=\frac{x+s}{2s}=\frac{y}{s},
# \qquad \frac{\partial y}{\partial b}=\frac12\cdot\frac{1}{2s}=\frac{1}{4s}.$$
#
# A rule may use the output $y$, and $s=2y-x$. So there is no need to take the root again.
#
# ## A wrong rule, caught
#
# Let us make the mistake that is easiest to make here: forgetting the outer factor $\frac12$ in
# the rule of $b$. `check_op(op, calls)` from `tinygrad_mlp.testing` checks an op: its values, its
# gradients and second derivatives against central differences, float32, and more. It needs many
# calls to try. They are drawn by Hypothesis, a library that makes random examples from a
# description of them and, when one fails, looks for a simpler one that fails too.
#
# `arrays(shape, low, high)` describes an array, and `samples(...)` a call with one array for each
# input. $b$ must stay above 0. In a layer,
# $x$ will have shape (images, units) and $b$ shape (units,), so we draw two shapes that broadcast
# together: that is what `broadcastable_shapes()` is for.
#
# **Predict.** Which input will `check_op` accuse?
#
# - input 0, which is $x$
# - input 1, which is $b$
# - both, as they share the root


# %% answer=2
def calls_with(shapes):
    """Calls of squareplus: x of the first shape, b of the second, above 0."""
    x_shape, b_shape = shapes
    return samples(arrays(x_shape), arrays(b_shape, low=0.1, high=5.0))


CALLS = broadcastable_shapes().flatmap(calls_with)


@op(
    grad=(
        lambda g, y, x, b: g * y / (2 * y - x),
        lambda g, y, x, b: g / (2 * (2 * y - x)),  # wrong: the factor 1 / 2 is missing
    )
)
def squareplus(x, b):
    """A smooth relu (Barron, 2021). b above 0 says how round the bend is."""
    return (x + np.sqrt(x * x + b)) / 2


accused = ""
try:
    check_op(squareplus, CALLS)
except AssertionError as failure:
    accused = str(failure)
print(textwrap.fill(accused, 96))

# %% [markdown]
# The check names the input, and guesses the cause. With the factor 4 in place, the op has to pass
# every check, and to equal PyTorch as well: `reference` is the formula once
# more, on PyTorch's tensors, which have never heard of our rules.


# %%
@op(
    grad=(
        lambda g, y, x, b: g * y / (2 * y - x),
        lambda g, y, x, b: g / (4 * (2 * y - x)),
    )
)
def squareplus(x, b):
    """A smooth relu (Barron, 2021). b above 0 says how round the bend is."""
    return (x + np.sqrt(x * x + b)) / 2


def squareplus_in_torch(x, b):
    return (x + torch.sqrt(x * x + b)) / 2


check_op(squareplus, CALLS, reference=squareplus_in_torch)
print("passed: values, gradients and second derivatives, broadcasting, float32, PyTorch")

# %% [markdown]
# We never wrote down how the gradient of $b$ is summed over the images. The rule gives a gradient
# with the shape of the output, and the engine sums it over whatever broadcasting had stretched,
# as in lesson 2.
#
# ## What the check did not look at
#
# `arrays()` draws values between $-3$ and 3, and the check passed. Now the same op far out on the
# left, in float32.
#
# **Predict.** At $x=-10{,}000$ with $b=4$ the true value is very close to $b/(4|x|)=0.0001$. What
# will the op give?
#
# - 0.0001, right to seven digits
# - 0.0001, right to two or three digits
# - 0


# %% answer=3
def far_left(function):
    """Print its values at large negative x, float32 beside the truth; returns relative errors."""
    x = np.array([-10.0, -1_000.0, -10_000.0])
    b = np.array([4.0])
    single = function(x.astype(np.float32), b.astype(np.float32))
    exact = b / (2 * (np.sqrt(x * x + b) - x))  # the same number, without a difference in it
    for place, value in enumerate(x):
        error = abs(single[place] - exact[place]) / exact[place]
        print(
            f"x = {value:>9,.0f}   float32 {single[place]:.6e}   true {exact[place]:.6e}   "
            f"off by {100 * error:.5f} %"
        )
    return abs(single - exact) / exact


errors = far_left(squareplus)

# %% [markdown]
# In float32, $\sqrt{10^8+4}$ is exactly $10^4$, and $x$ plus that is 0. All digits have
# cancelled. The cure is algebra: the product of the sum and the difference is simple,
#
# $$\frac{s+x}{2}\cdot\frac{s-x}{2}=\frac{s^2-x^2}{4}=\frac b4,$$
#
# and $h=(s+|x|)/2$ never cancels. So $y=h$ where $x$ is positive, and $y=b/(4h)$ elsewhere.


# %%
@op(
    grad=(
        lambda g, y, x, b: g * y / (2 * y - x),
        lambda g, y, x, b: g / (4 * (2 * y - x)),
    )
)
def squareplus(x, b):
    """A smooth relu (Barron, 2021). b above 0 says how round the bend is.

    x and b broadcast. Computed from the sum s + |x|, in which nothing cancels.
    """
    half = (np.sqrt(x * x + b) + np.abs(x)) / 2
    return np.where(x > 0, half, b / (4 * half))


errors = far_left(squareplus)

FAR_CALLS = samples(arrays(low=-1000.0, high=1000.0), arrays((1,), low=0.1, high=5.0))
check_op(squareplus, CALLS, reference=squareplus_in_torch)
check_op(squareplus, FAR_CALLS)
print("passed again, and for values up to 1,000 too")

# %% [markdown]
# The rules did not change, because the function did not. The comparison with PyTorch uses the
# plain formula, so it stays where that formula is accurate. A check is only as good as the inputs
# it is given: think about the ends of the range too.
#
# The picture shows the function and its slope for two values of $b$.

# %% tags=["draw"]
grid = np.linspace(-5, 5, 401)
figure = Figure(figsize=(9, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
left.plot(grid, np.maximum(grid, 0), color="#000000", label="ReLU ($b=0$)")
right.plot(grid, grid > 0, color="#000000")
for b, colour in ((0.25, "#0072B2"), (4.0, "#D55E00")):
    y = squareplus(grid, np.array([b]))
    left.plot(grid, y, color=colour, label=f"squareplus, $b={b:g}$")
    right.plot(grid, y / (2 * y - grid), color=colour)
left.set(xlabel="$x$", ylabel="$y$")
right.set(xlabel="$x$", ylabel="slope, $dy/dx$")
left.legend(fontsize=9)
for axes in (left, right):
    axes.grid(color="#e6e6e6", linewidth=0.7)
figure.set_label(
    "Left: ReLU and squareplus for b of 0.25 and 4; the larger b, the rounder the bend. Right: the "
    "slopes. That of ReLU jumps from 0 to 1, those of squareplus rise smoothly."
)
plot.show(figure, "runs/lessons/15/squareplus.png")

# %% [markdown]
# ## A layer around it
#
# A layer is a class with attributes and a `forward`. Ours holds one number per unit. $b$ must
# stay above 0, and an optimiser knows nothing about that: it may push any parameter below 0. So
# the layer learns the root of $b$ and squares it. (If the root ever became exactly 0, the rules
# would divide 0 by 0 at ReLU's corner; we will see how close it gets.)
#
# Again we start with a plausible mistake: the attribute is a tensor that requires a gradient, not
# an `nn.Parameter`. `check_layer(layer, input_shape)` checks the gradients of a layer's input and
# of all its parameters against central differences.
#
# **Predict.** The gradient of `root` is computed as it should be. What will `check_layer` do?
#
# - complain that `root` would never be trained
# - complain about a gradient
# - pass, since no derivative is wrong


# %% answer=1
class ForgetfulSquarePlus(nn.Module):
    def __init__(self, features):
        self.root = tg.tensor(np.full(features, 2.0, np.float32), requires_grad=True)

    def forward(self, x):
        return squareplus(x, self.root * self.root)


forgetful = ForgetfulSquarePlus(3)
print("parameters found:", len(list(forgetful.parameters())))
complaint = ""
try:
    check_layer(forgetful, input_shape=(5, 3))
except AssertionError as failure:
    complaint = str(failure)
print(textwrap.fill(complaint, 96))

# %% [markdown]
# It complains, though no derivative is wrong. The layer has no parameters: `root` would never be
# trained and never be saved, and a training run would not tell us. So `check_layer` looks at the
# attributes too. Here is the layer with a real parameter, and its twin in PyTorch. The twin is
# the `reference`: names, values and gradients must be the same in both.


# %%
class SquarePlus(nn.Module):
    """squareplus with a learned bend b = root^2 for each unit.

    (..., features) -> (..., features). root (features,) starts at `start`.
    """

    def __init__(self, features, start=2.0):
        self.features = features
        self.root = nn.Parameter(np.full(features, start, np.float32))

    def forward(self, x):
        return squareplus(x, self.root * self.root)

    def extra_repr(self):
        return f"features={self.features}"


class TorchSquarePlus(torch.nn.Module):
    """The same in PyTorch, with the same names."""

    def __init__(self, features):
        super().__init__()
        self.root = torch.nn.Parameter(torch.zeros(features))

    def forward(self, x):
        return squareplus_in_torch(x, self.root * self.root)


layer = SquarePlus(3)
check_layer(layer, (5, 3), reference=TorchSquarePlus(3))
check_layer(layer, (2, 5, 3), reference=TorchSquarePlus(3))
print("passed, as", layer)

# %% [markdown]
# ## What goes wrong, and what you are told
#
# We made two mistakes on purpose. Here are five more, with a part of the message that each one
# gets. The page `lessons/reference/mistakes.md` has all that are known.
#
# | mistake | the message contains |
# | --- | --- |
# | the rules in the wrong order | `The rules of input 0 (a) and input 1 (b) are swapped` |
# | `g` added instead of multiplied | `must be proportional to g, and is not` |
# | float64 from a constant | `makes float64 of float32: a constant in it` |
# | layers in a list | `Blocks.layers is a list that hides modules from the layer` |
# | a mean over the batch | `gives another result for an example alone than in a batch` |

# %% [markdown]
# ## Does it help?
#
# Now the digits: 784-50-10, once with ReLU, once with our layer. Both start from the same weights
# and see the same batches, with five seeds. To keep it short we train on 20,000 images for three
# epochs. We will compare variants and perhaps pick one, so we score them on 10,000 other training
# images, and leave the test images alone until we have picked.
#
# **Predict.** The bends start at $b=4$. What will training do to most of them?
#
# - make them rounder, with a larger $b$
# - leave them near 4
# - make them sharper, with a smaller $b$

# %% answer=3
everything = load_mnist()
TRAIN = ArrayDataset(everything.images[:20_000], everything.labels[:20_000])
HELD_OUT = ArrayDataset(everything.images[50_000:], everything.labels[50_000:])
SEEDS = range(5)
UNITS = 50


def train_network(seed, activation):
    """Train 784-50-10 with an activation; returns the network and its loss in the last epoch."""
    rng = np.random.default_rng(seed)
    first = nn.Linear(784, UNITS, rng=rng)
    last = nn.Linear(UNITS, 10, rng=rng)
    model = nn.Sequential(nn.Flatten(), first, activation, last)
    batches = DataLoader(TRAIN, batch_size=50, shuffle=True, rng=seed)
    history = fit(model, batches, optim.Adam(model.parameters(), lr=0.003), epochs=3)
    return model, history[-1].loss


def make_relu():
    return nn.ReLU()


def make_round():
    return SquarePlus(UNITS, start=2.0)


VARIANTS = {"ReLU": make_relu, "b = 4": make_round}
accuracies, losses, models = {}, {}, {}


def run_variant(name):
    trained = [train_network(seed, VARIANTS[name]()) for seed in SEEDS]
    models[name] = [model for model, _ in trained]
    losses[name] = np.array([loss for _, loss in trained])
    accuracies[name] = np.array([evaluate(model, HELD_OUT).accuracy for model in models[name]])
    shown = "  ".join(f"{100 * a:.2f}" for a in accuracies[name])
    print(f"{name:<10} {shown}   mean {100 * accuracies[name].mean():.2f} %")


def bends(name):
    """All learned b of a variant, from all seeds together."""
    return np.concatenate([model[2].root.data ** 2 for model in models[name]])


def difference(name):
    """Mean and standard error of the accuracy minus that of ReLU, pair by pair, in points."""
    points = 100 * (accuracies[name] - accuracies["ReLU"])
    return points.mean(), points.std(ddof=1) / np.sqrt(len(points))


print("accuracy on 10,000 held-out images, %")
print("seed       " + "      ".join(str(seed) for seed in SEEDS))
for name in VARIANTS:
    run_variant(name)
mean, error = difference("b = 4")
print(f"b = 4 minus ReLU: {mean:+.2f} points, standard error {error:.2f}")
print("training loss higher than ReLU's in", int(np.sum(losses["b = 4"] > losses["ReLU"])), "of 5")
print(f"b started at 4; after training half of them are below {np.median(bends('b = 4')):.1f}")

# %% [markdown]
# This is a negative result: with $b=4$ the network learns more slowly than with ReLU, for every
# seed. The learned parameters tell us something, though. $b$ went down: the network would like
# sharper bends than we gave it, and three epochs are not long. So we start lower, at $b=0.25$.
#
# **Predict.** With $b=0.25$, how does it do against ReLU, with five seeds?
#
# - better
# - too close to tell
# - worse


# %% answer=2
def make_sharp():
    return SquarePlus(UNITS, start=0.5)


VARIANTS["b = 0.25"] = make_sharp
run_variant("b = 0.25")
mean, error = difference("b = 0.25")
print(f"b = 0.25 minus ReLU: {mean:+.2f} points, standard error {error:.2f}")
learned = bends("b = 0.25")
print(f"half of the b end below {np.median(learned):.2f}, the smallest at {learned.min():.0e}")

# %% tags=["draw"]
figure = Figure(figsize=(9, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
colours = ("#000000", "#D55E00", "#0072B2")
for row, (name, colour) in enumerate(zip(VARIANTS, colours, strict=True)):
    left.plot(100 * accuracies[name], [row] * 5, "o", color=colour, alpha=0.6)
    left.plot(100 * accuracies[name].mean(), row, "|", color=colour, markersize=26)
left.set_yticks(range(len(VARIANTS)), VARIANTS)
left.set(xlabel="accuracy on held-out images (%), 5 seeds and their mean", ylim=(-0.6, 2.6))
for name, start, colour in (("b = 4", 4.0, "#D55E00"), ("b = 0.25", 0.25, "#0072B2")):
    right.hist(bends(name), bins=np.linspace(0, 4.4, 45), color=colour, alpha=0.8)
    right.axvline(start, color=colour, linestyle="--", label=f"start at {start:g}")
right.set(xlabel="$b$ after training", ylabel="units (of 250)")
right.legend(fontsize=9)
for axes in (left, right):
    axes.grid(color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
means = ", ".join(f"{name} {100 * accuracies[name].mean():.2f} %" for name in VARIANTS)
figure.set_label(
    f"Left: accuracies of five seeds; their means are {means}. Right: the learned b, most of them "
    "below where they started."
)
plot.show(figure, "runs/lessons/15/result.png")

# %% [markdown]
# It is too close to tell. The layer is right and it trains, but five seeds show no clear gain over
# ReLU. Half of the bends end below 0.03, close to ReLU's corner. Many ideas end like this. Compare
# the columns of the two tables: with a single seed we might have told a different story.
#
# Now, and only now, the test images, for one network with the start that we picked.

# %%
model = models["b = 0.25"][0]
TEST = load_mnist(split="test")
test_accuracy = evaluate(model, TEST).accuracy
print(f"test accuracy {100 * test_accuracy:.2f} %")
print(model)

# %% [markdown]
# ## Saved, and loaded again
#
# `checkpoint.save` from lesson 14 asks a model for its `state_dict`, and our parameter is in it
# like any other. Nothing has to be registered. A file holds numbers and no code, so to load it,
# build the model first.

# %%
checkpoint.save("runs/lessons/15/model.safetensors", model, activation="SquarePlus")
again = nn.Sequential(nn.Flatten(), nn.Linear(784, UNITS), SquarePlus(UNITS), nn.Linear(UNITS, 10))
words = checkpoint.load("runs/lessons/15/model.safetensors", again)
for name, array in again.state_dict().items():
    print(f"{name:<10} {array.shape}")
print("words:", words)
same = np.array_equal(again(TEST.images[:100]).data, model(TEST.images[:100]).data)
print("the same scores, to the bit:", same)

# %% [markdown]
# ## In PyTorch
#
# `interop.to_torch` knows the layers of the package. It cannot know ours.
#
# **Predict.** What will it do with our layer?
#
# - refuse
# - leave it out
# - replace it by ReLU

# %% answer=1
answer = ""
try:
    answer = str(interop.to_torch(model))
except Exception as error:
    answer = str(error)
print(answer.split(";")[0])

# %% [markdown]
# It refuses, and names the layer. A network that was silently wrong would be worse. So we build
# the twin by hand: the same order of layers gives the same names, and the weights are copied by
# name.

# %%
twin = torch.nn.Sequential(
    torch.nn.Flatten(),
    torch.nn.Linear(784, UNITS),
    TorchSquarePlus(UNITS),
    torch.nn.Linear(UNITS, 10),
)
twin.load_state_dict({name: torch.from_numpy(a) for name, a in model.state_dict().items()})
with torch.no_grad():
    theirs = twin(torch.from_numpy(TEST.images)).numpy()
with tg.no_grad():
    ours = model(TEST.images).data
distance = np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs))
equal_answers = int(np.sum(ours.argmax(1) == theirs.argmax(1)))
print(f"largest difference between scores: {distance:.0e} of the largest score")
print(f"the same answer for {equal_answers:,} of 10,000 test images")

# %% [markdown]
# ## An optimiser, too
#
# An optimiser of your own takes even less. RMSprop (Tieleman and Hinton, 2012) keeps one running
# average, that of the squared gradient:
#
# $$v \leftarrow 0.99\,v+0.01\,g^2,\qquad w \leftarrow w-\eta\,\frac{g}{\sqrt v+10^{-8}}.$$
#
# A subclass of `optim.Optimizer` names the arrays that it keeps for each parameter, which start at
# 0, and its `update` changes the weights `w` in place for a gradient `g`. All else is there: the
# walk over the parameters, `zero_grad`, saving. Ours takes 100 steps beside PyTorch's, in
# float64 and with the same gradients.
#
# **Predict.** With $\eta=0.001$, how far does the very first step move a weight?
#
# - by 0.001, whatever its gradient is
# - by 0.01, whatever its gradient is
# - by 0.001 times its gradient


# %% answer=2
class RMSprop(optim.Optimizer):
    moments = ("square_avg",)

    def update(self, w, g, state, group):
        v = state["square_avg"]
        v[...] = 0.99 * v + 0.01 * g * g
        w -= group["lr"] * g / (np.sqrt(v) + 1e-8)


rng = np.random.default_rng(0)
start, gradients = rng.normal(size=(2, 3)), rng.normal(size=(100, 2, 3))
w, torch_w = nn.Parameter(start.copy()), torch.nn.Parameter(torch.tensor(start))
mine, theirs = RMSprop([w], lr=0.001), torch.optim.RMSprop([torch_w], lr=0.001)
for step, g in enumerate(gradients, 1):
    w.grad, torch_w.grad = tg.tensor(g), torch.tensor(g)
    mine.step()
    theirs.step()
    if step in (1, 100):
        moved = w.data - start
        apart = np.abs(w.data - torch_w.detach().numpy()).max()
        print(f"step {step}, moved by\n{moved.round(5)}\nfurthest from PyTorch: {apart:.0e}")

# %% [markdown]
# After the first step $v$ is only $0.01\,g^2$, and its root $0.1\,|g|$. So each weight moves by
# ten times $\eta$. Adam divides by $1-0.999^t$ to avoid just that (lesson 10). The package's
# `RMSprop` is a little longer, for its options.

# %% [markdown]
# The first exercise needs `tg.exp`, which is $e^x$, and has to watch its range.

# %%
with np.errstate(over="ignore"):
    powers = tg.exp(tg.tensor(np.array([-1000.0, 0.0, 1000.0])))
print("e^-1000, e^0 and e^1000 in float64:", powers.data)

# %% [markdown]
# ## Into the package
#
# Our layer lives in a lesson. These are the places to visit if it is to become part of the package:
#
# - the op: a block in `ops.py`; a line in `tensor.py` if `x.squareplus(b)` should work; a line in
#   `__init__.py` if `tg.squareplus` should
# - the layer: a class in `nn/layers.py`, and a line in `nn/__init__.py`
# - PyTorch: `interop.py`, if PyTorch has the layer too
# - an optimiser: `optim/optimizers.py`, and a line in `optim/__init__.py`
# - the tests: a row for the op in a table in `tests/tables/ops/`, the layer in
#   `tests/test_layers.py`, the optimiser in `tests/test_optim.py`.
#
# The tests go through the registry of all ops. They fail if an op has no row, or if a small change
# to its rule goes unnoticed.
#
# ## What was learned
#
# - Compose first. Write a rule when the composition is too slow or loses digits.
# - `check_op` catches a wrong rule at once; a check that was never seen to fail has proved
#   little. Choose the inputs well: broadcasting, the ends of the range, the domain.
# - A layer is a class with attributes and `forward`. Whatever is to be learned must be an
#   `nn.Parameter`; `check_layer` says so if it is not.
# - Compare with the same seeds and the same batches, with several seeds, and on held-out images.
#   "No difference" is a result.
# - Saving works at once; the PyTorch twin of a layer of your own is written by hand.
# - An optimiser is a name for what it keeps, and an `update`.
#
# ## What is still open
#
# A new activation did not help. It works on each number alone, and knows nothing about images.
# Lesson 16 builds a layer that does.
#
# ## Exercises
#
# Write them in `lessons/exercises/15_a_new_layer.py`.
#
# - `make_logaddexp()`: an op with two inputs and two rules, where the plain formula overflows.
# - `LayerNorm`: a layer with two parameters, checked against `torch.nn.LayerNorm`.
#
# Check them with `python -m lessons check 15`.
