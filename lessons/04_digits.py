# %% [markdown]
# # 4. Digits
#
# **Question.** What are we looking at, and how far can we get without any learning?
#
# **Time.** 30 minutes.
#
# **New from the package.** `data.load_mnist`, `plot.digits`, `plot.confusions`.
#
# **Before this.** Lessons 1 to 3 gave us gradients, and a way to be sure of them. Now we need
# something to learn from. Before we train anything, we look at the data, and find the scores that
# everything in the next lessons has to beat.

# %%
import numpy as np
from matplotlib.figure import Figure

from tinygrad_mlp import plot
from tinygrad_mlp.data import load_mnist

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"

# %% [markdown]
# ## A task that nobody can write down
#
# You see at once whether a scribble is a 2 or a 7. Try to write down how you do it, as rules about
# dark and light points, and you will find exceptions to every rule. So the next lessons turn the
# task around. We show a program many digits together with the right answers. It starts with random
# numbers as weights, and gradient descent, which in lesson 1 trained a single neuron, changes them
# until its answers are good. Then it should be able to name digits that it has never seen.
#
# ## 70,000 handwritten digits
#
# MNIST is a collection of digits, written by employees of the American census office and by high
# school students (Y. LeCun, C. Cortes and C. J. C. Burges, 1998). Somebody scanned each digit,
# scaled it, and put it in the middle of a square of $28 \times 28$ pixels. 60,000 of them are for
# training and 10,000 are for testing.
#
# `load_mnist` reads them. The files come with the package, so nothing is downloaded. It returns a
# dataset with two arrays: `images` and `labels`.

# %%
train = load_mnist()
test = load_mnist(split="test")

for name, data in (("train", train), ("test", test)):
    print(f"{name:5}  images {data.images.shape} {data.images.dtype}", end="   ")
    print(f"labels {data.labels.shape} {data.labels.dtype}")

# %% [markdown]
# `plot.digits` draws images with their labels above them. These are the first thirty.

# %% tags=["draw"]
plot.show(plot.digits(train.images[:30], train.labels[:30]), "runs/lessons/04/first_thirty.png")

# %% [markdown]
# ## An image is a table of numbers
#
# In the files each pixel is one byte, from 0 (paper) to 255 (ink). `load_mnist` divides by 255.
# If we multiply by 255 again, we see the bytes. Here is the middle of the third image: the 4.

# %%
bytes_of_four = np.round(train.images[2] * 255).astype(np.uint8)

for row in bytes_of_four[4:26, 3:25]:
    print("".join(f"{value:4}" if value else "   ." for value in row))

pixels = train.images.reshape(60_000, 784)
blank = float(np.mean(pixels == 0))
never_used = int(np.sum(pixels.max(axis=0) == 0))
print()
print(f"pixels that are 0, of all training images:     {100 * blank:.0f} %")
print(f"places (of 784) that are 0 in every image:     {never_used}")

# %% [markdown]
# Most of an image is empty paper, and 67 places never hold any ink. A weight that multiplies such a
# place learns nothing: its input is 0 in every image, so its slope is 0 too.
#
# The line with `reshape` is all the preparation that we will need. Each image becomes a row of
# $28 \cdot 28 = 784$ pixels, and $n$ images become a matrix of shape $n \times 784$.
#
# ## Why divide by 255?
#
# No information is lost: each byte can be recovered. What changes is the size of the numbers that
# are computed from them. Take one unit that multiplies the pixels by 784 random weights of about
# $1/28$ each, adds the products, and squashes the sum with the **sigmoid**,
# $\sigma(z) = 1 / (1 + e^{-z})$, a curve like an S that goes from 0 to 1.
#
# **Predict.** We give it 1,000 digits as bytes, 0 to 255. For how many of them will its answer be
# undecided, between 0.01 and 0.99?
#
# - nearly all
# - about half
# - just a few


