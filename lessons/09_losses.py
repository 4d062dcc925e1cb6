# %% [markdown]
# # 9. Losses
#
# **Question.** Why does one loss learn where another stalls?
#
# **Time.** 25 minutes.
#
# **New from the package.** `nn.functional.cross_entropy`, `ops.log_softmax`, `train.fit`.
#
# **Before this.** In lesson 7 the sigmoids at the end of the network were shut, and nothing moved.
# With fewer layers, smaller weights and smaller steps it learned, by the squared error. In lesson 8
# the loss became one line that we can change. So we change it.

# %%
import inspect

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import nn, ops, optim, plot
from tinygrad_mlp.data import ArrayDataset, DataLoader, load_mnist
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import evaluate, fit

BLUE, ORANGE = "#0072B2", "#D55E00"


def tidy(*all_axes):
    for axes in all_axes:
        axes.grid(color="#e6e6e6")
        axes.spines[["top", "right"]].set_visible(False)


# %% [markdown]
# ## One output that is sure and wrong
#
# Take a single output. The network gives a score $s$, any number, also called **logit**, and the
# sigmoid turns it into $p = 1 / (1 + e^{-s})$, between 0 and 1. The right answer is $t = 1$. With
# the squared error,
#
# $$L = (p - 1)^2, \qquad \frac{dL}{ds} = 2 (p - 1) \cdot p (1 - p).$$
#
# The last factor is the derivative of the sigmoid. There is another way to measure a probability:
# ask how surprised we are by the truth. The **cross-entropy** is $L = -\log p$: it is zero if
# $p = 1$, and grows without bound as $p$ goes to 0.
#
# A score of $-8$ means $p \approx 0.0003$: sure and wrong. A score of $-1$ means $p \approx 0.27$:
# undecided.
#
# **Predict.** Under the squared error, how much larger is the push at $-1$ than at $-8$?
#
# - It is smaller.
# - About 20 times larger.
# - Several hundred times larger.


# %% answer=3
def squared_error(score):
    return (score.sigmoid() - 1) ** 2


def surprise(score):
    return -score.sigmoid().log()


def slopes(loss, scores):
    """The derivative of the loss at each of the scores, by autograd."""
    scores = tg.tensor(scores, requires_grad=True)
    loss(scores).sum().backward()
    return scores.grad.data


marked = np.array([-8.0, -4.0, -1.0])
by_square, by_surprise = slopes(squared_error, marked), slopes(surprise, marked)
print("score      p      slope of the squared error   slope of the cross-entropy")
for score, square, log in zip(marked, by_square, by_surprise, strict=True):
    print(f"{score:5.0f}   {1 / (1 + np.exp(-score)):.4f}   {square:26.5f}   {log:26.5f}")

# %% [markdown]
# The undecided output gets a push several hundred times larger than the one that is sure and wrong.
# Below $p = 1/3$, the more wrong an output is, the less it learns, because $p (1 - p)$ vanishes at
# both ends. The slope of the cross-entropy is $p - 1$: the more wrong, the steeper, up to a size of
# 1. We will soon see why this formula is so short.
#
# How long does it take to get out of there?
#
# Start at $s = -8$ and descend, with a learning rate of 1, until $p > 0.9$. The cross-entropy needs
# about 20 steps.
#
# **Predict.** From $s = -8$, how many steps of rate 1 does the squared error need?
#
# - More than 1,000.
# - About 200.
# - About 50.


# %% answer=1
def descend(loss, score, lr=1.0, enough=0.9):
    """The scores on the way from `score` until the sigmoid is above `enough`."""
    path = [score]
    while 1 / (1 + np.exp(-path[-1])) <= enough:
        path.append(path[-1] - lr * slopes(loss, np.array(path[-1])).item())
    return np.array(path)


path_square, path_surprise = descend(squared_error, -8.0), descend(surprise, -8.0)
print(f"steps from -8 to p > 0.9: squared error {len(path_square) - 1:,}, ", end="")
print(f"cross-entropy {len(path_surprise) - 1}")

# %% [markdown]
# More than 1,000. The curve on the right, below, is nearly flat for most of them: that is a stall.
# Nothing is broken and no gradient is wrong; it is just tiny.

