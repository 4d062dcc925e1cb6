# %% [markdown]
# # 7. The autopsy
#
# **Question.** Which of its faults matters?
#
# **Time.** 45 minutes.
#
# **New from the package.** `experiment.basic.mse_gradient`, `data.ArrayDataset`, `data.DataLoader`.
#
# **Before this.** In lesson 6 we rebuilt the published network, `BasicMLP`. It answers nearly
# everything with the same digit, its loss rises within ten images, and then it hardly moves. We
# made a list of suspects. Now we examine them one at a time, until the network works.

# %%
import inspect

import numpy as np
from matplotlib.figure import Figure

from tinygrad_mlp import plot
from tinygrad_mlp.data import ArrayDataset, DataLoader, load_mnist
from tinygrad_mlp.experiment.basic import BasicMLP, Dense, mse_gradient, published_mse_gradient
from tinygrad_mlp.train import evaluate

BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
SEVEN_LAYERS, ONE_LAYER = (200,) * 7, (200,)
SEEDS = (0, 1, 2)

train = load_mnist()
test = load_mnist(split="test")

# %% [markdown]
# An `ArrayDataset` holds images together with their labels; `load_mnist` returns one, and here we
# make another from the first 1,000 training images. A `DataLoader` cuts a dataset into batches:
# each `for` loop over its `arrays()` is one epoch. (A loop over the loader itself gives the same
# batches as tensors, which this network, written by hand, has no use for.)
#
# `experiment` trains a network from three seeds. For each seed it prints what percentage of the
# 10,000 test images is named correctly, and what share of all answers the most frequent answer
# takes ("one answer"). Each step of the autopsy is one call. `DONE` keeps the steps for the chart
# at the end.

# %%
first_1000 = ArrayDataset(*train[:1000])
first_300 = ArrayDataset(*train[:300])
DONE = {}


def loss_to_labels(scores, labels):
    """The mean squared error of scores (n, 10) against labels (n,)."""
    return np.mean((scores - np.eye(10)[labels]) ** 2)


def train_on(network, dataset, lr, epochs=1, batch_size=1, order=None):
    """Train in place. order: None to take the images as they come, or a seed for shuffling them."""
    loader = DataLoader(dataset, batch_size, shuffle=order is not None, rng=order)
    for _ in range(epochs):
        for images, labels in loader.arrays():
            network.train_step(images, labels, lr)


def show_scores(name, networks):
    """Print how well each network does on the test set; return the accuracies."""
    scores = [evaluate(network, test, loss_to_labels) for network in networks]
    accuracies = "  ".join(f"{100 * score.accuracy:5.1f}" for score in scores)
    shares = "  ".join(f"{100 * score.most_predicted_share:3.0f}" for score in scores)
    print(f"{name:31} right (%) {accuracies}   one answer (%) {shares}")
    return np.array([score.accuracy for score in scores])


def experiment(name, hidden, init, gradient, lr, dataset, epochs=1, batch_size=1):
    networks = []
    for seed in SEEDS:
        network = BasicMLP(hidden, init, gradient, rng=seed)
        # Single images come in their own order, as published; batches are shuffled.
        order = seed if batch_size > 1 else None
        train_on(network, dataset, lr, epochs, batch_size, order)
        networks.append(network)
    DONE[name] = show_scores(name, networks)
    return DONE[name]


# %% [markdown]
# Once more, the starting point as published. In lesson 6 the loss stopped moving after ten
# images, so one pass over 300 images is enough for the first steps of the autopsy.

# %%
published = experiment(
    "as published", SEVEN_LAYERS, "normal", published_mse_gradient, 10, first_300
)