# %% answer=3
def sigmoid(z):
    # Computed from e^-|z|, which cannot overflow.
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def undecided(answers):
    return float(np.mean((answers > 0.01) & (answers < 0.99)))


rng = np.random.default_rng(0)
weights = rng.normal(0, 1 / 28, (784, 100))  # 100 units, so that no single one decides
sums = pixels[:1000] @ weights
shares = {"bytes, 0 to 255": undecided(sigmoid(255 * sums)), "0 to 1": undecided(sigmoid(sums))}
for name, share in shares.items():
    print(f"pixels as {name:16} undecided answers: {100 * share:5.1f} %")

# %% [markdown]
# Just a few: less than one in ten. With bytes the sums are 255 times as large, and the sigmoid of
# a large number is 0 or 1 for all practical purposes. A unit that is already sure has a
# derivative of almost 0, so it learns almost nothing. With pixels from 0 to 1 all units start
# undecided.
#
# Keep this in mind. In lesson 7 the same thing will happen for another reason.
#
# ## How many of each digit?
#
# **Predict.** What share of the training images shows the most frequent digit?
#
# - 10 %, as every digit
# - about 11 %
# - about 15 %
# - about 20 %

# %% answer=2
counts = np.bincount(train.labels, minlength=10)
first_counts = np.bincount(train.labels[:1000], minlength=10)

print("digit           " + "".join(f"{digit:7}" for digit in range(10)))
print("all 60,000      " + "".join(f"{count:7,}" for count in counts))
print("the first 1,000 " + "".join(f"{count:7,}" for count in first_counts))

# %% [markdown]
# About 11 %: the 1 is the most frequent digit and the 5 the rarest, and the digits are nearly
# balanced. The first 1,000 images are not far from that either. Lesson 6 trains on those alone.

# %% tags=["draw"]
figure = Figure(figsize=(8, 3), layout="constrained")
axes = figure.subplots()
axes.bar(np.arange(10) - 0.2, counts / 600, 0.38, color=BLUE, label="all 60,000")
axes.bar(np.arange(10) + 0.2, first_counts / 10, 0.38, color=ORANGE, label="the first 1,000")
axes.axhline(10, color=GREY, linewidth=1)
axes.set(xlabel="digit", ylabel="share of the images (%)", xticks=range(10), ylim=(0, 14))
axes.legend(frameon=False, ncols=2, loc="upper center")
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "Bars: the share of each digit in the training set, from 9.0 % for the 5 to 11.2 % for the 1; "
    "in the first 1,000 images, from 8.7 % for the 8 to 11.7 % for the 7."
)
plot.show(figure, "runs/lessons/04/balance.png")

# %% [markdown]
# ## The lowest bar: always the same answer
#
# A program that never looks at the image and answers "1" to everything is right as often as a 1
# occurs. This is the first number to beat. **Accuracy** is the share of right answers. We measure
# it on the 10,000 images of the **test set**, which are used for nothing else.

# %%
always = [float(np.mean(test.labels == digit)) for digit in range(10)]
print("always answering   is right on")
for digit in np.argsort(always)[::-1]:
    print(f"{digit:16}   {100 * always[digit]:5.2f} % of the test images")

# %% [markdown]
# So a blind guess scores between 8.9 and 11.4 %. A score in that range means that nothing was
# learned. It is worth knowing these ten numbers by sight.
#
# ## The average digit
#
# Now for the least that we can do with the images: average all zeros, all ones, and so on, pixel
# by pixel. This gives ten mean images.
#
# **Predict.** The images of which digit differ least from their own mean, pixel by pixel?
#
# - the 0
# - the 1
# - the 7
# - the 8


# %% answer=2
def mean_images(images, labels):
    """Ten images (10, 28, 28): the mean of all images with each label."""
    return np.stack([images[labels == digit].mean(axis=0) for digit in range(10)])


