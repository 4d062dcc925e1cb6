# %% [markdown]
# # 6. From scratch
#
# **Question.** What does a published network learn, if we build and train it exactly as published?
#
# **Time.** 35 minutes.
#
# **New from the package.** `train.evaluate`, `experiment.basic.BasicMLP`, `experiment.basic.Dense`,
# `experiment.basic.Sigmoid`, `experiment.basic.published_mse_gradient`,
# `experiment.basic.published_error`.
#
# **Before this.** Lesson 4 left two scores to beat: always answering the same digit gets between
# 8.9 and 11.4 % of the test images, and ten mean images get about 82 %. The small network of lesson
# 5 has more than 91 %. Now we rebuild a network that was published in a notebook with the title
# "Image Classification Using Deep Learning": "from scratch in NumPy", with backpropagation written
# out by hand. (It is the first half of the notebook. The second half, an improved network, waits
# in lesson 12. What the notebook printed is quoted where we need it.)

# %%
import inspect
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from tinygrad_mlp import plot
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment.basic import (
    BasicMLP,
    Dense,
    Sigmoid,
    published_error,
    published_mse_gradient,
)
from tinygrad_mlp.train import evaluate

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")

train = load_mnist()
test = load_mnist(split="test")

# %% [markdown]
# ## The network
#
# An image is a row $x$ of 784 pixels. What the notebook calls a dense layer is the linear layer of
# lesson 5, and a sigmoid comes after it:
#
# $$z = x W + b, \qquad y = \sigma(z) = \frac{1}{1 + e^{-z}}.$$
#
# With $n$ images at once, $x$ has the shape $n \times \text{in}$, $W$ is
# $\text{in} \times \text{out}$, $b$ has out numbers, and $z$ and $y$ are $n \times \text{out}$.
# The published network has eight such pairs, so the widths go
#
# $$784 \to 200 \to 200 \to 200 \to 200 \to 200 \to 200 \to 200 \to 10.$$
#
# The ten numbers at the end are the scores of the ten digits, and the targets are one-hot.

# %%
SIZES = (784, 200, 200, 200, 200, 200, 200, 200, 10)

count = 0
# pairwise gives neighbours: (784, 200), (200, 200), ...
for inputs, outputs in pairwise(SIZES):
    count += inputs * outputs + outputs
print(f"numbers that the network can change: {count:,}")

# %% [markdown]
# ## A layer that knows its own derivative
#
# There is no autograd here. Each layer has two methods. `forward` computes the output, and keeps
# what the derivative will need. `backward` gets $g = \partial L / \partial z$, the gradient of
# the loss with respect to the layer's **output**, and returns the gradient with respect to its
# **input**, for the layer before it. These are the rules of a matrix product from lesson 2:
#
# $$
# \begin{aligned}
# \frac{\partial L}{\partial W} &= x^T g & (\text{in} \times n)(n \times \text{out})
# &= \text{in} \times \text{out} \\
# \frac{\partial L}{\partial b} &= \text{sum of } g \text{ over the images} & &\;\;\text{out} \\
# \frac{\partial L}{\partial x} &= g\, W^T & (n \times \text{out})(\text{out} \times \text{in})
# &= n \times \text{in}
# \end{aligned}
# $$
#
# In the notebook a layer also takes its own step, inside `backward`: from each weight it subtracts
# the learning rate `lr` times the gradient. The weights and biases start as random numbers
# from the normal distribution $N(0, 1)$.


# %%
class MyDense:
    def __init__(self, inputs, outputs, rng):
        self.weight = rng.normal(0, 1, (inputs, outputs))
        self.bias = rng.normal(0, 1, outputs)

    def forward(self, x):
        self.x = x
        return x @ self.weight + self.bias

    def backward(self, gradient, lr):
        # Before the step, because the gradient belongs to the weights that forward used.
        for_the_layer_before = gradient @ self.weight.T
        self.weight -= lr * (self.x.T @ gradient)
        self.bias -= lr * gradient.sum(axis=0)
        return for_the_layer_before


# %% [markdown]
# The sigmoid has nothing to learn. Its derivative can be written in terms of its own output:
# $\sigma'(z) = y (1 - y)$. So that is all it keeps.


# %%
class MySigmoid:
    def forward(self, z):
        self.y = 1 / (1 + np.exp(-z))
        return self.y

    def backward(self, gradient, lr):
        return gradient * self.y * (1 - self.y)


# %% [markdown]
# ## The loss
#
# The loss is the **mean squared error**: the mean over the ten outputs of $(y_k - t_k)^2$. The
# backward pass begins with its derivative with respect to the outputs. Both functions compute
# what the notebook's do. From here on we follow it without judging. We judge once it runs.


