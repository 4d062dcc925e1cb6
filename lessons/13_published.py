# %% [markdown]
# # 13. What the published figures were
#
# **Question.** What did the notebook's printed numbers measure?
#
# **Time.** 30 minutes.
#
# **New from the package.** `experiment.training.begin`, `experiment.training.make_batches`.
#
# **Before this.** Lesson 12 trained the published networks with twenty seeds, and found that the
# test accuracy of the improved one comes out. But the notebook printed other numbers too. Here we
# ask of each what it measures, and see how far the way of measuring moves it.

# %%
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import plot
from tinygrad_mlp.data import AugmentedDataset, load_mnist, transforms
from tinygrad_mlp.experiment.basic import published_error
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.results import read_results
from tinygrad_mlp.experiment.training import begin, make_batches
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import evaluate

train_data = load_mnist()
test_data = load_mnist(split="test")
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"

FOLDER = next(f for f in (Path("lessons/results"), Path("results")) if f.is_dir())
stored = {}
for one in read_results(FOLDER / "compare.json")[1]:
    stored.setdefault(one.recipe.name, []).append(one)
print(f"{len(stored)} recipes, each with runs from {len(stored['improved'])} seeds")

# %% [markdown]
# ## Four questions
#
# This is what the notebook printed about its three networks:
#
# - basic: an error of 0.00102171 after each epoch, and ten answers to ten test images
# - small: a test accuracy of 90.54 %
# - improved, during training: "epoch 30, loss 0.30141, accuracy 94.219"
# - improved, at the end: test accuracy 94.95, loss 0.28901514
#
# A number has a name, such as "accuracy", but the name does not say how it was measured. Four
# questions do:
#
# 1. **What** was measured, and is it a mean? Of what?
# 2. **On what**: which images, how many, changed or not?
# 3. **After what**: by the network at the end, or by all those that it was on the way?
# 4. **How often**: is it one run, the mean of several, or the best of several?
#
# Lesson 6 asked the first question about the error of the basic network. It was about the loss of
# the last training image, divided by about 783, because the sum was divided inside the loop.
#
# ## On how many images?
#
# The basic network was scored on ten images. Lesson 7 repaired it, and ours was right on 93 % of
# all 10,000. What would ten images have said about such a network? We let the computer draw images
# at random: each is answered correctly with a probability of 0.93. A range that holds 95 % of all
# draws says how far to trust a score.
#
# **Predict.** A network is right on 93 % of all images. Of how many images does one need the score
# to be within half a point of that in 95 % of all draws?
#
# - 100
# - 1,000
# - 10,000

# %% answer=3
rng = np.random.default_rng(0)
print("images    95 % of the scores lie between")
for n in (10, 50, 100, 1_000, 10_000):
    scores = 100 * rng.binomial(n, 0.93, 20_000) / n
    low, high = np.quantile(scores, [0.025, 0.975])
    print(f"{n:6,}    {low:5.1f} and {high:5.1f} %")

# %% [markdown]
# With $n$ images and a share $p$ of right answers, the standard error is $\sqrt{p (1 - p) / n}$,
# and the range is about two of these to each side. To halve it takes four times as many images.
# With 10,000, it is half a point. So 94.95 and 94.97 % are the same score: two decimals are more
# than 10,000 images can support.
#
# Ten images are enough to notice that a network always gives the same answer. They could not have
# told 80 % from 95 %.
#
# ## The training accuracy
#
# Now to "epoch 30, accuracy 94.219". It was printed during training, and sounds like the share of
# training images that the network gets right after 30 epochs.
#
# From our twenty runs of the same recipe we can work out three numbers: the share of right answers
# in epoch 30, as the batches came; the mean of that share over all 30 epochs; and the share on the
# training images without copies, by the network at the end.
#
# **Predict.** Which of the three is the 94.219?
#
# - The share in epoch 30.
# - The mean over the 30 epochs.
# - The share without copies, at the end.

# %% answer=2
improved_runs = stored["improved"]
by_epoch = np.array([[100 * epoch.accuracy for epoch in one.history] for one in improved_runs])
ways = {
    "mean of 30 epochs": by_epoch.mean(axis=1),
    "epoch 30": by_epoch[:, -1],
    "no copies, at the end": np.array([100 * one.train.accuracy for one in improved_runs]),
    "test, at the end": np.array([100 * one.test.accuracy for one in improved_runs]),
}
for words, values in ways.items():
    print(f"{words:22} {values.mean():.2f} %, from {values.min():.2f} to {values.max():.2f}")