means = mean_images(train.images, train.labels)
# How far an image is from its own mean, on average: the smaller, the sharper the mean.
spread = [
    float(np.mean((train.images[train.labels == digit] - means[digit]) ** 2)) for digit in range(10)
]
ink = [float(np.mean(train.images[train.labels == digit] ** 2)) for digit in range(10)]
print("mean squared distance of a pixel from its mean image, and as a share of the mean square")
for digit in np.argsort(spread):
    print(f"   {digit}  {spread[digit]:.3f}   {spread[digit] / ink[digit]:.2f}")

# %% [markdown]
# The 1 is by far the nearest to its mean: people write it alike, apart from the slant, which is
# why its mean looks like a narrow hourglass. But it also has the least ink, and where there is
# little ink, little can differ. The second column divides that out: measured by its own ink, the
# 0 is the most alike, and the 5 varies most. Here are the means.

# %% tags=["draw"]
figure = Figure(figsize=(9, 4.1), layout="constrained")
for digit, axes in enumerate(figure.subplots(2, 5).flat):
    axes.imshow(means[digit], cmap="gray_r", vmin=0, vmax=1)
    axes.set_title(digit, fontsize=11)
    axes.set_axis_off()
figure.set_label("The mean image of each digit: the 1 a narrow hourglass, the 4 much like the 9.")
plot.show(figure, "runs/lessons/04/means.png")

# %% [markdown]
# ## Nearest mean: a classifier in three lines
#
# To name a new image, compare it with the ten means and take the nearest. The distance between an
# image $x$ and a mean $m_k$, both rows of 784 numbers, is the sum of the squared differences:
#
# $$d_k = \sum_{j=1}^{784} (x_j - m_{kj})^2, \qquad \text{answer} = \arg\min_k d_k.$$
#
# **Predict.** Nothing is learned here, only averaged. What percentage of the test images will it
# name correctly?


# %% answer=[75, 90]
def nearest_mean(images, means):
    """The digit (n,) whose mean is nearest to each image (n, 28, 28)."""
    distances = [np.sum((images - mean) ** 2, axis=(1, 2)) for mean in means]
    return np.argmin(distances, axis=0)


answers = nearest_mean(test.images, means)
accuracy = float(np.mean(answers == test.labels))
print(f"always the same digit, at best:  {100 * max(always):5.2f} %")
print(f"nearest mean:                    {100 * accuracy:5.2f} %")

# %% [markdown]
# About 82 %. This is the second number to beat, and a sobering one. Whatever we build must be
# better than ten averages, or it is not worth its arithmetic.
#
# ## Which digits are mistaken for which?
#
# A single percentage hides a lot. A **confusion matrix** counts, for each true digit (row), what
# it was taken for (column). Right answers are on the diagonal. `plot.confusions` draws such a
# matrix, each row in percent.
#
# **Predict.** Which digit is recognised least often?
#
# - the 0
# - the 4
# - the 5
# - the 9


# %% answer=3
def confusion_matrix(labels, answers):
    """Counts (10, 10): row = true digit, column = answer."""
    counts = np.zeros((10, 10), int)
    for label, answer in zip(labels, answers, strict=True):
        counts[label, answer] += 1
    return counts


confusion = confusion_matrix(test.labels, answers)
right = confusion.diagonal() / confusion.sum(axis=1)
wrong = confusion.copy()
np.fill_diagonal(wrong, 0)
worst = np.argsort(wrong, axis=None)[::-1][:5]
print("digit       " + "".join(f"{digit:6}" for digit in range(10)))
print("right (%)   " + "".join(f"{100 * share:6.0f}" for share in right))
print()
print("the five most frequent confusions")
for true, answer in zip(*np.unravel_index(worst, wrong.shape), strict=True):
    print(f"   {true} taken for {answer}: {wrong[true, answer]} times")

# %% [markdown]
# The 5 is missed most: only about 69 % of the fives are found, and many of the rest are taken for
# a 3. The 4 is most often taken for a 9, and the 9 for a 4, as their means suggest.
#
# The picture shows the whole matrix.

