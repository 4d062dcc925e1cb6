# %% [markdown]
# # 20. Where does the time go?
#
# **Question.** Which part of a training step takes the time, and how do you find out without
# fooling yourself?
#
# **Time.** 40 minutes.
#
# **New from the package.** Nothing.
#
# **Before this.** The lessons so far asked whether results are right. Lesson 19 ended by asking
# what they cost. Here we take one training step of the improved model apart.

# %%
import os

# One thread for matrix products, unless you chose a number yourself. NumPy reads this when it is
# imported; the end of the lesson says why.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import itertools
import math
import time

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import op, optim, plot
from tinygrad_mlp.data import DataLoader, load_mnist
from tinygrad_mlp.experiment.recipes import build_mlp
from tinygrad_mlp.nn import functional as F

train = load_mnist()

# %% tags=["draw"]
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"

# %% [markdown]
# All times in this lesson are measured while it runs, so yours will differ from those on any page.
#
# ## Count first
#
# The improved model has 784 inputs, 100 hidden units and 10 outputs. A step uses 50 images. Most
# of the arithmetic is in the matrix products: the product of matrices of shapes $(n, k)$ and
# $(k, m)$ takes $n \cdot k \cdot m$ multiplications, each with an addition. Such a pair is a
# **multiply-add**.
#
# A linear layer with input $X$ of shape $(50, k)$ and weight $W$ of shape $(m, k)$ needs three
# products, where $G$ of shape $(50, m)$ is the gradient of its output:
#
# $$Y = X W^\top, \qquad \frac{\partial L}{\partial W} = G^\top X, \qquad
# \frac{\partial L}{\partial X} = G\, W .$$
#
# We make an op that counts the multiply-adds.

# %%
PURPOSES = ("forward", "gradients of weights", "gradients of inputs")
counted = dict.fromkeys(PURPOSES, 0)


def product(a, b, purpose):
    """a @ b for a (n, k) and b (k, m), with its multiply-adds counted."""
    counted[purpose] += a.shape[0] * a.shape[1] * b.shape[1]
    return a @ b


@op(
    grad=(
        lambda g, y, x, weight: product(g, weight, "gradients of inputs"),
        lambda g, y, x, weight: product(g.T, x, "gradients of weights"),
    )
)
def counted_linear(x, weight):
    return product(x, weight.T, "forward")


# %% [markdown]
# We run a step twice: once with the images as a plain array, and once with a tensor that requires
# a gradient.
#
# **Predict.** How many more multiply-adds does the second one need?
#
# - none
# - a tenth more
# - half as many again


# %% answer=3
def count_a_step(images):
    """The multiply-adds of one step on images (50, 784), by purpose."""
    rng = np.random.default_rng(0)
    first = tg.tensor(0.03 * rng.normal(size=(100, 784)), requires_grad=True)
    second = tg.tensor(0.1 * rng.normal(size=(10, 100)), requires_grad=True)
    counted.update(dict.fromkeys(PURPOSES, 0))
    scores = counted_linear(counted_linear(images, first).relu(), second)
    F.cross_entropy(scores, train.labels[:50]).backward()
    return dict(counted)


pixels = train.images[:50].reshape(50, 784)
as_array = count_a_step(pixels)
as_tensor = count_a_step(tg.tensor(pixels, requires_grad=True))

print("multiply-adds of a step    images: array       tensor")
for purpose in PURPOSES:
    print(f"{purpose:22}{as_array[purpose]:20,}{as_tensor[purpose]:13,}")
print(f"{'together':22}{sum(as_array.values()):20,}{sum(as_tensor.values()):13,}")

# %% [markdown]
# Half as many again. The gradient of the images would say how to change the pixels, and nobody
# asked for it. Lesson 2 showed that an op has one rule for each input. This is the reward: the
# engine calls a rule only where a gradient is wanted, and for images in a plain array none is.
#
# What about the rest of the step? A multiply-add is two **operations**. Adam does about 12
# operations for each of the 79,510 weights and biases. ReLU, the biases and their gradients take
# about four for each of the $50 \cdot 110$ outputs of the two layers, and the cross-entropy about
# ten for each of the $50 \cdot 10$ scores.

