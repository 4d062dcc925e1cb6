"""Exercises of lesson 23: properties and mutants. Check with `python -m lessons check 23`."""


def points_that_tell():
    """At most four numbers x that let a check of the rule find every planted fault.

    The function is np.clip(x / 6 + 1 / 2, 0, 1): a line, cut off at 0 and at 1. Its right rule
    is 1 / 6 for -3 < x < 3, and 0 outside. The planted faults:

        1. the factor 1 / 6 is forgotten: 1 inside, 0 outside
        2. the cut on the left is forgotten: 1 / 6 for all x < 3
        3. the cut on the right is forgotten: 1 / 6 for all x > -3
        4. the kinks are put at -2 and 2
        5. the kinks are put at -4 and 4

    Returns a list of numbers. At each of them the rule is compared with a central difference
    with step 1e-6. Judged by seven values: whether the right rule is accused (0 is expected),
    whether fault 1, 2, 3, 4, 5 is found (1), and whether there are at most four points (1).
    """
    raise NotImplementedError


def shrunk(numbers, fails):
    """A failing list, made as short as leaving out single numbers can make it.

    Leave out one number at a time. If the rest still fails, go on with the rest; if not, put the
    number back. Stop when no single number of what is left can be left out. Do not forget that
    a number that could not be left out at first may not be needed later, when others are gone.

    numbers  a list of numbers for which fails(numbers) is True; do not change it
    fails    takes a list, returns whether it fails. An empty list never fails

    Returns a list: some of the numbers, in their old order. There may be several right ones.
    Judged on four lists by four values each: whether the result fails (1 is expected), whether a
    single number of it could still be left out (0), whether it is part of `numbers` in the old
    order (1), and whether `numbers` is unchanged (1). `fails` may be asked at most 200 times.
    """
    raise NotImplementedError
