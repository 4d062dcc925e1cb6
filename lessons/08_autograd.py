# %% [markdown]
# # 8. What autograd buys
#
# **Question.** What does autograd buy, and what does it cost?
#
# **Time.** 40 minutes.
#
# **New from the package.** `no_grad`, `nn.Parameter`, `nn.Module`, `nn.Linear`,
# `nn.Sequential`, `nn.Flatten`, `nn.Sigmoid`, `nn.functional.mse_loss`, `optim.SGD`.
#
# **Before this.** Lesson 7 fixed the hand-written network until it passed 93 %. One of its faults
# was a wrong sign in code that somebody wrote by hand. Here we delete that code, and show that
# nothing else changes.

# %%
import ast
import inspect
import textwrap
import timeit
import tracemalloc

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim, plot
from tinygrad_mlp.data import ArrayDataset, DataLoader, load_mnist
from tinygrad_mlp.experiment.basic import BasicMLP, Dense, mse_gradient
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import evaluate

BLUE, ORANGE = "#0072B2", "#D55E00"
LR = 3.0

train, test = load_mnist(), load_mnist(split="test")

# %% [markdown]
# ## The code that we want to delete
#
# This is the fixed network of lesson 7: one hidden layer of 200 sigmoid units, Xavier weights,
# the right sign. We look at every piece of it that knows a derivative.


# %%
by_hand = BasicMLP((200,), init="xavier", loss_gradient=mse_gradient, rng=0)
dense, sigmoid = by_hand.layers[:2]

for piece in (type(dense).backward, type(sigmoid).backward, mse_gradient, BasicMLP.train_step):
    print(textwrap.dedent(inspect.getsource(piece)))

# %% [markdown]
# The first three pieces are calculus: each repeats, in reverse, what a `forward` does, and must be
# changed whenever that `forward` changes. The fourth runs them in the right order.
#
# To compare versions of a program fairly, we count its lines without docstrings, comments or
# blank lines.


# %%
def code_lines(*functions):
    """How many lines of code there are in the functions."""
    count = 0
    for function in functions:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        body = tree.body[0].body
        if ast.get_docstring(tree.body[0]) is not None:
            body.pop(0)
        count += len(ast.unparse(tree).splitlines())  # which writes no comments or blank lines
    return count


calculus_by_hand = code_lines(type(dense).backward, type(sigmoid).backward, mse_gradient)
print(f"lines that know a derivative: {calculus_by_hand}")

# %% [markdown]
# ## The yardstick
#
# Every version in this lesson starts from the same weights and sees the same 200 batches of 50
# images. `state_dict()` returns a copy of all weights and biases by name. Everything runs in
# float64, so that a real difference cannot hide behind rounding.


# %%
start = by_hand.state_dict()
first_images = ArrayDataset(*train[:10_000])
batches = list(DataLoader(first_images, batch_size=50, shuffle=True, rng=1).arrays())


def train_by_hand(start, batches):
    network = BasicMLP((200,), init="xavier", loss_gradient=mse_gradient)
    network.load_state_dict(start)
    losses = []
    for images, labels in batches:
        loss, _ = network.train_step(images, labels, LR)
        losses.append(loss)
    return losses, list(network.state_dict().values())


losses_by_hand, weights_by_hand = train_by_hand(start, batches)
print(f"loss of the first batch {losses_by_hand[0]:.4f}, of the last {losses_by_hand[-1]:.4f}")

# %% [markdown]
# ## The same forward pass, with tensors
#
# Now the four arrays become tensors that require a gradient, as in lesson 2. The forward pass says
# what the network computes, with shapes $n \times 784$, $784 \times 200$ and $200 \times 10$:
#
# $$h = \sigma(x W_1 + b_1), \qquad y = \sigma(h W_2 + b_2), \qquad
# \text{loss} = \frac{1}{10 n} \sum_{i,k} (y_{ik} - t_{ik})^2.$$
#
# `.sigmoid()` and `.mean()` are methods of a tensor; like every op, they are recorded. Nothing
# below says how to differentiate.


