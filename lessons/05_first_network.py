# %% [markdown]
# # 5. From averages to a network
#
# **Question.** What can a network do that ten averages cannot?
#
# **Time.** 30 minutes.
#
# **New from the package.** Nothing.
#
# **Before this.** In lesson 4 ten average images named 82 % of the test images, and nothing was
# learned. Lessons 1 to 3 can find the slope of anything. Now the two meet: we let the averages
# move, see what stops them, and build the first thing in this course that is worth training.

# %%
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import plot
from tinygrad_mlp.data import load_mnist

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"

train, test = load_mnist(), load_mnist(split="test")
images = train.images.reshape(-1, 784).astype(np.float64)
test_images = test.images.reshape(-1, 784).astype(np.float64)
means = np.array([images[train.labels == digit].mean(axis=0) for digit in range(10)])

# %% [markdown]
# ## Ten distances in one product
#
# Lesson 4 compared an image $x$ with each mean $m_k$, by the sum of the squared differences.
# Multiply it out:
#
# $$d_k = \sum_j (x_j - m_{kj})^2 = \sum_j x_j^2 \;-\; 2 \sum_j x_j m_{kj} \;+\; \sum_j m_{kj}^2.$$
#
# The first sum is the same for all ten digits, so it cannot change which one is nearest. What is
# left is, with the sign turned round, a score: the nearest mean has the largest
#
# $$s_k = \sum_j x_j \cdot 2 m_{kj} \;-\; \sum_j m_{kj}^2.$$
#
# This has a form that we know from lesson 1: inputs times **weights**, plus a **bias**. For ten
# digits and many images at once it is one matrix product. Weights and biases that turn a row of
# inputs into a row of outputs, each a weighted sum of *all* inputs, are called a **layer**.
#
# We check this on the test images, and then try what the biases are good for.
#
# **Predict.** The nearest mean names 82 % of the test images. What if the layer has the same
# weights, but no biases?
#
# - still about 82 %: the biases are the same for every image
# - about 63 %
# - about 10 %: as good as always the same answer

# %% answer=2
weights = 2 * means.T  # (784, 10)
biases = -np.sum(means * means, axis=1)  # (10,)
scores = test_images @ weights + biases
by_layer = scores.argmax(axis=1)

distances = [np.sum((test_images - mean) ** 2, axis=1) for mean in means]
by_distance = np.argmin(distances, axis=0)

print(f"answers that differ from the nearest mean: {np.sum(by_layer != by_distance)}")
print(f"right: {100 * np.mean(by_layer == test.labels):.2f} %")

without = (test_images @ weights).argmax(axis=1)
print(f"right, without biases: {100 * np.mean(without == test.labels):.2f} %")
print("how often it answers the digits 0 to 9:", *np.bincount(without, minlength=10))

# %% [markdown]
# No answer differs: the nearest mean *was* a layer all along, with weights that somebody computed
# from averages. Without the biases it gets about 63 %. A mean with much ink, like that of the 8 or
# the 0, has a large product with nearly everything. The 5, whose mean is faint and spread out, is
# never the answer. The biases make up for the differences.
#
# And weights can move.
#
# ## Let the averages move
#
# For gradient descent we need a loss. The right answer for a 3 is written as a row of ten numbers,
# with a 1 at place 3 and 0 elsewhere. Such a row is called **one-hot**. The loss is the mean of the
# squared differences between scores and one-hot rows. We take the first 5,000 images, begin with
# all weights at 0, and take 300 steps. `descend` is the loop of lesson 2, for any number of
# weights.


# %%
def descend(loss_of, leaves, rate, steps):
    """Gradient descent on a list of arrays; gives them at the end, and the loss of each step."""
    losses = []
    for _ in range(steps):
        tensors = [tg.tensor(leaf, requires_grad=True) for leaf in leaves]
        loss = loss_of(*tensors)
        loss.backward()
        leaves = [tensor.data - rate * tensor.grad.data for tensor in tensors]
        losses.append(loss.item())
    return leaves, losses


few, few_labels = images[:5000], train.labels[:5000]
targets = np.eye(10)[few_labels]  # one-hot: row k of this square is that of the digit k


def squared_error(outputs, targets):
    error = outputs - targets
    return (error * error).mean()


def percent_right(outputs, labels):
    return 100 * float(np.mean(outputs.argmax(axis=1) == labels))


# %% [markdown]
# **Predict.** The ten averages had 82 % of the test images right. And the trained layer?
#
# - fewer: it has seen only 5,000 images
# - about 85 %
# - about 95 %

# %% answer=2
start = [np.zeros((784, 10)), np.zeros(10)]
(trained, trained_biases), losses = descend(
    lambda w, b: squared_error(few @ w + b, targets), start, rate=0.2, steps=300
)
for step in (0, 1, 10, 100, 299):
    print(f"step {step:3d}  loss {losses[step]:.4f}")
