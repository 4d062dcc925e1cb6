# %% [markdown]
# # 11. Augmented images
#
# **Question.** What do noise and flips do to digits?
#
# **Time.** 35 minutes.
#
# **New from the package.** `data.transforms.GaussianNoise`, `data.transforms.RandomHorizontalFlip`,
# `data.transforms.Compose`, `data.AugmentedDataset`, `plot.augmented`, `softmax`.
#
# **Before this.** Lessons 9 and 10 trained a small network with cross-entropy and Adam. The
# published experiment then made two changes at once: a wider network, and more images, made from
# the old ones by mirroring and by noise. Here we look at these images before we train on them.

# %%
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim, plot
from tinygrad_mlp.data import ArrayDataset, AugmentedDataset, DataLoader, load_mnist, transforms
from tinygrad_mlp.experiment.recipes import build_mlp
from tinygrad_mlp.train import evaluate, fit

train_data = load_mnist()
test_data = load_mnist(split="test")
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"

# %% [markdown]
# ## Look first
#
# **Augmentation** means training on changed copies of the examples, in the hope that their labels
# stay true. What makes a copy is called a transform. In this package it is called with a batch of
# images $(n, 28, 28)$ and a random generator, and it returns a new batch of the same shape.
#
# `RandomHorizontalFlip(p)` mirrors each image left to right with probability $p$. To each pixel,
# `GaussianNoise(mean, std)` adds a number of its own, drawn from a normal distribution. `Compose`
# applies several transforms, one after the other.
#
# `plot.augmented` shows the originals in the first row and their copies below.

# %%
flip_all = transforms.RandomHorizontalFlip(p=1.0)
noise = transforms.GaussianNoise(mean=0.0, std=0.2)

one_of_each = np.array([np.flatnonzero(train_data.labels == digit)[3] for digit in range(10)])
ten, ten_labels = train_data[one_of_each]
copies = {
    "mirrored": flip_all(ten, rng=0),
    "noise": noise(ten, rng=0),
    "both": transforms.Compose([flip_all, noise])(ten, rng=0),
}

# %% tags=["draw"]
plot.show(plot.augmented(ten, copies, ten_labels), "runs/lessons/11/copies.png")

# %% [markdown]
# The picture hides something. Ink can only be drawn from white (0) to black (1), and the noise
# does not stop there. But the network is given the numbers, so let us count.
#
# **Predict.** In an ordinary image, four pixels in five are white: exactly 0. What percentage of
# all pixels is below 0 after noise with a standard deviation of 0.2?

# %% answer=[34, 46]
images, labels = test_data[:]
noisy_images = noise(images, rng=1)
ink = np.mean(np.sum(images**2, axis=(1, 2)))
added = np.mean(np.sum((noisy_images - images) ** 2, axis=(1, 2)))
print(f"pixels below 0 after noise:           {100 * np.mean(noisy_images < 0):4.1f} %")
print(f"pixels above 1 after noise:           {100 * np.mean(noisy_images > 1):4.1f} %")
print(f"sum of squared pixels in an image:    {ink:5.1f}")
print(f"sum of squared noise in an image:     {added:5.1f}, expected 784 * 0.2**2 = 31.4")
print(f"pixels with ink before noise:         {100 * np.mean(images > 0):4.1f} %")

# %% [markdown]
# The noise pushes half of the white pixels below 0, so about four pixels in ten are now "whiter
# than white". The noise is spread over all 784 pixels, the ink over only a fifth of them. You can
# read the digits without effort, and the label stays true.
#
# A mirror is another matter: it adds nothing, but it may make something that is not a digit.
#
# ## Which digits survive a mirror?
#
# We need networks that have seen no augmentation. To save time, we use 5,000 training images, and
# a learning rate of 0.003, with which the results jump less from seed to seed than with 0.01.
# `train` trains 784 - 100 - 10 as in lesson 10.
#
# It also takes a transform. `AugmentedDataset` holds the originals **and** one copy of each,
# which goes through the transform and is drawn anew in each epoch. It is twice as long. So an
# epoch has twice as many steps, and without augmentation we train for twice as many epochs: what
# we compare later has taken the same number of steps.