# %%
weights = 784 * 100 + 100 + 100 * 10 + 10
work = {
    "two large products": 2 * (2 * 50 * 784 * 100),
    "three small products": 3 * (2 * 50 * 100 * 10),
    "cross-entropy": 10 * 50 * 10,
    "Adam": 12 * weights,
    "rest": 4 * 50 * 110,
}
total_work = sum(work.values())
for name, operations in work.items():
    print(f"{name:22}{operations:12,} operations {operations / total_work:8.2%}")

# %% [markdown]
# By this count the two large products are nearly everything, and the cross-entropy is less than a
# thousandth. We will compare these shares with the clock. But first we need a clock that we can
# trust.
#
# ## A clock that lies
#
# Here is the step, written as in the lessons before. The model trains for 300 steps before we
# look, because first steps are slow: memory is requested, and code runs for the first time. This
# is called a **warm-up**.


# %%
def training_step(model, optimiser, images, labels):
    loss = F.cross_entropy(model(images), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def trained(steps=300):
    """The improved model and its optimiser, warmed up."""
    model = build_mlp((100,), rng=0)
    optimiser = optim.Adam(model.parameters(), lr=0.01)
    batches = DataLoader(train, batch_size=50, shuffle=True, rng=1)
    for images, labels in itertools.islice(batches, steps):
        training_step(model, optimiser, images, labels)
    return model, optimiser


model, optimiser = trained()
loader = DataLoader(train, batch_size=50, shuffle=True, rng=2)
batches = itertools.cycle(list(itertools.islice(loader.arrays(), 200)))


def step():
    training_step(model, optimiser, *next(batches))


def seconds(function, clock, calls=1):
    """The time of one call: the mean of several calls in a row."""
    start = clock()
    for _ in range(calls):
        function()
    return (clock() - start) / calls


# %% [markdown]
# There are two kinds of clock. `time.perf_counter` is a **wall clock**: it keeps running whatever
# happens, even while the processor works for another program. `time.thread_time` is a **CPU
# clock**: it only runs while our thread works. (On Windows it moves in jumps that are too long for
# us. There we use the first.)
#
# Every measurement should pass one test before anything else: we compare the step **with itself**.
# We time it once, call that A, time it once more, call that B, and divide A by B. The right answer
# is 1. We try this 100 times. Then we try a more careful method 30 times: A and B **take turns**,
# 20 timings each, by the CPU clock, and we divide the median of A by the median of B.

# %%
WALL = time.perf_counter
CPU = time.perf_counter if os.name == "nt" else time.thread_time


def single_timings():
    return seconds(step, WALL) / seconds(step, WALL)


def taking_turns():
    pairs = [(seconds(step, CPU), seconds(step, CPU)) for _ in range(20)]
    a, b = np.median(pairs, axis=0)
    return a / b


# %% tags=["draw"]
def draw_clock(singles, ratios):
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    top = 3e6 * np.median(singles)
    left.plot(np.minimum(1e6 * np.array(singles), top), ".", color=BLUE, markersize=3)
    left.set(xlabel="step", ylabel="time (µs)", title="the same step, 200 times", ylim=(0, None))
    rng = np.random.default_rng(0)
    for place, (found, colour) in enumerate(zip(ratios.values(), (ORANGE, BLUE), strict=True)):
        sideways = place + rng.uniform(-0.2, 0.2, len(found))  # so that no dot hides another
        right.plot(np.clip(found, 0.5, 2), sideways, "o", color=colour, markersize=4)
    right.set_yticks(range(len(ratios)), [name.replace(", ", ",\n") for name in ratios])
    right.set(xscale="log", xlim=(0.48, 2.08), ylim=(1.5, -0.5), xlabel="time of A / time of B")
    figure.supxlabel("Dots at an edge are beyond it.", fontsize="small")
    right.set_xticks((0.5, 0.7, 1, 1.4, 2), ("0.5", "0.7", "1", "1.4", "2"))
    right.minorticks_off()
    right.axvline(1, color="black", linewidth=0.8)
    spans = [f"{name}: {min(found):.2f} to {max(found):.2f}" for name, found in ratios.items()]
    figure.set_label(
        "Left: the times of 200 equal steps by the wall clock, as dots. Right: the ratio of the "
        f"step's time to its own time, as dots around 1, by two methods. {'. '.join(spans)}."
    )
    plot.show(figure, "runs/lessons/20/clock.png")


# %% [markdown]
# **Predict.** How far from 1 is the worst ratio of two single timings?
#
# - more than 5 %
# - 2 or 3 %
# - less than 1 %

# %% answer=1
singles = [seconds(step, WALL) for _ in range(200)]
low, middle, high = 1e6 * np.quantile(singles, [0, 0.5, 1])
print(f"200 single timings: fastest {low:.0f}, median {middle:.0f}, slowest {high:.0f} µs")
ratios = {
    "single timings": [single_timings() for _ in range(100)],
    "medians, taking turns": [taking_turns() for _ in range(30)],
}
print("A / B, where A and B are the same   lowest   highest")
for name, found in ratios.items():
    print(f"{name:32}{min(found):10.2f}{max(found):10.2f}")
draw_clock(singles, ratios)

# %% [markdown]
# A single timing can "prove" that a step is faster than itself. If you try five variants and keep
# the one with the fastest single time, you keep the luckiest one.
#
# The slowest steps were interrupted: the machine did something else in the meantime. The CPU clock
# leaves that out. A mean would include what remains, and a **median** does not notice it as long
# as fewer than half of the timings are hit. Taking turns helps when the machine is slower in one
# second than in the next.
#
# From here on we measure like this: after a warm-up all candidates take turns, round by round, by
# the CPU clock, and we report medians. Anything too quick for a clock is called several times in a
# row.


# %%
def measure(functions, rounds=40, at_least=1e-4):
    """The median time of a call in µs, as name -> number. The functions take turns.

    at_least  how many seconds one measurement lasts; quicker functions are called several times
    """
    calls = dict.fromkeys(functions, 1)
    for name, function in functions.items():
        while calls[name] * seconds(function, CPU, calls[name]) < at_least:  # warms up too
            calls[name] *= 2
    found = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            found[name].append(1e6 * seconds(function, CPU, calls[name]))
    return {name: float(np.median(times)) for name, times in found.items()}


# %% [markdown]
# ## The step, taken apart
#
# We write each piece as a function of its own. The **floor** of the step is its two large
# products, $(50, 784) \times (784, 100)$ and $(100, 50) \times (50, 784)$, in bare NumPy: however
# the step is written in NumPy, it cannot do without them. The cross-entropy is measured forward
# and backward. Adam steps a twin of the model, with learning rate 0 so that its weights stay where
# they are. What the whole step takes beyond these pieces is the rest: recording and walking back,
# ReLU, the biases, and whatever extra time the pieces take in company compared with alone.

# %%
twin, twin_optimiser = trained()
twin_optimiser.lr = 0.0
first, second = twin[1].weight.data, twin[3].weight.data
rng = np.random.default_rng(0)
hidden, g_hidden = rng.standard_normal((2, 50, 100), dtype=np.float32)
g_scores = rng.standard_normal((50, 10), dtype=np.float32)
labels = train.labels[:50]
scores = tg.tensor(twin(train.images[:50]).data, requires_grad=True)


def two_large_products():
    pixels @ first.T
    g_hidden.T @ pixels


def three_small_products():
    hidden @ second.T
    g_scores.T @ hidden
    g_scores @ second


def there_and_back(loss):
    scores.grad = None
    loss(scores, labels).backward()


PIECES = {
    "two large products": two_large_products,
    "three small products": three_small_products,
    "cross-entropy": lambda: there_and_back(F.cross_entropy),
    "Adam": twin_optimiser.step,
}


# %% tags=["draw"]
def draw_shares(times, whole):
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(times))
    by_count = [100 * work[name] / total_work for name in times]
    by_clock = [100 * time / whole for time in times.values()]
    axes.barh(places - 0.2, by_count, height=0.38, color=ORANGE, label="by counting operations")
    axes.barh(places + 0.2, by_clock, height=0.38, color=BLUE, label="by the clock")
    axes.set_yticks(places, list(times))
    axes.invert_yaxis()
    axes.set(xlabel="share of the step (%)")
    axes.legend(frameon=False, loc="lower right")
    shares = [
        f"{name} {count:.1f} and {clock:.1f} %"
        for name, count, clock in zip(times, by_count, by_clock, strict=True)
    ]
    figure.set_label(
        "Two bars for each piece of a step, its share by counting operations and by the clock: "
        + ", ".join(shares)
    )
    plot.show(figure, "runs/lessons/20/step.png")