# %%
def one_hot(labels):
    """Labels (n,) as rows (n, 10): 1 at the class, 0 elsewhere."""
    return np.eye(10, dtype=np.float32)[labels]


def loss_with_tensors(parameters, images, labels):
    w1, b1, w2, b2 = parameters
    x = images.reshape(len(images), 784)
    hidden = (x @ w1 + b1).sigmoid()
    outputs = (hidden @ w2 + b2).sigmoid()
    return ((outputs - one_hot(labels)) ** 2).mean()


parameters = [tg.tensor(array, requires_grad=True) for array in start.values()]
images, labels = batches[0]
loss = loss_with_tensors(parameters, images, labels)
loss.backward()

# The hand-written network takes its step inside the backward pass and keeps no gradient. With a
# learning rate of 1, the gradient is what it subtracted.
stepped = BasicMLP((200,), init="xavier", loss_gradient=mse_gradient)
stepped.load_state_dict(start)
stepped.train_step(images, labels, lr=1.0)
after = stepped.state_dict()

print("parameter   largest gradient   largest difference from the hand-written one")
for (name, before), parameter in zip(start.items(), parameters, strict=True):
    gradient = before - after[name]
    difference = np.abs(parameter.grad.data - gradient).max()
    print(f"{name:9}   {np.abs(gradient).max():16.2e}   {difference:10.1e}")

# %% [markdown]
# All four gradients agree, and `loss.backward()` replaced every line of calculus. The derivative of
# each op is written once, in the table of lesson 2, and tested for everybody. (The images are an
# array and require no gradient, so none is computed for them.)
#
# ## How to update
#
# The hand-written layers subtracted the gradient from their own arrays. With tensors, the update
# itself is a computation, and autograd watches computations.
#
# The first attempt below subtracts **in place**: it writes into the array that `w` already has. The
# second makes a new tensor, `w = w - lr * w.grad`. Each tries to take two steps.
#
# **Predict.** How far do they get?
#
# - both work, for any number of steps
# - in place fails in the first step, the new tensor in the second
# - in place works, the new tensor fails in the first step


# %% answer=2
def attempt(title, update):
    """Two steps of descent on the mean square of five numbers."""
    w = tg.tensor(np.linspace(1.0, 2.0, 5), requires_grad=True)
    for step in (1, 2):
        (w * w).mean().backward()
        try:
            w = update(w)
        except (RuntimeError, TypeError) as error:
            print(f"{title}, step {step}: {type(error).__name__}")
            print(textwrap.fill(str(error), 96, initial_indent="    ", subsequent_indent="    "))
            return
        print(f"{title}, step {step}: a leaf: {w.is_leaf}, its gradient: {w.grad}")


def in_place(w):
    w -= 0.1 * w.grad
    return w


def as_a_new_tensor(w):
    return w - 0.1 * w.grad


attempt("in place", in_place)
attempt("a new tensor", as_a_new_tensor)

# %% [markdown]
# In place is refused at once: the graph may still need the old value. The new tensor is made by
# an op, so it is not a leaf. The next `backward()` passes through it, on to the leaf of the first
# step, and leaves no gradient on it: the second step has nothing to subtract.
#
# The update is not part of the function that we differentiate. `with no_grad():` says so: inside
# it nothing is recorded, and writing in place is allowed.


# %%
def without_recording(w):
    with tg.no_grad():
        w -= 0.1 * w.grad
    w.grad = None  # the next section says why
    return w


attempt("under no_grad", without_recording)

# %% [markdown]
# ## Gradients add up
#
# `backward()` **adds** to what `.grad` already holds, as in PyTorch. That is useful when the
# gradient of a large batch is computed in parts (an exercise below). Otherwise we set the gradient
# to None after each step.
#
# **Predict.** We leave out the line `parameter.grad = None`, so each step follows the sum of all
# gradients so far. What does the loss do over 200 batches?
#
# - it falls faster
# - it falls about as fast
# - it gets stuck