# %% tags=["draw"]
figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
scores = np.linspace(-10, 6, 200)
left.plot(scores, slopes(squared_error, scores), color=ORANGE, linewidth=2, label="squared error")
left.plot(scores, slopes(surprise, scores), "--", color=BLUE, linewidth=2, label="cross-entropy")
left.annotate("sure and wrong", (-8, -0.03), (-9.5, -0.3), arrowprops={"arrowstyle": "->"})
left.set(xlabel="score s (right answer: 1)", ylabel="slope of the loss, dL/ds")
left.legend(frameon=False, loc="lower right")
right.semilogx(np.arange(1, len(path_square) + 1), path_square, color=ORANGE, linewidth=2)
right.semilogx(np.arange(1, len(path_surprise) + 1), path_surprise, "--", color=BLUE, linewidth=2)
right.axhline(np.log(9), color="#777777", linewidth=1)
right.text(300, np.log(9) - 0.2, "p = 0.9", va="top")
right.set(xlabel="steps of descent, from 1", ylabel="score s")
tidy(left, right)
figure.set_label(
    "Left: the slope of the squared error is near zero both for very low and for high scores; that "
    "of the cross-entropy goes to -1 for low scores. Right: from -8 the cross-entropy reaches 0.9 "
    "in about 20 steps; the squared error needs more than a thousand."
)
plot.show(figure, "runs/lessons/09/stall.png")

# %% [markdown]
# ## Ten classes
#
# For ten classes we want ten probabilities that sum to 1. The **softmax** takes scores $s$ of
# shape $(10,)$ and returns
#
# $$p_k = \frac{e^{s_k}}{\sum_j e^{s_j}}, \qquad
# L = -\log p_t \quad \text{for the right class } t.$$
#
# Suppose that we compute this exactly as written, in float32, for three classes, of which the first
# is the right one. We try four examples:
#
# 1. the scores 2, 1 and 0
# 2. the scores 100, 1 and 0
# 3. the scores -200, -201 and -202
# 4. the scores -40, 60 and 80
#
# **Predict.** For which examples is the loss a finite number?
#
# - For all four.
# - For all but the second.
# - For the first only.
# - For the first and the third.


# %% answer=3
def naive_cross_entropy(scores, target):
    e = np.exp(scores)
    return -np.log(e[target] / e.sum())


examples = {
    "small scores": [2.0, 1.0, 0.0],
    "one score of 100": [100.0, 1.0, 0.0],
    "all scores near -200": [-200.0, -201.0, -202.0],
    "right class far behind": [-40.0, 60.0, 80.0],
}
with np.errstate(all="ignore"):  # NumPy would warn; we look at the values
    naive = {
        name: naive_cross_entropy(np.array(scores, np.float32), target=0)
        for name, scores in examples.items()
    }
for name, value in naive.items():
    print(f"{name:24} {value}")


# %% [markdown]
# Only the first line is right. $e^{100}$ is larger than any float32, so infinity is divided by
# infinity. $e^{-200}$ and its neighbours all become 0, and 0 is divided by 0. In the last line
# every exponential fits, but the quotient, $e^{-120}$, becomes 0, whose logarithm is infinite. A
# network that is very sure, right or wrong, produces such scores.
#
# The cure is algebra. The logarithm of the quotient is a difference, and a common factor $e^m$,
# with $m$ the largest score, can be taken out of the sum:
#
# $$-\log p_t = \log \sum_j e^{s_j} - s_t
# = m + \log \sum_j e^{s_j - m} - s_t.$$
#
# Every exponent is now 0 or less, so nothing overflows, and one of them is 0, so the sum is at
# least 1. This is called **log-sum-exp**. In the package, `F.cross_entropy(scores, labels)` does
# this, for scores $(n, 10)$ and labels $(n,)$, and returns the mean over the batch. It is built on
# an op, `ops.log_softmax`.


# %%
def cross_entropy_of_one(scores, target):
    m = scores.max()
    return m + np.log(np.exp(scores - m).sum()) - scores[target]


for name, scores in examples.items():
    ours = cross_entropy_of_one(np.array(scores, np.float32), target=0)
    package = F.cross_entropy(tg.tensor([scores]), np.array([0])).item() + 0.0  # not -0.0
    print(f"{name:24} {ours:10.5f}   F.cross_entropy: {package:10.5f}")
print()
print(inspect.getsource(ops.log_softmax))

# %% [markdown]
# The op makes the same shift by the largest score, and has a derivative rule of one line. Note
# that `F.cross_entropy` takes the scores themselves: the softmax is part of the loss, so the
# network ends with a linear layer.
#
# ## Why the gradient is so short
#
# Differentiate $L = \log \sum_j e^{s_j} - s_t$ with respect to one score $s_k$. The first part
# gives $e^{s_k} / \sum_j e^{s_j}$, which is $p_k$. The second gives 1 if $k = t$ and otherwise 0,
# which is the one-hot vector $y$. So
#
# $$\frac{\partial L}{\partial s} = p - y, \qquad
# \frac{\partial}{\partial S} \, \frac{1}{n} \sum_i L_i = \frac{1}{n} (P - Y)
# \quad \text{for } S, P, Y \text{ of shape } (n, 10).$$
#
# The logarithm undoes the exponential, and no factor is left that could vanish. The gradient is
# "what you said, minus what is true".
#
# **Predict.** What is the sum of the ten gradients of one example?
#
# - 1
# - 0
# - It depends on the scores.