# %% tags=["draw"]
plot.show(plot.confusions({"nearest mean": confusion}), "runs/lessons/04/confusion.png")

# %% [markdown]
# The column of the 1 stands out: it collects more wrong answers than any other. The mean of the 1
# has little ink, so a thin 2 or 5 is closer to it than to the fat, blurred mean of its own kind.
#
# Here are twenty of the images that were named wrongly, with what they are and what they were
# taken for. Many are easy for you. But nearest mean has no notion of a stroke or a loop.

# %% tags=["draw"]
missed = np.flatnonzero(answers != test.labels)[:20]
captions = [f"{test.labels[i]} as {answers[i]}" for i in missed]
plot.show(plot.digits(test.images[missed], captions), "runs/lessons/04/missed.png")

# %% [markdown]
# ## Nearest neighbour: remember everything
#
# Ten averages forget almost all of the data. The other extreme is to forget nothing: keep every
# training image, and give a new image the label of the one that is nearest to it. This is the
# **nearest neighbour** rule. Comparing with all 60,000 takes a while, so we name only 200 test
# images, and let the memory grow.


# %%
def nearest_neighbour(images, memory, memory_labels):
    """The label (n,) of the image in memory (m, 784) that is nearest to each image (n, 784)."""
    found = []
    for image in images:
        distances = np.sum((memory - image) ** 2, axis=1)
        found.append(memory_labels[np.argmin(distances)])
    return np.array(found)


test_pixels = test.images.reshape(10_000, 784)
some, some_labels = test_pixels[:200], test.labels[:200]

scores = {}
for size in (100, 1000, 5000):
    found = nearest_neighbour(some, pixels[:size], train.labels[:size])
    scores[size] = float(np.mean(found == some_labels))
    print(f"memory of {size:5,} images: {100 * scores[size]:5.1f} % of 200 test images right")
mean_on_some = float(np.mean(answers[:200] == some_labels))
print(f"nearest mean:            {100 * mean_on_some:5.1f} % of the same 200")

# %% [markdown]
# More memory, fewer mistakes. Five thousand remembered images beat the means of all sixty thousand.
#
# ## Why a test set?
#
# There is a catch in remembering everything. The next cell plays a trick on the nearest
# neighbour: it shuffles the labels, so that they no longer have anything to do with the images.
# There is nothing left to learn.
#
# **Predict.** The memory holds 1,000 images with shuffled labels. How many of these very images
# does the rule name as their (shuffled) labels say?
#
# - all of them
# - about half
# - about one in ten

# %% answer=1
rng = np.random.default_rng(0)
memory, true_labels = pixels[:1000], train.labels[:1000]
shuffled_labels = rng.permutation(true_labels)

print("labels       right on the memory itself   right on 200 test images")
for name, labels in (("true", true_labels), ("shuffled", shuffled_labels)):
    on_itself = np.mean(nearest_neighbour(memory, memory, labels) == labels)
    on_test = np.mean(nearest_neighbour(some, memory, labels) == some_labels)
    print(f"{name:10} {100 * on_itself:18.1f} % {100 * on_test:25.1f} %")

# %% [markdown]
# On its own memory it scores 100 %, both times: the nearest image to an image is the image itself.
# The score on the training data cannot tell the rule that learned something from the one that could
# not. The score on images that it has never seen can: with shuffled labels it falls to that of
# blind guessing. Doing much better on the training images than on new ones is called
# **overfitting**.
#
# A program that is trained can remember too. So every accuracy that we trust in this course is
# measured on test images, and nothing is trained on them.
#
# ## How many test images?
#
# The published notebook that lesson 6 rebuilds judged its result by the first 10 test images. Is
# that enough? If a rule is right for a share $p$ of all images, its score on $n$ random ones has a
# standard deviation of the size below, and about 95 % of such scores lie within two of them:
#
# $$\sqrt{\frac{p (1 - p)}{n}}.$$
#
# **Predict.** Nearest mean has $p = 0.82$. We test it on 10 random images, again and again. Into
# which range do 95 % of the scores fall?
#
# - 70 to 90 %
# - 60 to 100 %
# - 80 to 84 %