# %%
def squared_error(outputs, targets):
    return np.mean((outputs - targets) ** 2)


def squared_error_gradient(outputs, targets):
    return 2 * (targets - outputs) / outputs.size


# %% [markdown]
# The network goes through its layers in order, and back in reverse order. This is the creation
# order of lesson 1, except that here we keep it ourselves, in a list.


# %%
class MyNetwork:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.layers = []
        for inputs, outputs in pairwise(SIZES):
            self.layers.append(MyDense(inputs, outputs, rng))
            self.layers.append(MySigmoid())

    def __call__(self, images):
        """Scores (n, 10) of images (n, 28, 28)."""
        values = images.reshape(len(images), 784)
        for layer in self.layers:
            values = layer.forward(values)
        return values

    def train_on(self, image, label, lr):
        """One step on one image (28, 28); returns its loss before the step."""
        outputs = self(image[None])
        targets = np.zeros((1, 10))
        targets[0, label] = 1
        gradient = squared_error_gradient(outputs, targets)
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient, lr)
        return squared_error(outputs, targets)


# %% [markdown]
# ## Training, as published
#
# The notebook trains on the first 1,000 images. It shows one image at a time, with a learning
# rate of 10, and goes through all of them ten times. (One pass over the training data is an
# **epoch**.) After each epoch it prints an "error". We keep the losses, which the notebook does
# not, and we stop after five epochs to save time.
#
# **Predict.** The network has 400,210 numbers to adjust, and takes 5,000 steps. How much will it
# learn, by the error that it prints?
#
# - the error falls from epoch to epoch
# - the error is small after the first epoch, and hardly moves
# - the error rises


# %% answer=2
def train_one_epoch(network, images, labels, lr=10):
    losses = []
    error = 0
    for image, label in zip(images, labels, strict=True):
        loss = network.train_on(image, label, lr)
        losses.append(loss)
        error = (error + loss) / 784
    return error, losses


images, labels = train[:1000]
network = MyNetwork(seed=2)
printed = []
for epoch in range(1, 6):
    error, losses = train_one_epoch(network, images, labels)
    printed.append(error)
    print(f"epoch {epoch}   error {error:.8f}")

# %% [markdown]
# The error is small, less than a thousandth, and it hardly moves from the first epoch to the
# last, so we lose nothing by stopping early. You could read this as "it learned everything in the
# first epoch". The notebook prints 0.00102171 after each of its ten epochs. Let us look at what the
# network answers.
#
# **Predict.** What percentage of the 10,000 test images does it name correctly?

# %% answer=[5, 15]
answers = network(test.images).argmax(axis=1)
accuracy = np.mean(answers == test.labels)

print(f"first ten labels:   {test.labels[:10]}")
print(f"first ten answers:  {answers[:10]}")
print()
print("all 10,000 test images")
print("   digit          " + "".join(f"{digit:7}" for digit in range(10)))
print("   occurs         " + "".join(f"{n:7,}" for n in np.bincount(test.labels, minlength=10)))
print("   is answered    " + "".join(f"{n:7,}" for n in np.bincount(answers, minlength=10)))
print(f"accuracy: {100 * accuracy:.2f} %")

# %% [markdown]
# About 10 %: no better than blind guessing. The network gives the same answer to everything. The
# published network was tested on only the first ten images, and said 2 to all of them. The
# notebook concludes that a network written from scratch does not perform well.
#
# We try other initial weights, from other seeds. One epoch is enough to see.
#
# To score a network we use `evaluate(network, dataset, loss)` from here on. It runs any function
# from images to scores over a dataset, and returns the accuracy, the loss according to the
# function that we pass in, and the confusion matrix. `most_predicted` is the digit that is
# answered most often, and `most_predicted_share` is its share of all answers.
#
# **Predict.** What will networks from other seeds do?
#
# - give most images one digit, always the same one
# - give most images one digit, but not from every seed the same one
# - some of them learn


# %% answer=2
def loss_to_labels(scores, labels):
    """The mean squared error of scores (n, 10) against labels (n,)."""
    return squared_error(scores, np.eye(10)[labels])


print("seed   accuracy   most frequent answer           digits that it gives at all")
for seed in (0, 1, 3):
    other = MyNetwork(seed)
    train_one_epoch(other, images, labels)
    scores = evaluate(other, test, loss_to_labels)
    print(f"{seed:4} {100 * scores.accuracy:8.2f} %   {scores.most_predicted}", end="")
    print(f", for {100 * scores.most_predicted_share:5.1f} % of the images", end="")
    given = np.flatnonzero(scores.confusion.sum(axis=0))
    print("   " + ", ".join(str(digit) for digit in given))
