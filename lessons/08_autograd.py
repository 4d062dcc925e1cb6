# %% [markdown]
# # 8. What autograd buys
#
# **Question.** What does autograd buy, and what does it cost?
#
# **Time.** 70 minutes.
#
# **New from the package.** `Tensor`, `no_grad`, `nn.Parameter`, `nn.Module`, `nn.Linear`,
# `nn.Sequential`, `nn.Flatten`, `nn.Sigmoid`, `nn.functional.mse_loss`, `optim.SGD`.
#
# **Before this.** Lesson 7 fixed the hand-written network until it passed 93 %. One of its faults
# was a wrong sign in code that somebody wrote by hand. Here we delete that code, and show that
# nothing else changes.

# %%
import ast
import inspect
import textwrap
import time
import tracemalloc

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim, plot
from tinygrad_mlp.data import ArrayDataset, DataLoader, load_mnist
from tinygrad_mlp.experiment.basic import BasicMLP, Dense, mse_gradient
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import evaluate

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
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

assert 5 < calculus_by_hand < 15

# %% [markdown]
# ## The yardstick
#
# Every version in this lesson starts from the same weights and sees the same 200 batches of 50
# images. `state_dict()` returns a copy of all weights and biases by name. Everything runs in
# float64, so that a real difference cannot hide behind rounding.


# %%
start = by_hand.state_dict()
for name, array in start.items():
    print(f"{name:9} {array.dtype} {array.shape}")

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

assert len(batches) == 200
assert losses_by_hand[-1] < losses_by_hand[0] / 3, "the yardstick should learn"

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
    assert difference < 1e-14, f"the gradient of {name} should be the hand-written one"

# %% [markdown]
# All four gradients agree, and `loss.backward()` replaced every line of calculus. The derivative of
# each op is written once, in the table of lesson 2, and tested there for everybody.
#
# We can print what autograd saw. Each `Tensor` (the class of what `tensor` makes) that an op made
# knows the op and its inputs, so we can walk back from the loss and list everything that was
# recorded.


# %%
def recorded(result):
    """Every tensor that `result` was made from, in the order of creation."""
    found = {}
    stack = [result]
    while stack:
        tensor = stack.pop()
        if tensor.serial not in found:
            found[tensor.serial] = tensor
            stack += [x for x in tensor.inputs or () if isinstance(x, tg.Tensor)]
    return [found[serial] for serial in sorted(found)]


loss = loss_with_tensors(parameters, images, labels)
for tensor in recorded(loss):
    made_by = tensor.op.name if tensor.op else "leaf"
    print(f"{made_by:8} {tensor.shape!s:11} {tensor.data.nbytes / 1000:8.1f} kB")

nodes_with_tensors = len(recorded(loss))
assert nodes_with_tensors == 13

# %% [markdown]
# There are four leaves and nine results. The images do not appear: they require no gradient, so
# they are kept only as the plain input of the first `matmul`.
#
# ## Three ways to update, two of them wrong
#
# The hand-written layers subtracted the gradient from their own arrays. With tensors, the update
# itself is a computation, and autograd watches computations.
#
# **Predict.** The first attempt below subtracts in place. The second makes a new tensor,
# `w = w - lr * w.grad`. Which of them works for one step? Which works for two?


# %%
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
            return step
        print(f"{title}, step {step}: a leaf: {w.is_leaf}, its gradient: {w.grad}")
    return None


def in_place(w):
    w -= 0.1 * w.grad
    return w


def as_a_new_tensor(w):
    return w - 0.1 * w.grad


failed_in_place = attempt("in place", in_place)
failed_new = attempt("a new tensor", as_a_new_tensor)

assert (failed_in_place, failed_new) == (1, 2)

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
    w.grad = None
    return w


assert attempt("under no_grad", without_recording) is None

# %% [markdown]
# ## One line that is easy to forget
#
# `backward()` **adds** to what `.grad` already holds, as in PyTorch. That is useful when the
# gradient of a large batch is computed in parts (an exercise below), and it is why the gradient
# must be reset after each step.
#
# **Predict.** We leave out the line `parameter.grad = None`, so each step follows the sum of all
# gradients so far. Over 200 batches, will the loss fall faster, about as fast, or get stuck?


# %%
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
    "Loss over 200 steps. When the gradient is reset it falls steadily to about 0.04; when that is "
    "forgotten it stays near 0.09."
)
plot.show(figure, "runs/lessons/08/reset.png")

