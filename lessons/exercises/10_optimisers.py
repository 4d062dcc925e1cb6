"""Exercises of lesson 10. Check them with `python -m lessons check 10`."""

import numpy as np  # noqa: F401  (your answers need these)

from tinygrad_mlp import no_grad  # noqa: F401


class Momentum:
    """Descent with momentum, on parameters that have `.data` and `.grad`, as `Descent` has.

    step() does, for each parameter that has a gradient (others stay, with their velocity),
        velocity = momentum * velocity + gradient          (velocity is 0 at first)
        parameter = parameter - lr * velocity              (in place, with the new velocity)
    zero_grad() sets every `.grad` to None, and forgets no velocity.

    Judged on several steps, with two parameters. One of them has a gradient in some steps and none
    in others, as when a part of a network is not used. Gradients must not be changed.
    """

    def __init__(self, parameters, lr, momentum):
        """Keep what the two methods need; `parameters` can be gone through with `for`, once."""
        raise NotImplementedError

    def step(self):
        """Update the velocities, and move the parameters in place."""
        raise NotImplementedError

    def zero_grad(self):
        """Forget the gradients of all parameters."""
        raise NotImplementedError


def corrected_averages(values, share):
    """The moving average of `values` after each of them, with Adam's division.

    The average starts at 0. Each value changes it to share * average + (1 - share) * value, and
    after t values it is divided by 1 - share^t, for the result only: the next average is made from
    the one before the division. If all values are equal, every result is that value.

    values   an array (steps,) or (steps, n), which must not be changed
    share    a number from 0 up to, but not including, 1; Adam has 0.9 and 0.999
    returns  an array of the same shape: row t is the corrected average of the first rows up to t

    Judged on arrays of both shapes, with several shares, 0 among them.
    """
    raise NotImplementedError