# %% answer=3
def train_with_tensors(start, batches, reset=True):
    parameters = [tg.tensor(array, requires_grad=True) for array in start.values()]
    losses = []
    for images, labels in batches:
        loss = loss_with_tensors(parameters, images, labels)
        loss.backward()
        with tg.no_grad():
            for parameter in parameters:
                parameter -= LR * parameter.grad
                if reset:
                    parameter.grad = None
        losses.append(loss.item())
    return losses, [parameter.data for parameter in parameters]


losses, weights = train_with_tensors(start, batches)
losses_forgotten, _ = train_with_tensors(start, batches, reset=False)

print(f"mean loss of the last 20 batches, reset:      {np.mean(losses[-20:]):.3f}")
print(f"mean loss of the last 20 batches, forgotten:  {np.mean(losses_forgotten[-20:]):.3f}")

# %% tags=["draw"]
smooth = np.ones(10) / 10
figure = Figure(figsize=(8, 3.4), layout="constrained")
axes = figure.subplots()
for name, values, colour, style in (
    ("gradient reset after each step", losses, BLUE, "-"),
    ("reset forgotten: gradients add up", losses_forgotten, ORANGE, "--"),
):
    mean = np.convolve(values, smooth, mode="valid")
    axes.plot(np.arange(10, 201), mean, style, color=colour, linewidth=2, label=name)
axes.set(xlabel="step (a batch of 50 images)", ylabel="loss, mean of 10 batches", ylim=(0, 0.13))
axes.grid(color="#e6e6e6")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "Loss over 200 steps. When the gradient is reset it falls to just below 0.05; when that is "
    "forgotten it stays near 0.09."
)
plot.show(figure, "runs/lessons/08/reset.png")

# %% [markdown]
# It gets stuck near $0.09$. A network that gives every image the answer $0.1$ for all ten digits
# would do as well: its loss is $(0.9^2 + 9 \cdot 0.1^2) / 10 = 0.09$. And no message tells you. In
# lesson 7 a gradient check found the fault. Here each gradient is right, but their sum is not what
# we meant.
#
# ## Step for step
#
# The loop with the reset should do what the hand-written one does. How far apart are they, in the
# loss of any of the 200 steps, and in any weight at the end?


# %%
table = []


def compare(name, losses, weights, lines):
    """Print and keep how far a version is from the hand-written one."""
    by_step = np.abs(np.array(losses) - losses_by_hand)
    pairs = zip(weights, weights_by_hand, strict=True)
    by_weight = max(np.abs(ours - theirs).max() for ours, theirs in pairs)
    table.append((name, lines, by_weight))
    print(f"{name}: largest difference of a loss {by_step.max():.1e}, of a weight {by_weight:.1e}")


hand_lines = code_lines(
    *(type(dense).forward, type(dense).backward, type(sigmoid).forward, type(sigmoid).backward),
    *(mse_gradient, BasicMLP.__call__, BasicMLP.train_step, train_by_hand),
)
compare("by hand", losses_by_hand, weights_by_hand, hand_lines)
compare("tensors", losses, weights, code_lines(loss_with_tensors, train_with_tensors))

# %% [markdown]
# Only the last digits differ. The weights are not exactly the same, because the two programs
# multiply in a different order, and each result is rounded. (For the sigmoid, one computes
# $(g y)(1 - y)$ and the other $g (y (1 - y))$.)
#
# From here on, the loop works. Now we let one abstraction at a time replace what it makes
# unnecessary, and hold each version to the same yardstick.
#
# ## A module finds its parameters
#
# A **module** is an object of the class `nn.Module`. It has attributes and a method `forward`, and
# calling the module calls `forward`. `nn.Parameter` is a tensor that requires a gradient from the
# start, and its class is a label: "this is learned". `module.parameters()` goes through the
# attributes and finds every parameter, including those of the modules inside it. So nobody has to
# keep a list, or unpack it.


# %%
class MLP(nn.Module):
    def __init__(self, start):
        w1, b1, w2, b2 = start.values()
        self.w1, self.b1 = nn.Parameter(w1), nn.Parameter(b1)
        self.w2, self.b2 = nn.Parameter(w2), nn.Parameter(b2)

    def forward(self, images):
        x = images.reshape(len(images), 784)
        hidden = (x @ self.w1 + self.b1).sigmoid()
        return (hidden @ self.w2 + self.b2).sigmoid()