# %% [markdown]
# **Predict.** By the count, the two large products were 92 % of the work. What share of the time
# do they take?
#
# - more than 90 %
# - about half, or less
# - about three quarters

# %% answer=2
found = measure({"the whole step": step, **PIECES}, rounds=200)
whole = found.pop("the whole step")
found["rest"] = whole - sum(found.values())
floor = found["two large products"]

print("                         µs   share of time   share of work")
for name, value in found.items():
    print(f"{name:20}{value:7.0f}{value / whole:16.1%}{work[name] / total_work:16.2%}")
print(f"{'the whole step':20}{whole:7.0f}")
draw_shares(found, whole)

# %% [markdown]
# The count was a poor guide. The large products take far less than their share of the work,
# because a matrix product is what processors are best at: each number that was fetched from memory
# is used many times. Adam touches each number once per operation. And the cross-entropy takes a
# share of the time out of all proportion to its 500 scores. These are two different problems. The
# next section separates them.
#
# When you name such a time, name the machine too, and the library behind NumPy's products. It has
# different code for different processors. On one of our machines a forgotten setting chose the
# code for a processor from 2013, and the floor was half as high again
# (`lessons/reference/speed.md`).
#
# ## The price of a call
#
# We add two arrays of $n$ numbers and write the result into a third (`out=`), so that nothing but
# the addition is measured. And we do the same with two tensors, where the engine also records.