# %% [markdown]
# ## The gradient check
#
# The first strange thing was that training makes the loss **larger**. Lesson 3 has the instrument
# for that: compare the gradient that the network computes with central differences,
#
# $$\frac{\partial L}{\partial w} \approx \frac{L(w + h) - L(w - h)}{2 h}.$$
#
# The layers of `BasicMLP` do not return the gradients of their weights, but they do take a step:
# with a learning rate of 1, each weight changes by exactly minus its gradient. So we take such a
# step, subtract, and put the old weights back. A small network, with hidden layers of 6 and 5
# units, and 4 images are enough.
#
# **Predict.** On its way back the gradient passes the loss, then the last layer, and so on to the
# first. Suppose that the derivative of the loss is wrong, and all else is right. Whose gradients
# will be wrong?
#
# - those of the last layer
# - those of the first layer
# - those of all layers


# %% answer=3
def computed_gradients(network, images, labels):
    """The gradient of each layer's weights, read off from the network's own step."""
    before = network.state_dict()
    network.train_step(images, labels, lr=1)
    after = network.state_dict()
    network.load_state_dict(before)
    return [before[f"{i}.weight"] - after[f"{i}.weight"] for i in range(len(network.dense))]


def numerical_derivative(network, images, labels, weight, place, h=1e-5):
    """The slope of the loss along one weight, by central differences."""
    kept = weight[place]
    weight[place] = kept + h
    above = loss_to_labels(network(images), labels)
    weight[place] = kept - h
    below = loss_to_labels(network(images), labels)
    weight[place] = kept
    return (above - below) / (2 * h)


def compare(network, images, labels):
    """For each layer's three largest gradients: computed, numerical, and their ratio."""
    ratios = []
    print("layer        computed      numerical    ratio")
    for i, gradient in enumerate(computed_gradients(network, images, labels)):
        for position in np.argsort(-np.abs(gradient), axis=None)[:3]:
            place = np.unravel_index(position, gradient.shape)
            numerical = numerical_derivative(
                network, images, labels, network.dense[i].weight, place
            )
            ratios.append(gradient[place] / numerical)
            print(f"{i + 1:5} {gradient[place]:15.9f} {numerical:14.9f} {ratios[-1]:8.4f}")
    return np.array(ratios)


some_images, some_labels = train[:4]
small = BasicMLP((6, 5), "xavier", published_mse_gradient, rng=0)
ratios = compare(small, some_images, some_labels)

# %% [markdown]
# In every layer the sizes agree, to the digits that are shown. In every layer the sign is wrong.
#
# A wrong second layer would spoil its own gradients and those of the first layer, which come
# after it on the way back. The third would be right. Here **all** are wrong in the same way, so
# the fault is in something that all of them share. That is the derivative of the loss, or the step,
# from which we read the gradients: a `+=` there would show $-1$ in every layer too. In lesson 6 we
# saw the step subtract. Now you may open the function that was left closed there,
# `published_mse_gradient`. The package has a fixed one beside it, `mse_gradient`.

# %%
print(inspect.getsource(published_mse_gradient))
print(inspect.getsource(mse_gradient))

# %% [markdown]
# The loss is the mean of $(y - t)^2$, and its derivative with respect to $y$ is $2 (y - t) / n$,
# with $n$ the number of outputs. The published one has $t - y$. It is $-1$ times the right one,
# and subtracting it makes the loss climb. (Many textbooks have $t - y$ with an update that
# **adds**. Each half is right, together with its other half.)

# %%
fixed = BasicMLP((6, 5), "xavier", mse_gradient, rng=0)
ratios = compare(fixed, some_images, some_labels)

# %% [markdown]
# ## Step 1: the sign
#
# All ratios are 1. The gradient is right: `Dense.backward` and `Sigmoid.backward` are cleared of
# all suspicion. We fix the sign, and change nothing else.
#
# **Predict.** The network as published got about 10 %. What percentage will it get with the right
# gradient?

# %% answer=[7, 13]
sign = experiment("sign fixed", SEVEN_LAYERS, "normal", mse_gradient, 10, first_300)

