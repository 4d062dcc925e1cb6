"""Solutions of lesson 23: properties and mutants."""


def points_that_tell():
    """At most four numbers x that let a check of the rule find every planted fault.

    A fault is found where its rule differs from the right one. Faults 2 and 3 need a point
    beyond each kink; if these lie between 3 and 4, they find fault 5 as well. Fault 4 needs a
    point between 2 and 3 on either side; it also finds the missing factor. None of them is at a
    kink, where even the right rule is accused.
    """
    return [-3.5, 2.5, 3.5]


def shrunk(numbers, fails):
    """A failing list, made as short as leaving out single numbers can make it.

    After each success we start again from the left, as a number that was needed before may not be
    needed any more. The loop ends when a whole round has left nothing out.
    """
    found = list(numbers)
    place = 0
    while place < len(found):
        rest = found[:place] + found[place + 1 :]
        if fails(rest):
            found, place = rest, 0
        else:
            place += 1
    return found
