# %% [markdown]
# # 12. The comparison
#
# **Question.** Which change earned which part of the gain from 90.5 % to 95 %?
#
# **Time.** 35 minutes.
#
# **New from the package.** `experiment.recipes.RECIPES`, `experiment.results.read_results`,
# `experiment.intervals.student`, `experiment.intervals.mean`, `experiment.intervals.median`,
# `experiment.training.run`.
#
# **Before this.** The published notebook went from a small network (90.54 %) to an improved one
# (94.95 %) and said that data augmentation and the larger network raised the accuracy
# "considerably". Lesson 11 found, in short trainings, that flips cost accuracy. Now we do the
# whole experiment, and ask of every number how certain it is.

# %%
import math
import textwrap
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tinygrad_mlp import plot
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment.intervals import mean, median, student
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.results import read_results
from tinygrad_mlp.experiment.training import run

train_data = load_mnist()
test_data = load_mnist(split="test")
BLUE, ORANGE, GREEN, SKY = "#0072B2", "#D55E00", "#009E73", "#56B4E9"

# %% [markdown]
# ## What was changed
#
# The package keeps each experiment as a **recipe**: plain data that decides everything about a
# result except for the seed. `RECIPES` holds them all, by name. `count_weights()` says how many
# numbers the network learns. Here are the two that the notebook compares.

# %%
small, improved = RECIPES["small"], RECIPES["improved"]
for what in ("published", "hidden", "epochs", "augment", "lr", "batch_size"):
    print(f"{what:10}  {getattr(small, what)!s:12}  {getattr(improved, what)}")
print(f"{'weights':10}  {small.count_weights():<12}  {improved.count_weights()}")


def count_steps(recipe):
    """Steps of the optimiser in a whole training; copies double the number of images."""
    images = 60_000 * (2 if recipe.augment else 1)
    return recipe.epochs * images // recipe.batch_size


print(f"{'steps':10}  {count_steps(small):<12}  {count_steps(improved)}")

# %% [markdown]
# Four things differ: the width (10 or 100 hidden units), the time (10 or 30 epochs), flips and
# noise. The copies also double the steps in an epoch, so the improved network takes six times as
# many steps. There is one difference of 4.41 points, and there are four or five possible causes.
#
# To tell them apart, change one thing at a time, and train each version with several seeds. The
# command that the next cell prints did this, with 20 seeds. Its results are stored beside this
# lesson, and `read_results` reads them.

# %%
FOLDER = next(f for f in (Path("lessons/results"), Path("results")) if f.is_dir())


def load_results(file):
    """The runs in a stored file, by recipe and in the order of their seeds."""
    made, found = read_results(FOLDER / file)
    command = textwrap.fill(made["command"], 90, break_on_hyphens=False)
    print(f"{file}: made {made['date'][:10]} by\n{textwrap.indent(command, '    ')}")
    runs = {}
    for one in found:
        runs.setdefault(one.recipe.name, []).append(one)
    return runs


def accuracies(runs):
    """Test accuracies in percent, one for each seed."""
    return np.array([100 * one.test.accuracy for one in runs])


def losses(runs):
    """Test losses, one for each seed: means over all 10,000 test images."""
    return np.array([one.test.loss for one in runs])


stored = load_results("compare.json")

# %% [markdown]
# ## Published and measured
#
# First the whole table: the recipes and, after the $\pm$, the standard deviation over the seeds.
# With accuracies $a_1, \dots, a_n$ of $n$ runs and their mean $\bar a$, it is
# $$s = \sqrt{\frac{1}{n-1} \sum_{i=1}^{n} (a_i - \bar a)^2}.$$
# It says how far **a single run** typically lies from the mean.
#
# **Predict.** The published figures are 90.54 % for the small network and 94.95 % for the improved
# one. If we train the improved network for 30 epochs too, but without flips and noise, what
# percentage of the test images will it get right?

# %% answer=[96.2, 97.8]
print(f"{'recipe':26}  {'published %':>11}  {'test %':>13}  {'test loss':>13}  {'train %':>7}")
for name, runs in stored.items():
    recipe = RECIPES[name]
    a, loss = accuracies(runs), losses(runs)
    on_train = np.mean([100 * one.train.accuracy for one in runs])
    published = "" if recipe.published is None else f"{100 * recipe.published:.2f}"
    if recipe.published_images == 10:
        published = "1 of 10"
    print(
        f"{recipe.title:26}  {published:>11}  {a.mean():5.2f} ± {a.std(ddof=1):.2f}"
        f"   {loss.mean():5.3f} ± {loss.std(ddof=1):.3f}  {on_train:7.2f}"
    )

