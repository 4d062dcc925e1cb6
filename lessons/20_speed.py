# %% [markdown]
# # 20. Where does the time go?
#
# **Question.** What does one training step cost, which part of it takes the time, and how do you
# find out without fooling yourself?
#
# **Time.** 110 minutes.
#
# **New from the package.** `nn.functional.linear`.
#
# **Before this.** The lessons so far asked whether results are right. Lesson 19 ended by asking
# what they cost. Here we take one training step of the improved model apart.

# %%
import os

# One thread for matrix products, unless you chose a number yourself. NumPy reads this when it is
# imported; the end of the lesson says why.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import inspect
import itertools
import platform
import time
import tracemalloc

import numpy as np
from matplotlib.figure import Figure
from threadpoolctl import threadpool_info

import tinygrad_mlp as tg
from tinygrad_mlp import nn, op, optim, plot
from tinygrad_mlp.data import DataLoader, load_mnist
from tinygrad_mlp.experiment.recipes import build_mlp
from tinygrad_mlp.nn import functional as F

BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
YELLOW, GREY = "#E69F00", "#999999"

train = load_mnist()

# %% [markdown]
# All times in this lesson are measured while it runs, so yours will differ from those on any
# page. The text is careful about times, and **no `assert` in this lesson looks at a clock**. What
# is asserted are counts, bits, and that two ways to compute something give the same result.
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
# **Predict.** We run a step twice: once with the images as a plain array, and once with a tensor
# that requires a gradient. How many more multiply-adds does the second one need: none, a tenth
# more, or half as many again?


# %%
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
needed, wanted_all = sum(as_array.values()), sum(as_tensor.values())
print(f"{'together':22}{needed:20,}{wanted_all:13,}")
print(f"saved: {wanted_all - needed:,}, which is {1 - needed / wanted_all:.1%} of the larger")

large, small = 50 * 784 * 100, 50 * 100 * 10
assert as_array == {
    "forward": large + small,
    "gradients of weights": large + small,
    "gradients of inputs": small,
}
assert needed == 7_990_000 and wanted_all - needed == large == 3_920_000

# %% [markdown]
# Half as many again. The gradient of the images would say how to change the pixels, and nobody
# asked for it. Lesson 2 showed that an op has one rule for each input. This is the reward: the
# engine calls a rule only where a gradient is wanted, and for images in a plain array none is.
#
# A multiply-add is two **operations**. By this count, the rest of the step is little work. Adam
# does about 12 operations for each of the 79,510 weights; ReLU, the biases and their gradients take
# about four for each of the $50 \cdot 110$ outputs of the two layers; the cross-entropy takes about
# ten for each of the $50 \cdot 10$ scores.

# %%
weights = 784 * 100 + 100 + 100 * 10 + 10
work = {
    "two large products": 2 * 2 * large,
    "three small products": 2 * 3 * small,
    "cross-entropy": 10 * 50 * 10,
    "Adam": 12 * weights,
    "rest": 4 * 50 * 110,
}
total_work = sum(work.values())
for name, operations in work.items():
    print(f"{name:22}{operations:12,} operations {operations / total_work:8.2%}")
in_products = work["two large products"] + work["three small products"]
assert weights == 79_510 and in_products == 2 * needed
assert work["two large products"] / total_work > 0.9 > 0.001 > work["cross-entropy"] / total_work

# %% [markdown]
# By this count the two large products are most of the step, and the cross-entropy is less than a
# thousandth of it. Remember these shares: we will compare them with the clock. But first we need
# a clock that we can trust.
#
# ## A clock that lies
#
# Here is the step, written as in lesson 9. The model trains for 300 steps before we look, so that
# everything is as it would be in the middle of a training.


