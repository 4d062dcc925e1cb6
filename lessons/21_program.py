# %% [markdown]
# # 21. The program behind the graph
#
# **Question.** What is left of a training step if we write down once what it computes, and from
# then on run only that? And when is what we wrote down wrong?
#
# **Time.** 45 minutes.
#
# **New from the package.** `Tensor`, `observing.Observer`, `observing.observe`, `compile`,
# `CompileError`, `nn.Dropout`, `where`.
#
# **Before this.** Lesson 20 took a training step apart. Part of its time went into matrix
# products, and another part into bookkeeping: recording each op, and walking back over the record.
# The bookkeeping is the same in every step. Here we do it once.

# %%
import os

# One thread for matrix products, as in lesson 20; NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import textwrap
import time
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import nn, plot
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.engine import OPS
from tinygrad_mlp.experiment.recipes import build_mlp
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.observing import Observer, observe

train = load_mnist()
batches = [(train.images[i : i + 50], train.labels[i : i + 50]) for i in range(0, 500, 50)]

# %% [markdown]
# ## Writing it down
#
# In lesson 1 we printed everything that a result was made from, in order. That table was a list of
# steps that one can work through again with other numbers: a **program**. To **trace** a function
# is to run it once and write down every op that it calls. To **replay** the program is to run its
# lines on other arrays.
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


@dataclass(frozen=True)
class Program:
    inputs: list  # the names of what it is given
    lines: list
    results: list  # the names of what it returns
    constants: dict  # name -> an array that belongs to the program


# %% [markdown]
# How do we see every op? Inside `with observe(watcher):` the engine calls `watcher.forward(...)`
# after each op, with the op, what it was given (`args`), its parameters, the array that it made
# (`raw`), and the `Tensor` that holds the array (`node`). A watcher is an `Observer`, a class whose
# methods do nothing until we write our own.
#
# The backward pass is made of ops too: every derivative rule is written in them (lesson 2). With
# `writes_programs = True` we ask the engine to run the rules on tensors, as `create_graph=True`
# does in lesson 19, so that their ops are shown as well.
#
# How do we know which arrays an op was given? We remember every array that we have seen by its
# identity, `id(array)`, and give it a name. An array that no op made and that is no input is kept
# as it is, as a constant.


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
            name = f"c{len(self.constants) + 1}"
            self.know(array, name)
            self.constants[name] = array
        return self.names[id(array)]

    def forward(self, op, args, arrays, params, raw, node):
        inputs = tuple(self.name_of(arg) for arg in args)
        out = f"v{len(self.lines) + 1}"
        self.lines.append(Line(out, op.name, inputs, params))
        self.know(raw, out)
        self.know(node.data, out)  # nearly always the same array


def trace(function, **given):
    """The program behind `function(*given)`, which returns a list of tensors."""
    tracer = Tracer()
    for name, tensor in given.items():
        tracer.know(tensor.data, name)
    with observe(tracer):
        results = [tracer.name_of(result) for result in function(*given.values())]
    return Program(list(given), tracer.lines, results, tracer.constants)


# %% [markdown]
# For the replay we turn the program into Python, which we can also print and read. `exec` runs a
# text as Python. The ops are those in `OPS` (lesson 15). Called on plain arrays they are plain
# NumPy, and nothing is recorded.


# %%
def text_of(program):
    text = [f"def program({', '.join(program.inputs)}):"]
    for line in program.lines:
        given = [*line.inputs, *(f"{name}={value!r}" for name, value in line.params.items())]
        text.append(f"    {line.out} = {line.op}({', '.join(given)})")
    return "\n".join([*text, f"    return [{', '.join(program.results)}]"])


def built(program):
    """The program as a Python function of arrays."""
    names = {**OPS, **program.constants}
    exec(text_of(program), names)
    return names["program"]


# %% [markdown]
# We try it on $x \sin x$, the first function of this course, and ask for its slope as well. In
# lesson 1 we found that the slope is $\sin x + x \cos x$.


# %%
def value_and_slope(x):
    y = x * x.sin()
    return y, *tg.grad(y, [x])


x = tg.tensor(np.array(6.0), requires_grad=True)
small = trace(value_and_slope, x=x)
print(text_of(small))
y, slope = built(small)(np.array(3.0))
print(f"\nreplayed at x = 3: y = {y:.4f}, slope = {slope:.4f}")

