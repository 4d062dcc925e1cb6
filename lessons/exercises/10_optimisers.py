"""Exercises of lesson 10. Check them with `python -m lessons check 10`."""

import numpy as np  # noqa: F401  (your answers need these)

from tinygrad_mlp import no_grad  # noqa: F401


class Momentum:
    """Descent with momentum, on parameters that have `.data` and `.grad`, as `Descent` has.

    step() does, for each parameter that has a gradient (others stay, with their velocity),
        velocity = momentum * velocity + gradient          (velocity is 0 at first)
        parameter = parameter - lr * velocity              (in place, with the new velocity)
    zero_grad() forgets the gradients, not the velocities. Judged on several steps.
    """

    def __init__(self, parameters, lr, momentum):
        """Keep what the two methods need; `parameters` can be gone through with `for`."""
        raise NotImplementedError

    def step(self):
        """Update the velocities, and move the parameters in place."""
        raise NotImplementedError

    def zero_grad(self):
        """Forget the gradients of all parameters."""
        raise NotImplementedError


def momentum_path(gradient, start, lr, momentum, steps):
    """Descent with momentum: a heavy ball that keeps some of its speed.

        velocity = momentum * velocity + gradient(w)        (velocity is 0 at first)
        w        = w - lr * velocity                        (with the new velocity)

    Along a ravine the gradients agree and the velocity grows; across it they alternate and cancel.
    Unlike Adam's scaling, this does not depend on the axes.

    gradient  a function of w that returns an array of the shape of w
    start     an array (d,), which must not be changed
    returns   an array (steps + 1, d): the start, and w after each step

    Judged on a ravine and on a function that is not a parabola.
    """
    raise NotImplementedError