# %%
def training_step(model, optimiser, images, labels):
    loss = F.cross_entropy(model(images), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss


def trained(steps=300):
    """The improved model and its optimiser after some steps, and how long the first step took."""
    model = build_mlp((100,), rng=0)
    optimiser = optim.Adam(model.parameters(), lr=0.01)
    batches = DataLoader(train, batch_size=50, shuffle=True, rng=1)
    first_took = None
    for images, labels in itertools.islice(batches, steps):
        start = time.perf_counter()
        training_step(model, optimiser, images, labels)
        first_took = first_took or time.perf_counter() - start
    return model, optimiser, first_took


model, optimiser, first_took = trained()
loader = DataLoader(train, batch_size=50, shuffle=True, rng=2)
batches = itertools.cycle(list(itertools.islice(loader.arrays(), 200)))


def step():
    training_step(model, optimiser, *next(batches))


def seconds(function, times=1, clock=time.perf_counter):
    """The time of one call: the mean of `times` calls in a row."""
    start = clock()
    for _ in range(times):
        function()
    return (clock() - start) / times


# %% [markdown]
# There are two kinds of clock. `time.perf_counter` is a **wall clock**: it keeps running whatever
# happens, even while the processor works for another program. `time.thread_time` is a **CPU
# clock**: it only runs while our thread works. On some systems (Windows) the second one moves in
# jumps that are longer than anything we measure; there we use the first.
#
# **Predict.** We time single steps, 600 with each clock. They all do the same amount of work. How
# many times slower than the median is the slowest one: 1.1, 2, or more?


# %%
def smallest_jump(clock):
    """The time between two readings that differ."""
    start = now = clock()
    while now == start:
        now = clock()
    return now - start


FINE_ENOUGH = smallest_jump(time.thread_time) < 2e-5
CPU_CLOCK = time.thread_time if FINE_ENOUGH else time.perf_counter
print(f"smallest jumps: wall clock {1e6 * smallest_jump(time.perf_counter):.2f} µs, ", end="")
print(f"CPU clock {1e6 * smallest_jump(time.thread_time):.2f} µs")
singles = {"wall clock": [], "CPU clock": []}
for _ in range(600):
    singles["wall clock"].append(seconds(step))
    singles["CPU clock"].append(seconds(step, clock=CPU_CLOCK))
print(f"the very first step took {1e6 * first_took:.0f} µs")
print("600 steps (µs)   fastest   lower quartile   median   upper quartile   slowest / median")
for name, values in singles.items():
    low, middle, high = 1e6 * np.quantile(values, [0.25, 0.5, 0.75])
    print(f"{name:14}{1e6 * min(values):10.0f}{low:17.0f}{middle:9.0f}{high:17.0f}", end="")
    print(f"{1e6 * max(values) / middle:19.1f}")

# %% [markdown]
# The slowest ones by the wall clock were interrupted: the machine did something else in the
# meantime. The CPU clock leaves that out, but it still sees what other programs do to the caches.
# The very first step is often slow too: memory is requested, caches are empty, code runs for the
# first time. This is why we warm up before measuring.
#
# A mean would include the interruptions. The **median** does not notice them as long as fewer
# than half of the steps are hit. Some people take the minimum instead: it tells how fast a step
# can be. The median tells how fast it is.
#
# Now for the test that every measurement should pass first. We compare the step **with itself**.
# Call it A, call it B as well, and divide the time of A by that of B. The right answer is 1. We
# try four methods, 30 times each:
#
# - one timing of A, one timing of B;
# - the median of 20 timings of A, then the median of 20 timings of B;
# - the same, but A and B **take turns**, so that a slow moment hits both;
# - the same with the CPU clock.
#
# **Predict.** How far from 1 will the single timings be at worst? And how far will the last
# method be?


# %%
def single_timings():
    return seconds(step) / seconds(step)


def one_after_the_other():
    a = [seconds(step) for _ in range(20)]
    b = [seconds(step) for _ in range(20)]
    return np.median(a) / np.median(b)


def taking_turns(clock=time.perf_counter):
    pairs = [(seconds(step, clock=clock), seconds(step, clock=clock)) for _ in range(20)]
    a, b = np.median(pairs, axis=0)
    return a / b


METHODS = {
    "single timings": single_timings,
    "medians, one after the other": one_after_the_other,
    "medians, taking turns": taking_turns,
    "the same, CPU clock": lambda: taking_turns(CPU_CLOCK),
}
ratios = {name: np.array([method() for _ in range(30)]) for name, method in METHODS.items()}
print("A / B, where A and B are the same     lowest  highest  half are within")
for name, found in ratios.items():
    within = np.median(np.abs(found - 1))
    print(f"{name:37}{found.min():7.2f}{found.max():9.2f}{within:16.1%}")

figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
for (name, values), colour in zip(singles.items(), (ORANGE, BLUE), strict=True):
    left.semilogy(1e6 * np.array(values), ".", color=colour, markersize=3, label=name)
left.set(xlabel="step", ylabel="time of the step (µs)", title="the same work, 600 times")
left.legend(frameon=False, loc="upper right", markerscale=3)
rng = np.random.default_rng(0)
for place, found in enumerate(ratios.values()):
    colour = (ORANGE, YELLOW, SKY, BLUE)[place]
    sideways = place + rng.uniform(-0.2, 0.2, len(found))  # so that no dot hides another
    inside = (found > 0.5) & (found < 2)
    right.plot(found[inside], sideways[inside], "o", color=colour, markersize=4)
    for beyond, edge, marker in ((found <= 0.5, 0.51, "<"), (found >= 2, 1.96, ">")):
        right.plot(np.full(beyond.sum(), edge), sideways[beyond], marker, color=colour)
right.set_xscale("log")
ticks = (0.5, 0.7, 1, 1.4, 2)
right.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
right.minorticks_off()
right.set_xlim(0.49, 2.04)
right.set_yticks(range(len(ratios)), [name.replace(", ", ",\n") for name in ratios])
right.invert_yaxis()
right.axvline(1, color="black", linewidth=0.8)
right.set(
    xlabel="time of A / time of B (triangles: beyond)", title="the same step, compared with itself"
)
figure.set_label(
    "Left: the times of 600 equal steps by both clocks, as dots, most near the median, some far "
    "above. Right: the ratio of the step's time to its own time by four methods. Single timings "
    "scatter most around the right answer, 1."
)
plot.show(figure, "runs/lessons/20/clock.png")

# %% [markdown]
# A single timing can "prove" that a step is faster than itself. If you try five variants and keep
# the one with the fastest single time, you keep the luckiest one. Medians are better. Taking
# turns also helps when the machine is slower in one second than in the next, for example because
# another program starts. On a quiet machine the last three methods differ little.
#
# From here on we measure like this: after a warm-up, all candidates take turns, round by round,
# by the CPU clock. Anything too quick for a clock is called several times in a row. We report
# medians, and quartiles where we are in doubt. (What a user waits for is wall time. To measure
# that, wait until the machine is idle.)


# %%
def measure(functions, rounds=40, at_least=1e-4):
    """The seconds of each function in each round, as name -> (rounds,). They take turns.

    at_least  how many seconds one measurement lasts; quicker functions are called several times
    """
    times = {}
    for name, function in functions.items():
        times[name] = 1
        while times[name] * seconds(function, times[name], CPU_CLOCK) < at_least:  # warms up too
            times[name] *= 2
    found = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            found[name].append(seconds(function, times[name], CPU_CLOCK))
    return {name: np.array(values) for name, values in found.items()}


def microseconds(values):
    """The median of measured seconds, in microseconds."""
    return 1e6 * float(np.median(values))


# %% [markdown]
# ## The step, taken apart
#
# We write each piece as a function of its own. The **floor** of the step is its two large
# products, $(50, 784) \times (784, 100)$ and $(100, 50) \times (50, 784)$, in bare NumPy: however
# the step is written in NumPy, it cannot do without them. The cross-entropy is measured forward
# and backward, on scores that are a leaf. Adam steps a twin of the model, with learning rate 0 so
# that its weights stay where they are. What the whole step takes beyond these pieces is the rest:
# recording and walking back, ReLU, the biases, and whatever extra time the pieces take in company
# compared with alone.
#
# **Predict.** By the count, the large products were over 90 % of the work. What share of the time
# will they take? And what share will the cross-entropy take, with less than a thousandth of the
# work?

# %%
twin, twin_optimiser, _ = trained()
twin_optimiser.lr = 0.0
images, labels = next(batches)
pixels = images.reshape(50, 784)
first, second = twin[1].weight.data, twin[3].weight.data
rng = np.random.default_rng(0)
hidden = rng.random((50, 100), dtype=np.float32)
g_hidden = rng.standard_normal((50, 100), dtype=np.float32)
g_scores = rng.standard_normal((50, 10), dtype=np.float32)
scores = tg.tensor(twin(images).data, requires_grad=True)


def two_large_products():
    pixels @ first.T
    g_hidden.T @ pixels


def three_small_products():
    hidden @ second.T
    g_scores.T @ hidden
    g_scores @ second


def cross_entropy_there_and_back():
    scores.grad = None
    F.cross_entropy(scores, labels).backward()


PIECES = {
    "two large products": two_large_products,
    "three small products": three_small_products,
    "cross-entropy": cross_entropy_there_and_back,
    "Adam": twin_optimiser.step,
}
found = measure({"the whole step": step, **PIECES}, rounds=200)
whole = microseconds(found["the whole step"])
parts = {name: microseconds(found[name]) for name in PIECES}
parts["rest"] = whole - sum(parts.values())

kernels = {
    library.get("architecture", "its own choice")
    for library in threadpool_info()
    if library["user_api"] == "blas"
}
print(f"{platform.machine()}, NumPy {np.__version__}, ", end="")
print(f"OPENBLAS_NUM_THREADS={os.environ['OPENBLAS_NUM_THREADS']}, ", end="")
print(f"matrix products by kernels for {', '.join(sorted(kernels)) or 'an unknown processor'}")
print("                         µs   quartiles      share of time   share of work")
for name, value in parts.items():
    spread = ""
    if name in found:
        low, high = 1e6 * np.quantile(found[name], [0.25, 0.75])
        spread = f"{low:.0f} - {high:.0f}"
    share, by_count = value / whole, work[name] / total_work
    print(f"{name:22}{value:7.0f}   {spread:14}{share:12.1%}{by_count:16.2%}")
print(f"{'the whole step':22}{whole:7.0f}")
print(f"the step takes {whole / parts['two large products']:.2f} times its floor")

# %%
figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2, sharey=True)
names = [*parts, "the whole step"]
floor = parts["two large products"]
begin = 0.0
for place, value in enumerate(parts.values()):
    left.barh(place, value, left=begin, color=BLUE if place == 0 else SKY)
    begin += value