# %% [markdown]
# Without any copies the improved network reaches 97.0 %, two points **more** than with them. So
# not all of the changes were improvements. We will take them one by one.
#
# The first three rows are those of lessons 6 and 7 (their loss is a squared error and cannot be
# compared with the others). "1 of 10" is how the notebook scored its basic network: on ten
# images. The last two rows are **controls**: a network without copies after 10 epochs, and noise
# in as many steps as the network without copies takes.
#
# ## What can three seeds say?
#
# Most reports have one run, and careful ones have three. The mean of $n$ runs varies less than
# one run: its **standard error** is $s / \sqrt n$. A range around the mean that holds the true
# value in 95 % of all reports is
# $$\bar a \pm t \, \frac{s}{\sqrt n}.$$
# Student (1908) worked out the factor $t$, which `student(n - 1)` returns. For many runs it is
# about 2. For three it is 4.3, because $s$ itself is a poor guess when it comes from three numbers.
#
# Runs with the same seed begin with the same weights. So we take their **differences**, seed by
# seed, and the range of the mean difference. If 0 lies outside, the difference is **clear**.
#
# **Predict.** Noise costs 0.3 points in the mean of 20 seeds. Had we had only three of these
# seeds, in how many of 100 cases would the difference have been clear?


# %% answer=[15, 45]
def paired(before, after):
    """Mean of the differences, seed by seed, and how far the range (95 %) reaches each way."""
    change = after - before
    n = len(change)
    return change.mean(), student(n - 1) * change.std(ddof=1) / math.sqrt(n)


plain, noise, flips = (
    accuracies(stored[f"improved-{name}"]) for name in ("plain", "noise", "flips")
)
for what, copies in {"noise": noise, "flips": flips}.items():
    change, half = paired(plain, copies)
    triples = [list(three) for three in combinations(range(20), 3)]
    ranges = [paired(plain[three], copies[three]) for three in triples]
    clear = np.mean([abs(middle) > margin for middle, margin in ranges])
    print(
        f"{what}: {change:+.2f} ± {half:.2f} points with 20 seeds; clear in "
        f"{100 * clear:.0f} % of the {len(triples):,} choices of three"
    )

# %% [markdown]
# The flips are so bad that nearly any three seeds show it. The noise is found by less than a
# third of the choices. The others would have reported "no clear difference", and many readers
# would have understood "noise does nothing". An earlier edition of this lesson had three seeds,
# and called the noise "not clear".
#
# So if you find no difference, say **how large an effect could have been missed**. A simulation
# of a few lines tells: draw many experiments with an effect of a given size, and count how often
# the range excludes 0.


# %%
def power(effect, spread, n, rounds=4_000):
    """How often n differences around `effect` give a clear result."""
    drawn = np.random.default_rng(0).normal(effect, spread, (rounds, n))
    half = student(n - 1) * drawn.std(axis=1, ddof=1) / math.sqrt(n)
    return np.mean(np.abs(drawn.mean(axis=1)) > half)


spread = (noise - plain).std(ddof=1)
effects = (0.1, 0.15, 0.3, 0.5, 0.75, 1.0)
print(f"differences have a standard deviation of {spread:.2f} points; found in % of experiments:")
print("effect   ", *(f"{effect:5.2f}" for effect in effects))
for n in (3, 20):
    print(f"{n:2} seeds ", *(f"{100 * power(effect, spread, n):5.0f}" for effect in effects))

# %% [markdown]
# With 20 seeds we would find an effect of 0.15 points in four of five cases. With three, it takes
# 0.75.
#
# ## Does the published figure come out?
#
# A published accuracy is **one** run. So we ask where it lies among ours.

# %%
small_runs = accuracies(stored["small"])
for name in ("small", "improved"):
    a, published = accuracies(stored[name]), 100 * RECIPES[name].published
    print(
        f"{name:9} published {published:.2f}: {np.sum(a < published)} of 20 runs lie below it; "
        f"median {np.median(a):.2f}, from {a.min():.2f} to {a.max():.2f}"
    )

