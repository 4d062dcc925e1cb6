# %% [markdown]
# # 21. The program behind the graph
#
# **Question.** What is left of a training step if we write down once what it computes, and from
# then on run only that? And when is what we wrote down wrong?
#
# **Time.** 75 minutes.
#
# **New from the package.** `observing.Observer`, `observing.observe`, `compile`, `CompileError`,
# `nn.Dropout`, `where`.
#
# **Before this.** Lesson 20 took a training step apart. Part of its time went into matrix
# products, and another part into bookkeeping: recording each op, and walking back over the record.
# The bookkeeping is the same in every step. Here we do it once.

# %%
import os

# One thread for matrix products, as in lesson 20; NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import ast
import contextlib
import inspect
import io
import re
import textwrap
import time
from dataclasses import dataclass, fields, replace

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim, plot
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.engine import OPS
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.observing import Observer, observe

DARK, LIGHT = "#0072B2", "#E69F00"

train = load_mnist()
batches = [
    (train.images[begin : begin + 50], train.labels[begin : begin + 50])
    for begin in range(0, 10_000, 50)
]

# %% [markdown]
# ## Writing it down
#
# In lesson 1 we printed everything that a result was made from, sorted by serial number. That
# table was a list of steps in the right order: given other numbers to start from, anyone could
# work through it again. Such a list is a **program**. To **trace** a function is to run it once and
# write down every op that it calls. To **replay** the program is to run its lines on other arrays.
#
# A program is a list of lines. Each line names its result, the op, and what the op is given: the
# names of earlier results, or numbers.


# %%
@dataclass(frozen=True)
class Line:
    out: str  # the name of the result
    op: str
    inputs: tuple  # names, and numbers as text
    params: dict  # keyword parameters of the op
    shape: tuple = ()  # of the result


@dataclass(frozen=True)
class Program:
    inputs: list  # the names of what it is given
    lines: list
    results: list  # the names of what it returns
    constants: dict  # name -> an array that belongs to the program


# %% [markdown]
# How do we see every op? The engine lets others watch it. Inside `with observe(watcher):` it calls
# `watcher.forward(...)` after each op, with the op, what it was given (`args`, and as plain arrays
# `arrays`), its parameters, the array that it made (`raw`), and the tensor that holds the array
# (`node`). A watcher is an `Observer`, a class whose methods do nothing until we write our own.
#
# The backward pass is made of ops too: every derivative rule is written in them (lesson 2). With
# `writes_programs = True` we ask the engine to run the rules on tensors, as `create_graph=True`
# does in lesson 19, so that their ops are shown as well.
#
# One question remains: an op gets arrays, so how do we know which ones? We remember every array
# that we have seen by its identity, `id(array)`, and give it a name.


# %%
class Tracer(Observer):
    writes_programs = True

    def __init__(self):
        self.lines, self.constants = [], {}
        self.names = {}  # id of an array -> its name
        self.kept = []  # the arrays: while we hold them, no other array can get the same id

    def know(self, array, name):
        self.names[id(array)] = name
        self.kept.append(array)

    def name_of(self, thing):
        array = thing.data if isinstance(thing, tg.Tensor) else thing
        if not isinstance(array, np.ndarray):
            return repr(array)  # a number
        if id(array) not in self.names:
            self.unknown(array)
        return self.names[id(array)]

    def unknown(self, array):
        """An array that no op made and that is no input: keep it as it is."""
        name = f"c{len(self.constants) + 1}"
        self.know(array, name)
        self.constants[name] = array

    def forward(self, op, args, arrays, params, raw, node):
        inputs = tuple(self.name_of(arg) for arg in args)
        out = f"v{len(self.lines) + 1}"
        self.lines.append(Line(out, op.name, inputs, params, raw.shape))
        self.know(raw, out)
        self.know(node.data, out)  # nearly always the same array


def trace(function, tracer=None, others=(), **given):
    """The program behind `function(*given)`, which returns a list of tensors.

    others  name -> a tensor that the function uses beside what it is given
    """
    tracer = tracer or Tracer()
    inputs = {**given, **dict(others)}
    for name, tensor in inputs.items():
        tracer.know(tensor.data, name)
    with observe(tracer):
        results = [tracer.name_of(result) for result in function(*given.values())]
    return Program(list(inputs), tracer.lines, results, tracer.constants)


# %% [markdown]
# For the replay we turn the program into Python, which we can also print and read. `exec` runs a
# text as Python; afterwards the function that the text defines is in the dictionary. The ops are
# those in `OPS` (lesson 15). Called on plain arrays they are plain NumPy, and nothing is recorded.