def train_module(start, batches):
    model = MLP(start)
    losses = []
    for images, labels in batches:
        loss = ((model(images) - one_hot(labels)) ** 2).mean()
        loss.backward()
        with tg.no_grad():
            for parameter in model.parameters():
                parameter -= LR * parameter.grad
                parameter.grad = None
        losses.append(loss.item())
    return losses, [parameter.data for parameter in model.parameters()]


lines = 1 + code_lines(MLP.__init__, MLP.forward, train_module)  # 1: the line `class MLP`
compare("module", *train_module(start, batches), lines)

# %% [markdown]
# A module finds parameters and modules that are attributes, and nothing else. A plain tensor as an
# attribute may be a constant that is not to be learned, so no message tells you: it gets a gradient
# and never moves. When something does not learn, `len(list(model.parameters()))` is one line well
# spent. A Python list of parameters is always meant to be learned, so the module refuses it and
# says what to write: `nn.ParameterList`, and for layers `nn.ModuleList`.
#
# ## Linear, Sequential and a loss with a name
#
# Weight, bias and `x @ w + b` always go together: that is `nn.Linear(784, 200)`. It keeps its
# weight as (out, in), as PyTorch does, and computes $x W^\top + b$; so we must transpose our
# matrices when we load them with `load_state_dict`, which copies weights by name.
#
# Then `forward` is a chain in which each step takes the result of the one before: `nn.Sequential`
# is that chain, and the class is no longer needed. Its other members are `nn.Flatten`, which
# turns the images into rows of pixels, and `nn.Sigmoid`. `F.mse_loss` is the mean squared error,
# as one op.


# %%
def build(dtype=np.float64, rng=None):
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 200, dtype=dtype, rng=rng),
        nn.Sigmoid(),
        nn.Linear(200, 10, dtype=dtype, rng=rng),
        nn.Sigmoid(),
    )


def load_start(model, start):
    w1, b1, w2, b2 = start.values()
    model.load_state_dict({"1.weight": w1.T, "1.bias": b1, "3.weight": w2.T, "3.bias": b2})


def in_hand_layout(model):
    """The weights as the hand-written network keeps them: matrices as (in, out)."""
    return [parameter.data.T for parameter in model.parameters()]


for name, parameter in build().named_parameters():
    print(f"{name:9} {parameter.shape}")

# %% [markdown]
# The names are made up of the place in the chain and the attribute: places 1 and 3, counted from 0,
# have weights.


# %%
def train_sequential(start, batches):
    model = build()
    load_start(model, start)
    losses = []
    for images, labels in batches:
        loss = F.mse_loss(model(images), one_hot(labels))
        loss.backward()
        with tg.no_grad():
            for parameter in model.parameters():
                parameter -= LR * parameter.grad
                parameter.grad = None
        losses.append(loss.item())
    return losses, in_hand_layout(model)


chain = build()
# We do not count the line that only loads our starting weights.
lines = code_lines(build, train_sequential) - 1
compare("Sequential", *train_sequential(start, batches), lines)

# %% [markdown]
# ## An optimiser steps
#
# The last thing that every training loop repeats is the update and the reset. An **optimiser** does
# both. `optim.SGD`, the simplest, holds the parameters and the learning rate (SGD: stochastic
# gradient descent, "stochastic" for the random batches). `step()` moves every parameter against its
# gradient, and `zero_grad()` forgets the gradients. It needs no `with no_grad()` around it, because
# it works on the arrays inside.


# %%
def train_with_optimiser(start, batches):
    model = build()
    load_start(model, start)
    optimiser = optim.SGD(model.parameters(), lr=LR)
    losses = []
    for images, labels in batches:
        loss = F.mse_loss(model(images), one_hot(labels))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses, in_hand_layout(model)


lines = code_lines(build, train_with_optimiser) - 1
compare("SGD", *train_with_optimiser(start, batches), lines)

print()
print("version      lines   largest difference of a weight")
for name, lines, by_weight in table:
    print(f"{name:10} {lines:7} {by_weight:18.1e}")