left.barh(len(parts), whole, color=GREY)
left.axvline(floor, color="black", linestyle=":")
left.text(floor + 0.01 * whole, len(parts) - 0.4, "floor", va="bottom")
left.set_yticks(range(len(names)), names)
left.invert_yaxis()
left.set(xlabel="time (µs), one piece after the other")
places = np.arange(len(parts))
right.barh(
    places - 0.2,
    [100 * work[name] / total_work for name in parts],
    height=0.38,
    color=ORANGE,
    label="by counting operations",
)
right.barh(
    places + 0.2,
    [100 * value / whole for value in parts.values()],
    height=0.38,
    color=BLUE,
    label="by the clock",
)
right.set(xlabel="share of the step (%)")
right.legend(frameon=False, loc="lower right")
figure.set_label(
    "Left: the pieces of a step one after the other along a time axis, and below them the whole "
    "step; a dotted line marks the floor. Right: each piece's share by counting operations and by "
    "the clock: the count gives nearly all to the large products, the clock does not."
)
plot.show(figure, "runs/lessons/20/step.png")

# %% [markdown]
# The count was a poor prophet. The large products' share of the time is far smaller than their
# share of the work, because a matrix product is what processors and BLAS libraries are best at:
# it uses each number that it has fetched from memory many times. Adam touches each number once
# per operation. And the cross-entropy takes a share of the time out of all proportion to its 500
# scores. These are two different diseases. The next picture separates them.
#
# What the floor itself costs is decided outside Python. The BLAS library contains a **kernel**,
# the innermost loop of a product, for each kind of processor, and picks one when NumPy is
# imported. The line above names it. On one of our machines the environment said
# `OPENBLAS_CORETYPE=Haswell`, which forces the kernel of a processor from 2013: the two products
# took 143 µs. With that variable unset they took 98 µs, side by side on the same machine, and
# everything that had been said about its floor was true of only one kernel. So when you name a
# time, name the kernel too.
#
# ## The price of a call
#
# We add two arrays of $n$ numbers and write the result into a third (`out=`), so that nothing but
# the addition is measured. And we do the same with two tensors, where the engine also records.
#
# **Predict.** How many times as long does it take to add 1,000 numbers as to add one: about 1,000
# times, 30 times, or less than twice?

# %%
SIZES = [4**power for power in range(11)]
functions = {}
for n in SIZES:
    a, b, c = (np.ones(n, np.float32) for _ in range(3))
    t, u = tg.tensor(a, requires_grad=True), tg.tensor(b)
    functions["NumPy", n] = lambda a=a, b=b, c=c: np.add(a, b, out=c)
    functions["recorded", n] = lambda t=t, u=u: t + u
found = measure(functions, rounds=25)
bare = {n: microseconds(found["NumPy", n]) for n in SIZES}
recorded = {n: microseconds(found["recorded", n]) for n in SIZES}
print("   numbers   NumPy (µs)   per number (ns)   recorded op (µs)")
for n in SIZES:
    print(f"{n:10,}{bare[n]:13.2f}{1000 * bare[n] / n:18.3f}{recorded[n]:19.2f}")

# Two prices: one for the call, and one for each number, taken at a size that fits in the caches.
per_call = bare[1]
per_number = (bare[16384] - bare[1]) / 16384
elbow = per_call / per_number
print(f"a call costs {per_call:.2f} µs and a number {1000 * per_number:.3f} ns: ", end="")
print(f"a call costs as much as {elbow:,.0f} numbers")

figure = Figure(figsize=(8, 3.8), layout="constrained")
axes = figure.subplots()
axes.loglog(SIZES, list(recorded.values()), "s-", color=BLUE, label="t + u on tensors, recorded")
axes.loglog(SIZES, list(bare.values()), "o-", color=ORANGE, label="np.add on arrays")
line = np.geomspace(1, SIZES[-1], 200)
axes.loglog(line, per_call + per_number * line, color="black", linestyle=":", label="two prices")
axes.axvline(elbow, color=GREY, linewidth=1)
axes.axvline(500, color=GREEN, linewidth=1)
axes.axvline(weights, color=PINK, linewidth=1)
lowest, highest = axes.get_ylim()
axes.set(xlabel="numbers in the array", ylabel="time of a call (µs)", ylim=(lowest, 4 * highest))
for place, name, colour, side in (
    (elbow, " elbow", "#555555", "left"),
    (500, "cross-entropy ", GREEN, "right"),
    (weights, " Adam", PINK, "left"),
):
    axes.text(place, 2.2 * highest, name, color=colour, ha=side, va="center")
axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 0.88))
figure.set_label(
    "Time of an addition by the size of the array, both on log scales. Both curves are flat for "
    "small arrays and rise in proportion for large ones. The recorded op lies above the bare call "
    "for small arrays and near it for the largest ones. The 500 scores lie to the left of the "
    "elbow, Adam's weights to the right."
)
plot.show(figure, "runs/lessons/20/elbow.png")