# %% answer=2
rng = np.random.default_rng(0)
is_right = answers == test.labels
sizes = np.array([10, 30, 100, 300, 1000, 3000])
low, high = [], []
for size in sizes:
    drawn = rng.integers(0, 10_000, (2000, size))
    accuracies = is_right[drawn].mean(axis=1)
    low.append(np.quantile(accuracies, 0.025))
    high.append(np.quantile(accuracies, 0.975))
    print(f"{size:5,} images: 95 % of the scores lie from", end=" ")
    print(f"{100 * low[-1]:5.1f} to {100 * high[-1]:5.1f} %")

first_ten = float(np.mean(is_right[:10]))
print()
print(f"the first ten test images: {test.labels[:10]}")
print(f"   nearest mean is right on {100 * first_ten:.0f} %")
for digit in (1, 2):
    print(
        f"   always answering {digit} is right on {100 * np.mean(test.labels[:10] == digit):.0f} %"
    )

# %% [markdown]
# From 60 to 100 %. Ten images can tell a good rule from a hopeless one, but nothing finer; on the
# first ten, "always 1" gets twice as many right as "always 2". With all 10,000 the standard
# deviation is about 0.4 points, so differences of one point begin to mean something.

# %% tags=["draw"]
deviation = np.sqrt(accuracy * (1 - accuracy) / sizes)
figure = Figure(figsize=(8, 3.4), layout="constrained")
axes = figure.subplots()
axes.fill_between(
    sizes, 100 * np.array(low), 100 * np.array(high), color=BLUE, alpha=0.25, label="95 % of scores"
)
for sign in (-1, 1):
    axes.plot(
        sizes,
        100 * (accuracy + sign * 1.96 * deviation),
        color=ORANGE,
        linestyle="--",
        label="1.96 standard deviations, by the formula" if sign == 1 else None,
    )
axes.axhline(100 * accuracy, color="black", linewidth=1, label="on all 10,000")
axes.set(xscale="log", xlabel="number of test images", ylabel="accuracy (%)", ylim=(50, 108))
axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
axes.minorticks_off()
axes.legend(frameon=False, loc="lower right")
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "The scores of nearest mean on random test images: with 10 images they scatter from 60 to "
    "100 %, with 3,000 from about 81 to 83 %. The formula gives the same, except that no score "
    "can be above 100 %."
)
plot.show(figure, "runs/lessons/04/test_size.png")

# %% [markdown]
# ## What was learned
#
# - A digit is a row of 784 numbers from 0 to 1, most of them 0. Inputs of that size keep the
#   sigmoid in the range where it can learn.
# - Always giving the same answer scores between 8.9 and 11.4 %. Nearest mean scores about 82 %.
#   Remember these two numbers.
# - A confusion matrix shows what an accuracy hides.
# - Remembering gives 100 % on the training data, whatever the labels are. Only images that were
#   never seen can tell whether anything was learned.
# - A score on 10 images can be off by 20 points.
#
# ## What is still open
#
# Nearest mean compares an image with ten others, and averaging is all that went into those. Nothing
# says that the average is the best picture to compare with. Lesson 5 looks at this rule again, and
# lets gradient descent find better numbers.
#
# ## Exercises
#
# Write them in `lessons/exercises/04_digits.py`.
#
# - `squared_distances`: all distances between two sets of images, without a loop.
# - `precision_and_recall`: from a confusion matrix, two shares for each digit.
# - `vote`: the answer of the k nearest neighbours, ties included.
#
# Check them with `python -m lessons check 04`.
