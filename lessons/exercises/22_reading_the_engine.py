"""Exercises of lesson 22. Check them with `python -m lessons check 22`."""


def reachable(result):
    """All tensors that `result` was made from, itself included, as far as they are in the graph.

    A tensor t has a t.serial, and t.inputs: None if it is a leaf, otherwise the list of what its op
    was given. In this list stand tensors, and plain arrays and numbers, which are no part of the
    graph.

    result   a tensor
    returns  a dictionary: serial number -> tensor

    Judged on a leaf, on small graphs, on a chain of 20,000 additions, and on a ladder of sixty
    diamonds, where walking every path separately would never end.
    """
    raise NotImplementedError


def on_the_way(inputs, targets):
    """Which values a gradient must pass through to get from the last value to the targets.

    That is each target itself, and each value that was made from one, directly or by way of others.
    All other values need no gradient, and the walk can leave them out.

    inputs   for each value a tuple: the numbers of the values that it was made from, all smaller
             than its own. This is the argument of `walk_back` in lesson 1
    targets  a set of numbers of values
    returns  a list of True and False, one for each value

    Judged on three graphs and several sets of targets, one of them empty.
    """
    raise NotImplementedError


def limit_gradient(tensor, limit):
    """Hang a hook on the tensor that shortens its gradient where it is longer than `limit`.

    The length of a gradient is the root of the sum of its squares. A longer one is multiplied by a
    positive number that gives it the length `limit`; any other passes unchanged, also one of zeros.

    tensor   a tensor that requires a gradient
    limit    a positive number

    tensor.register_hook(function) calls the function with the gradient (a tensor) in the backward
    pass. If the function returns a tensor, the walk goes on with that one.

    Judged by the gradients that arrive at a leaf behind the tensor.
    """
    raise NotImplementedError