# %% [markdown]
# No change. About 10 %, and one digit for nearly every image. The most obvious fault is fixed,
# and no accuracy tells us that this was progress. Without the gradient check we might well have
# put the wrong sign back, because the right one "made no difference".
#
# The second strange thing is still there: after a few images nothing moves any more. For this we
# have to look inside.
#
# ## Inside the seven layers
#
# Each sigmoid layer passes the gradient on after multiplying it by $y (1 - y)$. That is $1/4$ if
# the output $y$ is $0.5$, and almost 0 if $y$ is near 0 or 1. An output within $0.01$ of either
# end lets less than a hundredth through; that is what we count as saturated here. We look at a
# network before any training, and at one that has seen 100 images.


# %%
def layer_outputs(network, images):
    """The outputs (n, units) of the eight sigmoid layers, the last being the ten scores."""
    network(images)
    return [layer.y for layer in network.layers if not isinstance(layer, Dense)]


def saturated(outputs):
    """The share of outputs that lie within 0.01 of 0 or of 1."""
    return float(np.mean((outputs < 0.01) | (outputs > 0.99)))


images_200, labels_200 = train[:200]
fresh = BasicMLP(SEVEN_LAYERS, "normal", mse_gradient, rng=0)
trained = BasicMLP(SEVEN_LAYERS, "normal", mse_gradient, rng=0)
train_on(trained, ArrayDataset(*train[:100]), lr=10)

before = [saturated(outputs) for outputs in layer_outputs(fresh, images_200)]
after = [saturated(outputs) for outputs in layer_outputs(trained, images_200)]
print("layer                   " + "".join(f"{name:>7}" for name in [*range(1, 8), "scores"]))
print("saturated before (%)    " + "".join(f"{100 * share:7.0f}" for share in before))
print("after 100 images (%)    " + "".join(f"{100 * share:7.0f}" for share in after))


# %% tags=["draw"]
def show_outputs(networks, images, path, label):
    """Histograms of the outputs of each layer: a row for each title -> network."""
    figure = Figure(figsize=(9, 0.4 + 1.45 * len(networks)), layout="constrained")
    grid = figure.subplots(len(networks), 8, squeeze=False)
    names = [*(f"layer {k}" for k in range(1, 8)), "scores"]
    for axes, name in zip(grid[-1], names, strict=True):
        axes.set_xlabel(name, fontsize=9)
    for row, (title, network) in zip(grid, networks.items(), strict=True):
        row[0].set_ylabel(title, fontsize=9)
        for axes, outputs in zip(row, layer_outputs(network, images), strict=True):
            axes.hist(outputs.ravel(), bins=25, range=(0, 1), color=BLUE)
            axes.set(xticks=[0, 0.5, 1], xticklabels=["0", "½", "1"], yticks=[])
            axes.tick_params(labelsize=8)
            axes.set_title(f"{100 * saturated(outputs):.0f} %", fontsize=8, pad=2)
            axes.spines[["top", "right", "left"]].set_visible(False)
    figure.suptitle("Outputs of the sigmoid layers; above each: the saturated share", fontsize=10)
    figure.set_label(label)
    plot.show(figure, path)


show_outputs(
    {"before\ntraining": fresh, "after 100\nimages": trained},
    images_200,
    "runs/lessons/07/saturation.png",
    "Histograms of the outputs of seven hidden sigmoid layers and of the scores, weights from "
    "N(0, 1). Before training about 60 % of all outputs lie near 0 or 1, in every layer. After 100 "
    "images more do in the hidden layers, up to 82 %, and all ten scores lie at an end.",
)

# %% [markdown]
# Before training it is already about 60 %, in every layer. Here is why. A unit of the second layer
# adds up 200 outputs, each times a weight of about 1. The sum has a standard deviation of about
# $\sqrt{200 \cdot \text{mean of } y^2}$, which is near 10, and the sigmoid of $\pm 10$ is $0$ or
# $1$ up to $0.00005$.
#
# It is tempting to say that saturated layers pass no gradient, that seven of them pass nothing at
# all, and that this is the end of the story. But we can measure it.
#
# **Predict.** Before training, how many times smaller is the gradient of the first layer's weights
# than that of the last layer's?
#
# - about 3 times
# - about 100 times
# - about 10,000 times