# %% [markdown]
# The improved figure is an ordinary one. The small one is not: 19 of 20 runs are better. Perhaps
# the notebook was unlucky. One run cannot tell.
#
# Among our own small runs one has only 85.56 %, where half have more than 93 %. Lesson 10 found
# dead units: a ReLU unit whose input is below 0 for every image gives 0 and gets no gradient. The
# stored results count the units that are 0 for all 10,000 test images, as lesson 10 did. And
# `run(recipe, train_data, test_data, seed)` builds, trains and scores a recipe, so we can also
# train the worst one again.
#
# **Predict.** The small network has ten hidden units. How many of them are dead in the worst run?

# %% answer=[4, 8]
dead = np.array([one.dead_units for one in stored["small"]])
for count in sorted(set(dead)):
    found = small_runs[dead == count]
    print(f"{count} of 10 units dead: {len(found):2} of 20 runs, median {np.median(found):.2f} %")
worst = int(np.argmin(small_runs))
live = run(small, train_data, test_data, seed=worst)
print(
    f"seed {worst}: stored {small_runs[worst]:.2f} %, {dead[worst]} dead; "
    f"live {100 * live.test.accuracy:.2f} %, {live.dead_units} dead"
)

# %% [markdown]
# The more units die, the lower the accuracy. (On another machine the live figures may differ: other
# rounding is enough to decide the fate of a unit.)
#
# So these accuracies have a **tail**: most lie close together, and a few far below, with a cause
# that we know. One such run pulls a mean down and makes $s$ large. The **median** does not
# depend on how far away it is, and its range needs no factor $t$: with 20 values, the true
# median lies between the 6th and the 15th of them in 96 % of all cases. (Toss a coin 20 times: 5
# heads or fewer are rare.) The package's `mean` and `median` give either with its range. We take
# the median where the small network takes part, and decide so before looking at any difference.
#
# ## One change at a time
#
# A chain leads from the small network to the improved one, with one change per link:
#
# - small: 10 hidden units, 10 epochs
# - **width**: 100 hidden units
# - **time**: 30 epochs
# - **flips**: a copy of each image, mirrored with $p = 0.7$
# - **noise**: added to the copies, standard deviation 0.2

# %%
chain = {
    "small": small_runs,
    "width": accuracies(stored["plain-10-epochs"]),
    "time": plain,
    "flips": flips,
    "noise": accuracies(stored["improved"]),
}
names = list(chain)
links = {
    after: (median if before == "small" else mean)(chain[after] - chain[before])
    for before, after in pairwise(names)
}
for name, link in links.items():
    print(
        f"{name:6} {link.middle:+.2f} points ({link.low:+.2f} to {link.high:+.2f}), the {link.kind}"
    )

# %% tags=["draw"]
figure = Figure(figsize=(8, 4.2), layout="constrained")
axes = figure.subplots()
level = np.median(small_runs)
for i, name in enumerate(names):
    if name in links:
        change, low, high = links[name].middle, links[name].low, links[name].high
        axes.bar(i, change, 0.62, bottom=level, color=SKY if change > 0 else ORANGE)
        axes.vlines(i + 0.2, level + low, level + high, color="black", linewidth=2.5)
        level += change
        below = min(level, level - change, chain[name].min()) - 0.2
        axes.text(i - 0.3, below, f"{change:+.2f}", va="top")
    axes.plot([i - 0.31, i + (1.31 if name != "noise" else 0.31)], [level] * 2, "k-", lw=0.8)
    axes.plot(np.full(20, i - 0.08), chain[name], "o", color=BLUE, ms=3, alpha=0.6)
axes.plot([], [], "o", color=BLUE, ms=3, label="one run")
axes.plot([], [], color="black", linewidth=2.5, label="range of the change (95 %)")
axes.plot([0.36, 4.36], [90.54, 94.95], "<", color=GREEN, ms=8, label="published")
labels = ["small", "width\n10 to 100", "time\n10 to 30 epochs", "flips", "noise\n= improved"]
axes.set_xticks(range(5), labels)
axes.set(ylabel="test accuracy (%)")
figure.legend(loc="outside upper center", ncols=3, frameon=False)
figure.set_label(
    "A chain of bars: the width lifts the accuracy by several points, the time by half a point; "
    "the flips take back more than one and a half, the noise a little."
)
plot.show(figure, "runs/lessons/12/chain.png")