print(f"mean loss of the last 20 batches, reset:      {np.mean(losses[-20:]):.3f}")
print(f"mean loss of the last 20 batches, forgotten:  {np.mean(losses_forgotten[-20:]):.3f}")
always_a_tenth = np.mean((0.1 - one_hot(labels)) ** 2)
print(f"loss of a network that answers 0.1 to everything: {always_a_tenth:.3f}")

assert np.mean(losses[-20:]) < 0.055
assert 0.07 < np.mean(losses_forgotten[-20:]) < 0.12
assert abs(always_a_tenth - 0.09) < 1e-6

# %% [markdown]
# It gets stuck near $0.09$, no better than a network that answers $0.1$ to everything, and no
# message tells you. In lesson 7 a gradient check found the fault. Here each gradient is right,
# but their sum is not what we meant.
#
# ## Step for step
#
# The loop with the reset should do exactly what the hand-written one does.
#
# **Predict.** After 200 steps in float64, how large is the largest difference between the weights:
# exactly 0, about $10^{-16}$, or about $10^{-6}$?


# %%
table = []


def compare(name, losses, weights, lines, nodes=None):
    """Print and keep how far a version is from the hand-written one, and check that it is close."""
    by_step = np.abs(np.array(losses) - losses_by_hand)
    pairs = zip(weights, weights_by_hand, strict=True)
    by_weight = max(np.abs(ours - theirs).max() for ours, theirs in pairs)
    table.append((name, lines, nodes, by_step.max(), by_weight))
    print(f"{name}: largest difference of a loss {by_step.max():.1e}, of a weight {by_weight:.1e}")
    assert by_step.max() < 1e-12, f"{name}: the losses should be those of the hand-written network"
    assert by_weight < 1e-12, f"{name}: the weights should be those of the hand-written network"


hand_lines = code_lines(
    *(type(dense).forward, type(dense).backward, type(sigmoid).forward, type(sigmoid).backward),
    *(mse_gradient, BasicMLP.__call__, BasicMLP.train_step, train_by_hand),
)
compare("by hand", losses_by_hand, weights_by_hand, hand_lines)
tensor_lines = code_lines(loss_with_tensors, train_with_tensors)
compare("tensors", losses, weights, tensor_lines, nodes_with_tensors)
assert 0 < table[-1][-1] < 1e-13, "some last digits differ, and nothing else"

figure = Figure(figsize=(8, 4.6), layout="constrained")
above, below = figure.subplots(2, 1, sharex=True)
steps = np.arange(1, 201)
by_step = np.abs(np.array(losses) - losses_by_hand)
above.plot(steps, losses_by_hand, color=BLUE, linewidth=4, alpha=0.4, label="by hand")
above.plot(steps, losses, color=ORANGE, linewidth=1, label="with tensors")
above.set_ylabel("loss")
above.legend(frameon=False)
below.semilogy(steps, np.maximum(by_step, 1e-19), ".", color=BLUE, markersize=4)
below.axhline(1e-12, color=ORANGE, linestyle="--")
below.text(2, 2e-12, "what we allow", color=ORANGE, va="bottom")
below.set(
    xlabel="step (a batch of 50 images)",
    ylabel="difference of the losses\n(equal ones drawn at 1e-19)",
    ylim=(3e-20, 1e-10),
)
for axes in (above, below):
    axes.grid(color="#e6e6e6")
    axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "Above: over 200 steps the losses by hand and with tensors lie on top of each other. Below: "
    "they differ by less than 1e-12 at every step, and at many steps not at all."
)
plot.show(figure, "runs/lessons/08/step_for_step.png")

# %% [markdown]
# About $10^{-16}$: only the last digits differ. It is not exactly 0, because the two programs
# multiply and add in a slightly different order, and each result is rounded. (For the sigmoid,
# one computes $(g y)(1 - y)$ and the other $g (y (1 - y))$.)
#
# From here on, the loop works. Now we let one abstraction at a time replace what it makes
# unnecessary, and hold each version to the same yardstick.
#
# ## A module finds its parameters
#
# `nn.Module` is a class with attributes and a method `forward`; calling the module calls
# `forward`. `nn.Parameter` is a tensor that requires a gradient from the start, and its class is
# a label: "this is learned". `module.parameters()` goes through the attributes and finds every
# parameter, including those of the modules inside it. So nobody has to keep a list, or unpack it.


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


