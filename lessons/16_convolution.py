# %% [markdown]
# # 16. The same weights everywhere
#
# **Question.** What does a network gain if it uses the same few weights at every place of an image?
#
# **Time.** 30 minutes.
#
# **New from the package.** `nn.functional.conv2d`, `nn.functional.max_pool2d`,
# `nn.init.kaiming_normal_`, `nn.Conv2d`, `nn.MaxPool2d`.
#
# **Before this.** Every network so far began with `nn.Flatten`: it did not know that two pixels
# are neighbours. Lesson 15 showed how to write a layer and check it.

# %%
import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim, plot
from tinygrad_mlp.data import ArrayDataset, DataLoader, load_mnist
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import evaluate, fit

everything = load_mnist()
digit = everything.images[0].reshape(28, 28)

# %% [markdown]
# ## A small window, by hand
#
# We lay a window of 3 by 3 weights, called a **kernel**, on a corner of the image. Each weight is
# multiplied by the pixel under it, and the products are added: one number. Then we move the window
# one pixel and do the same with *the same weights*, until it has been everywhere. That is a
# **convolution**. The window must not stick out over the edge.
#
# Our kernel has the columns 1, 0 and -1: it takes what is left of a place minus what is right of
# it. Where both are alike it gives 0.
#
# **Predict.** The image has 28 by 28 pixels and the kernel 3 by 3. How many rows does the result
# have?


# %% answer=[26, 26]
def convolve(image, kernel):
    """The sum of products of the kernel and the window below it, at every place."""
    size = len(kernel)
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    result = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            result[i, j] = np.sum(kernel * image[i : i + size, j : j + size])
    return result


upright = np.array([[1.0, 0.0, -1.0]] * 3)
edges = {"left minus right": convolve(digit, upright)}
edges["upper minus lower"] = convolve(digit, upright.T)
for name, seen in edges.items():
    print(f"{name:<18} {seen.shape}, from {seen.min():.2f} to {seen.max():.2f}")

# %% [markdown]
# The window fits at 26 heights, since $28-3+1=26$. The result is an image too. It shows where
# the digit has an edge, and on which side the ink is.

# %% tags=["draw"]
figure = Figure(figsize=(8, 3), layout="constrained")
pictures = {"the digit": digit, **edges}
for axes, (title, picture) in zip(figure.subplots(1, 3), pictures.items(), strict=True):
    reach = np.abs(picture).max()
    axes.imshow(picture, cmap="RdBu", vmin=-reach, vmax=reach)
    axes.set_title(title, fontsize=10)
    axes.set(xticks=[], yticks=[])
figure.set_label(
    "A handwritten 5, and what two kernels make of it. The first is positive at the right edges of "
    "the strokes and negative at the left ones; the second does the same for lower and upper edges."
)
plot.show(figure, "runs/lessons/16/edges.png")

# %% [markdown]
# ## As one matrix product
#
# Two Python loops are slow, and they would need a rule for the gradient. But a sum of products is
# what a matrix product computes. So we copy every window into a row of a matrix, nine numbers
# each, and multiply by the nine weights. An index that is an array picks the windows, and the
# package has rules for picking, reshaping and multiplying. So we need no new rule.
#
# **Predict.** A digit has 784 pixels. About how many numbers does its matrix of windows hold?
#
# - 676, one for each window
# - 784, as many as there are pixels
# - 6,084, since most pixels are in nine windows


# %% answer=3
def windows_as_rows(images, size):
    """Images (count, h, w) -> (count, number of windows, size * size)."""
    height, width = images.shape[1:]
    top, left = np.indices((height - size + 1, width - size + 1)).reshape(2, -1, 1)
    down, right = np.indices((size, size)).reshape(2, 1, -1)
    return images[:, top + down, left + right]


def convolve_at_once(images, kernel):
    """Images (n, h, w) and a kernel (size, size) -> (n, windows)."""
    rows = windows_as_rows(images, len(kernel))
    return (rows @ kernel.reshape(-1, 1)).reshape(len(images), -1)