# %% [markdown]
# Each bar is a change, and the thick black line is its range. **The width brought the gain**: more
# than the 1.9 points between our two networks. Longer training added half a point. The flips, which
# the published text counts among the reasons for the improvement, **cost** 1.4 to 1.8 points, and
# the noise a few tenths.
#
# In another order the links might be worth something else. So here are the flips with noise and
# the noise without flips; and both copies in a network of 10 units, trained for 30 epochs with
# six seeds.

# %%
for what, before, after in (
    ("flips, with noise", "improved-noise", "improved"),
    ("noise, without flips", "improved-plain", "improved-noise"),
):
    change, half = paired(accuracies(stored[before]), accuracies(stored[after]))
    print(f"{what}: {change:+.2f} ± {half:.2f} points")
narrow = load_results("narrow.json")
changes = accuracies(narrow["improved"]) - accuracies(narrow["improved-plain"])
print("both, with 10 units, each seed:", *(f"{change:+.1f}" for change in changes))

# %% [markdown]
# Flips cost about the same with noise and without, and so does noise. At 10 units, five of six
# seeds lose and one gains: seed 4, whose plain training ended at 86 %, where the others have 92 to
# 94. This is "no clear difference", and it is far from nothing: the copies may cost six points here
# or gain two. (With six values, the range of a median goes from the lowest to the highest.)
#
# ## As many steps, and the loss
#
# One objection is left. The improved network took 72,000 steps, the plain one 36,000. So we look
# at a plain network trained for 60 epochs, which also takes 72,000 (with three seeds).
#
# **Predict.** 60 epochs instead of 30, without copies: what will happen to the test accuracy and
# to the test loss?
#
# - The accuracy rises and the loss falls.
# - The accuracy falls and the loss rises.
# - Both rise.

# %% answer=3
longer = load_results("longer.json")["improved-plain"]
rows = {
    "no copies, 10 epochs": stored["plain-10-epochs"],
    "no copies, 30 epochs": stored["improved-plain"],
    "no copies, 60 epochs": longer,
    "noise, 15 epochs": stored["noise-15-epochs"],
    "noise, 30 epochs": stored["improved-noise"],
    "flips, 30 epochs": stored["improved-flips"],
    "flips and noise, 30 epochs": stored["improved"],
}
print(f"{'':28}  {'steps':>6}  test %   test loss")
for words, runs in rows.items():
    steps = count_steps(runs[0].recipe)
    print(f"{words:28}  {steps:6}  {accuracies(runs).mean():.2f}  {losses(runs).mean():9.3f}")
change, half = paired(plain[:3], accuracies(longer))
print(f"60 epochs instead of 30, three seeds: {change:+.2f} ± {half:.2f} points")

# %% [markdown]
# With as many steps as the improved network, the plain one is still the better one, and even gains
# a tenth of a point. But its test loss has nearly doubled: when it is wrong, it is more sure of
# itself. Noise keeps it from that: at equal steps (36,000), the loss is 0.208 instead of 0.462.

# %% tags=["draw"]
figure = Figure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
styles = [("black", "v"), ("black", "o"), ("black", "x"), (SKY, "v")]
styles += [(BLUE, "s"), (ORANGE, "^"), (GREEN, "D")]
for (words, runs), (colour, marker) in zip(rows.items(), styles, strict=True):
    axes.plot(accuracies(runs), losses(runs), marker, color=colour, ms=4, label=words, alpha=0.8)
axes.set(xlabel="test accuracy (%)", ylabel="test loss (cross-entropy)", ylim=(0, None))
axes.grid(color="#e6e6e6")
axes.legend(frameon=False, fontsize=8, loc="upper left")
figure.set_label(
    "Test loss against test accuracy, a point for each run of the networks with 100 hidden units. "
    "Noise, or stopping after 10 epochs, roughly halves the loss and costs half a point or less; "
    "flips lower the accuracy; 60 epochs nearly double the loss."
)
plot.show(figure, "runs/lessons/12/loss.png")

# %% [markdown]
# The notebook's copies lowered the loss too, to 0.230. But look for a **control that does the same
# without them**: the plain network, stopped after 10 epochs.