scores = test_images @ trained + trained_biases
print(f"right, of the test images: {percent_right(scores, test.labels):.2f} %")

# %% tags=["draw"]
figure = Figure(figsize=(9, 2.6), layout="constrained")
for k, column in enumerate(figure.subplots(2, 10).T):
    for axes, picture in zip(column, (weights[:, k], trained[:, k]), strict=True):
        size = np.abs(picture).max()
        axes.imshow(picture.reshape(28, 28), cmap="RdBu_r", vmin=-size, vmax=size)
        axes.set(xticks=[], yticks=[])
    column[0].set_title(str(k), fontsize=9)
    if k == 0:
        column[0].set_ylabel("averages", fontsize=8)
        column[1].set_ylabel("trained", fontsize=8)
figure.set_label(
    "Two rows of ten small pictures. Above, the weights from averages: a soft digit each, all of "
    "one sign. Below, the trained weights: patches of both signs; in the 0 the middle is negative."
)
plot.show(figure, "runs/lessons/05/weights.png")

# %% [markdown]
# About 85 %: three points more, from a twelfth of the images. In the picture, red counts for a
# digit and blue against it. The averages only know where ink is. The trained weights also know
# where ink must *not* be: a 0 has a hole, and ink in the middle counts against it. The weights of
# each digit have learned what sets it apart from the others. It is nearly at its best: ten times as
# many steps bring the loss down to 0.0340, and the test images to 84.4 %, which is no gain.
#
# What stops it? Each pixel can only vote for or against a digit, always with the same weight,
# whatever the other pixels say.

# %% [markdown]
# ## A disc and a ring
#
# To see the limit, we need fewer inputs than 784. Here are 200 points in the plane. Half of them
# lie in a disc, and half in a ring around it. The target is 1 inside and 0 outside, and a point
# counts as inside if the output is above $0.5$. One layer, two weights, one bias.


# %%
def disc_and_ring(rng, count=200):
    """Points (count, 2), and 1.0 for those of the disc: (count, 1)."""
    inside = np.arange(count) % 2 == 0
    radius = np.where(inside, rng.uniform(0.0, 0.8, count), rng.uniform(1.2, 2.0, count))
    angle = rng.uniform(0, 2 * np.pi, count)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points, inside[:, None].astype(np.float64)


points, inside = disc_and_ring(np.random.default_rng(0))


def percent_sorted(outputs):
    return 100 * float(np.mean((outputs > 0.5) == (inside > 0.5)))


# %% tags=["draw"]
def draw_points(axes):
    for value, colour, mark in ((1, ORANGE, "o"), (0, "#333399", "x")):
        some = points[inside[:, 0] == value]
        axes.plot(some[:, 0], some[:, 1], mark, color=colour, markersize=3)
    axes.set(xticks=[], yticks=[], aspect="equal")


figure = Figure(figsize=(3, 3), layout="constrained")
draw_points(figure.subplots())
figure.set_label("A hundred dots in a disc, and around it a hundred crosses in a wide ring.")
plot.show(figure, "runs/lessons/05/points.png")

# %% [markdown]
# **Predict.** What percentage of the points does the trained layer put on the right side?

# %% answer=[45, 65]
(w, b), losses = descend(
    lambda w, b: squared_error(points @ w + b, inside), [np.zeros((2, 1)), np.zeros(1)], 0.1, 500
)
print(f"loss {losses[0]:.4f} at first, {losses[-1]:.4f} at the end")
print(f"weights {w.ravel().round(3)}, bias {b.round(3)}")
print(f"on the right side: {percent_sorted(points @ w + b):.1f} %")

# %% [markdown]
# Little more than a coin would get. The descent has found the lowest loss there is: weights near 0
# and a bias near one half, so that every point gets nearly the same output. A weighted sum of two
# coordinates grows in one direction. The line where it passes $0.5$ is straight, and no straight
# line has the disc on one side and the ring on the other. (The lowest loss is not the most points:
# some lines sort about 72 %.)
#
# ## One layer more
#
# So we use two layers, one after the other: the outputs of the first are the inputs of the second.
# Eight numbers in between should be plenty.
#
# **Predict.** What will two layers, one after the other, reach?
#
# - no more than one layer
# - about 75 %
# - all of the points

# %% answer=1
rng = np.random.default_rng(0)
first, second = rng.normal(size=(2, 8)), rng.normal(size=(8, 1))
first_biases, second_bias = rng.normal(size=8), rng.normal(size=1)
leaves, losses = descend(
    lambda w1, b1, w2, b2: squared_error((points @ w1 + b1) @ w2 + b2, inside),
    [first, first_biases, second, second_bias],
    rate=0.02,
    steps=3000,
)
w1, b1, w2, b2 = leaves
outputs = (points @ w1 + b1) @ w2 + b2
print(f"loss {losses[0]:.4f} at first, {losses[-1]:.4f} at the end")
print(f"on the right side: {percent_sorted(outputs):.1f} %")