# %%
SIZES = [4**power for power in range(11)]
additions = {}
for n in SIZES:
    a, b, c = (np.ones(n, np.float32) for _ in range(3))
    t, u = tg.tensor(a, requires_grad=True), tg.tensor(b)
    additions["NumPy", n] = lambda a=a, b=b, c=c: np.add(a, b, out=c)
    additions["recorded", n] = lambda t=t, u=u: t + u


# %% tags=["draw"]
def draw_prices(bare, recorded):
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.loglog(SIZES, list(recorded.values()), "s-", color=BLUE, label="t + u, recorded")
    axes.loglog(SIZES, list(bare.values()), "o-", color=ORANGE, label="np.add")
    lowest, highest = axes.get_ylim()
    axes.set(xlabel="numbers", ylabel="time of a call (µs)", ylim=(lowest, 3 * highest))
    for place, name, colour in ((500, "cross-entropy ", GREEN), (weights, "Adam ", PINK)):
        axes.axvline(place, color=colour, linewidth=1)
        axes.text(place, 1.6 * highest, name, color=colour, ha="right", va="center")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 0.88))
    points = ", ".join(f"{n:,} numbers {bare[n]:.2f} and {recorded[n]:.2f}" for n in SIZES[::5])
    figure.set_label(
        "Time of an addition by the size of the array, both on log scales, in bare NumPy and "
        f"recorded. In microseconds: {points}. Upright lines mark 500 numbers, those of the "
        f"cross-entropy, and {weights:,}, those of Adam."
    )
    plot.show(figure, "runs/lessons/20/prices.png")


# %% [markdown]
# **Predict.** How many times as long does it take to add 1,024 numbers as to add one?
#
# - less than twice as long
# - about 30 times
# - about 1,000 times

# %% answer=1
times = measure(additions, rounds=25)
bare, recorded = ({n: times[kind, n] for n in SIZES} for kind in ("NumPy", "recorded"))
print("   numbers   NumPy (µs)   per number (ns)   recorded op (µs)")
for n in SIZES:
    print(f"{n:10,}{bare[n]:13.2f}{1000 * bare[n] / n:18.3f}{recorded[n]:19.2f}")

per_number = (bare[16384] - bare[1]) / 16384  # at a size that fits in the caches
print(f"a call costs as much as {bare[1] / per_number:,.0f} numbers")
draw_prices(bare, recorded)