# %% answer=1
def gradient_norms(network, images, labels):
    """The length of the gradient of each layer's weights, from the first layer to the last."""
    gradient = network.loss_gradient(network(images), np.eye(10)[labels])
    norms = []
    for layer in reversed(network.layers):
        if isinstance(layer, Dense):
            norms.append(float(np.linalg.norm(layer.x.T @ gradient)))
        gradient = layer.backward(gradient, lr=0)  # a step of 0 changes nothing
    return np.array(norms[::-1])


by_moment = {"before training": gradient_norms(fresh, images_200, labels_200)}
network = BasicMLP(SEVEN_LAYERS, "normal", mse_gradient, rng=0)
seen = 0
for moment in (1, 10, 100):
    train_on(network, ArrayDataset(*train[seen:moment]), lr=10)
    seen = moment
    title = f"after {moment} image{'s' if moment > 1 else ''}"
    by_moment[title] = gradient_norms(network, images_200, labels_200)

print("layer           " + "".join(f"{layer:9}" for layer in range(1, 9)))
for title, norms in by_moment.items():
    print(f"{title:16}" + "".join(f"{norm:9.1e}" for norm in norms))


# %% tags=["draw"]
def show_norms(curves, path, label):
    """Gradient norms by layer, on a logarithmic scale: a curve for each title -> norms."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    styles = zip((BLUE, ORANGE, GREEN, PINK), "os^D", strict=True)
    for (title, norms), (colour, marker) in zip(curves.items(), styles, strict=False):
        axes.plot(range(1, 9), norms, color=colour, marker=marker, label=title)
    axes.set(yscale="log", xlabel="layer, from the pixels to the scores")
    axes.set(ylabel="norm of the gradient\nof the layer's weights", xticks=range(1, 9))
    axes.grid(color="#e6e6e6", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right center", frameon=False, fontsize=9)
    figure.set_label(label)
    plot.show(figure, path)


show_norms(
    by_moment,
    "runs/lessons/07/norms_normal.png",
    "The norm of the gradient by layer, weights from N(0, 1), learning rate 10. Before training "
    "all layers have nearly the same. After 1, 10 and 100 images all of them have far less: after "
    "100 the norms are more than a thousand times smaller.",
)

# %% [markdown]
# About 3 times. The first layer still gets more than a third of the last one's gradient. The three
# in five that are saturated pass on almost nothing, but the others have weights of about 1 to all
# 200 units of the next layer, and that makes up for it. So "seven saturated layers pass no
# gradient" is not what happens here, at least not at the start.
#
# The other curves show what does happen. After 100 images **all** layers have lost their
# gradient, by a factor of more than a thousand. And the histograms show where: all ten scores lie
# at an end. The last sigmoid is the first thing that the gradient meets, and it has been shut.
#
# This is the standstill of lesson 6. It has two possible causes: large weights and large steps.
# We take the weights first.
#
# ## Step 2: the initial weights
#
# If a unit adds up `in` numbers of typical size $s$, each times a weight of standard deviation
# $\sigma_w$, the sum has a standard deviation of about $\sigma_w \, s \, \sqrt{\text{in}}$. To
# keep the sizes equal from layer to layer, $\sigma_w$ should be near $1 / \sqrt{\text{in}}$; to
# keep the gradients equal on the way back, near $1 / \sqrt{\text{out}}$. Glorot and Bengio (2010)
# proposed the compromise $\sigma_w^2 = 2 / (\text{in} + \text{out})$. This is `init="xavier"`,
# after Xavier Glorot; the biases start at 0.
#
# **Predict.** The sign is fixed and the weights are Xavier's; nothing else has changed. What
# happens?
#
# - the hidden layers are open, and the network learns
# - the hidden layers are open, and the network still learns nothing
# - the hidden layers are still saturated

# %% answer=2
xavier = BasicMLP(SEVEN_LAYERS, "xavier", mse_gradient, rng=0)
xavier_after = BasicMLP(SEVEN_LAYERS, "xavier", mse_gradient, rng=0)
train_on(xavier_after, ArrayDataset(*train[:1]), lr=10)
before = [saturated(outputs) for outputs in layer_outputs(xavier, images_200)]
after = [saturated(outputs) for outputs in layer_outputs(xavier_after, images_200)]
print(f"saturated, at most: {100 * max(before):.1f} % before training, in any layer")
shares = 100 * max(after[:7]), 100 * after[7]
print(f"after one image: {shares[0]:.1f} % in layers 1 to 7, {shares[1]:.0f} % of the scores")
initial = experiment("+ Xavier weights", SEVEN_LAYERS, "xavier", mse_gradient, 10, first_300)

# %% tags=["draw"]
show_outputs(
    {"before\ntraining": xavier, "after one\nimage": xavier_after},
    images_200,
    "runs/lessons/07/saturation_xavier.png",
    "The same histograms with Xavier weights. Before training all outputs are around one half. "
    "After a single image with learning rate 10 those of the hidden layers still are, but all ten "
    "scores lie at an end.",
)

# %% [markdown]
# No hidden unit is saturated any more. And the network still learns nothing, because a **single**
# image was enough to push all ten scores to the end of the sigmoid.
#
# ## Step 3: the learning rate
#
# How far does one step move a score? Let $z_k$ be the sum that goes into the last sigmoid, and $h$
# the 200 outputs of the layer before. The gradient of $z_k$ is
#
# $$g_k = \frac{2}{10} (y_k - t_k) \, y_k (1 - y_k).$$
#
# A step changes the weights that lead into unit $k$ by $-\text{lr} \; g_k h$ and its bias by
# $-\text{lr} \; g_k$. For the same image, that moves $z_k$ by
# $-\text{lr} \; g_k (h \cdot h + 1)$. With all 200 numbers in $h$ near one half, $h \cdot h$ is
# about 50.
#
# **Predict.** At the start, $y_k$ is about $0.5$ and $t_k$ is 0. How far does $z_k$ move in one
# step with a learning rate of 10?


# %% answer=[9, 18]
def sums_of_scores(network, images):
    """What goes into the last sigmoid, (n, 10)."""
    network(images)
    last = network.dense[-1]
    return last.x @ last.weight + last.bias


moves = {}
print("learning rate   mean move of z   slope after it, from 0.25")
for lr in (10, 2):
    network = BasicMLP(SEVEN_LAYERS, "xavier", mse_gradient, rng=0)
    before_step = sums_of_scores(network, train.images[:1])
    train_on(network, ArrayDataset(*train[:1]), lr=lr)
    after_step = sums_of_scores(network, train.images[:1])
    moves[lr] = float(np.mean(np.abs(after_step - before_step)))
    y = 1 / (1 + np.exp(moves[lr]))  # the sigmoid of minus the move
    print(f"{lr:13} {moves[lr]:18.2f} {y * (1 - y):22.6f}")

# %% [markdown]
# By about 14. The estimate was a little lower, as the true $h \cdot h$ is a little above 50. A
# sigmoid that has moved that far has a slope of about a millionth, so one step is enough to shut
# it. With a learning rate of 2 the move is about 3, and the slope there is about a fifth of what it
# was: the scores stay open. (The network of lesson 5 had a learning rate of 10 and recovered. It
# has half as many hidden units, so its scores moved by about 5 at first.)
#
# So we take 2, and this time we go through all 1,000 images: the sign is right, the weights are
# right, and the steps have a sensible size.

# %%
rate = experiment("+ learning rate 2", SEVEN_LAYERS, "xavier", mse_gradient, 2, first_1000)

# %% [markdown]
# Still one digit for every image. The next suspect on the list is the depth: seven hidden layers,
# one after the other. We look at the gradients again, and also at the forward pass.
#
# **Predict.** Now nothing is saturated: each sigmoid has its largest slope, $1/4$, and Xavier
# weights keep the sizes equal. How many times smaller is the gradient of the first layer than
# that of the last?
#
# - about 4 times
# - about 100 times
# - more than 10,000 times

# %% answer=3
by_init = {
    "weights from N(0, 1)": by_moment["before training"],
    "Xavier weights": gradient_norms(xavier, images_200, labels_200),
}
factors = by_init["Xavier weights"][1:] / by_init["Xavier weights"][:-1]
print("gradient norms, Xavier weights, before training")
print("   layer 1: " + f"{by_init['Xavier weights'][0]:.1e}")
for layer, factor in enumerate(factors, 2):
    print(
        f"   layer {layer}: {by_init['Xavier weights'][layer - 1]:.1e}, {factor:.1f} times as large"
    )
# How much the output of a unit differs from image to image: the standard deviation over images.
differ = [float(y.std(axis=0).mean()) for y in layer_outputs(xavier, images_200)]
print("how much a unit's output differs between images")
print("   " + "".join(f"{value:10.1e}" for value in differ))

# %% tags=["draw"]
quarter = by_init["Xavier weights"][-1] * 0.25 ** np.arange(7, -1, -1)
show_norms(
    {**by_init, "a quarter per layer": quarter},
    "runs/lessons/07/norms_depth.png",
    "The norm of the gradient by layer before training. With weights from N(0, 1) it is nearly "
    "level. With Xavier weights it falls by a factor of about four per layer towards the pixels.",
)

# %% [markdown]
# More than 10,000 times: about a factor of 4 for every layer, seven times over. This is the
# **vanishing gradient**. While the last layer takes steps of size 1, the first takes steps of size
# 0.00004.
#
# The last line says even more. On the way **forward** the same factor is at work: each sigmoid
# makes the differences between images 4 times smaller. The scores of two different digits differ
# only in the sixth decimal place. The network cannot see which image it is looking at, so it
# gives the same answer to all of them. That answers the question of lesson 6: at first because
# the scores are shut, and once they are open, because the differences have been squeezed away.
#
# ## Step 4: the depth
#
# One hidden layer of 200 units, and six passes over the same 1,000 images.

# %%
depth = experiment("+ one hidden layer", ONE_LAYER, "xavier", mse_gradient, 2, first_1000, epochs=6)

# %% [markdown]
# About 85 %, from all three seeds, with the same 1,000 images, one at a time, and the same
# hand-written code: more than the ten mean images, and a first sign of life.
#
# ## Each fault alone
#
# Three changes in a row made no difference, and the fourth made all the difference. (It came with
# five more passes, but one would have shown it.) Was the depth the only real fault? We turn the
# question around: take the network that works, and put **one** fault back.
#
# **Predict.** Each network gets one pass over the 1,000 images, and then five more. Which of the
# four faults only delays it, so that most of the gap is closed after six passes?
#
# - the sign
# - the $N(0, 1)$ weights
# - the learning rate of 10
# - the seven layers

# %% answer=3
FAULTS = {
    "sign": (ONE_LAYER, "xavier", published_mse_gradient, 2),
    "weights": (ONE_LAYER, "normal", mse_gradient, 2),
    "rate": (ONE_LAYER, "xavier", mse_gradient, 10),
    "layers": (SEVEN_LAYERS, "xavier", mse_gradient, 2),
}

works = [BasicMLP(ONE_LAYER, "xavier", mse_gradient, rng=seed) for seed in SEEDS]
for network in works:
    train_on(network, first_1000, lr=2)
show_scores("no fault           pass 1", works)
for name, (hidden, init, gradient, lr) in FAULTS.items():
    seeds = SEEDS if hidden == ONE_LAYER else SEEDS[:1]  # seven layers take long
    networks = [BasicMLP(hidden, init, gradient, rng=seed) for seed in seeds]
    for passes, more in ((1, 1), (6, 5)):
        for network in networks:
            train_on(network, first_1000, lr, epochs=more)
        show_scores(f"published {name:8} pass {passes}", networks)

# %% [markdown]
# After one pass, any single fault is enough to ruin it: the working network gets about 65 %, and
# each fault **alone** keeps it near blind guessing. (With the wrong sign it is even worse: it
# climbs the loss, and learns to avoid the right digit.) Six passes tell them apart. (Without a
# fault they gave about 85 %.) The learning rate of 10 only **delays**: it ends between 71 and 85 %.
# With two passes more, all three seeds got past 80 %. (Steps this large magnify every rounding, so
# another processor may print other numbers here.) The $N(0, 1)$ weights let the network creep to
# between 17 and 29 %. The sign and the seven layers **kill**: as far as we looked, nothing is
# learned. In a short run, which is how one tries things out, all four look the same.
#
# This is what makes neural networks hard to fix. If you try one change, look at the accuracy, and
# undo the change because it did not help, you will never get there. What helps is a measurement
# that isolates one piece: a gradient check for the derivative, a histogram for the outputs, a
# norm for each layer, the size of one step.
#
# ## Is depth a fault?
#
# Nothing in the mathematics forbids seven layers. What we found is a factor of $1/4$ per layer.
# So let us make up for it: multiply the Xavier weights of the hidden layers by 4. One more thing
# is needed. The outputs of a sigmoid lie around $1/2$, so their weighted sum carries a large
# constant, $\frac{1}{2} \sum_i W_{ij}$, which would push the next sigmoid off its centre. A bias
# of $-\frac{1}{2} \sum_i W_{ij}$ cancels it.
#
# Seven hidden layers, as published, and one pass over the 1,000 images. We take a learning rate of
# 0.5, and show beside it what that rate alone does.


# %%
def four_times_xavier(seed):
    """The seven-layer network, with weights that make up for the sigmoid's slope of 1/4."""
    network = BasicMLP(SEVEN_LAYERS, "xavier", mse_gradient, rng=seed)
    for i, layer in enumerate(network.dense[:-1]):
        layer.weight *= 4
        if i > 0:  # the pixels that enter the first layer do not lie around one half
            layer.bias -= 0.5 * layer.weight.sum(axis=0)
    return network