# %% answer=2
rng = np.random.default_rng(0)
scores = tg.tensor(3 * rng.normal(size=(5, 10)), requires_grad=True)
labels = np.array([3, 0, 9, 3, 7])
F.cross_entropy(scores, labels).backward()

e = np.exp(scores.data)
p = e / e.sum(axis=1, keepdims=True)
y = np.eye(10)[labels]
difference = np.abs(scores.grad.data - (p - y) / 5).max()
print(f"largest difference between autograd and (p - y) / n: {difference:.1e}")
print(f"sums of the rows: {np.abs(scores.grad.data.sum(axis=1)).max():.1e} at most")


# %% [markdown]
# Zero: $p$ and $y$ both sum to 1. Together, the scores of the wrong classes are pushed down by as
# much as that of the right one is pushed up.
#
# ## The same on digits
#
# Now the same comparison on digits. The network has one hidden layer of 200
# sigmoid units, and all weights are drawn from $N(0, 1)$, as in the published network of lesson 6:
# most outputs are sure of something from the start. We train on 10,000 images, one pass over them,
# with plain SGD.
#
# No loss should lose just because of its learning rate. The squared error is a mean over ten
# outputs, so its gradients are smaller and it needs larger rates. Each loss gets three rates that
# suit it, and two seeds. `train.fit` is the loop of lesson 8 in a function: it takes a model, a
# `DataLoader`, an optimiser and a number of epochs, and returns a history of loss and accuracy.
#
# At its best, the squared error of lesson 7, from a good start and on all images, got about 93
# percent right.
#
# **Predict.** What will be the best that the squared error gets here?
#
# - Below 50 percent.
# - About 70 percent.
# - About 90 percent.

# %% answer=1
train, test = load_mnist(), load_mnist(split="test")
some = ArrayDataset(*train[:10_000])
ONE_HOT = np.eye(10, dtype=np.float32)


def squared_error_of_digits(scores, labels):
    return F.mse_loss(scores.sigmoid(), ONE_HOT[labels])


def saturated_network(rng):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 200), nn.Sigmoid(), nn.Linear(200, 10))
    shapes = {name: array.shape for name, array in model.state_dict().items()}
    model.load_state_dict({name: rng.normal(size=shape) for name, shape in shapes.items()})
    return model


rng = np.random.default_rng(0)
with tg.no_grad():
    outputs = saturated_network(rng)(some.images[:1000]).sigmoid().data
sure = np.mean((outputs < 0.05) | (outputs > 0.95))
print(f"outputs below 0.05 or above 0.95 at the start: {100 * sure:.0f} %")

losses = {"squared error": squared_error_of_digits, "cross-entropy": F.cross_entropy}
rates = {"squared error": (10.0, 30.0, 100.0), "cross-entropy": (0.3, 1.0, 3.0)}
best = {}
print()
print("loss            learning rate   test accuracy, two seeds")
for name, loss_fn in losses.items():
    for lr in rates[name]:
        accuracies = []
        for seed in (0, 1):
            rng = np.random.default_rng(seed)
            model = saturated_network(rng)
            batches = DataLoader(some, batch_size=50, shuffle=True, rng=rng)
            fit(model, batches, optim.SGD(model.parameters(), lr), epochs=1, loss_fn=loss_fn)
            accuracies.append(evaluate(model, test).accuracy)
        print(f"{name}   {lr:13g}   " + "  ".join(f"{100 * a:5.1f} %" for a in accuracies))
        best[name] = max(best.get(name, 0), np.mean(accuracies))


# %% [markdown]
# The squared error stays below 50 % at each of its rates, while the cross-entropy passes 80 % from
# the same bad start. Lesson 7 put the published weights back into the network that worked, one
# hidden layer like this one: with the squared error it got no further than 29 % in six passes
# over 1,000 images. There, different weights were the way out. Here, a different loss was enough.
#
# How much of `train.fit` is new? Here is its heart, to compare with the loop of lesson 8.
# Whatever you do not recognise in it is for later lessons.

# %%
source = inspect.getsource(fit)
print(source[source.index("        for inputs") : source.index("        history.append")])

# %% [markdown]
# ## What was learned
#
# - After a sigmoid, the squared error pushes with a factor $p (1 - p)$: an output that is sure and
#   wrong hardly learns. The cross-entropy pushes with $p - y$.
# - The softmax belongs in the loss, as log-sum-exp: naive exponentials overflow.
#
# ## What is still open
#
# The loss says where to go. How far should each weight move? Lesson 10 looks at the step.
#
# ## Exercises
#
# Write them in `lessons/exercises/09_losses.py`.
#
# - `binary_cross_entropy`: log-sum-exp for one output, safe for every score.
# - `smoothed_gradient`: the gradient when the target is not quite one-hot.
#
# Check them with `python -m lessons check 09`.