# %% [markdown]
# None of them learns anything. Each gives most of the images the same digit, and the rest one to
# three others. The initial weights decide which digits. So this is not bad luck. Something is
# wrong, and the printed error did not tell us.
#
# ## The error that is not an error
#
# Look at the line `error = (error + loss) / 784` again. It is inside the loop over the images.
#
# Take two epochs of 1,000 losses each. In the first, every loss is 0 except the last one, which is
# 0.8. In the second, every loss is 0.8 except the last one, which is 0.
#
# **Predict.** Which of the two prints the larger error?
#
# - the first, where nearly everything is right
# - the second, where nearly everything is wrong
# - both print the same


# %% answer=1
def as_printed(losses):
    error = 0
    for loss in losses:
        error = (error + loss) / 784
    return error


only_last = [0.0] * 999 + [0.8]
all_but_last = [0.8] * 999 + [0.0]
print("losses                 true mean     printed error")
for name, some in (("0, 0, ..., 0, 0.8", only_last), ("0.8, 0.8, ..., 0.8, 0", all_but_last)):
    print(f"{name:22} {np.mean(some):9.4f} {as_printed(some):17.8f}")
ratio = as_printed(only_last) / as_printed(all_but_last)
print(f"ratio: {ratio:.0f}")
# The package keeps this function under the name published_error.
assert as_printed(losses) == published_error(losses)

# %% [markdown]
# The first, where nearly everything is right, prints an error 783 times as large. Each turn of
# the loop divides all earlier losses by 784 once more, so what is printed is the loss of the last
# image divided by 784, plus the one before it divided by $784^2$, and so on. (784 is the number
# of pixels. It has no business here.) If the last losses are all equal to some $\ell$, the sum is
#
# $$\ell \left( \frac{1}{784} + \frac{1}{784^2} + \dots \right) = \frac{\ell}{783}.$$
#
# So we can work backwards from a printed error to a loss, both from our error and from the
# published one.

# %%
print(f"our printed error       x 783 = {783 * printed[-1]:.5f}")
print(f"   our last three losses        {np.round(losses[-3:], 5)}")
print(f"   true mean of all losses      {np.mean(losses):.5f}")
print(f"published error 0.00102171 x 783 = {783 * 0.00102171:.5f}")

# %% [markdown]
# The published error means that the last losses were 0.80000, to all the digits that were
# printed. Ten outputs, and a mean squared error of exactly 0.8: that is what you get if eight of
# the ten outputs are completely wrong, 1 instead of 0 or the other way round, and two are
# completely right. Our last losses are whole tenths too.
#
# ## An honest curve
#
# How bad is a loss of 0.5 or 0.8? A network that gives 0 for all ten digits, whatever the image, is
# wrong in one of ten outputs: its loss is 0.1. So what we have is worse than a row of zeros.
#
# Now we watch the true loss, the mean over all 1,000 training images, while the network sees them
# one by one.
#
# **Predict.** From the first image to the thousandth, what does the loss do?
#
# - it falls fast
# - it falls slowly
# - it stays where it is
# - it rises

# %% answer=4
moments = (0, 1, 3, 10, 30, 100, 300, 1000)
curves = {}
for seed in range(4):
    other = MyNetwork(seed)
    seen = 0
    curves[seed] = []
    for moment in moments:
        while seen < moment:
            other.train_on(images[seen], labels[seen], lr=10)
            seen += 1
        curves[seed].append(loss_to_labels(other(images), labels))

print("images seen" + "".join(f"{moment:7}" for moment in moments))
for seed, curve in curves.items():
    print(f"seed {seed}     " + "".join(f"{loss:7.3f}" for loss in curve))
zeros = loss_to_labels(np.zeros((1000, 10)), labels)
print(f"ten zeros  {zeros:7.3f}")

# %% tags=["draw"]
figure = Figure(figsize=(8, 3.6), layout="constrained")
axes = figure.subplots()
for (seed, curve), colour, marker in zip(curves.items(), COLOURS, "os^D", strict=True):
    axes.plot(range(len(moments)), curve, color=colour, marker=marker, label=f"seed {seed}")