for name, parameter in MLP(start).named_parameters():
    print(f"{name}: {parameter.shape}")
lines = 1 + code_lines(MLP.__init__, MLP.forward, train_module)  # 1: the line `class MLP`
compare("module", *train_module(start, batches), lines, nodes_with_tensors)

# %% [markdown]
# A module finds parameters and modules that are attributes, and nothing else.
#
# **Predict.** Here are two ways to hide weights: a plain tensor as an attribute, and a Python
# list of parameters. How many parameters does each of these modules report?


# %%
class PlainTensor(nn.Module):
    def __init__(self):
        self.weight = tg.tensor(np.ones(3), requires_grad=True)


class InAList(nn.Module):
    def __init__(self):
        self.weights = [nn.Parameter(np.ones(3)), nn.Parameter(np.ones(3))]


found = len(list(PlainTensor().parameters()))
print(f"PlainTensor: {found} parameters found")
assert found == 0
try:
    InAList().parameters()
except TypeError as error:
    print(textwrap.fill(str(error), 96))

# %% [markdown]
# A plain tensor may be a constant that is not to be learned, so no message tells you: such weights
# get a gradient but never move. When something does not learn, `len(list(model.parameters()))` is
# one line well spent. A list of parameters is always meant to be learned, so the module refuses
# it and says what to write: `nn.ParameterList`, and for layers `nn.ModuleList`.
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


print(build())
for name, parameter in build().named_parameters():
    print(f"{name:9} {parameter.shape}")

# %% [markdown]
# The names are made up of the place in the chain and the attribute: layers 1 and 3 have weights.
# We replace two things in two steps: first the linear layers, with the class still there, then
# the class and the loss.


# %%
class LinearMLP(nn.Module):
    def __init__(self):
        self.first = nn.Linear(784, 200, dtype=np.float64)
        self.second = nn.Linear(200, 10, dtype=np.float64)

    def forward(self, images):
        x = images.reshape(len(images), 784)
        return self.second(self.first(x).sigmoid()).sigmoid()


def train_linear(start, batches):
    model = LinearMLP()
    w1, b1, w2, b2 = start.values()
    model.first.load_state_dict({"weight": w1.T, "bias": b1})
    model.second.load_state_dict({"weight": w2.T, "bias": b2})
    losses = []
    for images, labels in batches:
        loss = ((model(images) - one_hot(labels)) ** 2).mean()
        loss.backward()
        with tg.no_grad():
            for parameter in model.parameters():
                parameter -= LR * parameter.grad
                parameter.grad = None
        losses.append(loss.item())
    return losses, in_hand_layout(model)


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


linear, chain = LinearMLP(), build()
nodes_linear = len(recorded(((linear(images) - one_hot(labels)) ** 2).mean()))
nodes_chain = len(recorded(F.mse_loss(chain(images), one_hot(labels))))

# We do not count the lines that only put our starting weights in place.
lines = 1 + code_lines(LinearMLP.__init__, LinearMLP.forward, train_linear) - 3
compare("Linear", *train_linear(start, batches), lines, nodes_linear)
lines = code_lines(build, train_sequential) - 1
compare("Sequential", *train_sequential(start, batches), lines, nodes_chain)

# %% [markdown]
# ## An optimiser steps
#
# The last thing that every training loop repeats is the update and the reset. `optim.SGD` holds
# the parameters and the learning rate (SGD: stochastic gradient descent, "stochastic" for the
# random batches). `step()` moves every parameter against its gradient, and `zero_grad()` forgets
# the gradients. It needs no `with no_grad()` around it, because it works on the arrays inside.


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
compare("SGD", *train_with_optimiser(start, batches), lines, nodes_chain)

print()
print("version      lines   tensors recorded   largest difference of a weight")
for name, lines, nodes, _, by_weight in table:
    print(f"{name:10} {lines:7} {nodes or '-':>18} {by_weight:18.1e}")

all_lines = [lines for _, lines, *_ in table]
assert all_lines[1] < 0.65 * all_lines[0], "autograd should save a third of the lines"
assert all_lines[2] > all_lines[1] > all_lines[-1], "a class costs lines, layers save them"
assert table[-1][2] < table[1][2], "fewer and larger ops should be recorded"