norms = gradient_norms(four_times_xavier(0), images_200, labels_200)
print("gradient norms: " + "".join(f"{norm:8.3f}" for norm in norms))
plain = [BasicMLP(SEVEN_LAYERS, "xavier", mse_gradient, rng=0)]
fourfold = [four_times_xavier(seed) for seed in SEEDS]
for network in plain + fourfold:
    train_on(network, first_1000, lr=0.5)
show_scores("seven layers, Xavier", plain)
show_scores("seven layers, four times Xavier", fourfold)
print(f"largest through smallest: {norms.max() / norms.min():.0f}")

# %% [markdown]
# About half of the images are right, from all three seeds, and the rate alone does nothing. The
# gradients of the eight layers now lie within a factor of about 13 of each other, where before it
# was more than 10,000, and the deep network learns. So depth was the condition under which a wrong
# scale becomes fatal: a factor of $1/4$ does no harm once, and kills when it is applied seven
# times. For this task one hidden layer learns faster and better, and we stay with it.
#
# ## Step 5: more data, in batches
#
# Two suspects are left: one image at a time, and only 1,000 of them. All 60,000, one at a time,
# would be 60,000 steps, and each step goes through all 159,010 weights and biases. A batch of 16
# images makes one step from the mean of their gradients, so an epoch takes 3,750 steps. That mean
# is steadier than a single gradient, which allows a larger learning rate: we take 8. The images are
# shuffled.