# %% [markdown]
# There are two prices: one for the call (Python, checking types and shapes, finding the loop), and
# one for each number. In small arrays only the number of **calls** counts, in large ones only the
# number of **numbers**. Between them the curve bends like an elbow. Recording an op has a fixed
# price of its own; at the right end the two can hardly be told apart. (Tensors have no `out=`, so
# for large arrays each result also costs new memory.) At the right end each number costs more,
# because the arrays no longer fit into the fast caches.
#
# The two problems are the two sides of the elbow. The cross-entropy works on 500 numbers: it is
# made of calls, and the cure is fewer calls. Adam works on 79,510: it is made of passes over
# arrays, and the cure is fewer passes.
#
# ## Fewer calls
#
# `F.cross_entropy` ends in a single op with a rule of its own. One could also compose it of eight
# smaller ones, with the same result. We let both run forward and backward.


# %%
def composed_cross_entropy(scores, labels):
    shifted = scores - scores.data.max(axis=1, keepdims=True)
    logs = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    return -logs[np.arange(len(labels)), labels].mean()


LOSSES = {"one op": F.cross_entropy, "composed": composed_cross_entropy}
both = measure({name: lambda loss=loss: there_and_back(loss) for name, loss in LOSSES.items()})
for name, loss in LOSSES.items():
    there_and_back(loss)
    print(f"{name:9} loss {loss(scores, labels).item():.6f}, ", end="")
    print(f"largest gradient {scores.grad.data.max():.6f}, {both[name]:.0f} µs")

# %% [markdown]
# Each op left out saves a recorded call, and more calls on the way back. This has a price too: one
# more op with its own rule, which must be written, tested and kept right. So it is worth doing for
# the few ops that are in every network.
#
# ## Fewer passes
#
# Here is Adam from the formula of lesson 10, as a function on arrays of the shape of the weight
# $w$.


# %%
def from_the_formula(t, w, g, m, v, scratch, lr=0.01):
    m[...] = 0.9 * m + 0.1 * g
    v[...] = 0.999 * v + 0.001 * g * g
    m_hat = m / (1 - 0.9**t)
    v_hat = v / (1 - 0.999**t)
    w -= lr * m_hat / (np.sqrt(v_hat) + 1e-8)


# %% [markdown]
# And here is what the package makes of it. (`optim.Adam.update` has a few more cases.)


# %%
def few_passes(t, w, g, m, v, scratch, lr=0.01):
    scale = math.sqrt(0.001 / (1 - 0.999**t))
    m *= 0.9
    m += g
    v *= 0.999
    np.multiply(g, g, out=scratch)
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += 1e-8 / scale
    np.divide(m, scratch, out=scratch)
    scratch *= lr * 0.1 / (1 - 0.9**t) / scale
    w -= scratch


# %% [markdown]
# Read the two side by side. Two things are different:
#
# - **The factors 0.1 and 0.001 are gone.** Here $m$ is ten times and $v$ a thousand times what it
#   is in the formula. Both factors go into the step size, which is a single number, and so do the
#   divisions by $1 - 0.9^t$ and $1 - 0.999^t$. Only $\varepsilon$ must be scaled to match.
# - **Results are written into arrays that are already there**, with operators like `*=`, which
#   work in place, and with `out=`. The formula makes a new array for each intermediate result.
#
# Each operator and each function call goes once over all numbers. That is a **pass**. To count the
# passes, we use an array that watches. When a NumPy function meets a subclass of `ndarray` that has
# a method `__array_ufunc__`, it calls that method instead of doing the work itself. Storing into
# `m[...]` is a pass too, and is seen by `__setitem__`.


