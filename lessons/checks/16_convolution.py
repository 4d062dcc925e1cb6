"""How the exercises of lesson 16 are judged."""

import numpy as np

import tinygrad_mlp as tg
from lessons.checking import Exercise, Mistake
from lessons.checks.layers import drawn, gradient_of, parameters_of
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F

HINTS = {
    "names": "Only attributes are found that are an nn.Parameter or a layer such as nn.Linear, and "
    "their names count: kernel, kernel_bias and scores.",
    "shapes": "kernel is (kernels, channels, height, width), (6, 1, 5, 5) here, with a bias for "
    "each of the 6; scores goes from 6 * 12 * 12 = 864 numbers to 10.",
    "dtypes": "np.zeros and rng.normal give float64: write np.zeros(shape, np.float32).",
}


# --------------------------------------------------------------------------- kernel_gradient

SEEN = [
    (drawn(2, 6, 6, seed=20), drawn(2, 4, 4, seed=21)),
    (drawn(3, 7, 6, seed=22), drawn(3, 6, 3, seed=23)),
    (drawn(1, 4, 5, seed=24), drawn(1, 1, 3, seed=25)),
]


def gradients_found(answer):
    return [answer(images, g) for images, g in SEEN]


def sizes_of(images, g):
    return images.shape[1] - g.shape[1] + 1, images.shape[2] - g.shape[2] + 1


def laid_on(images, g):
    """g laid on the images: the right answer."""
    rows, columns = g.shape[1:]
    height, width = sizes_of(images, g)
    return np.array(
        [
            [np.sum(g * images[:, u : u + rows, v : v + columns]) for v in range(width)]
            for u in range(height)
        ]
    )


def flipped(images, g):
    return laid_on(images, g[:, ::-1, ::-1])


def turned_round(images, g):
    return laid_on(images, g)[::-1, ::-1]


def averaged_over_images(images, g):
    return laid_on(images, g) / len(images)


def averaged_over_places(images, g):
    return laid_on(images, g) / g[0].size


def of_the_first_image(images, g):
    return laid_on(images[:1], g[:1])


def for_each_image(images, g):
    return np.array([laid_on(images[i : i + 1], g[i : i + 1]) for i in range(len(images))])


def without_g(images, g):
    return laid_on(images, np.ones_like(g))


def down_and_right_exchanged(images, g):
    return laid_on(images, g).T


def of_g_and_one_window(images, g):
    """The pixels of the first window alone, as if the kernel had been used once."""
    height, width = sizes_of(images, g)
    return np.sum(g[:, :1, :1] * images[:, :height, :width], axis=0)


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
    parameters = parameters_of(net, NET_SHAPES, HINTS)
    twins = parameters_of(again, NET_SHAPES, HINTS)
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
        "kernel_gradient",
        observe=gradients_found,
        hint="Take one weight, kernel[u, v]: which pixel is it multiplied by for the result at "
        "(i, j)? Add g[i, j] times that pixel over all places and all images.",
        mistakes=[
            Mistake(
                flipped,
                "You turned g by half a circle. The result at (i, j) uses the pixel at (i + u, "
                "j + v), so g and the pixels are taken in the same order.",
            ),
            Mistake(
                turned_round,
                "All the numbers are there, but turned by half a circle: the first weight of the "
                "kernel meets the pixels that begin at row 0 and column 0.",
            ),
            Mistake(
                averaged_over_images,
                "You divided by the number of images. If the loss is a mean, that is in g already.",
            ),
            Mistake(
                averaged_over_places,
                "You divided by the number of places. A weight that is used many times gets the "
                "sum of its gradients, not their mean.",
            ),
            Mistake(of_the_first_image, "Only the first image counts; add over all images."),
            Mistake(
                for_each_image,
                "That is one gradient for each image. They share the kernel: add them.",
            ),
            Mistake(
                without_g,
                "You did not use g: that is the gradient of the sum of the result. By the chain "
                "rule, each pixel is multiplied by g of its place.",
            ),
            Mistake(
                down_and_right_exchanged,
                "Rows and columns are exchanged: u moves the window down, v to the right.",
            ),
            Mistake(
                of_g_and_one_window,
                "You used only the first place. The kernel was used at every place (i, j): add "
                "over all of them.",
            ),
        ],
    ),
    Exercise(
        "ConvNet",
        observe=observe_conv_net,
        hint="The first two values say whether the kernels start as kaiming_normal_ makes them, "
        "the third whether the same rng gives the same network, the fourth is kernel_bias. The "
        "others: conv2d with its bias, ReLU, max_pool2d, reshape to (n, 864), scores.",
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