# %%
data = experiment(
    "+ all 60,000, in batches of 16", ONE_LAYER, "xavier", mse_gradient, 8, train, batch_size=16
)

# %% [markdown]
# Past 93 %, after one pass. The published conclusion was that a network written from scratch in
# NumPy does not perform well. This is that network, with its own `forward` and `backward`. What
# was wrong with it was one sign, and three numbers that somebody has to choose.
#
# ## The whole autopsy in one picture
#
# Each column is one step: the mean of three seeds, with the standard deviation as an error bar. The
# error bars are so short that they look like a single line.

# %%
means = [100 * accuracies.mean() for accuracies in DONE.values()]
deviations = [100 * accuracies.std(ddof=1) for accuracies in DONE.values()]
for (name, accuracies), mean, deviation in zip(DONE.items(), means, deviations, strict=True):
    print(f"{name:32} {mean:6.2f} ± {deviation:.2f} %   (lowest {100 * accuracies.min():.2f})")

# %% tags=["draw"]
figure = Figure(figsize=(9, 4), layout="constrained")
axes = figure.subplots()
axes.axhspan(8.9, 11.4, color=ORANGE, alpha=0.25, label="always the same digit: 8.9 to 11.4 %")
axes.axhline(82, color=GREEN, linestyle="--", label="nearest mean image: 82 %")
axes.bar(range(len(DONE)), means, 0.55, yerr=deviations, color=BLUE, capsize=6, zorder=3)
for place, mean in enumerate(means):
    axes.annotate(f"{mean:.1f} %", (place, mean), (0, 7), textcoords="offset points", ha="center")