rows = windows_as_rows(digit[None], 3)
print("shape of the rows:", rows.shape, "with", f"{rows.size:,}", "numbers")
at_once = convolve_at_once(digit[None], upright)[0].reshape(26, 26)
print(f"largest difference from the loops: {np.abs(at_once - edges['left minus right']).max():.0e}")

# %% [markdown]
# A pixel in the middle lies under the window nine times, so it is copied nine times. Memory is the
# price of the speed.
#
# ## Its gradient
#
# A kernel has nine weights, and each of them was used at every place. When a value is used many
# times, its gradients are added: that was the rule of lesson 1. We check it against central
# differences with `tg.gradcheck` of lesson 3, and against the package's own
# `F.conv2d(images, weight)`. It takes images of shape (n, channels, height, width) and weights of
# shape (out, channels, kernel height, kernel width): many kernels, and images with several
# channels.
#
# **Predict.** For one image of 28 by 28 pixels, the gradient of *one* weight of the kernel is a
# sum. How many products does it add?
#
# - 9
# - 676
# - 784

# %% answer=2
small = tg.tensor(np.random.default_rng(0).normal(size=(2, 6, 5)), requires_grad=True)
kernel = tg.tensor(upright, requires_grad=True)
print("gradients equal central differences:", tg.gradcheck(convolve_at_once, (small, kernel)))

ours = tg.tensor(upright, requires_grad=True)
theirs = tg.tensor(upright.reshape(1, 1, 3, 3), requires_grad=True)
images = tg.tensor(digit[None].astype(float))
(convolve_at_once(images, ours) ** 2).sum().backward()
(F.conv2d(images.reshape(1, 1, 28, 28), theirs) ** 2).sum().backward()
apart = np.abs(ours.grad.data - theirs.grad.data.reshape(3, 3)).max()
print(f"largest difference from conv2d's gradient: {apart / np.abs(ours.grad.data).max():.0e}")
print("places where each weight was used:", convolve_at_once(images, ours).shape[1])

# %% [markdown]
# Every window gives one product: 26 times 26 is 676. So the nine weights hear from the whole image.
#
# ## How few weights
#
# `nn.Conv2d(1, 6, 5)` is the layer around `conv2d`: six kernels of 5 by 5 on images with one
# channel, and a bias for each kernel. It makes six images of 24 by 24 from one of 28 by 28. That
# is 3,456 numbers. `nn.Linear(784, 3456)` makes as many, with a weight for each pair of a pixel and
# an output.
#
# **Predict.** How many times as many weights does the linear layer have?
#
# - about 17,000 times
# - about 600 times
# - about 30 times

# %% answer=1
outputs = 6 * 24 * 24
few = sum(p.data.size for p in nn.Conv2d(1, 6, 5, rng=0).parameters())
many = 784 * outputs + outputs
print(f"weights, with biases:       {few:>9,} and {many:>9,}, {many / few:,.0f} times as many")
few, many = 25 * outputs, 784 * outputs
print(f"multiplications, one image: {few:>9,} and {many:>9,}, {many / few:,.0f} times as many")

# %% [markdown]
# There are 17,000 times as many weights, but only 31 times as many multiplications, since each
# weight of a kernel is used 576 times. The linear layer could do the same, with most of its
# weights at 0 and the others equal from place to place. But it would have to find that out from
# examples.
#
# ## What an output sees
#
# One output of a 3 by 3 kernel depends on nine pixels. A second convolution looks at nine outputs
# of the first, and so at more of the image. Two numbers say where the window goes:
#
# - **padding** is a margin of zeros around the image. With 1, a kernel of 3 by 3 fits at all 28
#   heights.
# - **stride** is how far the window moves each time. With 2 it skips every second place, and the
#   result has half as many rows.
#
# Which pixels count for an output? Its gradient tells: those where it is not 0.
#
# **Predict.** An image goes through two kernels of 3 by 3, the first with stride 2. How many rows
# of the image does one output of the second see?
#
# - 5
# - 7
# - 9