axes.axhline(zeros, color="black", linestyle="--", linewidth=1, label="ten zeros for every image")
axes.set_xticks(range(len(moments)), [f"{moment:,}" for moment in moments])
axes.set(xlabel="training images seen", ylabel="mean loss on the 1,000 images", ylim=(0, 0.9))
axes.legend(frameon=False, ncols=3, loc="upper center", fontsize=9)
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "The mean loss of four networks against the number of images seen: each rises within the first "
    "ten images, then stays where it is, far above the 0.1 of a network that gives only zeros."
)
plot.show(figure, "runs/lessons/06/loss.png")

# %% [markdown]
# It rises. Within ten images the loss of all four networks goes **up**, and then it hardly moves.
# Two things are strange here, and maybe they are two different faults:
#
# 1. training makes the loss larger;
# 2. after a few images, training changes hardly anything.
#
# No printed number told us this. We had to ask for the true loss, on the same images, at several
# moments.
#
# ## The same network in the package
#
# The package keeps this network, with everything that is wrong in it, in `basic.py`: `BasicMLP`,
# made of `Dense` and `Sigmoid`. Read its source beside ours.

# %%
print(inspect.getsource(Dense))
print(inspect.getsource(Sigmoid))

# %% [markdown]
# Line by line against `MyDense` and `MySigmoid`:
#
# - `init` is a choice. `"normal"` is ours. We will come to `"xavier"` in lesson 7.
# - `forward` is the same. So is `backward`: first the gradient for the layer before, then the step.
#   The other order would send a gradient through weights that were not there in `forward`.
# - `F.sigmoid` is computed from $e^{-|x|}$, as in lesson 4. Ours would give a warning for a very
#   negative number, because $e^{-z}$ overflows.
#
# Now the whole network: how it is called, and how it takes a step.

# %%
print(inspect.getsource(BasicMLP.__call__))
print(inspect.getsource(BasicMLP.train_step))

# %% [markdown]
# `train_step` takes any number of images at once. Images that are used together in one step are
# called a **batch**. `F.one_hot` makes the targets, and the derivative of the loss is whatever the
# network was given as `loss_gradient`. As published it is the function `published_mse_gradient`,
# which is also what you get if you do not choose. We compare the two networks: first the derivative
# on random numbers, then the weights after 30 steps.

# %%
rng = np.random.default_rng(0)
outputs, targets = rng.random((5, 10)), np.eye(10)[[3, 1, 4, 1, 5]]
same = np.array_equal(
    squared_error_gradient(outputs, targets), published_mse_gradient(outputs, targets)
)
print(f"the same derivative of the loss:     {same}")

mine, theirs = MyNetwork(seed=0), BasicMLP(rng=0)
for i in range(30):
    mine.train_on(images[i], labels[i], lr=10)
    theirs.train_step(images[i : i + 1], labels[i : i + 1], lr=10)
my_dense = [layer for layer in mine.layers if isinstance(layer, MyDense)]
largest = max(
    np.abs(ours.weight - other.weight).max()
    for ours, other in zip(my_dense, theirs.dense, strict=True)
)
print(f"largest difference of all weights:   {largest:.1e}")

# %% [markdown]
# They are the same network, up to the last digits of the sigmoid. So from now on we can use
# `BasicMLP`, and what we find out about it is true of the published one.
#
# There is one thing we did not print: the source of `published_mse_gradient`. Its comment gives
# away part of the answer. Leave it closed until lesson 7, and place a bet first. Here are the
# suspects:
#
# - `backward` of the dense layer, or of the sigmoid;
# - the derivative of the loss;
# - the initial weights from $N(0, 1)$;
# - the learning rate of 10;
# - eight layers, one after the other;
# - one image at a time;
# - only 1,000 images.
#
# Write down which ones you think are guilty, and what the accuracy will be when each one is
# fixed.
#
# ## What was learned
#
# - Backpropagation by hand: each layer gets the gradient of its output, takes its own step, and
#   returns the gradient of its input.
# - From each of our seeds, the published network gives most images the same digit, and uses four
#   digits at most. Its accuracy is that of a blind guess.
# - The printed error is the last loss divided by about 784. A number that is printed after each
#   epoch is worth nothing until you know what it is the mean of.
# - Measured honestly, on the same images at several moments, the loss rises, and then stays
#   still.
#
# ## What is still open
#
# What is wrong? Lesson 3 gave us an instrument that can tell a right derivative from a wrong one.
# Next, we point it at this network.
#
# ## Exercises
#
# Write them in `lessons/exercises/06_from_scratch.py`.
#
# - `ScaleShift`: a small layer with its own hand-written backward pass and its own step.
# - `Tanh`: another activation, in the same form as the sigmoid.
# - `epoch_loss`: the true mean loss of an epoch whose batches have different sizes.
#
# Check them with `python -m lessons check 06`.