# %% [markdown]
# There are two prices: one for the call (Python, checking types and shapes, finding the loop),
# and one for each number. To the left of the elbow only the number of **calls** counts; to the
# right of it, only the number of **numbers**. Recording an op has a fixed price of its own, which
# no longer shows for large arrays. (Tensors have no `out=`, so on the right each result also
# costs new memory.) Where the curve leaves the dotted line, the arrays no longer fit into the
# fast caches, and each number costs more.
#
# The two diseases are the two sides of the elbow. The cross-entropy works on 500 numbers: it is
# made of calls, and the cure is fewer calls. Adam works on 79,510: it is made of passes over
# arrays, and the cure is fewer passes.
#
# **Predict.** The same holds for the batch. If we take 500 images in a step instead of 50, ten
# times as many, how many times as long does the step take?

# %%
sizes = (5, 50, 500)
functions = {}
for n in sizes:
    some_images, some_labels = train[:n]
    functions[n] = lambda x=some_images, y=some_labels: training_step(twin, twin_optimiser, x, y)
found = measure(functions, rounds=15)
print("images in the batch   µs per step   µs per image")
for n in sizes:
    print(f"{n:19}{microseconds(found[n]):14.0f}{microseconds(found[n]) / n:15.1f}")

# %% [markdown]
# Less than ten times, if your machine is like those we tried. Adam, the calls and the recording
# are paid for once per step, whatever the batch. This is a reason for large batches. It does not
# mean that they learn faster: there are fewer steps.
#
# ## Passes
#
# Here is Adam as lesson 9 wrote it from the formula, as a function on arrays. All arrays have the
# shape of the weight $w$; $m$ and $v$ are changed in place.


# %%
def textbook_adam(step, w, g, m, v, lr=0.01):
    m[...] = 0.9 * m + 0.1 * g
    v[...] = 0.999 * v + 0.001 * g * g
    m_hat = m / (1 - 0.9**step)
    v_hat = v / (1 - 0.999**step)
    w -= lr * m_hat / (np.sqrt(v_hat) + 1e-8)


print(inspect.getsource(optim.Adam.update))

# %% [markdown]
# Read the two side by side. What the package does differently:
#
# - **The factors 0.1 and 0.001 are gone.** The package's $m$ is ten times and its $v$ a thousand
#   times that of the formula. Both factors go into the step size, which is a single number, and
#   so do the divisions by $1 - 0.9^t$ and $1 - 0.999^t$. Only $\varepsilon$ must be scaled to
#   match.
# - **Results are written into existing arrays**, with operators like `*=`, which work in place,
#   and with `out=`. The textbook makes a new array for each intermediate result.
#
# To count this, we use an array that watches. When a NumPy function such as `np.multiply` (a
# *ufunc*, which is also behind `*`) meets a subclass of `ndarray` that has a method
# `__array_ufunc__`, it calls that method instead of doing the work itself.

# %%
passes = []  # each pass: its name, how many numbers it wrote, whether into a new array, seconds