# %% [markdown]
# The first two lines compute the function. The rest is the product rule: the gradient of the
# result, the constant `c1`, which is 1, is multiplied by each factor, the part that goes on through
# the sine is multiplied by the cosine, and the two parts are added. We traced at $x = 6$ and
# replayed at $x = 3$. Nothing walks back over a graph any more: the order is that of the lines.
#
# ## A training step
#
# Now the improved model, and a function that returns the loss and the four gradients.

# %%
model = build_mlp((100,), rng=0)
NAMES = ("w1", "b1", "w2", "b2")


def parameters_of(model):
    return [p.data for p in model.parameters()]


def loss_and_gradients(x, y, *parameters):
    loss = F.cross_entropy(model(x), y)
    return loss, *tg.grad(loss, parameters)


def ordinary(images, labels):
    """The same by the engine, as arrays."""
    return [t.data for t in loss_and_gradients(images, labels, *model.parameters())]


def same_bits(ours, theirs):
    pairs = zip(ours, theirs, strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)


# %% [markdown]
# **Predict.** How close will a replay on *another* batch come to what the engine computes?
#
# - it is exactly the same
# - it differs by about $10^{-7}$, from rounding
# - it differs by about $10^{-3}$, because the batch is another one

# %% answer=1
x, y = (tg.tensor(array) for array in batches[0])
raw = trace(loss_and_gradients, x=x, y=y, **dict(zip(NAMES, model.parameters(), strict=True)))
print(text_of(raw))

replayed = built(raw)(*batches[1], *parameters_of(model))
print(f"\n{len(raw.lines)} lines; another batch, the same bits: ", end="")
print(same_bits(replayed, ordinary(*batches[1])))

# %% [markdown]
# Exactly the same: the replay runs the same operations on the same numbers in the same order. The
# first six lines are the forward pass, and the rest is what the rules did. A program is made for
# one set of shapes: the first line says 50, the number of images in the batch that we traced, and
# the 0.02 is 1/50.
#
# ## Cleaning it up
#
# Nobody would write the program in quite this way. But it is data, so we can improve it. A compiler
# does this in **passes** (not those of lesson 20): functions from program to program that keep what
# the program is for.

# %%
programs = {"as traced": raw}