# %% [markdown]
# Six programs, but the same training. Autograd itself is the step from the first row to the
# second: the calculus is gone, and with it the classes that contained it. A class of our own
# costs lines again; then the layers and the optimiser take over what every network repeats. They
# also record less, because `linear` and `mse_loss` are single ops where we had written two and
# three.
#
# Saving lines is the smaller part of what autograd buys. The larger part shows when the network
# changes.
#
# ## Change the network
#
# Here is another network: the hidden layer is used twice, with the **same** weights, its input is
# added to its output, and the loss punishes large weights. By hand, each of these three changes
# needs a new derivation, and the two gradients of the shared weights have to be added.
#
# **Predict.** How many lines of derivative must we write? Will `gradcheck` of lesson 3 find a
# fault?


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

assert agrees

# %% [markdown]
# None, and no fault. This is the answer to the first half of our question: autograd buys the
# freedom to change the forward pass. Lessons 9 to 17 will use it all the time.
#
# ## What it costs: time
#
# The last version records a graph and walks back over it. The hand-written one has a burden of its
# own: `Dense.backward` always computes `gradient @ weight.T`, even in the first layer, where nobody
# wants the gradient of the images. Autograd has a rule for each input, and skips those that nobody
# asked for. To compare like with like we write a first layer that skips it too.
#
# **Predict.** With a batch of 50, is a step with autograd slower than this shorter step by hand: by
# less than a tenth, less than a quarter, or several times over? And than the longer one?


# %%
def microseconds(programs, rounds, calls=1):
    """Time of each program's fastest call: what else is running can only make a call slower."""
    times = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            begin = time.perf_counter()
            for _ in range(calls):
                program()
            times[name].append((time.perf_counter() - begin) / calls)
    return {name: 1e6 * min(values) for name, values in times.items()}


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


steps_taken = microseconds(
    {
        "by hand": lambda: by_hand.train_step(images, labels, LR),
        "by hand, no gradient of the images": lambda: shorter.train_step(images, labels, LR),
        "autograd, no gradient of the images": step_with_autograd,
    },
    rounds=200,
)
ten_numbers = np.linspace(0.5, 1.5, 10)
ten_recorded = tg.tensor(ten_numbers, requires_grad=True)
ops_taken = microseconds(
    {
        "10 numbers squared, NumPy": lambda: ten_numbers * ten_numbers,
        "10 numbers squared, recorded": lambda: ten_recorded * ten_recorded,
    },
    rounds=20,
    calls=500,
)
for name, value in (steps_taken | ops_taken).items():
    print(f"{name:38} {value:8.1f} microseconds")

# %% [markdown]
# Times differ from machine to machine, and from minute to minute when something else is running, so
# nothing is asserted here: read your own. Where this was written, autograd took 15 to 20 %
# more than the step by hand that does the same work, and about as much less than the one that also
# computes the gradient of the images. Recording cost a few microseconds an op: many times as much
# as the work itself when an op handles ten numbers, but little beside the matrix products of a
# batch.
#
# ## What it costs: memory
#
# The backward pass needs values from the forward pass, so something must keep them. The
# hand-written layers keep `self.x` and `self.y`. The graph keeps the result of every op until
# `backward()`.
#
# **Predict.** Put these in order of the memory that is held after the forward pass: by hand, the
# first version with tensors, the chain of layers, the chain under `no_grad`.


# %%
def megabytes_held(forward, images):
    """What is still allocated after `forward(images)`, while its result is alive."""
    tracemalloc.start()
    result = forward(images)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result is not None
    return held / 1e6


def forward_without_recording(images):
    with tg.no_grad():
        return F.mse_loss(chain(images), one_hot(test.labels[: len(images)]))


programs = {
    "tensors": lambda x: loss_with_tensors(parameters, x, test.labels[: len(x)]),
    "chain of layers": lambda x: F.mse_loss(chain(x), one_hot(test.labels[: len(x)])),
    "by hand": BasicMLP((200,), init="xavier", loss_gradient=mse_gradient),
    "chain under no_grad": forward_without_recording,
}
sizes = (250, 500, 1000, 2000)
held = {
    name: [megabytes_held(program, test.images[:size]) for size in sizes]
    for name, program in programs.items()
}
print("megabytes held after the forward pass, by size of the batch")
print(" " * 20 + "".join(f"{size:>8}" for size in sizes))
for name, values in held.items():
    print(f"{name:20}" + "".join(f"{value:8.2f}" for value in values))

