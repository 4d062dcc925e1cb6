"""Answers to the exercises of lesson 3, as students might write them."""

import numpy as np

# ------------------------------------------------------------------------------- slope_along


def slope_with_a_step_of_its_own(function, x, direction, step=1e-5):
    return (function(x + 1e-5 * direction) - function(x - 1e-5 * direction)) / 2e-5


def slope_of_the_direction_alone(function, x, direction, step=1e-5):
    return (function(step * direction) - function(-step * direction)) / (2 * step)


def slope_backwards(function, x, direction, step=1e-5):
    return (function(x - step * direction) - function(x + step * direction)) / (2 * step)


def slope_per_number(function, x, direction, step=1e-5):
    return (function(x + step * direction) - function(x - step * direction)) / (2 * step * x.size)


def slope_not_divided(function, x, direction, step=1e-5):
    return function(x + step * direction) - function(x - step * direction)


def slope_of_an_array(function, x, direction, step=1e-5):
    return (function(x + step * direction) - function(x - step * direction)) / (
        2 * step * direction
    )


def slope_by_moving_a_copy(function, x, direction, step=1e-5):
    moved = x.copy()
    moved += step * direction
    ahead = function(moved)
    moved -= 2 * step * direction
    return (ahead - function(moved)) / step / 2


def slope_of_a_line(function, x, direction, step=1e-5):
    def line(t):
        return function(x + t * direction)

    return np.float64(line(step) - line(-step)) / (step + step)


# -------------------------------------------------------------------------------- richardson


def both(function, x, h):
    return (function(x + h) - function(x - h)) / (2 * h)


def richardson_with_five_quarters(function, x, step):
    return (5 * both(function, x, step / 2) - both(function, x, step)) / 4


def richardson_with_a_plus(function, x, step):
    return (4 * both(function, x, step / 2) + both(function, x, step)) / 5


def richardson_not_divided(function, x, step):
    return 4 * both(function, x, step / 2) - both(function, x, step)


def the_better_half_alone(function, x, step):
    return both(function, x, step / 2)


def richardson_of_one_number(function, x, step):
    return (4 * both(function, x[0], step / 2) - both(function, x[0], step)) / 3


def richardson_written_out(function, x, step):
    near = function(x + step / 2) - function(x - step / 2)
    far = function(x + step) - function(x - step)
    return (8 * near - far) / (6 * step)


def richardson_as_a_correction(function, x, step):
    coarse, fine = both(function, x, step), both(function, x, step / 2)
    return fine + (fine - coarse) / 3


WRONG = {
    "slope_along": [
        slope_with_a_step_of_its_own,
        slope_of_the_direction_alone,
        slope_backwards,
        slope_per_number,
        slope_not_divided,
        slope_of_an_array,
    ],
    "richardson": [
        richardson_with_five_quarters,
        richardson_with_a_plus,
        richardson_not_divided,
        the_better_half_alone,
        richardson_of_one_number,
    ],
}
RIGHT = {
    "slope_along": [slope_by_moving_a_copy, slope_of_a_line],
    "richardson": [richardson_written_out, richardson_as_a_correction],
}