# %% [markdown]
# **Open up.** `cross_entropy` and `softmax` are single ops for speed (lesson 20), and the backward
# pass computes a softmax of the same scores again. If we write both as the steps that they are made
# of, we can see what they have in common. So this pass makes the program longer. (The 10 is our
# number of classes.)


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
    return [
        *opened_softmax(out, x, -1)[:4],
        Line(f"{out}_log", "log", (f"{out}_total",), {}),
        Line(f"{out}_hot", "is_class", (labels,), {"classes": 10}),
        Line(f"{out}_right", "mul", (f"{out}_low", f"{out}_hot"), {}),
        Line(f"{out}_score", "sum", (f"{out}_right",), {"dim": -1, "keepdim": True}),
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
# **Compute once.** If two lines have the same op, inputs and parameters, they have the same result.
# We drop the second line, and from there on use the name of the first result. (In books this is
# **common subexpression elimination**.)


# %%
def compute_once(program):
    lines, known, instead = [], {}, {}
    for line in program.lines:
        line = replace(line, inputs=tuple(instead.get(name, name) for name in line.inputs))
        what = (line.op, line.inputs, repr(line.params))
        if what in known:
            instead[line.out] = known[what]
        else:
            known[what] = line.out
            lines.append(line)
    results = [instead.get(name, name) for name in program.results]
    return replace(program, lines=lines, results=results)


# %% [markdown]
# **Predict.** In the program as it was traced, this pass saves no line. How many does it save after
# the program was opened up? Compare the two functions that open ops.

# %% answer=[4, 6]
programs["opened up"] = open_up(raw)
programs["computed once"] = compute_once(programs["opened up"])
for name, program in programs.items():
    print(f"{name:14} {len(program.lines)} lines")
print(f"as traced, and computed once: {len(compute_once(raw).lines)} lines")

# %% [markdown]
# Five: the largest score, the difference, its exponential, their sum, and the one-hot labels.
#
# **Fold.** What is computed from constants alone is a constant too, such as what is made from the 1
# that the backward pass starts from. We compute it now, once. (This is **constant folding**.)
#
# **Drop.** We go through the lines from the last to the first, and keep a line only if a result or
# a kept line needs it. (This is **dead code elimination**.)


# %%
def fold(program):
    lines, constants = [], dict(program.constants)
    for line in program.lines:
        if all(name in constants or not name.isidentifier() for name in line.inputs):
            # A number is no identifier. As above, but a program of one line.
            one = Program([], [line], [line.out], constants)
            constants[line.out] = np.asarray(built(one)()[0])
        else:
            lines.append(line)
    return replace(program, lines=lines, constants=constants)


def drop_unused(program):
    needed, kept = set(program.results), []
    for line in reversed(program.lines):
        if line.out in needed:
            needed.update(line.inputs)
            kept.append(line)
    used = {name: array for name, array in program.constants.items() if name in needed}
    return replace(program, lines=kept[::-1], constants=used)


# %% [markdown]
# Every line of our program is needed for the loss or for a gradient. But a training step does not
# use the value of the loss, only its gradients. So we take the loss out of the results and drop
# what is not needed any more.
#
# **Predict.** How many lines does this drop?
#
# - none: the gradients are made from the loss
# - one, that of the loss
# - six

# %% answer=3 explore="passes"
programs["folded"] = fold(programs["computed once"])
folded = programs["folded"]
programs["without the loss"] = drop_unused(replace(folded, results=folded.results[1:]))
texts = [(name, text_of(program)) for name, program in programs.items()]
for name, program in programs.items():
    gradients = built(program)(*batches[2], *parameters_of(model))[-4:]
    same = same_bits(gradients, ordinary(*batches[2])[1:])
    print(f"{name:17} {len(program.lines):3} lines, gradients with the same bits: {same}")
print("\n" + texts[-1][1])

# %% [markdown]
# Six: the logarithm, the score of the right class, and what adds them up. The gradients need only
# the exponentials and their sums. Before the program was opened up, only one line could have gone:
# one pass makes another possible.
#
# `texts` holds the program after each pass. What did each gain? We measure as in lesson 20:
# candidates that take turns, a warm-up, medians.

# %%
CLOCK = time.perf_counter if os.name == "nt" else time.thread_time


def measured(candidates, rounds=40, calls=5):
    """The median seconds of a call, as name -> number; the candidates take turns."""
    times = {name: [] for name in candidates}
    for _ in range(rounds + 5):
        for name, candidate in candidates.items():
            begin = CLOCK()
            for _ in range(calls):
                candidate()
            times[name].append((CLOCK() - begin) / calls)
    return {name: np.median(values[5:]) for name, values in times.items()}


candidates = {"the engine": lambda: ordinary(*batches[3])}
for name, program in programs.items():
    replay = built(program)
    candidates[name] = lambda replay=replay: replay(*batches[3], *parameters_of(model))
times = measured(candidates)
for name, value in times.items():
    print(f"{name:17}{1e6 * value:6.0f} µs{value / times['the engine']:8.2f} of the engine's time")

# %% [markdown]
# Where this was written, the bookkeeping was most of the gain; the rest is hardly more than the
# clock can tell. Opening up cost time until the next pass won it back. Fewer lines are easier to
# read. Only a clock can say whether they are faster.
#
# ## The program that the package writes
#
# To turn a function into such a program is to **compile** it. `tg.compile(function)` does all of
# the above, with more care, and returns a function to be called in its place. The first call with
# new shapes writes the program down. Later calls replay it: the forward part at the call, and the
# backward part at `backward()`. Your training loop stays as it is.
#
# **Predict.** The function below prints a word each time that Python runs it. We call the compiled
# function five times. How many words will there be?
#
# - one
# - two
# - five


# %% answer=2
def loss_of_batch(x, y):
    print("here", end=" ")
    return F.cross_entropy(model(x), y)


loss_of = tg.compile(loss_of_batch)
for images, labels in batches[:5]:
    model.zero_grad()
    loss_of(images, labels).backward()
gradients = [p.grad.data for p in model.parameters()]
print(f"\nthe last gradients, the same bits: {same_bits(gradients, ordinary(*batches[4])[1:])}")

# %% [markdown]
# Two. The first call traces. The second one replays, and then runs the function in the ordinary
# way as well, and compares the results to the bit. If they differ, you are told. From the third
# call on, Python does not enter the function.
#
# `print(loss_of.source)` shows the program. The comment at the end of a line names the op and the
# shape of the result. `room` is a list of arrays that are used again at each call, and `out=` says
# that a result is written into one of them. Such an array is called a **buffer**.

# %%
for line in loss_of.source.splitlines():
    print(textwrap.fill(line, 96, subsequent_indent=" " * 8) if len(line) > 96 else line)

# %% [markdown]
# Nobody wrote this backward pass. It was traced from the rules of three ops, the linear layer, ReLU
# and the cross-entropy, and it is what a careful person would have written by hand. `MyDense` of
# lesson 6 had three matrix products for each of its layers. Here there are five for two layers,
# because nobody asks for the gradient of the images. What the package adds to our passes:
#
# - The labels are checked at each call, as in an ordinary one, and copied, in case somebody changes
#   theirs before the backward pass.
# - What is not needed again is written over: the sum over the product, ReLU over the sum.
# - `forward` also returns what `backward` needs, such as the exponentials and their sums.
#
# ## Where it pays
#
# We compare a compiled step with an ordinary one, forward and backward, for networks with 10, 100
# and 1,000 hidden units.


# %% tags=["draw"]
def draw_widths(ratios):
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(ratios))
    bars = axes.bar(places, list(ratios.values()), width=0.6, color="#E69F00", edgecolor="black")
    axes.axhline(1, color="black", linestyle="--", linewidth=1, label="the ordinary step")
    axes.legend(frameon=False, loc="upper right")
    axes.bar_label(bars, [f"{ratio:.2f}" for ratio in ratios.values()], label_type="center")
    axes.set_xticks(places, [f"{width:,}" for width in ratios])
    axes.set(xlabel="hidden units", ylabel="compiled / ordinary", ylim=(0, 1.5))
    axes.spines[["top", "right"]].set_visible(False)
    told = ", ".join(f"{width:,} units {ratio:.2f}" for width, ratio in ratios.items())
    figure.set_label(
        "Bars: the time of a compiled step as a part of that of an ordinary one, by the number of "
        f"hidden units: {told}."
    )
    plot.show(figure, "runs/lessons/21/widths.png")