# %% tags=["draw"]
figure = Figure(figsize=(7, 2.8), layout="constrained")
axes = figure.subplots()
names, counts = [row[0] for row in table], [row[1] for row in table]
axes.barh(names, counts, 0.6, color=BLUE, label="other lines")
axes.barh(names[0], calculus_by_hand, 0.6, color=ORANGE, label="lines that know a derivative")
axes.bar_label(axes.containers[0], padding=4)
axes.invert_yaxis()
axes.set(xlabel="lines of code", xlim=(0, 40))
axes.legend(frameon=False, loc="lower right")
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "Lines of code of the five versions: 35 by hand, 9 of which know a derivative; 19 with "
    "tensors, 21 with a module, 14 with Sequential, 13 with SGD."
)
plot.show(figure, "runs/lessons/08/lines.png")

# %% [markdown]
# Five programs, but the same training. Autograd itself is the step from the first row to the
# second: the calculus is gone, and with it the classes that contained it. A class of our own costs
# lines again; then the layers and the optimiser take over what every network repeats.
#
# Saving lines is the smaller part of what autograd buys. The larger part shows when the network
# changes.
#
# ## Change the network
#
# Here is another network: the hidden layer is used twice, with the **same** weights, its input is
# added to its output, and the loss punishes large weights. By hand, each of these three changes
# needs a new derivation, and the two gradients of the shared weights have to be added. With
# autograd we write the forward pass, and no derivative.


# %%
class Shared(nn.Module):
    def __init__(self, rng):
        self.enter = nn.Linear(6, 4, dtype=np.float64, rng=rng)
        self.again = nn.Linear(4, 4, dtype=np.float64, rng=rng)
        self.leave = nn.Linear(4, 3, dtype=np.float64, rng=rng)

    def forward(self, x):
        hidden = self.enter(x).sigmoid()
        for _ in range(2):
            hidden = hidden + self.again(hidden).sigmoid()
        return self.leave(hidden)


rng = np.random.default_rng(0)
shared = Shared(rng)
x, target = rng.normal(size=(5, 6)), rng.normal(size=(5, 3))


def loss_of_shared(*parameters):
    # gradcheck moves the values of the parameters, which are those of `shared` itself.
    return F.mse_loss(shared(x), target) + 0.01 * sum((p * p).sum() for p in parameters)


agrees = tg.gradcheck(loss_of_shared, list(shared.parameters()))
numbers = sum(parameter.data.size for parameter in shared.parameters())
print(f"{numbers} derivatives compared with differences, all right: {agrees}")

# %% [markdown]
# `gradcheck` of lesson 3 finds no fault. This is the answer to the first half of our question:
# autograd buys the freedom to change the forward pass. The lessons to come use it all the time.
#
# ## What it costs: time
#
# The last version records a graph and walks back over it. The hand-written one has a burden of its
# own: `Dense.backward` always computes `gradient @ weight.T`, even in the first layer, where nobody
# wants the gradient of the images. Autograd has a rule for each input, and skips those that nobody
# asked for. To compare like with like, we write a first layer that skips it too.
#
# **Predict.** With a batch of 50, how much longer does a step with autograd take than this shorter
# step by hand?
#
# - less than twice as long
# - three to five times as long
# - about ten times as long


# %% answer=1
class FirstDense(Dense):
    """A dense layer whose inputs need no gradient."""

    def backward(self, gradient, lr):
        self.weight -= lr * (self.x.T @ gradient)
        self.bias -= lr * gradient.sum(axis=0)


shorter = BasicMLP((200,), init="xavier", loss_gradient=mse_gradient, rng=0)
shorter.layers[0] = FirstDense(784, 200, "xavier", np.random.default_rng(0))
chain = build()
optimiser = optim.SGD(chain.parameters(), lr=LR)


def step_with_autograd():
    loss = F.mse_loss(chain(images), one_hot(labels))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


programs = {
    "by hand": lambda: by_hand.train_step(images, labels, LR),
    "by hand, no gradient of the images": lambda: shorter.train_step(images, labels, LR),
    "autograd, no gradient of the images": step_with_autograd,
}
times = {name: [] for name in programs}
for _ in range(200):  # in turn, so that what else is running disturbs all three alike
    for name, program in programs.items():
        times[name].append(timeit.timeit(program, number=1))
