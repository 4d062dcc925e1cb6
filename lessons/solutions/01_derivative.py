"""Solutions to the exercises of lesson 1."""

import math


def divide(a, b):
    """The quotient is a times 1 / b.

    With b fixed it is proportional to a, with the factor 1 / b: that is the first slope. With a
    fixed, 1 / b has the derivative -1 / b**2, so the second slope is -a / b**2. It is negative for
    positive a: a larger divisor makes a smaller quotient.
    """
    return a / b, 1 / b, -a / b**2


def tanh(x):
    """Divide cosh^2 - sinh^2 = 1 by cosh^2: 1 - tanh^2 = 1 / cosh^2.

    So the slope is 1 - y * y. It needs neither x nor a large number: at 1000 it is simply 0.
    """
    y = math.tanh(x)
    return y, 1 - y * y


def walk_back(inputs, slopes):
    """From the newest to the oldest: the users of a value have larger numbers than it has.

    So when the loop gets to a value, all contributions to its gradient have arrived. It is `+=`
    and not `=` because several users may contribute. Values that the last one does not depend
    on keep their 0, and what they pass on is 0 too.
    """
    gradients = [0.0] * len(inputs)
    gradients[-1] = 1.0
    for i in reversed(range(len(inputs))):
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            gradients[x] += slope * gradients[i]
    return gradients


def walk_forward(inputs, slopes, start):
    """From the oldest to the newest: the inputs of a value have smaller numbers than it has.

    A value moves with each of its inputs, by the local slope times how fast the input itself
    moves; the effects are added. Here each value collects from its inputs; in walk_back each
    value sent something to its inputs.

    Both walks multiply along paths and add where paths meet, so walk_forward(..., start)[-1]
    equals walk_back(...)[start]. For the gradient of one loss with respect to a million weights,
    the backward walk runs once; the forward walk would have to run a million times.
    """
    speeds = [0.0] * len(inputs)
    speeds[start] = 1.0
    for i in range(start + 1, len(inputs)):
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            speeds[i] += slope * speeds[x]
    return speeds