# %% [markdown]
# Nothing was gained. Put the two layers into one formula:
#
# $$(x W_1 + b_1) W_2 + b_2 = x \, (W_1 W_2) + (b_1 W_2 + b_2).$$

# %%
merged = points @ (w1 @ w2) + (b1 @ w2 + b2)
print(
    f"a single layer with weights w1 @ w2 gives the same, to {np.abs(merged - outputs).max():.0e}"
)

# %% [markdown]
# Two layers like these are one layer, written in a complicated way. However many we stack, the
# result is a weighted sum of the inputs plus a number. A layer that is only that is called a
# **linear layer**: move the inputs along a straight line, and its outputs move along one too.

# %% [markdown]
# ## Something that bends
#
# Now we put something between the two layers that is **non-linear**: its curve is not straight. We
# take the **sigmoid**,
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}},$$
#
# which turns each number into one between 0 and 1. It is applied to every output of the first
# layer, one by one. A function in this place is called an **activation function**. Its slope is
# steepest at 0, where it is $\frac14$. Far from 0 the curve is flat: there the sigmoid is
# **saturated**, and hardly any gradient passes through it.

# %% tags=["draw"] explore="sigmoid"
grid = np.linspace(-8, 8, 161)
curve = 1 / (1 + np.exp(-grid))
slopes = curve * (1 - curve)
figure = Figure(figsize=(8, 3.0), layout="constrained")
axes = figure.subplots()
axes.plot(grid, curve, color=BLUE, linewidth=2, label="sigmoid")
axes.plot(grid, slopes, color=ORANGE, linewidth=2, label="its slope")
for low, high in ((-8, -4), (4, 8)):
    axes.axvspan(low, high, color="#eeeeee")
    axes.text((low + high) / 2, 0.5, "saturated", ha="center", color=GREY)
axes.set(xlabel="z", xlim=(-8, 8))
axes.legend(frameon=False, loc="upper left")
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "The sigmoid rises from 0 to 1, most steeply at 0. Its slope is a hump of height 1/4 at 0, and "
    "almost 0 beyond -4 and 4, where the sigmoid is marked as saturated."
)
plot.show(figure, "runs/lessons/05/sigmoid.png")

# %% [markdown]
# Layers with activation functions between them are a **network**. The values in between are neither
# inputs nor answers, so the layer that makes them is called a **hidden layer**, and each of its
# outputs a hidden **unit**. Here is ours: two inputs, eight hidden units, one output. Every line is
# a weight.

# %% tags=["draw"]
figure = Figure(figsize=(6.5, 3.4), layout="constrained")
axes = figure.subplots()
columns = [(0, 2, "inputs"), (1, 8, "hidden units\n(sigmoid)"), (2, 1, "output")]
for (x0, n0, _), (x1, n1, _) in pairwise(columns):
    for i in range(n0):
        for j in range(n1):
            ends = [(n0 - 1) / 2 - i, (n1 - 1) / 2 - j]
            axes.plot([x0, x1], ends, color="#bbbbbb", linewidth=0.8, zorder=1)
for x0, n0, words in columns:
    axes.plot([x0] * n0, (n0 - 1) / 2 - np.arange(n0), "o", color=BLUE, markersize=13)
    axes.text(x0, -4.6, words, ha="center", va="top", fontsize=10)
axes.set(xlim=(-0.3, 2.3), ylim=(-5.8, 3.9))
axes.axis("off")
figure.set_label(
    "Two circles at the left, eight in the middle, one at the right, all joined by lines."
)
plot.show(figure, "runs/lessons/05/network.png")

# %% [markdown]
# **Predict.** The same weights to begin with, and one sigmoid more. What will the network reach?
#
# - no more than one layer
# - about 75 %
# - all of the points, or nearly

# %% answer=3
SNAPSHOTS = (0, 100, 200, 1000)
leaves = [first, first_biases, second, second_bias]
seen = {0: leaves}
step = 0
for until in SNAPSHOTS[1:]:
    leaves, losses = descend(
        lambda w1, b1, w2, b2: squared_error((points @ w1 + b1).sigmoid() @ w2 + b2, inside),
        leaves,
        rate=0.5,
        steps=until - step,
    )
    seen[until], step = leaves, until


def network(x, w1, b1, w2, b2):
    """The network on plain arrays."""
    return 1 / (1 + np.exp(-(x @ w1 + b1))) @ w2 + b2