# %% [markdown]
# It is the mean over all epochs so far, a **running average**. Only that range holds the published
# number. It never forgets the first epochs, when the network knew little.
#
# The three accuracies are all called "training accuracy", and they lie 2.6 points apart. That is
# more than flips and noise together cost. Now hold them against the test accuracy. The printed
# 94.219 % next to 94.95 % looks as if there were no overfitting at all: the test accuracy is even
# higher. But the network at the end is right on 96.8 % of its own images, which is 1.8 points more
# than on the test images.

# %% tags=["draw"]
figure = Figure(figsize=(8, 3.6), layout="constrained")
axes = figure.subplots()
epochs = np.arange(1, 31)
running = np.cumsum(by_epoch, axis=1) / epochs
axes.plot(epochs, by_epoch.mean(axis=0), color=BLUE, label="share in each epoch")
axes.plot(epochs, running.mean(axis=0), color=ORANGE, label="running average")
for name, marker in (("no copies, at the end", "s"), ("test, at the end", "D")):
    axes.plot(30.6, ways[name].mean(), marker, color=GREEN, label=name)
axes.plot(30.6, 94.219, "<", color="black", label="printed: 94.219")
axes.set(xlabel="epoch", ylabel="right answers (%)")
axes.legend(frameon=False, loc="lower right", fontsize=9)
figure.set_label(
    "Accuracy against the epoch, means of twenty runs. The share in each epoch rises quickly to "
    "between 94 and 95 %; the running average stays below it to the end, at the printed 94.219 %. "
    "Without copies the network at the end has nearly 97 %."
)
plot.show(figure, "runs/lessons/13/running.png")

# %% [markdown]
# From epoch 30 to "no copies, at the end" it is two points. Two things changed there: the images,
# which are now without flips and noise, and the network, which no longer changes while it is being
# scored. To see which of the two matters, we train, and measure one thing at a time.
#
# `begin(recipe, seed)` returns the untrained model, its optimiser and the random generators. With
# these, `make_batches` returns the batches of the recipe, including copies. The loop is that of
# lesson 9. We keep the loss and the share of right answers of every batch. Three epochs will do.