# %%
def text_of(program):
    text = [f"def program({', '.join(program.inputs)}):"]
    for line in program.lines:
        given = [*line.inputs, *(f"{name}={value!r}" for name, value in line.params.items())]
        text.append(f"    {line.out} = {line.op}({', '.join(given)})")
    return "\n".join([*text, f"    return [{', '.join(program.results)}]"])


def built(program):
    """The program as a Python function of arrays."""
    names = {"np": np, "into": np.matmul, **OPS, **program.constants}
    exec(text_of(program), names)
    return names["program"]


# %% [markdown]
# We try it on $x \sin x$, the first function of this course, and ask for its slope as well.
#
# **Predict.** In lesson 1 we found that the slope is $\sin x + x \cos x$. Which ops will there be
# in the program?


# %%
def value_and_slope(x):
    y = x * x.sin()
    return y, *tg.grad(y, [x])


x = tg.tensor(np.array(6.0), requires_grad=True)
small = trace(value_and_slope, x=x)
print(text_of(small))
print("constants:", small.constants)

y, slope = built(small)(np.array(3.0))
print(f"\nreplayed at x = 3: y = {y:.4f}, slope = {slope:.4f}")
assert np.isclose(y, 3 * np.sin(3)) and np.isclose(slope, np.sin(3) + 3 * np.cos(3))