for step, leaves in seen.items():
    outputs = network(points, *leaves)
    error = np.mean((outputs - inside) ** 2)
    print(f"step {step:4d}  loss {error:.4f}  on the right side: {percent_sorted(outputs):5.1f} %")

# %% tags=["draw"]
figure = Figure(figsize=(10, 2.9), layout="constrained")
side = np.linspace(-2.2, 2.2, 120)
plane = np.stack(np.meshgrid(side, side), axis=-1)
for axes, (step, leaves) in zip(figure.subplots(1, 4), seen.items(), strict=True):
    height = network(plane.reshape(-1, 2), *leaves).reshape(120, 120)
    axes.contourf(
        side, side, height, levels=np.linspace(-0.5, 1.5, 21), cmap="PuOr_r", extend="both"
    )
    axes.contour(side, side, height, levels=[0.5], colors="black", linewidths=1.5)
    draw_points(axes)
    axes.set_title(f"step {step}")
figure.set_label(
    "Four maps of the network's output with the points. At step 0 the line where it is one half is "
    "anywhere; it bends, and at step 1000 it is a closed curve between the disc and the ring."
)
plot.show(figure, "runs/lessons/05/rings.png")

# %% [markdown]
# All of them. The black line is where the output is one half. It bends until it closes around the
# disc: each hidden unit is a soft step along one direction, and the second layer puts the steps
# together. No unit was told to. The same descent, with the same `backward`, found it.
#
# That is the whole recipe: **layers to mix, and something that bends between them.** How many
# units, how many layers, which function: these are choices, and the rest of this course keeps
# asking which ones are good.

# %% [markdown]
# ## Digits again
#
# Now with 784 inputs, 100 hidden units and 10 outputs, with a sigmoid after each layer and a
# learning rate of 10. We use the same 5,000 images, and the squared error again. To be faster we do
# not use all of them in each step: fifty at a time, in a new random order each time through. Fifty
# images point roughly in the right direction, and a hundred rough steps look at no more images than
# a single exact one. The weights begin small, between $-1 / \sqrt{n}$ and $1 / \sqrt{n}$ for $n$
# inputs: we will see in lesson 7 what happens otherwise.
#
# **Predict.** One layer reached about 85 %. What percentage of the test images will this network
# get right, after going fifteen times through the 5,000 images?

# %% answer=[89, 94]
rng = np.random.default_rng(0)
few = few.astype(np.float32)
one_hot = targets.astype(np.float32)


def small(inputs, outputs):
    reach = 1 / np.sqrt(inputs)
    return rng.uniform(-reach, reach, (inputs, outputs)).astype(np.float32)


leaves = [small(784, 100), np.zeros(100, np.float32), small(100, 10), np.zeros(10, np.float32)]
for time_through in range(1, 16):
    order = rng.permutation(5000)
    for place in range(0, 5000, 50):
        now = order[place : place + 50]
        leaves, losses = descend(
            lambda w1, b1, w2, b2, now=now: squared_error(
                ((few[now] @ w1 + b1).sigmoid() @ w2 + b2).sigmoid(), one_hot[now]
            ),
            leaves,
            rate=10.0,
            steps=1,
        )
    if time_through in (1, 2, 5, 10, 15):
        right = percent_right(network(test_images, *leaves), test.labels)
        print(f"{time_through:2d} times through: {right:.2f} % of the test images right")

# %% [markdown]
# More than 91 %, from the same 5,000 images that brought one layer to 85 %. (The last sigmoid does
# not change which output is largest, so `network` leaves it out.) This is a healthy network:
# nothing in it is clever, and it simply learns. Remember it, to compare others with it.

# %% [markdown]
# ## What was learned
#
# - The nearest mean is a layer: its weights are twice the means, and its biases make up for how
#   much ink they have. A layer can be trained, and then it also learns where ink must not be.
# - A linear layer draws straight lines, and so do any number of them, one after another.
# - With something non-linear in between, layers become a network, and its lines can bend.
# - A sigmoid is steep around 0 and flat far from it. Where it is saturated, hardly any gradient
#   passes.
# - A small healthy network gets more than 91 % from 5,000 images.

# %% [markdown]
# ## What is still open
#
# We chose small weights, one hidden layer and a learning rate that worked. What if one chooses
# otherwise, without looking? Lesson 6 rebuilds a network that was published: eight layers, larger
# weights, and backpropagation written by hand.

# %% [markdown]
# ## Exercises
#
# Write them in `lessons/exercises/05_first_network.py`.
#
# - `Layer`: weights, as (outputs, inputs), biases and a product, as a class. The capstone will use
#   yours.
# - `layer_from_means`: the nearest mean as a layer, for any number of classes.
# - `merged`: two linear layers as one.
#
# Check them with `python -m lessons check 05`.