# %% answer=2
def pixels_seen(strides):
    """Rows of the result of 3 by 3 kernels of ones, and the gradient of its middle, (28, 28)."""
    image = tg.tensor(np.zeros((1, 1, 28, 28)), requires_grad=True)
    seen = image
    for stride in strides:
        seen = F.conv2d(seen, tg.tensor(np.ones((1, 1, 3, 3))), stride=stride, padding=1)
    middle = seen.shape[2] // 2
    seen[0, 0, middle, middle].backward()
    return seen.shape[2], image.grad.data[0, 0]


STACKS = {
    "one kernel": (1,),
    "two": (1, 1),
    "two, strides 2 and 1": (2, 1),
    "three, strides 2, 2, 1": (2, 2, 1),
}
views = {}
for name, strides in STACKS.items():
    size, views[name] = pixels_seen(strides)
    height = np.count_nonzero(views[name].any(axis=1))
    print(f"{name:<24}{size:>2} rows of outputs, each sees {height:>2} rows of pixels")

# %% tags=["draw"]
figure = Figure(figsize=(9, 2.6), layout="constrained")
for axes, (name, view) in zip(figure.subplots(1, 4), views.items(), strict=True):
    axes.imshow(digit, cmap="gray_r")
    shown = np.where(view > 0, view / view.max(), np.nan)
    axes.imshow(shown, cmap="Oranges", vmin=-0.5, vmax=1, alpha=0.7)
    axes.set_title(name, fontsize=10)
    axes.set(xticks=[], yticks=[])
figure.set_label(
    "The digit 5 four times, with the pixels that one output in the middle sees: a square of 3 by "
    "3 pixels for one kernel, then 5 by 5, 7 by 7, and 15 by 15. Darker pixels count more."
)
plot.show(figure, "runs/lessons/16/seen.png")

# %% [markdown]
# The output sees three outputs of the first kernel. They lie two pixels apart and see three pixels
# each: the first and the last are four apart, and $4+3=7$. One more kernel with stride 2, and it is
# 15 rows, more than half of the image, with 27 weights in all. In the picture, pixels where
# several windows meet are darker: there are more paths from them to the output, and their
# slopes are added.
#
# ## Pooling
#
# An edge one pixel further left is still the same edge. **Pooling** makes the picture coarser:
# `F.max_pool2d(images, 2)` keeps the largest value of each square of 2 by 2. Like a stride of 2,
# it halves the rows, and the next layer sees further.
#
# **Predict.** Four values go in, the largest comes out. Which of the four get a gradient?
#
# - only the largest
# - all four, a quarter each
# - all four, in proportion to their size

# %% answer=1
square = tg.tensor(np.array([[[[1.0, 4.0], [3.0, 2.0]]]]), requires_grad=True)
largest = F.max_pool2d(square, 2)
largest.sum().backward()
print("out:", largest.data.ravel(), "  gradients:", square.grad.data.ravel())

# %% [markdown]
# If one of the others moves a little, the result does not move: its slope is 0.
#
# ## A small network
#
# Six kernels of 5 by 5, ReLU, pooling, and a linear layer from $6\cdot12\cdot12=864$ numbers to 10
# scores. `nn.MaxPool2d` is the layer around `max_pool2d`.
# `nn.init.kaiming_normal_(parameter, rng=seed)` fills a parameter with random numbers of variance
# $2/n$, where $n$ is how many numbers feed one output (here 25); that keeps the size of the signals
# through a ReLU (He and others, 2015).
#
# Its opponent is a fully connected network with as many weights, 784-11-10. Both train for three
# epochs on the same 5,000 images and are scored on 10,000 other training images, with three seeds.
# In a second round the pixels of all images are shuffled, in the same way for every image, so
# that neighbours are no longer neighbours.
#
# **Predict.** What will the shuffling do?
#
# - it harms both networks alike
# - it harms neither, as the same information is there
# - it harms the convolutional network only


# %% answer=3
def convolutional(rng):
    first, last = nn.Conv2d(1, 6, 5, rng=rng), nn.Linear(864, 10, rng=rng)
    nn.init.kaiming_normal_(first.weight, rng=rng)
    return nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), last)