for name, values in times.items():
    print(f"{name:38} {1e6 * min(values):8.1f} microseconds")

# %% [markdown]
# Times differ from machine to machine, so read your own. Where this was written, autograd took 13
# to 22 % more than the step by hand that does the same work, and 11 to 17 % less than the one that
# also computes the gradient of the images. In a fresh process, where each large array must first be
# fetched from the operating system, it took up to 91 % more than the shorter step. (Lesson 20
# takes a step apart.)
#
# ## What it costs: memory
#
# The backward pass needs values from the forward pass, so something must keep them. The
# hand-written layers keep `self.x` and `self.y`. The graph keeps the result of every op until
# `backward()`. Under `no_grad` nothing is kept, which is why `evaluate` uses it.
#
# Now we score 20 batches of 500 images without `no_grad` and without a backward pass. Each loss is
# a single number, and we keep all 20 in a list.
#
# **Predict.** How much memory do the 20 losses hold, if they are tensors? (The results of all ops
# for one batch take about 5 MB.)
#
# - less than 1 MB
# - about 5 MB
# - about 100 MB


# %% answer=3
def measure_memory(name, keep):
    """Print how much is in use while we keep something from the loss of each of 20 batches."""
    batches = DataLoader(test, batch_size=500).arrays()
    tracemalloc.start()
    kept = [keep(F.mse_loss(chain(x), one_hot(labels))) for x, labels in batches]
    held = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    print(f"{len(kept)} {name} hold {held:.2f} MB")


measure_memory("tensors", lambda loss: loss)
measure_memory("numbers", lambda loss: loss.item())

# %% [markdown]
# About 100 MB. Each loss knows its graph, and each graph its arrays, so nothing can be freed.
# `.item()` returns the bare number, which knows nothing. That is why our loops append
# `loss.item()`.
#
# ## All of it, in a few lines
#
# Here is the last version with one pass over all 60,000 images, in float32, which is the default.
# A loop over a `DataLoader` gives the images and labels of a batch as tensors; so far `arrays()`
# gave them as arrays, which the hand-written network needs. Two seeds give two sets of initial
# weights and two orders of the images.


# %%
def train_one_epoch(seed):
    rng = np.random.default_rng(seed)
    model = build(dtype=np.float32, rng=rng)
    optimiser = optim.SGD(model.parameters(), lr=5.0)
    for images, labels in DataLoader(train, batch_size=50, shuffle=True, rng=rng):
        loss = F.mse_loss(model(images), one_hot(labels))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return evaluate(model, test).accuracy


for seed in (0, 1):
    accuracy = train_one_epoch(seed)
    print(f"seed {seed}: {100 * accuracy:.1f} % of the test images right after one epoch")

# %% [markdown]
# ## What was learned
#
# - Autograd replaces the backward code and nothing else: after 200 steps, four versions of the
#   program have the weights of the hand-written network, to the last digits.
# - An update is not part of the function that is differentiated: it goes under `no_grad`, and the
#   gradient is reset, because `backward()` adds.
# - `Module` finds what is learned, `Linear` and `Sequential` say what is computed, `SGD` steps.
#   Each replaces lines that we had written before.
# - It costs some time, and memory: the result of each op is kept until `backward()`. A number taken
#   out with `.item()` keeps nothing.
# - The gain is the freedom to change the forward pass.
#
# ## What is still open
#
# One epoch gives about 90 %, with a learning rate of 5. Why does this loss need such large steps,
# and does another one learn faster? Now that we can change the loss by changing one line, lesson
# 9 does so.
#
# ## Exercises
#
# Write them in `lessons/exercises/08_autograd.py`.
#
# - `Descent`: write the optimiser, `step()` and `zero_grad()`, yourself.
# - `Residual`: write a module that adds what it has learned to its input.
# - `gradient_in_parts`: get the gradient of a large batch from small parts, to save memory.
#
# Check them with `python -m lessons check 08`.