class Watched(np.ndarray):
    """An array that notes each pass of a NumPy function over it in the list `passes`."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [x.view(np.ndarray) if isinstance(x, Watched) else x for x in inputs]
        if out is not None:
            options["out"] = tuple(x.view(np.ndarray) for x in out)
        start = time.perf_counter()
        result = getattr(ufunc, method)(*plain, **options)
        taken = time.perf_counter() - start
        passes.append((ufunc.__name__, np.size(result), out is None, taken))
        return out[0] if out is not None else np.asarray(result).view(Watched)

    def __setitem__(self, place, value):
        start = time.perf_counter()
        super().__setitem__(place, value)
        taken = time.perf_counter() - start
        passes.append(("copy", np.size(self[place]), False, taken))


def watch(adam, size, steps=1):
    """The passes of the last of several steps of Adam, on arrays of this size."""
    rng = np.random.default_rng(0)
    w, g = (rng.standard_normal(size, dtype=np.float32).view(Watched) for _ in range(2))
    m, v = (np.zeros(size, np.float32).view(Watched) for _ in range(2))
    for number in range(1, steps + 1):
        passes.clear()
        adam(number, w, g, m, v)
    return list(passes)


def count_passes(log, size):
    """How many times all numbers are passed over, and how many new arrays of this size are made."""
    return sum(row[1] for row in log) / size, sum(row[1] for row in log if row[2]) / size


# %% [markdown]
# **Predict.** Count by hand, in the code above: how many passes over the weights does the
# textbook make, and how many new arrays? And how many does the package make?

# %%
an_adam = optim.Adam([nn.Parameter(np.zeros(1, np.float32))], lr=0.01)
[group] = an_adam.param_groups


def package_adam(step, w, g, m, v):
    an_adam.update(w, g, {"step": step, "decayed_sum": m, "decayed_square_sum": v}, group)


ADAMS = {"textbook": textbook_adam, "package": package_adam}
counts = {name: count_passes(watch(adam, weights), weights) for name, adam in ADAMS.items()}
for name, (how_often, new) in counts.items():
    print(f"{name:9} passes over all weights: {how_often:5.1f}   new arrays: {new:5.1f}")
assert counts["textbook"] == (16, 13), "14 functions and 2 copies; all but -= make a new array"
assert counts["package"][0] < counts["textbook"][0] and counts["package"][1] < 13

state = {name: np.zeros((2, weights)) for name in ADAMS}
w_of = {name: np.full(weights, 0.5) for name in ADAMS}
rng = np.random.default_rng(0)
for number in range(1, 21):
    g = rng.normal(size=weights)
    for name, adam in ADAMS.items():
        adam(number, w_of[name], g, *state[name])
apart = np.abs(w_of["textbook"] - w_of["package"]).max()
print(f"after 20 steps in float64 the weights are at most {apart:.0e} apart")
assert apart < 1e-12, "the same formula"
assert np.abs(w_of["textbook"] - 0.5).max() > 0.01, "and they did move"
assert np.allclose(state["package"][0], 10 * state["textbook"][0], rtol=1e-12)
assert np.allclose(state["package"][1], 1000 * state["textbook"][1], rtol=1e-12)

# %% [markdown]
# The textbook makes 16 passes and 13 new arrays: seven of the passes compute $m$ and $v$, two
# copy into them, two are for the corrections, and five are for the step.
#
# New arrays cost memory too. NumPy tells `tracemalloc` about each array that is made, so it can
# say how much memory was held at most during a call.

# %%
for name, adam in ADAMS.items():
    w, g, m, v = (np.full(weights, 0.1, np.float32) for _ in range(4))
    tracemalloc.start()
    adam(1, w, g, m, v)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{name:9} held at most {held:9,} bytes more, or {held / w.nbytes:.2f} times the weights")

# %% [markdown]
# **Predict.** The package makes fewer passes. Will its gain in time be larger or smaller than
# that ratio? On which of the sizes 10, 1,000, 79,510 and a million will it gain most?

# %%
print("   weights   textbook (µs)   package (µs)   ratio, median of the rounds")
for n in (10, 1000, weights, 1_000_000):
    functions = {}
    for name, adam in ADAMS.items():
        w, g, m, v = (np.full(n, 0.1, np.float32) for _ in range(4))
        functions[name] = lambda adam=adam, w=w, g=g, m=m, v=v: adam(10, w, g, m, v)
    found = measure(functions, rounds=20)
    ratio = np.median(found["textbook"] / found["package"])
    print(f"{n:10,}{microseconds(found['textbook']):16.1f}", end="")
    print(f"{microseconds(found['package']):15.1f}{ratio:13.2f}")
    if n == weights:
        alone = microseconds(found["package"])
print(f"ratio of the passes: {counts['textbook'][0] / counts['package'][0]:.2f}")
print(f"the package's Adam on 79,510 weights: alone {alone:.0f} µs, ", end="")
print(f"taking turns with the rest of the step {parts['Adam']:.0f} µs")

# %% [markdown]
# Below the elbow the ratio is that of the calls. Above it, a pass into a new array can cost more
# than one into an old array, because the system must provide the memory, and because the old
# array may still be in a cache. For the same reason the last two numbers differ on most machines:
# alone, Adam finds its arrays in a cache; in the step, others have been there in between. A piece
# has no time of its own. It depends on its neighbours, so in the end only the whole step counts.
#
# The passes also differ from each other. The watched arrays timed each one, so we can draw them.


# %%
def median_of_passes(adam, rounds=25):
    """The names of the passes in their order, and the median time of each in µs."""
    logs = [watch(adam, weights, steps=2) for _ in range(rounds)]
    times = np.array([[row[3] for row in log] for log in logs])
    return [row[0] for row in logs[0]], 1e6 * np.median(times, axis=0)


KINDS = {
    "multiply": SKY,
    "add": BLUE,
    "subtract": BLUE,
    "divide": ORANGE,
    "sqrt": YELLOW,
    "copy": GREEN,
}
drawn = {name: median_of_passes(adam) for name, adam in ADAMS.items()}
figure = Figure(figsize=(9, 2.8), layout="constrained")
axes = figure.subplots()
for place, (kinds, times) in enumerate(drawn.values()):
    begin = 0.0
    for kind, taken in zip(kinds, times, strict=True):
        colour = KINDS.get(kind, GREY)
        axes.barh(place, taken, left=begin, color=colour, edgecolor="white", height=0.6)
        begin += taken
for kind in ("multiply", "add", "divide", "sqrt", "copy"):
    label = "add, subtract" if kind == "add" else kind
    axes.barh(0, 0, color=KINDS[kind], label=label)
axes.set_yticks(range(2), list(drawn))
axes.invert_yaxis()
axes.set(xlabel="time (µs): each block is one pass over 79,510 weights", ylim=(1.5, -1.1))
axes.legend(frameon=False, ncols=5, loc="upper center")
figure.set_label(
    "The passes of Adam as blocks on a time axis, for the textbook form above and the package's "
    "below. The package has fewer blocks. Each kind of pass has its own colour."
)
plot.show(figure, "runs/lessons/20/passes.png")
for name, (kinds, times) in drawn.items():
    slow = sum(t for kind, t in zip(kinds, times, strict=True) if kind in ("divide", "sqrt"))
    print(f"{name:9} square roots and divisions: {slow / times.sum():.0%} of its passes' time")

# %% [markdown]
# Processors need longer for a square root than for an addition, and many for a division as well.
# The package has one of each, and the formula cannot do without them. So Adam has a floor of its
# own, and no saving of passes can go below it.
#
# ## Numbers that are almost nothing
#
# A float32 holds a sign, an exponent and 24 bits. The smallest exponent is $-126$. Below
# $2^{-126}$, about $10^{-38}$, numbers can only get smaller by losing bits: they are called
# **denormal** (or subnormal). How far does that go? We halve 1 until nothing is left.

# %%
value, halvings = np.float32(1), 0
tiny = np.finfo(np.float32).tiny  # NumPy's name for the smallest normal number
while value > 0:
    before, value, halvings = value, value / np.float32(2), halvings + 1
print(f"the smallest normal number    {tiny:.3e}, which is 1 after 126 halvings")
print(f"the smallest number above 0   {before:.3e}, which is 1 after {halvings - 1} halvings")
print(f"after {halvings} halvings          {value}")
assert tiny == np.float32(2.0**-126) and before == np.float32(2.0**-149) and halvings == 150

# %% [markdown]
# Who needs such numbers? Think of a pixel near the border. One image in a thousand has ink there.
# In that step the weights of the pixel get a gradient, say 0.001. In the next steps the pixel is
# black, its gradient is 0, and Adam multiplies $m$ by 0.9 and $v$ by 0.999, again and again.
#
# **Predict.** After how many steps does $m$ fall from 0.001 below $10^{-38}$: 100, 800 or 10,000?
# And after how many is it exactly 0?


# %%
def decay(beta, start, steps):
    """All values (steps + 1,) of a float32 that is multiplied by beta in each step."""
    values = np.empty(steps + 1, np.float32)
    values[0] = start
    for i in range(steps):
        values[i + 1] = values[i] * np.float32(beta)
    return values


m_path = decay(0.9, 1e-3, 2000)
denormal_from = int(np.argmax(m_path < tiny))
stuck_from = int(np.argmax(m_path == m_path[-1]))
by_formula = np.log(tiny / 1e-3) / np.log(0.9)
print(f"below {tiny:.2e} after {denormal_from} steps; by logarithms {by_formula:.1f}")
print(f"after {stuck_from} steps it is {m_path[-1]:.2e}, and stays there")
print(f"that is {m_path[-1] / np.float32(2.0**-149):.0f} times the smallest number above 0")
v_by_formula = np.log(tiny / 1e-6) / np.log(0.999)
print(f"v = 0.000001 with the factor 0.999 needs {v_by_formula:,.0f} steps to get below")
assert denormal_from == int(np.ceil(by_formula)) == 764
assert m_path[-1] == m_path[-2] == np.float32(4 * 2.0**-149), "stuck at 4 units"
assert len(DataLoader(train, batch_size=50)) == 1200 and 55 < v_by_formula / 1200 < 65

# %% [markdown]
# After some 760 steps, less than an epoch of 1,200 steps; $v$ takes some sixty epochs. And $m$
# never becomes 0. Near the end the only numbers are whole multiples of $2^{-149}$. Four of these
# units times 0.9 is 3.6 units, which is rounded to four. The moment is stuck there for good.
#
# **Predict.** We train the improved model with the textbook Adam for 1,500 steps, a little more
# than one epoch. What share of the moments $m$ of the first layer will be denormal: none, 1 % or
# 10 %?


# %%
class TextbookAdam:
    """The optimiser around `textbook_adam`."""

    def __init__(self, parameters):
        self.parameters, self.t = list(parameters), 0
        self.moments = [[np.zeros_like(p.data) for _ in range(2)] for p in self.parameters]

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.t += 1
        for p, (m, v) in zip(self.parameters, self.moments, strict=True):
            textbook_adam(self.t, p.data, p.grad.data, m, v)


def share_of_denormals(array):
    return np.mean((array != 0) & (np.abs(array) < tiny))


model_t, model_p = build_mlp((100,), rng=0), build_mlp((100,), rng=0)
optimiser_t = TextbookAdam(model_t.parameters())
optimiser_p = optim.Adam(model_p.parameters(), lr=0.01)
loader = DataLoader(train, batch_size=50, shuffle=True, rng=3)
for images, labels in itertools.islice(itertools.chain(loader, loader), 1500):
    training_step(model_t, optimiser_t, images, labels)
    training_step(model_p, optimiser_p, images, labels)

share_t = share_of_denormals(optimiser_t.moments[0][0])
share_p = share_of_denormals(optimiser_p.state_dict()["state.0.exp_avg"])
print(f"denormal moments m of the first layer after 1,500 steps: textbook {share_t:.1%}, ", end="")
print(f"package {share_p:.1%}")
assert share_t > 0.02, "denormals are not a curiosity"
assert share_p < 0.001 < share_t, "the package has hardly any"

# %% [markdown]
# So they are not rare: the corners of the images make them. (Pixels that are black in *all*
# images have moments that are 0 from the start, which is a harmless number.) Hidden units that
# are silent for a long time add more of them.
#
# The package has none, or hardly any, because every now and then it replaces moments that have
# nearly vanished with 0: `optim.Adam` **flushes** them. Does that change the training? The
# flushed moments are below $10^{-31}$. We look at one weight that gets one gradient and then
# none.

# %%
w_t, g_once, zero = np.ones(1, np.float32), np.full(1, 1e-3, np.float32), np.zeros(1, np.float32)
m, v = np.zeros(1, np.float32), np.zeros(1, np.float32)
p = nn.Parameter(np.ones(1, np.float32))
lonely = optim.Adam([p], lr=0.01)
kept, flushed = [], []
for number in range(1, 1501):
    g = g_once if number == 1 else zero
    textbook_adam(number, w_t, g, m, v)
    p.grad = tg.tensor(g)
    lonely.step()
    kept.append(m.item())
    flushed.append(lonely.state_dict()["state.0.exp_avg"].item())
print(f"m after 1,500 steps: textbook {kept[-1]:.1e}, package {flushed[-1]}")
print(f"weight: textbook {w_t.item():.6f}, package {p.data.item():.6f}")
print(f"the package's m was flushed in step {1 + int(np.argmax(np.array(flushed) == 0))}")
assert 0 < kept[-1] < tiny and flushed[-1] == 0
assert abs(w_t.item() - p.data.item()) < 1e-6 and w_t.item() < 0.95
largest_flushed = max(flushed[i] for i in range(len(flushed) - 1) if flushed[i + 1] == 0)
assert 0 < largest_flushed < 1e-31
assert np.float32(0.03) + np.float32(1e-10) == np.float32(0.03)

# %% [markdown]
# The weights agree. Such a moment moves a weight by at most $0.01 \cdot 10^{-31} / 10^{-8}$,
# which is $10^{-25}$, and a float32 of 0.03 does not even change if you add $10^{-10}$.
#
# Now for the price. Many processors handle denormal numbers on a slow extra path, which can take
# many times as long; others have circuits for it. Only a measurement can tell.
#
# **Predict.** For each of four functions, how many times slower are denormal numbers on your
# machine?

# %%
KINDS_OF_NUMBERS = {"normal": 1e-3, "denormal": 1e-41, "zero": 0.0}
out = np.empty(weights, np.float32)
factor, divisor = np.float32(0.9), np.float32(3.0)
numbers = {name: np.full(weights, value, np.float32) for name, value in KINDS_OF_NUMBERS.items()}
functions = {}
for name, array in numbers.items():
    functions["x * 0.9", name] = lambda x=array: np.multiply(x, factor, out=out)
    functions["x + x", name] = lambda x=array: np.add(x, x, out=out)
    functions["sqrt(x)", name] = lambda x=array: np.sqrt(x, out=out)
    functions["x / 3", name] = lambda x=array: np.divide(x, divisor, out=out)
found = measure(functions, rounds=40)
slower = {}
print("79,510 numbers   normal (µs)   denormal (µs)   zero (µs)   denormal / normal")
for what in ("x * 0.9", "x + x", "sqrt(x)", "x / 3"):
    times = [microseconds(found[what, name]) for name in numbers]
    slower[what] = np.median(found[what, "denormal"] / found[what, "normal"])
    print(f"{what:12}{times[0]:16.1f}{times[1]:16.1f}{times[2]:12.1f}{slower[what]:20.2f}")
hit = [what for what, ratio in slower.items() if ratio > 1.3]
print("On this machine denormal numbers slow down: " + (", ".join(hit) or "none of these"))

figure = Figure(figsize=(9, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
left.axhspan(2.0**-149, tiny, color="#eeeeee")
left.text(20, 1e-42, "denormal", va="center")
left.semilogy(kept, color=ORANGE, linewidth=2, label="textbook: stuck")
until = int(np.argmax(np.array(flushed) == 0))
left.semilogy(flushed[:until], color=BLUE, linestyle="--", linewidth=2)
left.semilogy(until - 1, flushed[until - 1], "s", color=BLUE, label="package: flushed to 0")
left.set(xlabel="steps after the one gradient", ylabel="moment m", ylim=(1e-46, 1))
left.legend(frameon=False, loc="upper right")
places = np.arange(len(slower))
for shift, (name, colour) in enumerate(zip(numbers, (SKY, ORANGE, GREEN), strict=True)):
    heights = [microseconds(found[what, name]) for what in slower]
    right.bar(places + 0.27 * (shift - 1), heights, width=0.25, color=colour, label=name)
right.set_xticks(places, list(slower))
right.set(ylabel="time for 79,510 numbers (µs)")
right.legend(frameon=False, loc="upper left")
figure.set_label(
    "Left: on a log scale, a moment decays along a straight line into the band of denormal "
    "numbers. The textbook's gets stuck at the bottom of the band; the package's is set to 0 "
    "before it gets there. Right: times of four functions on normal, denormal and zero numbers, as "
    "measured here."
)
plot.show(figure, "runs/lessons/20/denormals.png")

# %% [markdown]
# Read your own line above: the verdict depends on the processor and may be "none of these". A
# flush now and then costs little and makes the question go away. It also makes measurements
# honest in another way: without it, the answer depends on how long you trained before, because
# the first denormals need some 760 steps to appear. A warm-up must be long enough to reach what
# you want to measure. (Ours was 300 steps, which is only enough because the package flushes.)
#
# ## Fewer, larger ops
#
# Now for the calls. `F.linear(x, weight, bias)` is one op for $x W^\top + b$, the one inside
# `nn.Linear`, and `F.cross_entropy` ends in a single op too. Both could be composed of smaller
# ops, with the same result. `count_ops` counts the recorded ops behind a tensor, as in lesson 19.


# %%
def count_ops(tensor):
    """How many recorded ops there are behind a tensor."""
    found, stack = {}, [tensor]
    while stack:
        node = stack.pop()
        if getattr(node, "op", None) is not None and id(node) not in found:
            found[id(node)] = node
            stack.extend(node.inputs)
    return len(found)


def composed_linear(x, weight, bias):
    return x @ weight.T + bias


def composed_cross_entropy(scores, labels):
    shifted = scores - scores.data.max(axis=1, keepdims=True)
    logs = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    return -logs[np.arange(len(labels)), labels].mean()


FORMS = {
    "fused": (F.linear, F.cross_entropy),
    "composed": (composed_linear, composed_cross_entropy),
}

# %% [markdown]
# **Predict.** How many ops does each of these four functions record? Count the operators and
# methods. What will that do to the time of a whole forward and backward pass?


# %%
def parameters_of(dtype):
    """Weights and biases of the improved model, as leaves."""
    rng = np.random.default_rng(0)
    arrays = [
        0.03 * rng.normal(size=(100, 784)),
        0.1 * rng.normal(size=100),
        0.1 * rng.normal(size=(10, 100)),
        0.1 * rng.normal(size=10),
    ]
    return [tg.tensor(a.astype(dtype), requires_grad=True) for a in arrays]


def loss_of(form, parameters, x, labels):
    linear, cross_entropy = FORMS[form]
    w1, b1, w2, b2 = parameters
    return cross_entropy(linear(linear(x, w1, b1).relu(), w2, b2), labels)


def there_and_back(form, parameters, x, labels):
    """The loss, and the gradients of all parameters."""
    for p in parameters:
        p.grad = None
    loss = loss_of(form, parameters, x, labels)
    loss.backward()
    return loss.item(), [p.grad.data for p in parameters]


images, labels = train[:50]
pixels = images.reshape(50, 784)
ops_of = {}
for form, (linear, cross_entropy) in FORMS.items():
    w1, b1, *_ = parameters_of(np.float32)
    leaf = tg.tensor(scores.data, requires_grad=True)
    ops_of[form] = (
        count_ops(linear(pixels, w1, b1)),
        count_ops(cross_entropy(leaf, labels)),
        count_ops(loss_of(form, parameters_of(np.float32), pixels, labels)),
    )
    print(f"{form:9} ops: linear {ops_of[form][0]}, cross-entropy {ops_of[form][1]}, ", end="")
    print(f"network with loss {ops_of[form][2]}")
assert ops_of["fused"][:2] == (1, 1) and ops_of["fused"][2] <= 4
assert ops_of["composed"] == (3, 8, 15)

results = {
    form: there_and_back(form, parameters_of(np.float64), pixels.astype(np.float64), labels)
    for form in FORMS
}
apart = abs(results["fused"][0] - results["composed"][0])
for a, b in zip(results["fused"][1], results["composed"][1], strict=True):
    apart = max(apart, np.abs(a - b).max())
print(f"loss and gradients in float64 are at most {apart:.0e} apart")
assert apart < 1e-13, "the same values, to rounding"

functions = {}
for form, (linear, cross_entropy) in FORMS.items():
    parameters = parameters_of(np.float32)
    leaf = tg.tensor(scores.data, requires_grad=True)
    functions["cross-entropy", form] = lambda c=cross_entropy, s=leaf: c(s, labels).backward()
    functions["first layer", form] = lambda linear=linear, p=parameters: linear(pixels, p[0], p[1])
    functions["there and back", form] = lambda form=form, p=parameters: there_and_back(
        form, p, pixels, labels
    )
found = measure(functions, rounds=60)
print("                  fused (µs)   composed (µs)   composed / fused, median of the rounds")
for what in ("first layer", "cross-entropy", "there and back"):
    fused, composed = found[what, "fused"], found[what, "composed"]
    print(f"{what:16}{microseconds(fused):12.0f}{microseconds(composed):16.0f}", end="")
    print(f"{np.median(composed / fused):19.2f}")

# %% [markdown]
# Fusing pays off where the arrays are small: each op left out saves a recorded call, and more
# calls on the way back. In the first layer the product itself takes most of the time, fused or
# not.
#
# Fusing has a price too: one more op with its own rule, which must be written, tested and kept
# right. So it is worth doing for the few ops that are in every network.
#
# ## Half as many bytes
#
# **Predict.** We compute everything in float64 instead of float32, so each number has twice as
# many bytes. What will take twice as long: the products, Adam, the cross-entropy? What about the
# whole step?

# %%
functions = {}
for dtype in (np.float32, np.float64):
    rng = np.random.default_rng(0)
    wide_model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 100, dtype=dtype, rng=rng),
        nn.ReLU(),
        nn.Linear(100, 10, dtype=dtype, rng=rng),
    )
    wide_optimiser = optim.Adam(wide_model.parameters(), lr=0.01)
    x = images.astype(dtype)
    flat, g, matrix = (
        a.astype(dtype) for a in (pixels, g_hidden, parameters_of(np.float64)[0].data)
    )
    leaf = tg.tensor(scores.data.astype(dtype), requires_grad=True)
    w, m, v = (np.full(weights, 0.1, dtype) for _ in range(3))
    gradient = np.full(weights, 0.1, dtype)
    name = np.dtype(dtype).name
    functions["two large products", name] = lambda x=flat, w=matrix, g=g: (x @ w.T, g.T @ x)
    functions["Adam", name] = lambda w=w, g=gradient, m=m, v=v: package_adam(10, w, g, m, v)
    functions["cross-entropy", name] = lambda s=leaf: F.cross_entropy(s, labels).backward()
    functions["the whole step", name] = lambda a=wide_model, b=wide_optimiser, x=x: training_step(
        a, b, x, labels
    )
    training_step(wide_model, wide_optimiser, x, labels)
    held = {
        "weights": sum(p.data.nbytes for p in wide_model.parameters()),
        "gradients": sum(p.grad.data.nbytes for p in wide_model.parameters()),
        "moments": sum(
            array.nbytes
            for key, array in wide_optimiser.state_dict().items()
            if key.endswith(("exp_avg", "exp_avg_sq"))
        ),
        "a batch": x.nbytes,
        "all images": 60_000 * x[0].nbytes,
    }
    print(f"{name}: kilobytes of " + ", ".join(f"{k} {n / 1000:,.0f}" for k, n in held.items()))
    itemsize = np.dtype(dtype).itemsize
    assert held["weights"] == held["gradients"] == itemsize * weights
    assert held["moments"] == 2 * itemsize * weights
assert train.images.nbytes == 60_000 * 784 * 4 == 188_160_000

found = measure(functions, rounds=60)
print("                      float32 (µs)   float64 (µs)   ratio, median of the rounds")
for what in ("two large products", "Adam", "cross-entropy", "the whole step"):
    narrow, wide = found[what, "float32"], found[what, "float64"]
    print(f"{what:20}{microseconds(narrow):14.0f}{microseconds(wide):15.0f}", end="")
    print(f"{np.median(wide / narrow):12.2f}")

# %% [markdown]
# Where the numbers are what costs time, we expect about twice the time, or more where the larger
# arrays no longer fit in a cache. Where the calls are what costs time, little should change. This
# is one reason why the package keeps to float32 throughout, and only gradient checks ask for
# float64. Memory is the other reason: the training needs the weights four times over (themselves,
# gradients, two moments), and the images dwarf all of that.
#
# ## A batch at once
#
# Finally, the data. `DataLoader` asks the dataset for a whole batch with an array of 50 indices,
# which is one call. A loop could take one image after another and stack them.
#
# **Predict.** Both copy the same 157 kB. How many times slower is the loop?

# %%
indices = np.random.default_rng(0).integers(0, len(train), 50)


def one_gather():
    return train[indices]


def a_loop():
    examples = [train[int(i)] for i in indices]
    return np.stack([image for image, _ in examples]), np.array([label for _, label in examples])


for a, b in zip(one_gather(), a_loop(), strict=True):
    assert a.dtype == b.dtype and np.array_equal(a, b), "the same batch, bit for bit"
assert one_gather()[0].nbytes == 156_800
found = measure({"one gather": one_gather, "a loop": a_loop}, rounds=60)
for name, values in found.items():
    taken = microseconds(values)
    print(f"{name:12}{taken:8.0f} µs, or {taken / whole:.0%} of a step")
print(f"loop / gather: {np.median(found['a loop'] / found['one gather']):.1f}")

# %% [markdown]
# Compare the loop with the training step itself: loading data badly can cost a large part of what
# the training costs, and a profile of the training step alone would never show it. The cure is
# the same as for the cross-entropy: few calls on large arrays.
#
# ## What a goal can ask for
#
# You have a profile. What is worth changing? If a piece takes the share $f$ of the time and is
# made $s$ times faster, the whole takes $1 - f + f / s$ of the time it took before (Amdahl,
# 1967). Even if the piece cost nothing, $1 - f$ would remain.
#
# **Predict.** Keep the two large products, and let *everything else* cost nothing. How many times
# faster is the step then: 2, 5 or 10 times?


# %%
def remaining(share, faster):
    """The part of the time that remains if a piece with this share is `faster` times as fast."""
    return 1 - share + share / faster


print("the whole step takes, if this were   twice as fast   ten times    free")
for name, value in parts.items():
    share = value / whole
    left_over = [remaining(share, faster) for faster in (2, 10, np.inf)]
    print(f"{name:36}" + "".join(f"{part:12.0%}" for part in left_over))
print(f"all but the large products free: {whole / floor:.2f} times faster, and no more")
assert remaining(0.5, 2) == 0.75 and remaining(0.25, np.inf) == 0.75

# %% [markdown]
# That last number limits every promise. A goal such as "half the time of framework X" sounds like
# a matter of determination. But if the floor alone takes more than half of X's time, the goal
# cannot be met with the same matrix products, and it is better to learn this from a profile than
# from a month of work.
#
# This project measures itself in the same way. `python -m tests.benchmarks` runs it against
# PyTorch and others in fresh processes that take turns, with the same data, weights and batches,
# and checks that all of them end at the same loss: a comparison of speed is worth nothing if the
# results differ. Its table is in `lessons/reference/speed.md`, with the goals that were set
# *before* measuring, the spread of each ratio, and "met" or "missed" for each goal. The missed
# ones are there too.
#
# There is one thing that we did not measure here: threads. A matrix product can use several. For
# networks of this size that gains little. When another program wants the same cores, it can even
# make a step many times slower, by the CPU clock as well: a thread that is done keeps asking
# whether the others are done too, while the others are not even running. So the first cell asked
# for one thread, which must happen before NumPy is imported, and `lessons/reference/speed.md`
# gives the same advice. To see the effect, set `OPENBLAS_NUM_THREADS=2`, keep the machine busy
# with something else, and run the lesson again. Be prepared for a long wait.

# %% [markdown]
# ## What was learned
#
# - Counting operations does not tell you where the time goes. Measure, with a warm-up, medians,
#   and candidates that take turns; and first of all, compare a thing with itself.
# - A NumPy call has a price of its own. Below the elbow, count calls; above it, count passes over
#   the arrays.
# - Fewer passes and no new arrays make Adam faster; fused ops make the cross-entropy faster; a rule
#   per input saves a third of the multiply-adds. The results are the same.
# - The moments of pixels that rarely have ink decay into denormal numbers and stay there. What
#   that costs depends on the processor.
# - A floor, such as the matrix products alone, tells you which goals can be met.
#
# ## What is still open
#
# One price was paid in every step: recording the ops and walking back over the record. Lesson 21
# writes a step down once, as a program, and runs only that. There are other things that we did not
# do: run on a graphics processor, or let several processes share the work. Each of them attacks
# one of the prices in this lesson. You can now tell which one, and you know how to check whether
# the gradients are still right.
#
# ## Exercises
#
# - `rmsprop_step`: another optimiser, in at most nine passes and without making new arrays.
# - `cross_entropy_gradient_in_place`: turn scores into their gradient in the memory they already
#   have.
# - `multiply_adds`: count the work of a step for any layer sizes and batch.
#
# Check them with `python -m lessons check 20`.