# %%
part = ArrayDataset(*train_data[:5000])
SEEDS = (0, 1, 2)
STEPS = 1600


def train(transform: Callable | None, seed: int) -> nn.Sequential:
    """784 - 100 - 10, trained for STEPS steps on `part`, with or without changed copies."""
    # Three generators from one seed, so that weights, order and copies do not disturb each other.
    weights_rng, order_rng, copies_rng = np.random.default_rng(seed).spawn(3)
    model = build_mlp((100,), rng=weights_rng)
    dataset = part if transform is None else AugmentedDataset(part, transform, rng=copies_rng)
    batches = DataLoader(dataset, batch_size=50, shuffle=True, rng=order_rng)
    fit(model, batches, optim.Adam(model.parameters(), lr=0.003), epochs=STEPS // len(batches))
    return model


models = {"none": [train(None, seed) for seed in SEEDS]}
for seed, model in zip(SEEDS, models["none"], strict=True):
    accuracy = evaluate(model, test_data).accuracy
    print(f"no augmentation, seed {seed}: {100 * accuracy:.2f} % of the test images right")

# %% [markdown]
# **Predict.** We mirror all 10,000 test images and keep the labels. Look at the row "mirrored" in
# the picture above. Which of these digits will the networks read best?
#
# - 0
# - 1
# - 4
# - 8


# %% answer=3
def right_by_digit(model: nn.Sequential, dataset: ArrayDataset) -> np.ndarray:
    """Percent of right answers for each digit, (10,)."""
    confusion = evaluate(model, dataset).confusion
    return 100 * confusion.diagonal() / confusion.sum(axis=1)


def show_by_digit(name: str, dataset: ArrayDataset) -> np.ndarray:
    """Print and return the percent of right answers for each digit, a mean of three seeds."""
    percent = np.mean([right_by_digit(model, dataset) for model in models["none"]], axis=0)
    print(f"{name:18}" + "".join(f"{p:6.1f}" for p in percent) + f"{percent.mean():7.1f}")
    return percent


mirrored = ArrayDataset(flip_all(test_data.images, rng=0), test_data.labels)
noisy = ArrayDataset(noisy_images, test_data.labels)
print("right, in % of the digit's test images (mean of three seeds)")
print(f"{'':18}" + "".join(f"{digit:6d}" for digit in range(10)) + "   mean")
by_digit = {
    "original": show_by_digit("original", test_data),
    "noisy": show_by_digit("noisy", noisy),
    "mirrored": show_by_digit("mirrored", mirrored),
}
taken_for = sum(evaluate(model, mirrored).confusion for model in models["none"])
print(f"mirrored 5 read as 2: {100 * taken_for[5, 2] / taken_for[5].sum():.0f} %")

# %% [markdown]
# The 4 does best, with 78 %. Noise costs the networks a few points. The mirror costs more than half
# of all right answers. It is no surprise that 3 and 5 are lost. A mirrored 5 looks a lot like a 2,
# and it is read as a 2 far more often than as a 5. If we keep its label, we tell the network "this
# 2 is a 5".
#
# But many people expect 0, 1 and 8 to do best, because their shapes are symmetric, and the networks
# miss many of those too. The next picture shows it, digit by digit.

# %% tags=["draw"] explore="digit"
figure = Figure(figsize=(8, 3.4), layout="constrained")
axes = figure.subplots()
colours = {"original": "#BBBBBB", "noisy": BLUE, "mirrored": ORANGE}
for i, (name, colour) in enumerate(colours.items()):
    axes.bar(np.arange(10) + 0.27 * (i - 1), by_digit[name], 0.25, color=colour, label=name)
axes.set(xlabel="digit", ylabel="right answers (%)", xticks=range(10), ylim=(0, 100))
figure.legend(loc="outside upper center", ncols=3, frameon=False)
figure.set_label(
    "Right answers by digit of networks without augmentation, on original, noisy and mirrored "
    "test images. Noise costs a few points; mirrored, 3 and 5 are hardly ever recognised."
)
plot.show(figure, "runs/lessons/11/by_digit.png")

# %% [markdown]
# We look for two reasons. The first is where the mirror stands. The middle of 28 columns, counted
# from 0, is at 13.5. If the digits have their centre of mass anywhere else, the mirror also
# **moves** them. With `column=`, the transform mirrors about another column.

# %%
ink_by_column = test_data.images.sum(axis=1)
centre = np.mean(ink_by_column @ np.arange(28) / ink_by_column.sum(axis=1))
print(f"centre of mass: column {centre:.2f}, mirrored about the middle {27 - centre:.2f}")

flip_about_14 = transforms.RandomHorizontalFlip(p=1.0, column=14)
about_14 = ArrayDataset(flip_about_14(test_data.images, rng=0), test_data.labels)
by_digit["mirrored about 14"] = show_by_digit("mirrored about 14", about_14)

# %% [markdown]
# The digits of MNIST are placed with their centre of mass at column 14, so the mirror about the
# middle moves each of them by a pixel. About column 14 they stay in their place. Then 84 % of the
# 1s are right instead of 40 %, and 60 % of the 0s instead of 36 %. For some others, such as 7 and
# 9, it is the other way round.
#
# The second reason is how the digits **lean**: how far to the right the ink moves, in pixels, for
# each pixel upwards. How many of the digits lean by more than 0.3 to the right, and how many to
# the left? And how well are upright digits read in the mirror about column 14, with a lean below
# 0.1 to either side?


# %%
def lean(image: np.ndarray) -> float:
    """The lean of the line through an image's ink: pixels to the right for each pixel upwards."""
    rows, columns = np.mgrid[0:28, 0:28]
    weight = image / image.sum()
    up = (weight * rows).sum() - rows
    right = columns - (weight * columns).sum()
    return float((weight * up * right).sum() / (weight * up * up).sum())


with tg.no_grad():
    answers = [model(about_14.images).numpy().argmax(axis=1) for model in models["none"]]
right_about_14 = np.mean([answer == test_data.labels for answer in answers], axis=0)
leans = np.array([lean(image) for image in test_data.images])
print("digit   mean lean   leans right   leans left   upright: right   leaning right: right")
for digit in (0, 1, 8, 6, 9):
    own = test_data.labels == digit
    upright, leaning = own & (np.abs(leans) < 0.1), own & (leans > 0.3)
    print(
        f"{digit:5} {leans[own].mean():+11.2f} {100 * np.mean(leans[own] > 0.3):11.0f} % "
        f"{100 * np.mean(leans[own] < -0.3):10.0f} % "
        f"{100 * right_about_14[upright].mean():14.0f} % "
        f"{100 * right_about_14[leaning].mean():20.0f} %"
    )

# %% [markdown]
# Of the 0s, 1s and 8s, 24 to 37 % lean clearly to the right, and at most 2 % clearly to the left.
# In a mirror, right becomes left. If the training images are like these, the network has hardly
# ever seen that. Upright ones stay right in about nine cases of ten, or more. Of those that lean to
# the right, only 16, 61 and 21 % do. What is symmetric as an idea is not symmetric as handwriting.
# (Not all digits lean: 6 and 9 do not, on average.)
#
# ## Train on the copies
#
# The published flips are about the middle, and have $p = 0.7$. Half of the training images are
# copies, so about 35 % of what the network sees is mirrored.
#
# **Predict.** We train with noisy copies, with mirrored ones, and with both, for the same number
# of steps as without copies. What will the mirrored copies do to the accuracy on the ordinary test
# images?
#
# - They raise it by a point or more: the network sees more kinds of shape.
# - They lower it by one to three points.
# - They lower it by ten points or more: many of their labels are false.

# %% answer=2
flips = transforms.RandomHorizontalFlip(p=0.7)
kinds = {"noise": noise, "flips": flips, "both": transforms.Compose([flips, noise])}
for name, transform in kinds.items():
    models[name] = [train(transform, seed) for seed in SEEDS]

accuracy, loss = {}, {}


def report(name: str) -> None:
    """Print and keep how the three networks of one kind do on the test set."""
    scores = [evaluate(model, test_data) for model in models[name]]
    accuracy[name] = np.array([100 * score.accuracy for score in scores])
    loss[name] = np.array([score.loss for score in scores])
    on_mirrored = [100 * evaluate(model, mirrored).accuracy for model in models[name]]
    seeds = "  ".join(f"{value:.1f}" for value in accuracy[name])
    print(
        f"{name:6}  {seeds}   mean {accuracy[name].mean():.1f}   loss {loss[name].mean():.3f}"
        f"   mirrored images {np.mean(on_mirrored):5.1f}"
    )


print("copies  right (%), three seeds    test loss      right (%)")
for name in models:
    report(name)

# %% [markdown]
# With flips, each of the three seeds loses one to two points. Noise makes no clear difference to
# the accuracy here. (Lesson 12 says what "clear" means, and asks the same with twenty seeds.)
#
# The flips did teach something: those networks read about 91 % of the mirrored digits, instead of
# 41 %. So a network can tell most mirrored digits apart. But the test never asks for that skill,
# and in the same number of steps it is not free.
#
# ## What noise does to the loss
#
# Noise hardly changed the accuracy, and yet the loss is lower. How can that be? The cross-entropy
# of one image is $-\log p_t$, where $p_t$ is the probability that the network gives to the true
# digit. So it matters how sure a wrong answer is: $p_t = 0.3$ costs 1.2, and $p_t = 0.001$
# costs 6.9.
#
# The **confidence** is the largest of the ten probabilities. A network is calibrated if it is
# right in 90 % of the cases where its confidence is about 90 %, and likewise for every other
# confidence. Its **calibration** is how well the two agree. `tg.softmax` turns the scores $(n, 10)$
# into probabilities, as the cross-entropy of lesson 9 does internally.
#
# **Predict.** About 6 % of the test images are answered wrongly. What percentage of the total loss
# over the test set comes from these?


# %% answer=[75, 97]
def probabilities(name: str) -> np.ndarray:
    """What the three networks of one kind give to each digit, (3, 10000, 10)."""
    with tg.no_grad():
        return np.stack([tg.softmax(m(test_data.images), dim=1).numpy() for m in models[name]])


confidence, right, gap = {}, {}, {}
print("copies   confidence   right   loss from wrong answers   confidence - right, each seed")
for name in ("none", "noise"):
    p = probabilities(name)
    confidence[name] = p.max(axis=2)
    right[name] = p.argmax(axis=2) == test_data.labels
    costs = -np.log(p[:, np.arange(10_000), test_data.labels])
    from_wrong = costs[~right[name]].sum() / costs.sum()
    gap[name] = 100 * (confidence[name].mean(axis=1) - right[name].mean(axis=1))
    print(
        f"{name:6} {100 * confidence[name].mean():10.1f} % {100 * right[name].mean():6.1f} % "
        f"{100 * from_wrong:18.0f} %         {np.round(gap[name], 1)}"
    )

# %% [markdown]
# A few wrong answers make up about nine tenths of the loss. It is mostly the price of being wrong
# **and sure**. And both kinds of network are too sure: they claim two to three points more than
# they get right.
#
# The next picture groups all answers by confidence. On the diagonal a network is calibrated. Below
# it, it is too sure of itself. Each group holds only some of the 10,000 test images, and other
# images would give other points. To see how far they would move, we draw 10,000 of the images at
# random, some twice and some not at all, and group them again, 200 times. A bar holds the middle
# 95 % of what comes out. (This is called the **bootstrap**.)

# %% tags=["draw"]
edges = np.array([0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 1.0])


def by_group(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The mean of the values in each group, in percent."""
    sums = np.bincount(group.ravel(), values.ravel(), minlength=len(edges) - 1)
    return 100 * sums / np.bincount(group.ravel(), minlength=len(edges) - 1)


figure = Figure(figsize=(5.6, 4.4), layout="constrained")
axes = figure.subplots()
axes.plot([20, 100], [20, 100], color="#777777", linewidth=0.8, label="calibrated")
draws = np.random.default_rng(0).integers(0, 10_000, (200, 10_000))
for i, (name, colour, label) in enumerate(
    (("none", ORANGE, "no copies"), ("noise", BLUE, "noisy copies"))
):
    group = np.digitize(confidence[name], edges[1:-1])
    said, was = by_group(confidence[name], group), by_group(right[name], group)
    again = [by_group(right[name][:, draw], group[:, draw]) for draw in draws]
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    axes.errorbar(
        said + i, was, [was - low, high - was], fmt="os"[i], ms=5, color=colour, label=label
    )
axes.set(xlabel="confidence of the network (%)", ylabel="share of right answers (%)")
axes.legend(frameon=False)
figure.set_label(
    "Share of right answers against the confidence of the network, in eight groups, with bars for "
    "how far other test images would move them. Nearly all points lie below the diagonal: the "
    "networks are too sure. The bars of both kinds of network mostly overlap."
)
plot.show(figure, "runs/lessons/11/calibration.png")

# %% [markdown]
# (The points of the noisy networks are moved a little to the right, so that the bars do not hide
# each other.) Nearly everything lies below the diagonal, so the networks are too sure. But the bars
# of the two kinds overlap, between 80 and 97 % only just, and elsewhere widely. So the picture
# hints that noise helps where a network is fairly sure, and says nothing about the rest. The firmer
# result is the smaller gap over all images, with each of the three seeds, in the table above.
#
# Why may noise help here? Without it, the network sees the same 5,000 images again and again.
# Once they are all answered correctly, there is one way left for the loss to fall: larger scores,
# more confidence. With noise, half of what the network sees is new every time. Let us see how far
# the learning by heart went.

# %%
for name in ("none", "noise"):
    scores = [evaluate(model, part) for model in models[name]]
    share = np.mean([score.accuracy for score in scores])
    mean_loss = np.mean([score.loss for score in scores])
    print(f"{name:6} on its own training images: {100 * share:6.2f} % right, loss {mean_loss:.4f}")

# %% [markdown]
# Without copies the network has learned its images by heart: they are all right, with almost no
# loss. Noise holds it back. (Bishop, 1995, shows that training with a little noise on the inputs
# acts like a penalty on how strongly the outputs react to small changes in the inputs.)
#
# It is a mild cure, and not a sure one. In longer trainings on 3,000 images or fewer, noisy copies
# **raised** the test loss: `lessons/reference/studies.md` has the numbers.
#
# ## What to ask of an augmentation
#
# Three questions come from what we have seen:
#
# 1. **Is the label still true?** For flips, often not: a mirrored 5 is not a 5.
# 2. **Could the copy be a test image?** With noise or flips mostly not: nobody writes like that.
# 3. **Is there something to learn?** Not if the network can do it already.
#
# They are questions, not laws: noise fails the second, and still lowered the loss.
#
# A shift by up to two pixels in each direction might pass all three. A transform is any
# function of (images, rng), so we can write one. With `np.roll`, whatever leaves on one side
# comes in on the other. The digits have a white margin, so this rarely matters. (It does for the
# last 9 in the next picture: the tip of its stroke comes in at the top. An exercise fixes this.)


# %%
def shift(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Images (n, 28, 28), each moved by -2 to 2 pixels, down and to the right."""
    result = np.empty_like(images)
    steps = rng.integers(-2, 3, size=(len(images), 2))
    for i, (down, right) in enumerate(steps):
        result[i] = np.roll(images[i], (down, right), axis=(0, 1))
    return result


shift_rng = np.random.default_rng(3)
ten_shifted = {f"shifted, draw {draw}": shift(ten, shift_rng) for draw in (1, 2)}
shifted_test = ArrayDataset(shift(test_data.images, shift_rng), test_data.labels)
for seed, model in zip(SEEDS, models["none"], strict=True):
    known = 100 * evaluate(model, shifted_test).accuracy
    print(f"no copies, seed {seed}: {known:.1f} % right on shifted test images")

# %% tags=["draw"]
plot.show(plot.augmented(ten, ten_shifted, ten_labels), "runs/lessons/11/shifted.png")

# %% [markdown]
# The networks without augmentation lose more than twenty points on shifted images, so there is
# something to learn.
#
# **Predict.** What will training with shifted copies do to the accuracy on the ordinary test
# images, which are not shifted?
#
# - Raise it by half a point or more.
# - Change it by less than half a point: those images are not shifted.
# - Lower it by half a point or more, as the flips did.

# %% answer=1
models["shift"] = [train(shift, seed) for seed in SEEDS]
print("copies  right (%), three seeds    test loss      right (%)")
for name in models:
    report(name)

# %% [markdown]
# They help, with both accuracy and loss. The centre of mass is always in the same place, but the
# strokes are not, and a network of this kind has to learn each place anew: it has no idea that a
# pixel has neighbours. Shifted copies carry that knowledge. Lesson 17 goes on from here.

# %% tags=["draw"]
figure = Figure(figsize=(8, 3), layout="constrained")
left, right_side = figure.subplots(1, 2)
for i, name in enumerate(models):
    colour = {"none": "black", "noise": BLUE, "shift": GREEN}.get(name, ORANGE)
    left.plot(accuracy[name], [i] * 3, "o", color=colour, alpha=0.7)
    right_side.plot(loss[name], [i] * 3, "o", color=colour, alpha=0.7)
left.set(xlabel="test accuracy (%)", ylabel="copies")
right_side.set(xlabel="test loss (cross-entropy)")
for axes in (left, right_side):
    axes.set_yticks(range(len(models)), list(models))
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.grid(axis="x", color="#e6e6e6")
figure.set_label(
    "Test accuracy and test loss of the five kinds of training, a dot for each seed. Flips lower "
    "the accuracy, noise lowers the loss, shifts improve both."
)
plot.show(figure, "runs/lessons/11/all.png")

# %% [markdown]
# ## What was learned
#
# - Look at the copies before you train on them, and count what a picture cannot show.
# - A mirror can do two things at once: it reverses the lean, and if it does not stand at the
#   centre of mass, it moves the digit.
# - The flips cost accuracy with each of three seeds.
# - Noise made no clear difference to the accuracy, but it lowered the loss here. Most of the loss
#   comes from answers that are wrong and sure.
# - A curve through groups of images needs error bars before one of two curves is called better.
# - Judge an augmentation by three questions: is the label still true, could it be a test image,
#   and is there something to learn?
#
# ## What is still open
#
# These were short trainings on a twelfth of the images. The published comparison used all 60,000
# and 30 epochs, and changed the width, the time and the copies at once. Lesson 12 takes it apart,
# says how sure we can be after three seeds and after twenty, and finds out which digits pay for
# the flips.
#
# ## Exercises
#
# Write them in `lessons/exercises/11_augmentation.py`.
#
# - `calibration_error`: how far apart confidence and right answers are, over groups of images.
# - `shift`: move each image by its own number of pixels, without letting ink come in on the other
#   side.
#
# Check them with `python -m lessons check 11`.