def fully_connected(rng):
    first, last = nn.Linear(784, 11, rng=rng), nn.Linear(11, 10, rng=rng)
    return nn.Sequential(nn.Flatten(), first, nn.ReLU(), last)


def trained(make, seed, places):
    """A network trained on images with their pixels at these places, and its accuracy in %."""
    pixels = everything.images.reshape(-1, 784)
    images = pixels[:, places].reshape(-1, 1, 28, 28)
    train = ArrayDataset(images[:5_000], everything.labels[:5_000])
    other = ArrayDataset(images[50_000:], everything.labels[50_000:])
    net = make(np.random.default_rng(seed))
    batches = DataLoader(train, batch_size=50, shuffle=True, rng=seed)
    fit(net, batches, optim.Adam(net.parameters(), lr=0.003), epochs=3)
    return net, 100 * evaluate(net, other).accuracy


SEEDS = range(3)
in_order = np.arange(784)
shuffled = np.random.default_rng(0).permutation(784)
found = {}
for name, make in (("convolutional", convolutional), ("fully connected", fully_connected)):
    count = sum(p.data.size for p in make(np.random.default_rng(0)).parameters())
    print(f"{name}: {count:,} weights")
    for order, places in (("in order", in_order), ("shuffled", shuffled)):
        nets, scores = zip(*(trained(make, seed, places) for seed in SEEDS), strict=True)
        found[name, order] = nets
        shown = "  ".join(f"{score:.2f}" for score in scores)
        print(f"  pixels {order}   {shown}   mean {np.mean(scores):.2f} %")

# %% tags=["draw"]
figure = Figure(figsize=(9, 1.9), layout="constrained")
kernels = found["convolutional", "in order"][0][0].weight.data[:, 0]
reach = np.abs(kernels).max()
panels = figure.subplots(1, 6)
for i, (axes, learned) in enumerate(zip(panels, kernels, strict=True), 1):
    drawn = axes.imshow(learned, cmap="RdBu", vmin=-reach, vmax=reach)
    axes.set_title(f"kernel {i}", fontsize=10)
    axes.set(xticks=[], yticks=[])
figure.colorbar(drawn, ax=panels, label="weight")
figure.set_label("The six learned kernels of 5 by 5 weights, negative in red and positive in blue.")
plot.show(figure, "runs/lessons/16/kernels.png")

# %% [markdown]
# With the pixels in order the convolutional network is better with every seed. With shuffled pixels
# it loses with every seed, two and a half points on average. The fully connected network loses less
# than one on average: for it, shuffling only numbers the inputs differently, so what it lost is
# chance, which shows how much three seeds scatter. So a good part of the gain comes from neighbours
# being neighbours. Not all of it: even shuffled, the convolutional network is ahead. The number of
# weights is nearly the same, but its last layer sees 864 numbers and the other's only 11. It also
# does far more work: each kernel weight is used 576 times an image.
#
# This is a small comparison, with three seeds, short trainings and one learning rate. The picture
# shows the six kernels of seed 0: three epochs leave no tidy edge detectors.
#
# ## What was learned
#
# - A convolution uses the same few weights at every place of an image.
# - It is a matrix product of windows, made of ops that exist. The gradient of a weight is added up
#   over all places.
# - A few small kernels, one after another, see a large part of the image.
# - With as many weights it was better on digits, and lost much of that with shuffled pixels.
#
# ## What is still open
#
# Sliding one window over the image assumes that a digit looks the same wherever it stands of the
# network. One can also show a plain network moved digits. Lesson 17 asks which changes to the
# images fit digits.
#
# ## Exercises
#
# Write them in `lessons/exercises/16_convolution.py`.
#
# - `kernel_gradient`: the gradient of a kernel by hand, equal to that of `F.conv2d`.
# - `ConvNet`: the network above as a class of your own, from `F.conv2d` and `F.max_pool2d`.
#
# Check them with `python -m lessons check 16`.
