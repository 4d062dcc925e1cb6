"""Solutions of lesson 3: checking a gradient."""


def slope_along(function, x, direction, step=1e-5):
    """The slope of `function` at x along a direction, by one central difference.

    From one side to the other it is 2 * step, counted in lengths of `direction`; so the direction
    is not scaled to length 1, and the result is sum(gradient * direction).
    """
    ahead = function(x + step * direction)
    behind = function(x - step * direction)
    return (ahead - behind) / (2 * step)


def richardson(function, x, step):
    """A slope whose error falls with the fourth power of the step, from two central differences.

    C(h) = slope + c h^2 + ..., C(h / 2) = slope + c h^2 / 4 + ... The error is gone if
    a / 4 + b = 0; with a + b = 1 that gives a = 4 / 3 and b = -1 / 3. What remains is of the
    order of h^4. (Lewis Fry Richardson, 1911.)
    """

    def central(h):
        return (function(x + h) - function(x - h)) / (2 * h)

    return (4 * central(step / 2) - central(step)) / 3
