"""Exercises of lesson 1. Check them with `python -m lessons check 01`."""


def divide(a, b):
    """The quotient a / b of two numbers, and its two local slopes.

    a, b     numbers; b is not 0
    returns  three numbers: a / b, its slope with respect to a, its slope with respect to b

    Judged on several pairs of numbers, some of them negative.
    """
    raise NotImplementedError


def tanh(x):
    """The hyperbolic tangent of a number, and its local slope.

    x        a number
    returns  two numbers: y = tanh(x), and its slope with respect to x. Find a form of the slope
             that needs nothing but y: with 1 / cosh(x)**2 a computer gives up beyond x = 710,
             where cosh is too large a number

    Judged on several numbers, among them 1000.0 and -1000.0.
    """
    raise NotImplementedError


def walk_back(inputs, slopes):
    """How fast the last value moves with each value: the backward walk, over plain lists.

    The values are numbered 0, 1, 2, ... in the order in which they were made.

    inputs   for each value a tuple: the numbers of the values that it was made from.
             A leaf has an empty tuple. A value may occur twice, as in e * e
    slopes   for each value a tuple: its local slopes, one for each of its inputs
    returns  a list of numbers, one for each value: the slope of the LAST value with respect to it.
             A value that the last one was not made from has the slope 0

    For x * sin(x) at x = 6, with x as number 0 and sin(x) as number 1, the arguments are
        inputs = [(), (0,), (0, 1)]      slopes = [(), (0.96,), (-0.28, 6.0)]
    and the answer is about [5.48, 6.0, 1.0].

    Compute `slope * gradient`, in this order, and add with `+`: then your walk also works where a
    slope is not a number, and the capstone can walk over arrays with it.

    Judged on five graphs with diamonds, on one whose slopes are objects that know only `*`, and on
    ten diamonds in a row, where each slope may be used only once.
    """
    raise NotImplementedError


def walk_forward(inputs, slopes, start):
    """How fast each value moves with the value `start`: a walk in the other direction.

    walk_back gives the slopes of one result with respect to everything. This gives the slopes of
    everything with respect to one value. It needs one pass too, from the oldest to the newest.

    inputs, slopes   as in walk_back
    start            the number of a value
    returns          a list of numbers, one for each value: its slope with respect to `start`.
                     For `start` itself that is 1, and for what was not made from it 0

    Think first: if you know how fast each input of a value moves, how fast does the value move?

    Judged on five graphs with diamonds, from several starts.
    """
    raise NotImplementedError
