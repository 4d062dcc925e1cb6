"""How the exercise of lesson 16 is judged."""

import numpy as np

import tinygrad_mlp as tg
from lessons.checking import Exercise, Mistake
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


def drawn(*shape, seed):
    """Normal random numbers."""
    return np.random.default_rng(seed).normal(size=shape)


def gradient_of(parameter):
    """Zeros where the result does not depend on the parameter."""
    return np.zeros(parameter.shape) if parameter.grad is None else parameter.grad


def parameters_of(layer, shapes):
    """The parameters by name. ValueError says which is missing, unknown, or of another form."""
    found = dict(layer.named_parameters())
    if found.keys() != shapes.keys():
        names, expected = (", ".join(sorted(some)) or "none" for some in (found, shapes))
        raise ValueError(f"the parameters that are found are {names}; expected are {expected}")
    for name, shape in sorted(shapes.items()):
        parameter = found[name]
        if parameter.shape != shape:
            raise ValueError(f"{name} has shape {parameter.shape}, but {shape} is expected")
        if parameter.dtype != np.float32:
            raise ValueError(f"{name} is {parameter.dtype}, but float32 is expected")
    return found


# ----------------------------------------------------------------------------------- ConvNet

IMAGES = drawn(3, 28, 28, seed=11)
NET_SHAPES = {
    "kernel": (6, 1, 5, 5),
    "kernel_bias": (6,),
    "scores.bias": (10,),
    "scores.weight": (10, 864),
}


def observe_conv_net(answer):
    net, again, *more = (answer(rng=seed) for seed in (0, 0, 1, 2, 3))
    parameters = parameters_of(net, NET_SHAPES)
    twins = parameters_of(again, NET_SHAPES)
    repeats = [np.array_equal(p.data, twins[name].data) for name, p in parameters.items()]
    kernels = np.stack([one.kernel.data for one in (net, *more)])
    # 600 numbers: the root of 2 / 25 is 0.28, and of a normal distribution some lie beyond 0.6.
    found = [0.24 < kernels.std() < 0.33, np.abs(kernels).max() > 0.6, all(repeats)]
    found.append(np.array(parameters["kernel_bias"].data))
    for i, name in enumerate(NET_SHAPES):
        parameters[name].data = 0.3 * drawn(*NET_SHAPES[name], seed=12 + i)
    scores = net(tg.tensor(IMAGES))
    scores.backward(drawn(3, 10, seed=16))
    gradients = [gradient_of(parameters[name]) for name in NET_SHAPES]
    return [*found, scores, net(IMAGES), *gradients]


class WithPieces(nn.Module):
    """What the wrong versions share."""

    def __init__(self, rng=None):
        rng = np.random.default_rng(rng)
        self.kernel = nn.Parameter(np.zeros((6, 1, 5, 5), np.float32))
        nn.init.kaiming_normal_(self.kernel, rng=rng)
        self.kernel_bias = nn.Parameter(np.zeros(6, np.float32))
        self.scores = nn.Linear(864, 10, rng=rng)

    def seen(self, images):
        images = images.reshape(images.shape[0], 1, 28, 28)
        return F.conv2d(images, self.kernel, self.kernel_bias)


class WithoutReLU(WithPieces):
    def forward(self, images):
        return self.scores(F.max_pool2d(self.seen(images), 2).reshape(images.shape[0], 864))


class WithMeans(WithPieces):
    def forward(self, images):
        seen = tg.relu(self.seen(images))
        return self.scores(F.avg_pool2d(seen, 2).reshape(images.shape[0], 864))


class WithoutBias(WithPieces):
    def forward(self, images):
        images = images.reshape(images.shape[0], 1, 28, 28)
        seen = tg.relu(F.conv2d(images, self.kernel))
        return self.scores(F.max_pool2d(seen, 2).reshape(images.shape[0], 864))


class WithReLUOnScores(WithPieces):
    def forward(self, images):
        pooled = F.max_pool2d(tg.relu(self.seen(images)), 2)
        return tg.relu(self.scores(pooled.reshape(images.shape[0], 864)))


class ChannelsLast(WithPieces):
    def forward(self, images):
        pooled = F.max_pool2d(tg.relu(self.seen(images)), 2)
        return self.scores(pooled.permute(0, 2, 3, 1).reshape(images.shape[0], 864))


def scored(net, images):
    """The right scores."""
    pooled = F.max_pool2d(tg.relu(net.seen(images)), 2)
    return net.scores(pooled.reshape(images.shape[0], 864))


class WithZeroKernels(WithPieces):
    def __init__(self, rng=None):
        super().__init__(rng)
        self.kernel = nn.Parameter(np.zeros((6, 1, 5, 5), np.float32))

    def forward(self, images):
        return scored(self, images)


class WithLargeKernels(WithPieces):
    def __init__(self, rng=None):
        super().__init__(rng)
        self.kernel.data = self.kernel.data * np.float32(100)

    def forward(self, images):
        return scored(self, images)


class WithFreshScores(WithPieces):
    def __init__(self, rng=None):
        super().__init__(rng)
        self.scores = nn.Linear(864, 10)

    def forward(self, images):
        return scored(self, images)


class WithPadding(WithPieces):
    def __init__(self, rng=None):
        super().__init__(rng)
        self.scores = nn.Linear(6 * 14 * 14, 10, rng=rng)

    def forward(self, images):
        images = images.reshape(images.shape[0], 1, 28, 28)
        seen = tg.relu(F.conv2d(images, self.kernel, self.kernel_bias, padding=2))
        return self.scores(F.max_pool2d(seen, 2).reshape(images.shape[0], 6 * 14 * 14))


EXERCISES = [
    Exercise(
        "ConvNet",
        observe=observe_conv_net,
        hint="If a name or a shape is refused: the parameters are kernel (6, 1, 5, 5), kernel_bias "
        "(6,) and an nn.Linear called scores, from 864 to 10. Otherwise the first two values say "
        "whether the kernels start as kaiming_normal_ makes them, the third whether the same rng "
        "gives the same network. Then conv2d with its bias, ReLU, max_pool2d, reshape to "
        "(n, 864), scores.",
        mistakes=[
            Mistake(WithoutReLU, "There is no ReLU after the convolution."),
            Mistake(WithMeans, "You pooled with means; the exercise asks for the largest values."),
            Mistake(WithoutBias, "The convolution does not use `kernel_bias`."),
            Mistake(
                WithReLUOnScores,
                "There is a ReLU on the scores. Scores may be negative; cross-entropy takes them "
                "as they are.",
            ),
            Mistake(
                ChannelsLast,
                "You moved the channels to the end before the reshape. The exercise keeps them "
                "first, as the array lies (and as PyTorch does).",
            ),
            Mistake(
                WithZeroKernels,
                "The kernels all start at 0, so they stay equal to one another for ever. Fill "
                "them with nn.init.kaiming_normal_.",
            ),
            Mistake(
                WithLargeKernels,
                "The kernels start with another size than nn.init.kaiming_normal_ gives them, "
                "whose standard deviation is the root of 2 / 25.",
            ),
            Mistake(
                WithFreshScores,
                "The same rng gives another network each time: pass rng=rng to nn.Linear too.",
            ),
            Mistake(
                WithPadding,
                "With padding the images stay 28 by 28. Without it 24 by 24 are left, and "
                "12 by 12 after pooling: 864 numbers for `scores`.",
            ),
        ],
    ),
]
