"""Exercises of lesson 3: checking a gradient. Check them with `python -m lessons check 03`."""


def slope_along(function, x, direction, step=1e-5):
    """The slope of `function` at x along a direction, by one central difference.

    Move all numbers of x at once, by `step` times `direction`, first one way, then the other. To
    first order f(x + h v) = f(x) + h * sum(gradient * v), so the slope is
    sum(gradient * direction).
    This checks a whole gradient with two evaluations, however many numbers x has.

    function   takes an array of the shape of x, returns one number
    x          array of any shape, float64; do not change it
    direction  array of the shape of x; use it as given, whatever its length

    Returns one number. Judged on functions of several shapes, with a step so long that a
    one-sided difference is noticed.
    """
    raise NotImplementedError


def richardson(function, x, step):
    """A slope whose error falls with the fourth power of the step, from two central differences.

    Let C(h) be the central difference with step h. Its error is about c * h**2, with a c that
    does not depend on h. So the error of C(h / 2) is a quarter of that. Find the weights a and b
    for which a * C(step / 2) + b * C(step) has no error of this kind, and is still a slope
    (a + b = 1).

    function  elementwise, on arrays
    x         array of any shape, float64
    step      the h of C(h); the other difference uses step / 2

    Returns the slopes, in the shape of x. Judged with long steps, where the weights matter.
    """
    raise NotImplementedError