# %% [markdown]
# **Predict.** For which network does compiling save the largest share of the time? Think of the
# two prices in lesson 20.
#
# - the largest
# - the one with 100 hidden units
# - the smallest


# %% answer=3
def loss_with(model):
    return lambda x, y: F.cross_entropy(model(x), y)


def whole_step(loss_of, model):
    model.zero_grad()
    loss_of(*batches[5]).backward()


ratios = {}
for width in (10, 100, 1000):
    net = build_mlp((width,), rng=0)
    losses = {"ordinary": loss_with(net), "compiled": tg.compile(loss_with(net))}
    candidates = {name: lambda f=f, net=net: whole_step(f, net) for name, f in losses.items()}
    times = measured(candidates, rounds=30)
    ratios[width] = times["compiled"] / times["ordinary"]
    print(f"{width:5} hidden units: {1e6 * times['ordinary']:6.0f} µs, ", end="")
    print(f"compiled {1e6 * times['compiled']:6.0f}, ratio {ratios[width]:.2f}")
draw_widths(ratios)

# %% [markdown]
# The smallest. Compiling takes away bookkeeping, not products, so it saves most where the arrays
# are small. There is a limit even there: a compiled call has to find out each time whether its
# program still fits.
#
# ## When tracing goes wrong
#
# A tracer sees ops. What Python does beside them, it does not see, and the replay will not do it.
#
# `nn.Dropout(p)` is a layer that, in training, sets each number to 0 with probability `p` and
# scales up the others, so that no unit can rely on a particular other one (Srivastava and others,
# 2014). It draws a new **mask** of kept and dropped places at each call, with NumPy's generator,
# which is not an op. We trace it and replay it eight times.

# %%
ones = np.ones((1, 40), np.float32)


def masks(call):
    """How many different sets of places are kept in eight calls."""
    return len({(np.asarray(call(ones)) != 0).tobytes() for _ in range(8)})