# %%
improved = RECIPES["improved"]
training = begin(improved, seed=0)
model, optimizer = training.model, training.optimizer
batches = make_batches(improved, train_data, training.order_rng, training.copies_rng)
batch_losses, batch_right = [], []
for _ in range(3):
    for images, labels in batches:
        scores = model(images)
        loss = F.cross_entropy(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        batch_losses.append(loss.item())
        answers = scores.detach().numpy().argmax(axis=1)
        batch_right.append(100 * np.mean(answers == labels.numpy()))

first_loss = np.mean(batch_losses[: len(batches)])
of_stored = np.array([one.history[0].loss for one in improved_runs])
print(f"{len(batch_losses):,} batches of 50")
print(f"mean loss in epoch 1: {first_loss:.3f} here, ", end="")
print(f"{of_stored.min():.3f} to {of_stored.max():.3f} in the stored runs")

# %% [markdown]
# So this is a training like the others. Now four answers to "what is its training accuracy?", each
# with one thing changed.

# %%
with_copies = AugmentedDataset(train_data, transforms.Compose(improved.augment), rng=1)
last_epoch = batch_right[-len(batches) :]
print(f"running average over 3 epochs        {np.mean(batch_right):6.2f} %")
print(f"epoch 3, while it was training       {np.mean(last_epoch):6.2f} %")
print(f"then, standing still, new copies     {100 * evaluate(model, with_copies).accuracy:6.2f} %")
print(f"then, the images without copies      {100 * evaluate(model, train_data).accuracy:6.2f} %")
test_scores = evaluate(model, test_data)
print(f"for comparison, the test images      {100 * test_scores.accuracy:6.2f} %")

# %% [markdown]
# The running average is 1.3 points below the epoch that it was printed after. The network standing
# still is half a point better than the many networks that it was during the epoch. And without
# flips and noise the same network gets two points more, because the copies are harder. None of
# these is **the** training accuracy. But only the last can be compared with the test accuracy: it
# is about the same network and about images of the same kind.
#
# ## The loss of one batch
#
# Both printed losses, 0.30141 and 0.28901514, are those of a single batch: the last 50 training
# images, and the last 50 test images. What is such a number worth?
#
# First the training, epoch by epoch: the mean loss, that of the last batch, and what the basic
# network's loop would have printed as its error. (`published_error` is from lesson 6.)

# %%
print("epoch   mean loss   last batch   error as in the basic network")
for epoch in range(3):
    of_epoch = batch_losses[epoch * len(batches) : (epoch + 1) * len(batches)]
    error = published_error(of_epoch)
    print(f"{epoch + 1:5} {np.mean(of_epoch):11.3f} {of_epoch[-1]:12.3f} {error:16.8f}", end="")
    print(f" = {of_epoch[-1]:.3f} / {of_epoch[-1] / error:.0f}")

# %% [markdown]
# The mean falls from epoch to epoch, as it should. The last batch happens to fall too, but by other
# amounts, and the error follows it, about 783 times smaller.
#
# How far does a single batch lie from the mean? We put the 10,000 test images into a random order,
# cut them into 200 batches of 50, and take the loss of each. The network stays the same.
#
# **Predict.** The mean of the 200 losses is about 0.2. Between which two numbers do nine of ten of
# them lie?
#
# - 0.18 and 0.22
# - 0.12 and 0.30
# - 0.03 and 0.40


# %% answer=3
test_images, test_labels = test_data[np.random.default_rng(0).permutation(10_000)]


def losses_in_parts(size, images=test_images, labels=test_labels):
    """The losses of parts of `size` images each."""
    with tg.no_grad():
        return np.array(
            [
                F.cross_entropy(model(images[i : i + size]), labels[i : i + size]).item()
                for i in range(0, len(images), size)
            ]
        )


print(f"all 10,000 test images: {test_scores.loss:.3f}")
for size in (50, 500, 5_000):
    parts = losses_in_parts(size)
    low, high = np.quantile(parts, [0.05, 0.95])
    print(f"parts of {size:5,}: mean {parts.mean():.3f}, nine of ten from {low:.3f} to {high:.3f}")

late = np.array(batch_losses[-200:])
low, high = np.quantile(late, [0.05, 0.95])
print(f"last 200 training batches: nine of ten from {low:.3f} to {high:.3f}")
by_chance = np.median(np.abs(late[:, None] - losses_in_parts(50)[None, :]))
print(f"a training batch and a test batch differ by {by_chance:.2f} (median)")

# %% [markdown]
# A single batch may have almost any loss. It is mostly decided by how many hard images happen to
# be in it: lesson 11 found that a few wrong answers make up most of a loss. This network was
# trained for three epochs, and its batches already cover both printed figures. So "0.301 in
# training, 0.289 in the test" compares two lucky or unlucky draws. By chance alone, two batches
# typically differ by ten times as much.
#
# Of the eight digits in 0.28901514 not even the first is certain. Over all test images, our twenty
# runs have a loss of 0.230 on average.

# %% tags=["draw"]
figure = Figure(figsize=(8, 3.2), layout="constrained")
axes = figure.subplots()
bins = np.linspace(0, 0.8, 33)
axes.hist(losses_in_parts(50), bins, color=BLUE, alpha=0.6, label="200 batches of test images")
axes.hist(late, bins, histtype="step", color=ORANGE, lw=1.8, label="last 200 training batches")
axes.axvline(test_scores.loss, color="black", lw=1.2, label="all 10,000 test images")
axes.plot([0.28901514, 0.30141], [1, 1], "v", color=GREEN, ms=8, label="printed")
axes.set(xlabel="loss of a batch of 50", ylabel="batches")
axes.legend(frameon=False)
figure.set_label(
    "Histograms of the losses of batches of 50 images. Both reach from nearly 0 to more than 0.5; "
    "the two printed losses lie close together in the middle of both."
)
plot.show(figure, "runs/lessons/13/batches.png")

# %% [markdown]
# We shuffled the images first, and there is a reason: MNIST's test images do not come in random
# order.

# %%
in_order = losses_in_parts(5_000, *test_data[:])
print(f"the first 5,000 test images: {in_order[0]:.3f}, the last 5,000: {in_order[1]:.3f}")
print(f"the last 50: {losses_in_parts(50, *test_data[:])[-1]:.3f}")

# %% [markdown]
# For this network the first half costs twice as much as the second. So a part of a test set, taken
# in order, says little about the whole of it.
#
# ## The best of several
#
# The last question is how often. The test accuracies, 90.54 and 94.95 %, are means over all 10,000
# test images, by the networks at the end. As far as the notebook says, each is a single run, and
# nothing suggests that it was chosen among others.
#
# But suppose that somebody trains several times and reports the best. We can find out what that
# would do: take all choices of $k$ of our twenty runs, and average the best of each choice.
#
# **Predict.** Our runs of the improved network have 94.97 % on average, with a standard deviation
# of 0.28 points. By how many points is the best of five runs better than 94.97 %, on average?


# %% answer=[0.2, 0.5]
def best_of(scores, k):
    """The mean of the best of k scores, over all choices of k."""
    return np.mean([max(choice) for choice in combinations(scores, k)])


print("best of             1      2      3      5")
best = {}
for name in ("small", "improved", "improved-noise"):
    scores = np.array([100 * one.test.accuracy for one in stored[name]])
    best[name] = [best_of(scores, k) for k in (1, 2, 3, 5)]
    print(f"{name:15}", *(f"{value:6.2f}" for value in best[name]))

# %% [markdown]
# The best of five is a third of a point better than the mean, with nothing improved. That is as
# much as the noise costs in lesson 12. For the small network, whose runs differ more, it is more
# than a point. So "our network, best of five" against "theirs, one run" is not a comparison.
#
# Choosing the best epoch by the test accuracy does the same, and so does trying ten settings and
# reporting the one with the best test score. Lesson 18 shows the remedy: choose on images that are
# held out from training, and use the test images once, at the end.
#
# ## Reading the table again
#
# Here are all printed numbers with the answers to the four questions:
#
# | printed | what | on what | after what | how often | our number |
# | --- | --- | --- | --- | --- | --- |
# | basic, error 0.00102171 | last loss / 783 | one image | the last step | one run | no learning |
# | small, 90.54 % | right answers | 10,000 test images | the end | one run | 92.52 ± 1.84 % |
# | improved, 94.95 % | right answers | 10,000 test images | the end | one run | 94.97 ± 0.28 % |
# | accuracy 94.219 | right answers, running | copies too | 30 epochs | one run | 96.76 ± 0.31 % |
# | training loss 0.30141 | one batch | 50 images | the last step | one run | 0.110 ± 0.008 |
# | test loss 0.28901514 | one batch | 50 images | the end | one run | 0.230 ± 0.012 |
#
# The last column is what the name of the number promises, over all images, by the network at the
# end, from twenty runs.
#
# Apart from the error of the basic network, none of these numbers was wrong. They misled because
# their names promised something else.
#
# ## A checklist for your own reports
#
# - **What**: say what the number is a mean of. Sum over examples, divide once, at the end.
# - **On what**: say which images, and how many. Give only as many digits as that number supports.
# - **After what**: for results, score the network at the end, standing still. If a curve shows
#   numbers taken during training, say so, and start the mean afresh in each epoch.
# - **How often**: give the number of runs, their mean and their spread. If something was chosen,
#   say from how many, and by which images.
# - Compare two numbers only if all four answers are the same.
#
# ## What was learned
#
# - Of all that the notebook printed, the two test accuracies are what their names say.
# - The printed training accuracy is a running average, 2.6 points below that of the network at
#   the end. It hid the overfitting.
# - The loss of one batch of 50 can be nearly anything. Two of them cannot be compared.
# - The best of five runs is better than their mean, with nothing improved.
#
# ## What is still open
#
# All this was measured with our own framework. If it had a fault, our own numbers might mislead as
# well. Lesson 14 trains the same networks in PyTorch.
#
# ## Exercises
#
# Write them in `lessons/exercises/13_published.py`.
#
# - `per_epoch`: recover the accuracy of each epoch from a printed running average.
# - `whole_loss`: the loss over all examples, from the losses of batches of different sizes.
# - `best_of`: what the best of k runs reaches on average, where there are too many choices of k to
#   go through them all.
#
# Check them with `python -m lessons check 13`.