# %%
for what, before, after in (
    ("flips alone", "improved-plain", "improved-flips"),
    ("flips added to noise", "improved-noise", "improved"),
    ("stopped at 10 epochs instead of all copies", "improved", "plain-10-epochs"),
):
    points, of_points = paired(accuracies(stored[before]), accuracies(stored[after]))
    change, half = paired(losses(stored[before]), losses(stored[after]))
    print(f"{what}: {points:+.2f} ± {of_points:.2f} points, loss {change:+.3f} ± {half:.3f}")

# %% [markdown]
# Stopped early, the network gets 96.5 % right instead of 95.0 %, in a sixth of the steps. Its test
# loss is 0.220, against 0.230: no clear difference, but stopping may be better by 0.02, and worse
# by 0.001 at most. So if you need honest probabilities, stop early or use noise. Flips lower the
# loss a little, by 0.03 when added to noise (alone the change is not clear), and they cost points.
#
# ## Who pays for the flips?
#
# Lesson 11 found one cause: a mirrored 5 looks like a 2. It is the explanation that comes to mind.
# The stored runs include their confusion matrices, so we can count.
#
# **Predict.** Of all the errors that the flips add, what percentage are a 2 taken for a 5, or a 5
# for a 2?

# %% answer=[5, 20]
before, after = (
    np.array([one.test.counts for one in stored[name]])  # (seed, digit, answer)
    for name in ("improved-plain", "improved-flips")
)
for digit in range(10):
    of_digit = before[0, digit].sum() / 100
    change, half = paired(before[:, digit, digit] / of_digit, after[:, digit, digit] / of_digit)
    print(f"{digit}: {change:+.2f} ± {half:.2f} points")
added = (after - before).mean(axis=0)
np.fill_diagonal(added, 0)
both = added[2, 5] + added[5, 2]
print(f"the flips add {added.sum():.0f} errors; 2 for 5 or 5 for 2: {both:.0f}")
print(f"3 for 5 or 5 for 3: {added[3, 5] + added[5, 3]:.0f}")

# %% [markdown]
# The pair that comes to mind explains about a tenth. The 5 pays most, then 2 and 3, but seven of
# ten digits clearly lose, even 0, whose mirror image looks like no other digit.
# `python -m tinygrad_mlp study flipped-digits` takes this apart.
#
# ## The verdict
#
# The published **numbers** can be reproduced, one easily and one rarely. The published
# **conclusion** cannot: the accuracy rose because the network became ten times as wide, and in
# spite of the augmentation. And more than half of the published gain, 2.5 of 4.4 points, came from
# none of the changes: the published small run was worse than 19 of our 20. The loss fell, and it
# falls as far if one stops early.
#
# Nothing here is special to this notebook. Two changes at once and one run of each: most of us
# have done it.
#
# Our own verdict has a limit. All networks were scored on the same 10,000 test images, and our
# ranges are about other seeds with these images. Other test images would move all accuracies:

# %%
accuracy = plain.mean() / 100
of_images = 100 * math.sqrt(accuracy * (1 - accuracy) / 10_000)
print(f"standard error of {100 * accuracy:.1f} % from 10,000 images: {of_images:.2f} points")
change, half = paired(plain, accuracies(stored["improved"]))
with_images = math.sqrt(half**2 + 2 * (2 * of_images) ** 2)
print(f"both copies, with this added for each side: {change:+.1f} ± {with_images:.1f} points")

# %% [markdown]
# This is cautious, because an image that is hard for one network is also hard for the other, and
# part of the effect cancels in a difference. But it warns us that the 0.3 points of the noise
# might be another number with other images.
#
# ## What was learned
#
# - Change one thing at a time, train with several seeds each time, compare seed by seed, and give
#   every difference a range. Where it is not clear, say what could have been missed.
# - A run that lies far from the others has a cause. Look for it before averaging it away.
# - The width brought the gain. The flips cost accuracy, and the noise a little. The noise lowers
#   the test loss, and so does stopping early: look for the control that does the same.
#
# ## What is still open
#
# We took two published figures, and the notebook printed others. Lesson 13 asks what they were.
#
# All this was measured with our own framework. If it had a fault, the verdict might have one too.
# Lesson 14 trains the same networks in PyTorch, from the same weights with the same batches.
# Lesson 17 looks for augmentation that does help.
#
# ## Exercises
#
# Write them in `lessons/exercises/12_comparison.py`.
#
# - `standard_error_of_difference`: how uncertain a difference of two means is.
# - `shares`: divide a gain between two changes, fairly, when their order matters.
#
# Check them with `python -m lessons check 12`.