# %%
class Watched(np.ndarray):
    """An array that notes each pass over it in the list `passes`."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        passes.append("into a new array" if out is None else "in place")
        if out is not None:
            options["out"] = tuple(np.asarray(x) for x in out)
        plain = [np.asarray(x) if isinstance(x, Watched) else x for x in inputs]
        result = getattr(ufunc, method)(*plain, **options)
        return result.view(Watched) if out is None else out[0]

    def __setitem__(self, place, value):
        passes.append("in place")
        super().__setitem__(place, value)


# %% [markdown]
# **Predict.** `few_passes` makes ten passes. Count in the code above: how many does
# `from_the_formula` make?

# %% answer=[15, 17]
ADAMS = {"from_the_formula": from_the_formula, "few_passes": few_passes}


def arrays(n, dtype=np.float32):
    """A weight, a gradient, two moments and an array to write into."""
    return [np.full(n, value, dtype) for value in (0.5, 0.1, 0, 0, 0)]


for name, adam in ADAMS.items():
    passes = []
    adam(1, *(array.view(Watched) for array in arrays(weights)))
    new = passes.count("into a new array")
    print(f"{name:16} passes: {len(passes)}, of which into a new array: {new}")

after = {name: arrays(weights, np.float64) for name in ADAMS}
for t in range(1, 21):
    g = rng.normal(size=weights)
    for name, adam in ADAMS.items():
        after[name][1] = g
        adam(t, *after[name])
apart = np.abs(after["from_the_formula"][0] - after["few_passes"][0]).max()
print(f"after 20 steps in float64 the weights are at most {apart:.0e} apart")

print("   numbers   from_the_formula (µs)   few_passes (µs)   ratio")
for n in (1_000, weights, 1_000_000):
    functions = {}
    for name, adam in ADAMS.items():
        given = arrays(n)
        functions[name] = lambda adam=adam, given=given: adam(10, *given)
    slow, fast = measure(functions, rounds=20).values()
    print(f"{n:10,}{slow:24.1f}{fast:18.1f}{slow / fast:8.2f}")

# %% [markdown]
# It makes 16: seven compute $m$ and $v$, two copy into them, two are for the corrections and five
# for the step. The weights that come out are the same, to rounding.
#
# For large arrays the gain in time can be far larger than the ratio of the passes. A pass into a
# new array costs more than one into an old array, because the system must provide the memory, and
# because the old array may still be in a cache.
#
# ## What a goal can ask for
#
# You have a profile. What is worth changing? If a piece takes the share $f$ of the time and is
# made $s$ times faster, the whole takes $1 - f + f / s$ of the time it took before (Amdahl, 1967).
# Even if the piece cost nothing, $1 - f$ would remain.
#
# **Predict.** Keep the two large products, and let *everything else* cost nothing. How many times
# faster is the step then?
#
# - about 15 times
# - about 7 times
# - 2 to 4 times


# %% answer=3
def remaining(share, faster):
    """The part of the time that remains if a piece with this share is `faster` times as fast."""
    return 1 - share + share / faster


print("the whole step takes, if this were   twice as fast   ten times    free")
for name, value in found.items():
    left_over = [remaining(value / whole, faster) for faster in (2, 10, np.inf)]
    print(f"{name:36}" + "".join(f"{part:12.0%}" for part in left_over))
print(f"all but the large products free: {whole / floor:.2f} times faster, and no more")

# %% [markdown]
# That last number limits every promise. A goal such as "half the time of framework X" sounds like
# a matter of determination. But if the floor alone takes more than half of X's time, the goal
# cannot be met with the same matrix products, and it is better to learn this from a profile than
# from a month of work.
#
# This project measures itself in the same way. `python -m tests.benchmarks` runs it against PyTorch
# and others in fresh processes that take turns, and checks that all of them end at the same loss:
# a comparison of speed is worth nothing if the results differ. Its table is in
# `lessons/reference/speed.md`, with the goals that were set *before* measuring, and "met" or
# "missed" for each of them. The same page has three more prices: of numbers that are almost
# nothing, of float64, and of loading images one by one.
#
# We did not measure threads. A matrix product can use several. For networks of this size that gains
# little, and when another program wants the same cores, it can make a step far slower. That is why
# the first cell asked for one thread.

# %% [markdown]
# ## What was learned
#
# - Counting operations does not tell you where the time goes. Measure, with a warm-up, medians, and
#   candidates that take turns. First of all, compare a thing with itself.
# - A NumPy call has a price of its own. For small arrays count calls, for large ones count passes
#   over the arrays.
# - Fewer passes and no new arrays make Adam faster. A single op makes the cross-entropy faster. A
#   rule per input saves a third of the multiply-adds. The results are the same.
# - A floor, such as the matrix products alone, tells you which goals can be met.
#
# ## What is still open
#
# One price was paid in every step: recording the ops and walking back over the record. Lesson 21
# writes a step down once, as a program, and runs only that.
#
# ## Exercises
#
# Write them in `lessons/exercises/20_speed.py`.
#
# - `rmsprop_step`: another optimiser, in at most nine passes and without making new arrays.
# - `cross_entropy_gradient_in_place`: turn scores into their gradient in the memory they already
#   have.
# - `multiply_adds`: count the work of a step for any layer sizes and batch.
#
# Check them with `python -m lessons check 20`.
