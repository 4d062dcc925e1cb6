"""Exercises of lesson 21. Check them with `python -m lessons check 21`.

A line of a program is a tuple `(out, op, inputs)`: the name of its result, the name of its op, and
a tuple with the names of what the op is given, such as `("v2", "mul", ("x", "v1"))`. Every name is
made once, before it is used.
"""


def fold_with_draws(lines, constants, ops):
    """Compute once what never changes, but draw random numbers at each replay.

    lines      a list of lines, in order
    constants  a dictionary, name -> array; leave it as it is, and return a new one
    ops        a dictionary, name of an op -> a function of arrays
    returns    the lines that are left, in order, and a dictionary with all constants: those that
               were given and those that you have computed

    A line whose inputs are all constants makes a constant. The exception is the op "draw", which
    has no inputs, or a constant as its input, and gives new random numbers at each replay. It must
    stay, and so must everything that is computed from it.

    Judged for three programs, by the lines that are left, by the constants, and by how often a
    "draw" was called.
    """
    raise NotImplementedError


def rooms(lines, results):
    """A place in memory for the result of each line: a dictionary, name of a result -> its room.

    Rooms are numbered 0, 1, 2 and so on. A line takes the free room with the smallest number, and
    a new one if none is free. A room becomes free again after the last line that reads what is in
    it, so that a line never writes into a room that it still reads. If no line ever reads a result,
    its room is free again after the line that made it. What is in `results` is handed to the
    caller, so its room never becomes free.

    lines    a list of lines, in order; a name that no line makes is an input and has no room
    results  a list of names

    Judged for six programs.
    """
    raise NotImplementedError


def compiled(function, trace):
    """A function that traces at its first call with new shapes and dtypes, and replays later.

    function  of any number of arrays, passed by position
    trace     `trace(function, arrays)`, where `arrays` is a tuple, gives the program for arrays
              like these: a function that is called as `program(*arrays)`
    returns   a function of arrays. At every call it returns what the right program returns.

    An array has a `shape` and a `dtype`; the values in it must not matter.

    Judged by the results of eleven calls, by how often `trace` and the function were called (the
    function runs inside the programs only), and by the results of three more functions that are
    compiled after the first.
    """
    raise NotImplementedError