def code_lines(function):
    """How many lines of code, without comments, docstring and blank lines."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    if ast.get_docstring(tree.body[0]):
        tree.body[0].body.pop(0)
    return len(ast.unparse(tree).splitlines())


methods = [method for method in vars(Tracer).values() if inspect.isfunction(method)]
count = sum(map(code_lines, [*methods, trace, text_of, built]))
count += 2  # `class Tracer` and `writes_programs`
count += sum(2 + len(fields(kind)) for kind in (Line, Program))
print(f"lines of code so far, tracer and replay: {count}")
assert count <= 60

# %% [markdown]
# The first two lines compute the function. The rest is the product rule: the gradient of the
# result, which is the constant 1, is multiplied by each factor; the part that goes on through the
# sine is multiplied by the cosine; and the two parts are added, because $x$ is used twice. We
# traced at $x = 6$ and replayed at $x = 3$. Nothing walks back over a graph any more: the order is
# that of the lines.
#
# ## A training step
#
# Here is the improved model of lesson 9 with 784 inputs, 100 hidden units and 10 outputs, and a
# function that returns the loss and the four gradients.


# %%
class Network(nn.Module):
    def __init__(self, hidden=100, seed=0):
        rng = np.random.default_rng(seed)
        self.fc1 = nn.Linear(784, hidden, rng=rng)
        self.fc2 = nn.Linear(hidden, 10, rng=rng)

    def forward(self, images):
        x = images.reshape(images.shape[0], 784)
        return self.fc2(self.fc1(x).relu())


def named(model):
    """The parameters of a model by names that Python can use: fc1_weight."""
    return {name.replace(".", "_"): p for name, p in model.named_parameters()}


def trace_step(model, images, labels, tracer=None):
    def loss_and_gradients(x, y):
        loss = F.cross_entropy(model(x), y)
        return loss, *tg.grad(loss, list(model.parameters()))

    x, y = tg.tensor(images), tg.tensor(labels)
    return trace(loss_and_gradients, tracer, named(model), x=x, y=y)


# %% [markdown]
# **Predict.** The forward pass calls six ops: reshape, linear, ReLU, linear, a copy of the labels,
# and cross-entropy. How many lines will the whole step have: about 10, about 20, or about 100?
# And how close will a replay on another batch come to what the engine computes: exactly, to
# $10^{-7}$, or to $10^{-3}$?

# %%
model = Network()
raw = trace_step(model, *batches[0])
print(text_of(raw))


def ordinary(model, images, labels):
    """The loss and the gradients by the engine, as arrays."""
    loss = F.cross_entropy(model(images), labels)
    return [t.data for t in (loss, *tg.grad(loss, list(model.parameters())))]


def parameters_of(model):
    return [p.data for p in model.parameters()]


def same_bits(ours, theirs):
    return all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        for a, b in zip(map(np.asarray, ours), map(np.asarray, theirs), strict=True)
    )


replayed = built(raw)(*batches[1], *parameters_of(model))
print(f"\n{len(raw.lines)} lines; another batch, the same bits: ", end="")
print(same_bits(replayed, ordinary(model, *batches[1])))
assert 18 <= len(raw.lines) <= 26
assert same_bits(replayed, ordinary(model, *batches[1])), "a replay does the same operations"

# %% [markdown]
# About 20 lines, and exactly the same: the replay runs the same operations on the same numbers in
# the same order, so there is nothing that could differ.
#
# A program is made for one set of shapes. Look at the first line: it says 50, the number of images
# in the batch that we traced.
#
# ## Cleaning it up
#
# Nobody would write the program in quite this way. But it is data, so we can improve it: a
# **pass** is a function from program to program that keeps every result. We need a clock first, as
# in lesson 20: the CPU clock, candidates that take turns, a warm-up that we throw away, and the
# median of the ratios. All times are measured while the lesson runs, and no `assert` looks at a
# clock.


# %%
# On Windows the CPU clock moves in jumps that are too long for us (lesson 20).
CLOCK = time.perf_counter if os.name == "nt" else time.thread_time


def measured(candidates, rounds=40, calls=8):
    """The seconds of a call, as name -> (rounds,); the candidates take turns."""
    times = {name: [] for name in candidates}
    for _ in range(rounds + 5):
        for name, candidate in candidates.items():
            begin = CLOCK()
            for _ in range(calls):
                candidate()
            times[name].append((CLOCK() - begin) / calls)
    return {name: np.array(values[5:]) for name, values in times.items()}


stages = [("as traced", raw)]

# %% [markdown]
# **Open up.** `cross_entropy` and `softmax` are single ops for speed (lesson 20). The backward pass
# has to compute a softmax of the same scores again, because a rule keeps nothing from inside the
# forward pass. If we write both as the steps that they are made of, we can see what they have in
# common. So this pass makes the program longer. (The 10 is our number of classes.)


# %%
def opened_softmax(out, x, dim):
    along = {"dim": dim, "keepdim": True}
    return [
        Line(f"{out}_top", "amax", (x,), along),
        Line(f"{out}_low", "sub", (x, f"{out}_top"), {}),
        Line(f"{out}_exp", "exp", (f"{out}_low",), {}),
        Line(f"{out}_total", "sum", (f"{out}_exp",), along),
        Line(out, "div", (f"{out}_exp", f"{out}_total"), {}),
    ]


def opened_cross_entropy(out, x, labels, share, total):
    along = {"dim": -1, "keepdim": True}
    return [
        *opened_softmax(out, x, -1)[:4],
        Line(f"{out}_log", "log", (f"{out}_total",), {}),
        Line(f"{out}_hot", "is_class", (labels,), {"classes": 10}),
        Line(f"{out}_right", "mul", (f"{out}_low", f"{out}_hot"), {}),
        Line(f"{out}_score", "sum", (f"{out}_right",), along),
        Line(f"{out}_each", "sub", (f"{out}_log", f"{out}_score"), {}),
        Line(f"{out}_sum", "sum", (f"{out}_each",), {}),
        Line(out, "mul", (f"{out}_sum", repr(share)), {}),
    ]


OPENED = {"softmax": opened_softmax, "cross_entropy": opened_cross_entropy}


def open_up(program):
    lines = []
    for line in program.lines:
        made_of = OPENED.get(line.op)
        lines += made_of(line.out, *line.inputs, **line.params) if made_of else [line]
    return replace(program, lines=lines)


# %% [markdown]
# **Compute once.** If two lines have the same op, inputs and parameters, they have the same
# result. We drop the second line, and from there on use the name of the first result.
#
# **Predict.** How many lines will this save in the program as it was traced? And how many after it
# was opened up?


# %%
def renamed(line, instead):
    return replace(line, inputs=tuple(instead.get(name, name) for name in line.inputs))


def compute_once(program):
    lines, known, instead = [], {}, {}
    for line in program.lines:
        line = renamed(line, instead)
        what = (line.op, line.inputs, repr(line.params))
        if what in known:
            instead[line.out] = known[what]
        else:
            known[what] = line.out
            lines.append(line)
    results = [instead.get(name, name) for name in program.results]
    return replace(program, lines=lines, results=results)


opened = open_up(raw)
shared = compute_once(opened)
stages += [("opened up", opened), ("computed once", shared)]
saved_raw = len(raw.lines) - len(compute_once(raw).lines)
saved_opened = len(opened.lines) - len(shared.lines)
print(f"lines saved as traced: {saved_raw}; after opening up: {saved_opened}")
assert saved_raw == 0 and saved_opened == 5

# %% [markdown]
# None at first, and then five: the largest score, the difference, its exponential, their sum, and
# the one-hot labels, which both passes need.
#
# **Fold.** The backward pass starts from the gradient of the loss with respect to itself, which is
# always 1. What is computed from constants alone is a constant too, so we compute it now, once.


# %%
def is_number(name):
    return not name.isidentifier()


def fold(program):
    lines, constants = [], dict(program.constants)
    for line in program.lines:
        if all(name in constants or is_number(name) for name in line.inputs):
            # As above, but a program of one line.
            one = Program([], [line], [line.out], constants)
            constants[line.out] = np.asarray(built(one)()[0])
        else:
            lines.append(line)
    return replace(program, lines=lines, constants=constants)


# %% [markdown]
# **Drop.** We go through the lines from the last to the first, and keep a line only if a result or
# a kept line needs it.
#
# **Predict.** How many lines does this drop from our program? And how many from the traced one, if
# we ask for the four gradients only, and not for the loss?


# %%
def drop_unused(program):
    needed, kept = set(program.results), []
    for line in reversed(program.lines):
        if line.out in needed:
            needed.update(line.inputs)
            kept.append(line)
    used = {name: array for name, array in program.constants.items() if name in needed}
    return replace(program, lines=kept[::-1], constants=used)


folded = fold(shared)
dropped = drop_unused(folded)
stages += [("folded", folded), ("unused dropped", dropped)]
without_loss = drop_unused(replace(raw, results=raw.results[1:]))
print(f"folded: {len(shared.lines) - len(folded.lines)} lines")
print(f"dropped: {len(folded.lines) - len(dropped.lines)} lines, and ", end="")
print(f"{len(folded.constants) - len(dropped.constants)} constants that were only on the way")
gone = {line.op for line in raw.lines} - {line.op for line in without_loss.lines}
print(f"as traced, if nobody asks for the loss: {', '.join(gone)}")
assert len(shared.lines) - len(folded.lines) == 3 and len(dropped.lines) == len(folded.lines)
assert gone == {"cross_entropy"}

# %% [markdown]
# Nothing is dropped from our program: the engine calls a rule only where its gradient is wanted, so
# every line was needed from the start. (A function that computes more than it returns loses lines.)
# And the gradients do not need the value of the loss at all: if nobody asks for it, one line goes.
#
# **Use memory again.** The gradient of the first weight has 78,400 numbers, and each replay asks
# the system for a new array to put it in. A matrix product in NumPy can be told where to write its
# result, so we keep an array for it, a **buffer**. (`into` is `np.matmul`, whose third argument is
# the buffer.)


# %%
def with_buffers(program, at_least=50_000):
    lines, constants = [], dict(program.constants)
    for line in program.lines:
        if line.op == "matmul" and np.prod(line.shape) >= at_least:
            buffer = f"{line.out}_buffer"
            constants[buffer] = np.empty(line.shape, np.float32)
            line = replace(line, op="into", inputs=(*line.inputs, buffer))
        lines.append(line)
    return replace(program, lines=lines, constants=constants)


buffered = with_buffers(dropped)
stages += [("with a buffer", buffered)]
print(text_of(buffered))
for name, program in stages:
    results = built(program)(*batches[2], *parameters_of(model))
    assert same_bits(results, ordinary(model, *batches[2])), name

# %% [markdown]
# Every stage still gives the same bits. Here is what each of them gained. The first row is the
# engine, forward and backward; the step of the optimiser is not part of any of them.

# %%
images, labels = batches[3]
candidates = {"the engine": lambda: ordinary(model, images, labels)}
for name, program in stages:
    replay = built(program)
    candidates[name] = lambda replay=replay: replay(images, labels, *parameters_of(model))
times = measured(candidates)
engine_times = times["the engine"]
print("                   lines   microseconds   time / the engine's, median and middle half")
for name, values in times.items():
    lines = len(dict(stages)[name].lines) if name != "the engine" else "-"
    low, middle, high = np.quantile(values / engine_times, [0.25, 0.5, 0.75])
    print(f"{name:17}{lines:>7}{1e6 * np.median(values):15.0f}", end="")
    print(f"{middle:15.2f}   ({low:.2f} to {high:.2f})")

# %% [markdown]
# Read your own numbers, and do not trust a difference that is smaller than the spread in the last
# column. Where this was written, on a busy machine, all of it together saved a sixth to a fifth of
# the time, and nearly all of that was the bookkeeping. Opening up cost time until computing once
# won it back, and what a single pass gained was smaller than the spread, because the arrays that
# the passes spare are small. Fewer lines are easier to read. Only a clock can say whether they are
# faster.
#
# The buffer has a price that no clock shows.
#
# **Predict.** We keep the gradient of one replay, and replay on another batch. Is the gradient
# that we kept still what it was?


# %%
def is_kept(program):
    """Whether a gradient of one replay is still the same after the next."""
    replay = built(program)
    gradient = replay(*batches[4], *parameters_of(model))[1]  # that of fc1_weight
    before = gradient.copy()
    replay(*batches[5], *parameters_of(model))
    return np.array_equal(gradient, before)


for name, program in (("without a buffer", dropped), ("with a buffer", buffered)):
    print(f"{name}: the gradient is what it was: {is_kept(program)}")
assert is_kept(dropped) and not is_kept(buffered)

# %% [markdown]
# It was overwritten, and nothing told us. A buffer may be used again only when nobody holds its
# array any more.
#
# ## The program that the package writes
#
# To turn a function into such a program is to **compile** it. `tg.compile(function)` does all of
# the above, with more care, and returns a function to be called in its place. The first call with
# new shapes writes the program down. Later calls replay it: the forward part at the call, and the
# backward part at `backward()`. The parameters are found by looking at what the function refers
# to, and are read anew at each call. So a training loop keeps its form.
#
# **Predict.** The function below prints a word each time that Python runs it. We call the compiled
# function five times. How many words will there be? (Our own tracer would give one.)

# %%
model = Network()
printed = io.StringIO()


def loss_of_batch(x, y):
    print("here", end=" ")
    return F.cross_entropy(model(x), y)


loss_of = tg.compile(loss_of_batch)
with contextlib.redirect_stdout(printed):
    for images, labels in batches[:5]:
        loss_of(images, labels).backward()
print(f"printed in five calls: {printed.getvalue()}")
assert printed.getvalue().split() == ["here", "here"]

# %% [markdown]
# Twice. The first call traces. The second one replays, and then runs the function in the ordinary
# way as well, and compares the results to the bit. If they differ, you are told. From the third
# call on, Python does not enter the function.
#
# **Predict.** We train two models from the same weights for 200 steps with Adam, one of them with
# a compiled loss. How large is the largest difference between their weights afterwards?


# %%
def loss_with(model):
    return lambda x, y: F.cross_entropy(model(x), y)


def train_for(batches, compiled):
    model = Network()

    loss_of = tg.compile(loss_with(model)) if compiled else loss_with(model)
    optimiser = optim.Adam(model.parameters(), lr=0.001)
    for images, labels in batches:
        loss = loss_of(images, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return loss.item(), parameters_of(model)


loss_ordinary, weights_ordinary = train_for(batches, compiled=False)
loss_compiled, weights_compiled = train_for(batches, compiled=True)
pairs = list(zip(weights_ordinary, weights_compiled, strict=True))
print(f"loss of the last batch: {loss_ordinary:.4f} and {loss_compiled:.4f}")
print(f"largest difference of a weight: {max(np.abs(a - b).max() for a, b in pairs)}")
assert same_bits(weights_ordinary, weights_compiled) and loss_ordinary < 0.5

# %% [markdown]
# None at all: it is the same training.
#
# ## Next to the one written by hand
#
# In lesson 6 we wrote the backward pass ourselves. Here is this network in the same spirit, all in
# one function, with the layers of this lesson. Weights have the shape (out, in), as in the
# package.


# %%
def by_hand(x, y, w1, b1, w2, b2):
    # forward
    x = x.reshape(len(x), 784)
    z = x @ w1.T + b1
    h = np.maximum(z, 0)
    scores = h @ w2.T + b2
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    total = e.sum(axis=1, keepdims=True)
    p = e / total
    loss = -np.log(p[np.arange(len(x)), y]).mean()
    # backward: g is the gradient of what has just been passed, as in lesson 6
    g = (p - np.eye(10)[y]) / len(x)
    of_w2, of_b2 = g.T @ h, g.sum(axis=0)
    g = g @ w2
    g = g * (h > 0)
    of_w1, of_b1 = g.T @ x, g.sum(axis=0)
    # In lesson 6 each layer also returned g @ weight, the first one for the images: not needed.
    return loss, of_w1, of_b1, of_w2, of_b2


ours = by_hand(*batches[6], *parameters_of(model))
engine = ordinary(model, *batches[6])
for name, a, b in zip(("loss", *named(model)), ours, engine, strict=True):
    apart = np.abs(a - b).max() / np.abs(b).max()
    print(f"{name:11} differs by at most {apart:.0e} of its largest value")
    assert apart < 1e-4, name

# %% [markdown]
# Now the program of the package. In its text, `room` is a list of buffers, and `out=` says where to
# write. The comment at the end of a line names the op and the shape of the result. `forward`
# returns its results, and what `backward` will need. (`print(loss_of.source)` is all that it takes.
# Here long lines are broken to fit the page.)
#
# **Predict.** How many matrix products will there be? `MyDense` of lesson 6 has three for each
# layer, so six in all.


# %%
def print_to_fit(text):
    for line in text.splitlines():
        print(textwrap.fill(line, 96, subsequent_indent=" " * 8) if len(line) > 96 else line)


print_to_fit(loss_of.source)
products = loss_of.source.count(" @ ") + loss_of.source.count("np.matmul(")
print(f"matrix products: {products}")
assert products == 5
for name in named(model):
    assert name in loss_of.source

# %% [markdown]
# Five: nobody asks for the gradient of the images. Go through it with a finger:
#
# | by hand | in the program |
# | --- | --- |
# | (nothing) | the labels are checked, as at each ordinary call: are they classes from 0 to 9? |
# | `x.reshape(...)` | the same, with 50 written out |
# | `x @ w1.T + b1` | transpose, product, sum: the sum is written over the product |
# | `np.maximum(z, 0)` | written over the sum, which nobody needs again |
# | `h @ w2.T + b2` | as in the first layer, but too small for a buffer |
# | (nothing) | a copy of the labels, in case somebody changes theirs before the backward pass |
# | `e`, `total` | largest score, difference, exponential, sum; the sum is taken in float64 |
# | `-np.log(p[...]).mean()` | log of the sum, minus the score of the right class; sum, times 0.02 |
# | `p = e / total` | first line of the backward pass to use arrays: `e` and `total` were kept |
# | `p - np.eye(10)[y]` | minus the one-hot labels, which were kept as well |
# | `/ len(x)` | times 0.02, and times the gradient of the loss, which is 1 in `loss.backward()` |
# | `g.T @ h`, `g.sum(axis=0)` | the same two lines |
# | `g @ w2` | the same, into a buffer |
# | `g * (h > 0)` | times 1 where ReLU did not give 0, and 0 elsewhere; written over the old `g` |
# | `g.T @ x`, `g.sum(axis=0)` | the same two lines |
#
# Nobody wrote this backward pass. It was traced from the rules of three ops, the linear layer, ReLU
# and the cross-entropy, and it is what a careful person would have written by hand.
#
# ## Where it pays
#
# **Predict.** We compare a compiled step with an ordinary one, forward and backward, for networks
# with 10 to 1,000 hidden units. For which of them does compiling save the largest share of the
# time? Think of the elbow in lesson 20.

# %%
WIDTHS = (10, 30, 100, 300, 1000)
images, labels = batches[7]


def whole_step(loss_of, model):
    for parameter in model.parameters():
        parameter.grad = None
    loss_of(images, labels).backward()


quartiles = []
for width in WIDTHS:
    net = Network(width)
    losses = {"ordinary": loss_with(net), "compiled": tg.compile(loss_with(net))}
    candidates = {name: lambda f=f, net=net: whole_step(f, net) for name, f in losses.items()}
    times = measured(candidates, rounds=30, calls=4)
    quartiles.append(np.quantile(times["compiled"] / times["ordinary"], [0.25, 0.5, 0.75]))
    low, middle, high = quartiles[-1]
    print(f"{width:5} hidden units: {1e6 * np.median(times['ordinary']):6.0f} and ", end="")
    print(f"{1e6 * np.median(times['compiled']):6.0f} microseconds, compiled / ordinary ", end="")
    print(f"{middle:.2f} ({low:.2f} to {high:.2f})")

low, middle, high = np.array(quartiles).T
figure = Figure(figsize=(7, 3.2), layout="constrained")
axes = figure.subplots()
places = np.arange(len(WIDTHS))
bars = axes.bar(places, middle, width=0.6, color=LIGHT, edgecolor="black")
axes.errorbar(places, middle, [middle - low, high - middle], fmt="none", color="black", capsize=4)
axes.axhline(1, color="black", linestyle="--", linewidth=1, label="the ordinary step")
axes.legend(frameon=False, loc="upper right")
axes.bar_label(bars, [f"{ratio:.2f}" for ratio in middle], label_type="center")
axes.set_xticks(places, [f"{width:,}" for width in WIDTHS])
axes.set(xlabel="hidden units", ylabel="compiled / ordinary", ylim=(0, 1.6))
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "Bars: the time of a compiled step as a part of that of an ordinary one, for five widths of "
    "the hidden layer, as measured here, with the middle half of the rounds as a thin line."
)
plot.show(figure, "runs/lessons/21/widths.png")

# %% [markdown]
# Compiling takes away bookkeeping, not products. So we expect the largest share to be saved where
# the arrays are small, and little where the products are nearly everything. Your bars say whether
# it was so on your machine. There is a limit even for the smallest network: a compiled call has
# some bookkeeping of its own, because it has to find out each time whether its program still fits,
# and it checks the labels as an ordinary call does.
#
# ## When tracing goes wrong
#
# A tracer sees ops. What Python does beside them, it does not see, and the replay will not do it.
#
# `nn.Dropout(p)` is a layer that, in training, sets each number to 0 with probability `p` and
# scales up the others, so that no unit can rely on a particular other one (Srivastava and others,
# 2014).
# It draws a new **mask** of kept and dropped places at each call, with NumPy's generator, which is
# not an op.
#
# **Predict.** We trace a dropout layer with our own tracer and replay it eight times. How many
# different masks will we see? How many with `tg.compile`?

# %%
ones = np.ones((1, 40), np.float32)


def masks(call, times=8):
    """Which places are kept in each of some calls, (times, 40)."""
    return np.array([np.asarray(call(ones))[0] != 0 for _ in range(times)])


layer = nn.Dropout(0.5, rng=1)
traced = trace(lambda x: [layer(x)], x=tg.tensor(ones))
print(text_of(traced))
compiled_layer = tg.compile(layer)
found = {
    "our own tracer": masks(lambda x: built(traced)(x)[0]),
    "tg.compile": masks(lambda x: compiled_layer(x).data),
}
for name, kept in found.items():
    print(f"{name}: {len(np.unique(kept, axis=0))} different masks in {len(kept)} calls")
assert len(np.unique(found["our own tracer"], axis=0)) == 1
assert len(np.unique(found["tg.compile"], axis=0)) == 8

figure = Figure(figsize=(8, 2.4), layout="constrained")
for axes, (name, kept) in zip(figure.subplots(1, 2), found.items(), strict=True):
    axes.imshow(kept, cmap="gray", vmin=-0.3, vmax=1.3, aspect="auto")
    axes.set(title=name, xlabel="place in the array", ylabel="call", yticks=(0, 7))
    axes.set_yticklabels(("1", "8"))
figure.set_label(
    "The masks of eight calls as rows of dark places, which are dropped, and light ones. Left, by "
    "our own tracer, all rows are the same, which makes vertical stripes; right, by tg.compile, "
    "each row is another one."
)
plot.show(figure, "runs/lessons/21/masks.png")

# %% [markdown]
# One, and eight. The random numbers of the first call have become a constant, `c1`. They came in an
# array that no op had made, so our tracer kept it as it was: the mask is **frozen** into the
# program. In a training the same places would be dropped in every step, and no message would tell
# you. The network would still learn, only not as you meant it to.
#
# The cure has two halves. The first is to be suspicious: an array that we have never seen is an
# error, unless whoever made it says that it is the same every time. (The engine says so to the
# watcher, by calling `made`, when it makes the 1 from which the backward pass starts.) The second
# half is to hear about draws: the package's layers also tell the watcher when they draw, and
# `tg.compile` then writes a line that draws again. Here is the first half.


# %%
class CarefulTracer(Tracer):
    def made(self, array):
        Tracer.unknown(self, array)

    def unknown(self, array):
        raise ValueError(f"an array of shape {array.shape} was not made by an op")


refusal = ""
try:
    trace(lambda x: [layer(x)], CarefulTracer(), x=tg.tensor(ones))
except ValueError as error:
    refusal = str(error)
print("dropout, traced with care:", refusal)
careful = trace_step(model, *batches[0], CarefulTracer())
print(f"the training step, traced with care: {len(careful.lines)} lines, as before")
assert refusal and len(careful.lines) == len(raw.lines)
assert same_bits(built(careful)(*batches[8], *parameters_of(model)), ordinary(model, *batches[8]))

# %% [markdown]
# Is the careful tracer safe now? Here are five functions. In the first four, Python does something
# beside the ops. We trace each with one array, and replay it with another, for which Python would
# go another way. (The number from outside changes in between.) `tg.compile` refuses a function by
# raising a `CompileError`.
#
# **Predict.** For each function: will the careful tracer be right, be wrong, or refuse?


# %%
settings = {"scale": 2.0}


def numpy_in_the_middle(x):
    return x * np.sign(x.data)


def branch_on_a_value(x):
    if x.sum().item() > 0:
        return x * 2
    return x * 3


def number_as_a_factor(x):
    return x * x.max().item()


def number_from_outside(x):
    return x * settings["scale"]


def choice_by_an_op(x):
    return tg.where(x.sum() > 0, x * 2, x * 3)


def outcome_with(tracer, function, first, second):
    """What our own tracer makes of a function: right, wrong, or refused."""
    settings["scale"] = 2.0
    try:
        program = built(trace(lambda x: [function(x)], tracer, x=tg.tensor(first)))
    except ValueError:
        return "refuses"
    settings["scale"] = 5.0
    right = same_bits(program(second), [function(tg.tensor(second)).data])
    return "right" if right else "WRONG"


messages = {}


def outcome_of_compile(function, first, second):
    settings["scale"] = 2.0
    compiled = tg.compile(function)
    try:
        compiled(first)
    except tg.CompileError as error:
        messages[function.__name__] = str(error)
        return "refuses"
    settings["scale"] = 5.0
    right = same_bits([compiled(second).data], [function(tg.tensor(second)).data])
    return "right" if right else "WRONG"


first, second = np.array([1.0, 2.0, -0.5]), np.array([-1.0, -2.0, 0.5])
print("                       Tracer     CarefulTracer   tg.compile")
outcomes = {}
for function in (
    numpy_in_the_middle,
    branch_on_a_value,
    number_as_a_factor,
    number_from_outside,
    choice_by_an_op,
):
    row = [outcome_with(kind(), function, first, second) for kind in (Tracer, CarefulTracer)]
    row.append(outcome_of_compile(function, first, second))
    outcomes[function.__name__] = row
    print(f"{function.__name__:22} {row[0]:10} {row[1]:15} {row[2]}")

assert outcomes["numpy_in_the_middle"] == ["WRONG", "refuses", "refuses"]
assert outcomes["branch_on_a_value"] == ["WRONG", "WRONG", "refuses"]
assert outcomes["number_as_a_factor"] == ["WRONG", "WRONG", "refuses"]
assert outcomes["number_from_outside"] == ["WRONG", "WRONG", "right"]
assert outcomes["choice_by_an_op"] == ["right", "right", "right"]

# %% [markdown]
# Being careful about arrays is not enough. Where the function branches, the tracer sees the ops of
# the branch that was taken, and cannot know that there was another one. And once a value has left
# its tensor as a plain number, it is a number like any other.
#
# So `tg.compile` also guards the tensors while it traces: a function that looks at a value is
# refused. A number from outside, such as `settings["scale"]`, is compared at each call, and if it
# has changed, a new program is written. Often a branch can be written as an op instead:
# `tg.where(condition, a, b)` takes each number from `a` or from `b`, and then the choice is a line
# of the program. This is what the refusals say:

# %%
for message in messages.values():
    short = re.sub(r"\S*[/\\]", "", message)  # the name of the file, not where it lies
    print(textwrap.fill(short, 96), end="\n\n")
assert len(messages) == 3

# %% [markdown]
# Each message names the function and the line, and says what cannot be replayed and what to do
# instead. A refusal is a nuisance, but far better than a training that quietly does something else.
#
# ## What was learned
#
# - To trace is to run a function once and write down its ops in order. Because the derivative rules
#   are made of ops, the backward pass is part of the same program.
# - A replay does the same operations in the same order, so it gives the same bits, without the
#   recording and the walk back.
# - Passes improve the program and keep its results. One pass can make another possible: nothing
#   was computed twice until we opened up. What a pass gains must be measured, and may be nothing.
# - A buffer saves an allocation, and overwrites whatever you still hold of it.
# - Compiling takes away the cost of bookkeeping. Where matrix products take most of the time, there
#   is little to gain.
# - Whatever Python does beside the ops is frozen: masks, branches, numbers. A compiler that can be
#   trusted does it right or refuses.
#
# ## What is still open
#
# This is the last lesson. Our program ends with the gradients. The step of the optimiser, which is
# several passes over all weights (lesson 20), is not part of it, and NumPy goes through memory once
# for each of them. To do them all in one pass takes machine code made for this purpose: with
# `pip install "tinygrad_mlp[fast]"`, `optim.Adam(parameters, fused=True)` has it made by Numba, and
# still gives the same bits.
#
# ## Exercises
#
# Here a line is a plain tuple `(out, op, inputs)` of names.
#
# - `fold_with_draws`: compute once what never changes, and do not freeze a mask.
# - `rooms`: give each result a place in memory that nobody needs any more.
# - `compiled`: trace at the first call with new shapes and dtypes, replay at later ones.
#
# Check them with `python -m lessons check 21`.
