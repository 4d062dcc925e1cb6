"""How the exercises of lesson 8 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake, Refused
from tinygrad_mlp import nn, no_grad, tensor
from tinygrad_mlp.nn import functional as F

# ------------------------------------------------------------------------------------- Descent


def observe_descent(answer):
    first = nn.Parameter(np.array([0.7, -1.3, 0.4]))
    second = nn.Parameter(np.array([[1.1, 0.6], [-0.8, 0.9]]))
    unused = nn.Parameter(np.array([2.5, -0.2]))
    optimiser = answer((p for p in (first, unused, second)), 0.15)
    seen = []
    for _ in range(3):
        loss = (first * first).sum() * 0.7 + (second * second * second).sum() * first.sum()
        loss.backward()
        optimiser.step()
        seen.append(first.grad is not None)  # only zero_grad() forgets
        if first.grad is not None:
            seen.append(first.grad.data.copy())
        optimiser.zero_grad()
        seen.append([parameter.grad is None for parameter in (first, second, unused)])
        seen += [parameter.data.copy() for parameter in (first, second, unused)]
    optimiser.step()  # with no gradient left there is nothing to follow
    return [*seen, first.data.copy()]


class Base:
    """What most versions share."""

    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.lr = lr

    def step(self):
        with no_grad():
            for parameter in self.parameters:
                if parameter.grad is not None:
                    parameter -= self.lr * parameter.grad

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None


class KeepsTheGenerator(Base):
    def __init__(self, parameters, lr):
        self.parameters = parameters
        self.lr = lr


class MakesNewTensors(Base):
    def step(self):
        with no_grad():
            for parameter in self.parameters:
                if parameter.grad is not None:
                    parameter = parameter - self.lr * parameter.grad


class MakesANewList(Base):
    def step(self):
        with no_grad():
            self.parameters = [
                parameter if parameter.grad is None else parameter - self.lr * parameter.grad
                for parameter in self.parameters
            ]


class Climbs(Base):
    def step(self):
        with no_grad():
            for parameter in self.parameters:
                if parameter.grad is not None:
                    parameter += self.lr * parameter.grad


class NeverForgets(Base):
    def zero_grad(self):
        pass


class FillsWithZeros(Base):
    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = tensor(np.zeros(parameter.shape))


class EmptiesGradients(Base):
    def zero_grad(self):
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad.data[...] = 0


class ScalesTheGradient(Base):
    def step(self):
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad.data *= self.lr
                parameter.data -= parameter.grad.data


class ExpectsAllGradients(Base):
    def step(self):
        with no_grad():
            for parameter in self.parameters:
                parameter -= self.lr * parameter.grad


class ForgetsInStep(Base):
    def step(self):
        super().step()
        for parameter in self.parameters:
            parameter.grad = None

    def zero_grad(self):
        pass


class StopsAtTheFirstWithout(Base):
    def step(self):
        with no_grad():
            for parameter in self.parameters:
                if parameter.grad is None:
                    return
                parameter -= self.lr * parameter.grad


class Records(Base):
    def step(self):
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter -= self.lr * parameter.grad


ZEROS = (
    "Your zero_grad() {}. That is not the same as no gradient, which is None: some optimisers move "
    "a parameter whose gradient is 0."
)

# ------------------------------------------------------------------------------------ Residual

ROWS = np.array([[0.4, -1.2, 0.9], [1.7, 0.3, -0.6], [-0.5, 0.8, 2.1], [1.1, -0.7, -1.4]])
WEIGHTS = np.array([[1.3, 0.2, -0.9], [0.6, -1.1, 0.5], [-0.3, 0.7, 1.9], [0.8, 1.4, -0.4]])


def observe_residual(answer):
    module = answer(3, 5, np.random.default_rng(3))
    x = tensor(ROWS, requires_grad=True)
    (module(x) * WEIGHTS).sum().backward()
    parameters = list(module.parameters())
    are_float64 = [parameter.dtype == np.float64 for parameter in parameters]
    gradients = [parameter.grad for parameter in (*parameters, x)]
    return [len(parameters), are_float64, module(ROWS), *gradients]


class TwoLayers(nn.Module):
    """What the wrong versions share."""

    def __init__(self, features, hidden, rng):
        self.first = nn.Linear(features, hidden, dtype=np.float64, rng=rng)
        self.second = nn.Linear(hidden, features, dtype=np.float64, rng=rng)


class WithoutTheInput(TwoLayers):
    def forward(self, x):
        return self.second(self.first(x).sigmoid())


class SigmoidLast(TwoLayers):
    def forward(self, x):
        return x + self.second(self.first(x)).sigmoid()


class SigmoidOfTheSum(TwoLayers):
    def forward(self, x):
        return (x + self.second(self.first(x).sigmoid())).sigmoid()


class WithoutSigmoid(TwoLayers):
    def forward(self, x):
        return x + self.second(self.first(x))


class AddsTheBareInput(TwoLayers):
    def forward(self, x):
        return tensor(x).detach() + self.second(self.first(x).sigmoid())


class OtherOrder(nn.Module):
    def __init__(self, features, hidden, rng):
        self.second = nn.Linear(hidden, features, dtype=np.float64, rng=rng)
        self.first = nn.Linear(features, hidden, dtype=np.float64, rng=rng)

    def forward(self, x):
        return x + self.second(self.first(x).sigmoid())


class InFloat32(nn.Module):
    def __init__(self, features, hidden, rng):
        self.first = nn.Linear(features, hidden, rng=rng)
        self.second = nn.Linear(hidden, features, rng=rng)

    def forward(self, x):
        return x + self.second(self.first(x).sigmoid())


class InAList(nn.Module):
    def __init__(self, features, hidden, rng):
        self.layers = [
            nn.Linear(features, hidden, dtype=np.float64, rng=rng),
            nn.Linear(hidden, features, dtype=np.float64, rng=rng),
        ]

    def forward(self, x):
        first, second = self.layers
        return x + second(first(x).sigmoid())


# --------------------------------------------------------------------------- gradient_in_parts


class Watched(nn.Module):
    """A small network that notes how many images it is given at a time."""

    def __init__(self):
        rng = np.random.default_rng(7)
        self.first = nn.Linear(4, 3, dtype=np.float64, rng=rng)
        self.second = nn.Linear(3, 2, dtype=np.float64, rng=rng)
        self.rows, self.walked, self.before = [], [], None

    def forward(self, x):
        grad = self.second.bias.grad
        now = np.zeros(2) if grad is None else grad.numpy().copy()
        if self.rows:
            self.walked.append(not np.array_equal(now, self.before))
        self.before = now
        self.rows.append(len(x))
        return self.second(self.first(x).sigmoid())


def observe_parts(answer):
    seen = []
    for count, size in ((10, 4), (9, 3), (5, 8)):
        rng = np.random.default_rng(count)
        images, targets = rng.normal(size=(count, 4)), rng.normal(size=(count, 2))
        model = Watched()
        for parameter in model.parameters():  # left by an earlier batch
            parameter.grad = parameter.detach() * 0.3
        gradients = list(answer(model, images, targets, size))
        refuse_other_parts(model.rows, count, size)
        seen.append([list(model.walked), gradients])
    return seen


def refuse_other_parts(rows, count, size):
    parts = [len(range(begin, count)[:size]) for begin in range(0, count, size)]
    if rows and rows != parts:
        raise Refused(
            f"for {count} images and size={size}, the model was given {rows} images at a time",
            f"The model should be given {parts} images: every image once, in order, and the rest "
            "as a smaller last part.",
        )


def parts(model, images, targets, size, share, forget=True):
    """`share(m, n)` is the factor of a part of m images out of n."""
    if forget:
        for parameter in model.parameters():
            parameter.grad = None
    for begin in range(0, len(images), size):
        part = images[begin : begin + size]
        loss = F.mse_loss(model(part), targets[begin : begin + size])
        (loss * share(len(part), len(images))).backward()
    return [parameter.grad.data for parameter in model.parameters()]


def parts_added(model, images, targets, size):
    return parts(model, images, targets, size, lambda m, n: 1.0)


def parts_counted_alike(model, images, targets, size):
    return parts(model, images, targets, size, lambda m, n: 1 / -(-n // size))


def parts_of_full_size(model, images, targets, size):
    return parts(model, images, targets, size, lambda m, n: size / n)


def parts_on_top(model, images, targets, size):
    return parts(model, images, targets, size, lambda m, n: m / n, forget=False)


def parts_walked_together(model, images, targets, size):
    loss = 0.0
    for parameter in model.parameters():
        parameter.grad = None
    for begin in range(0, len(images), size):
        part = images[begin : begin + size]
        share = len(part) / len(images)
        loss = loss + F.mse_loss(model(part), targets[begin : begin + size]) * share
    loss.backward()
    return [parameter.grad.data for parameter in model.parameters()]


def parts_last_only(model, images, targets, size):
    for begin in range(0, len(images), size):
        for parameter in model.parameters():
            parameter.grad = None
        part = images[begin : begin + size]
        loss = F.mse_loss(model(part), targets[begin : begin + size])
        (loss * (len(part) / len(images))).backward()
    return [parameter.grad.data for parameter in model.parameters()]


def all_at_once(model, images, targets, size):
    return parts(model, images, targets, len(images), lambda m, n: 1.0)


def parts_of_the_outputs(model, images, targets, size):
    outputs = model(images)
    for begin in range(0, len(images), size):
        loss = F.mse_loss(outputs[begin : begin + size], targets[begin : begin + size])
        loss.backward()
    return [parameter.grad.data for parameter in model.parameters()]


EXERCISES = [
    Exercise(
        "Descent",
        observe=observe_descent,
        hint="step(): parameter -= lr * parameter.grad, under no_grad, where there is a gradient. "
        "zero_grad(): parameter.grad = None.",
        mistakes=[
            Mistake(
                KeepsTheGenerator,
                "What model.parameters() returns can be gone through only once: after your first "
                "step nothing is left. Make a list of it.",
            ),
            Mistake(
                MakesNewTensors,
                "Nothing moved: p = p - ... makes a new tensor, and the model keeps the old one. "
                "Write into it, with p -= ...",
            ),
            Mistake(
                MakesANewList,
                "Nothing moved: your list now holds new tensors, and the model keeps the old ones. "
                "Write into those, with p -= ...",
            ),
            Mistake(Climbs, "Your steps climb the loss. The gradient points upwards."),
            Mistake(
                NeverForgets,
                "The gradients of earlier steps are still there: zero_grad() must set .grad to "
                "None.",
            ),
            Mistake(FillsWithZeros, ZEROS.format("gives every parameter a gradient of zeros")),
            Mistake(EmptiesGradients, ZEROS.format("leaves gradients of zeros")),
            Mistake(
                ScalesTheGradient,
                "Your steps are right, but step() changes the gradients too: write -= only into "
                "the parameter.",
            ),
            Mistake(
                ForgetsInStep,
                "Your step() forgets the gradients. A user may want to look at them after it: only "
                "zero_grad() should set .grad to None.",
            ),
            Mistake(
                StopsAtTheFirstWithout,
                "Your step() ends at the first parameter without a gradient, and those after it "
                "stay where they are. Go on with the next: `continue`, not `return`.",
            ),
            Mistake(
                ExpectsAllGradients,
                "A parameter that the loss does not depend on has no gradient: its .grad is None. "
                "Leave it where it is.",
            ),
            Mistake(Records, "The update must not be recorded: do it inside `with no_grad():`."),
        ],
    ),
    Exercise(
        "Residual",
        observe=observe_residual,
        hint="Make `first` before `second`, both as attributes, with the given rng and "
        "dtype=np.float64; forward gives x + second(sigmoid(first(x))).",
        mistakes=[
            Mistake(WithoutTheInput, "Your module forgets to add its input."),
            Mistake(SigmoidLast, "The sigmoid goes between the two layers, not after them."),
            Mistake(SigmoidOfTheSum, "The one sigmoid is between the layers; the sum has none."),
            Mistake(WithoutSigmoid, "Without the sigmoid, two linear layers are one linear layer."),
            Mistake(
                AddsTheBareInput,
                "Your values are right, but the gradient of the input misses the part that comes "
                "through `x +`: add x itself, not a detached copy or its array.",
            ),
            Mistake(
                OtherOrder,
                "You made `second` before `first`: with the same rng, they get other weights.",
            ),
            Mistake(
                InFloat32,
                "Your parameters are float32: give both layers dtype=np.float64.",
            ),
            Mistake(
                InAList,
                "A module finds attributes that are modules or parameters, not plain lists of "
                "them: set two attributes, or an nn.ModuleList.",
            ),
        ],
    ),
    Exercise(
        "gradient_in_parts",
        observe=observe_parts,
        hint="The loss of each part is a mean over its own images. How much weight does it have in "
        "the mean over all of them?",
        mistakes=[
            Mistake(
                parts_added,
                "You added the means of the parts: that is too much by about the number of parts. "
                "Weight each part by its share of the images.",
            ),
            Mistake(
                parts_counted_alike,
                "All your parts count equally. The last part may be smaller, and must then count "
                "less.",
            ),
            Mistake(
                parts_of_full_size,
                "You weight the last part as if it had `size` images; count the images it has.",
            ),
            Mistake(
                parts_on_top,
                "The parameters still held gradients from an earlier batch: forget them first.",
            ),
            Mistake(
                parts_walked_together,
                "The gradients are right, but the graphs of all parts are kept until the one "
                "backward() at the end, so nothing is saved. Call backward() for each part.",
            ),
            Mistake(
                parts_last_only,
                "You forget the gradients before each part, so only the last part is left. Forget "
                "once, before the first.",
            ),
            Mistake(
                all_at_once,
                "The model was given the whole batch at once, so nothing is saved. Call it with "
                "one part at a time.",
            ),
            Mistake(
                parts_of_the_outputs,
                "You called the model once, and took parts of its outputs: they share one graph, "
                "which the first backward() frees. Take parts of the images.",
            ),
        ],
    ),
]