layer = nn.Dropout(0.5, rng=1)
traced = trace(lambda x: [layer(x)], x=tg.tensor(ones))
print(text_of(traced))
compiled_layer = tg.compile(layer)
print(f"our own tracer: {masks(built(traced))} different masks in 8 calls")
print(f"tg.compile:     {masks(compiled_layer)} different masks in 8 calls")

# %% [markdown]
# Our tracer has a single mask. The random numbers of the first call came in an array that no op had
# made, so it became a constant, `c1`: the mask is **frozen** into the program. In a training the
# same places would be dropped in every step, and no message would tell you. `tg.compile` is told by
# the layer that it draws, and writes a line that draws again.
#
# Here are four functions. In the first three, Python does something beside the ops. We trace each
# with one array, and replay it with another, for which Python would go another way. (The scale
# changes in between.) `tg.compile` refuses a function by raising a `CompileError`.


# %%
settings = {"scale": 2.0}
FIRST, SECOND = np.array([1.0, 2.0, -0.5]), np.array([-1.0, -2.0, 0.5])


def numpy_in_the_middle(x):
    return [x * np.sign(x.data)]


def branch_on_a_value(x):
    return [x * 2] if x.sum().item() > 0 else [x * 3]


def number_from_outside(x):
    return [x * settings["scale"]]


def choice_by_an_op(x):
    return [tg.where(x.sum() > 0, x * 2, x * 3)]


def outcome(compiler, function):
    settings["scale"] = 2.0
    try:
        replay = compiler(function)
        replay(FIRST)
    except tg.CompileError as error:
        refusals.append(str(error).partition("\n")[0])
        return "refuses"
    settings["scale"] = 5.0
    return "right" if same_bits(replay(SECOND), function(tg.tensor(SECOND))) else "WRONG"


COMPILERS = {
    "our own tracer": lambda function: built(trace(function, x=tg.tensor(FIRST))),
    "tg.compile": tg.compile,
}

# %% [markdown]
# **Predict.** How many of the four functions does our own tracer get wrong?
#
# - one
# - two
# - three
# - all four

# %% answer=3
refusals = []
print("                       our own tracer   tg.compile")
for function in (numpy_in_the_middle, branch_on_a_value, number_from_outside, choice_by_an_op):
    row = [outcome(compiler, function) for compiler in COMPILERS.values()]
    print(f"{function.__name__:22} {row[0]:16} {row[1]}")
print()
print(textwrap.fill(refusals[1], 96))

# %% [markdown]
# Three. Where the function branches, the tracer sees the ops of the branch that was taken, and
# cannot know that there was another one. And once a value has left its tensor as a plain number, it
# is a number like any other.
#
# So `tg.compile` guards the tensors while it traces: a function that looks at a value is refused,
# with a message that says what to do instead. A number from outside is compared at each call, and
# if it has changed, a new program is written. Often a branch can be written as an op:
# `tg.where(condition, a, b)` takes each number from `a` or from `b`, and then the choice is a line
# of the program. A refusal is a nuisance, but far better than a training that quietly does
# something else.
#
# ## What was learned
#
# - To trace is to run a function once and write down its ops in order. The derivative rules are
#   made of ops, so the backward pass is part of the same program.
# - A replay does the same operations in the same order, so it gives the same bits.
# - Passes improve the program and keep its results, and one pass can make another possible. What
#   they gain must be measured.
# - Compiling takes away bookkeeping. Where matrix products take most of the time, there is little
#   to gain.
# - Whatever Python does beside the ops is frozen: masks, branches, numbers. A compiler that can be
#   trusted does it right or refuses.
#
# ## What is still open
#
# Our program ends with the gradients. The step of the optimiser, several passes over all weights
# (lesson 20), is not part of it. To do them all in one pass takes machine code made for this
# purpose: with `pip install "tinygrad_mlp[fast]"`, `optim.Adam(parameters, fused=True)` has it made
# by Numba, and still gives the same bits.
#
# ## Exercises
#
# Write them in `lessons/exercises/21_program.py`.
#
# Here a line is a plain tuple `(out, op, inputs)` of names.
#
# - `fold_with_draws`: compute once what never changes, and do not freeze a mask.
# - `rooms`: give each result a place in memory that nobody needs any more.
# - `compiled`: trace at the first call with new shapes and dtypes, replay at later ones.
#
# Check them with `python -m lessons check 21`.