tensors_held, chain_held, hand_held, nothing_held = (values[-1] for values in held.values())
assert tensors_held > chain_held > hand_held > 20 * nothing_held

# %% [markdown]
# For each hidden layer the first version keeps three arrays of shape $(n, 200)$: the product, the
# sum, and the sigmoid. The chain keeps two, because `linear` is one op. The hand-written network
# keeps one, because its author knew that the derivative of the sigmoid needs only its output. The
# graph does not know that, and keeps everything: that is the price, and it grows with the batch.
#
# Under `no_grad` nothing is kept. That is why `evaluate` uses it, and why the following fault is
# common.
#
# **Predict.** We score 20 batches and add up their losses, without a backward pass. If the sum is
# a tensor, how does the memory grow from batch to batch? What changes if we add up `loss.item()`
# instead?


# %%
def memory_while_scoring(loss_as_number, recording=True):
    """Megabytes held after each of 20 batches of 500 images, while their losses are added up."""
    held = []
    total = 0.0
    tracemalloc.start()
    for begin in range(0, 10_000, 500):
        images, labels = test.images[begin : begin + 500], test.labels[begin : begin + 500]
        if recording:
            loss = F.mse_loss(chain(images), one_hot(labels))
        else:
            with tg.no_grad():
                loss = F.mse_loss(chain(images), one_hot(labels))
        total = total + (loss.item() if loss_as_number else loss)
        del loss  # it would keep the graph of the last batch
        held.append(tracemalloc.get_traced_memory()[0] / 1e6)
    tracemalloc.stop()
    return held


leaking = memory_while_scoring(loss_as_number=False)
as_number = memory_while_scoring(loss_as_number=True)
unrecorded = memory_while_scoring(loss_as_number=False, recording=False)

figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
for (name, values), colour, marker in zip(
    held.items(), (ORANGE, BLUE, GREEN, PINK), "os^D", strict=True
):
    left.plot(sizes, values, marker=marker, color=colour, label=name)
left.set(xlabel="images in the batch", ylabel="held after the forward pass (MB)")
counts = np.arange(1, 21)
right.plot(counts, leaking, "o-", color=ORANGE, label="total + loss")
right.plot(counts, as_number, "s-", color=BLUE, label="total + loss.item()")
right.plot(counts, unrecorded, "^--", color=GREEN, label="total + loss, under no_grad")
right.set(xlabel="batches of 500 images scored", ylabel="held (MB)")
right.set_xticks((1, 5, 10, 15, 20))
for axes in (left, right):
    axes.grid(color="#e6e6e6")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "Left: memory held after the forward pass grows in proportion to the batch: most with plain "
    "tensors, less with the chain of layers, less still by hand, none under no_grad. Right: when "
    "loss tensors are added up, memory grows with each batch; with item() or no_grad it stays at "
    "zero."
)
plot.show(figure, "runs/lessons/08/memory.png")
print(f"held after 20 batches: {leaking[-1]:.1f} MB with tensors, {as_number[-1]:.2f} with item()")

assert leaking[-1] > 15 * leaking[0] > 100 * as_number[-1]
assert max(unrecorded) < 0.1

# %% [markdown]
# The sum knows its summands, each summand knows its graph, and each graph its arrays: nothing can
# be freed. `.item()` returns the bare number, which knows nothing.
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
    assert 0.87 < accuracy < 0.92

# %% [markdown]
# ## What was learned
#
# - Autograd replaces the backward code and nothing else: 200 steps agree with the hand-written
#   network to $10^{-12}$, in five versions of the program.
# - An update is not part of the function that is differentiated: it goes under `no_grad`, and the
#   gradient is reset, because `backward()` adds.
# - `Module` finds what is learned, `Linear` and `Sequential` say what is computed, `SGD` steps.
#   Each replaces lines that we had written before.
# - Recording costs at most a few microseconds an op, and memory: the result of each op is kept
#   until `backward()`. A number taken out with `.item()` keeps nothing.
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
# - `Descent`: write the optimiser, `step()` and `zero_grad()`, yourself.
# - `Residual`: write a module that adds what it has learned to its input.
# - `gradient_in_parts`: get the gradient of a large batch from small parts, to save memory.
#
# Check them with `python -m lessons check 08`.