names = ("as\npublished", "sign\nfixed", "Xavier\nweights", "learning\nrate 2")
names += ("one hidden\nlayer", "all images,\nbatches of 16")
axes.set_xticks(range(len(DONE)), names)
axes.set(ylabel="accuracy on 10,000 test images (%)", ylim=(0, 105), xlim=(-0.5, 5.5))
axes.legend(frameon=False, loc="center left", fontsize=9)
axes.spines[["top", "right"]].set_visible(False)
figure.set_label(
    "Accuracy by step of the autopsy, each step keeping those before it: about 10 % as published, "
    "and still so with the sign, the weights and the learning rate fixed; about 85 % with one "
    "hidden layer; about 94 % with all 60,000 images in batches."
)
plot.show(figure, "runs/lessons/07/autopsy.png")

# %% [markdown]
# The first three columns stand for one pass over 300 images, the fourth for one over 1,000, the
# fifth for six passes over the same 1,000, and the last for one pass over 60,000.
#
# ## What was learned
#
# - A gradient check finds a wrong sign at once, and narrows down where it is: a ratio of exactly
#   $-1$ in every layer points to what all layers share, the loss or the step.
# - There were four faults. In one pass, each alone keeps the network near blind guessing, and
#   fixing them one by one shows nothing until the last. In six passes the learning rate of 10
#   only delays, and the $N(0, 1)$ weights hold back; the sign and the depth still kill.
# - Weights from $N(0, 1)$ saturate the sigmoids; a learning rate of 10 shuts the scores in one
#   step; a quarter per layer squeezes both the gradient and the differences between images.
# - Measure before you explain: "saturated layers pass no gradient" sounded right, but it was not
#   what the numbers said.
# - With everything fixed, the same hand-written code gets past 93 %.
#
# ## What is still open
#
# One fault was a sign in a derivative that somebody wrote by hand. Each new layer and each new loss
# needs another such derivative. In lesson 8 the package does it for us, from the derivative table
# of lesson 2.
#
# ## Exercises
#
# Write them in `lessons/exercises/07_autopsy.py`.
#
# - `ratio_to_differences`: a gradient check that tells a wrong factor from a wrong formula.
# - `layer_factors`: by how much each sigmoid layer shrinks the gradient that passes it.
#
# Check them with `python -m lessons check 07`.
