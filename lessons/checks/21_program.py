"""How the exercises of lesson 21 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake

# ------------------------------------------------------------------------------ fold_with_draws

FOLDED = (
    (  # constants of constants, and a line that needs an input
        [
            ("v1", "mul", ("c1", "c2")),
            ("v2", "add", ("v1", "c1")),
            ("v3", "mul", ("x", "v2")),
            ("v4", "add", ("v3", "v1")),
        ],
        {"c1": 3.0, "c2": 0.5},
    ),
    (  # two masks, what is computed from them, and a constant between them
        [
            ("v1", "draw", ()),
            ("v2", "mul", ("v1", "c1")),
            ("v3", "mul", ("c1", "c1")),
            ("v4", "draw", ("v3",)),
            ("v5", "add", ("v4", "v3")),
            ("v6", "mul", ("x", "v5")),
        ],
        {"c1": 2.0},
    ),
    (  # nothing is constant
        [("v1", "add", ("x", "x")), ("v2", "mul", ("v1", "c1"))],
        {"c1": -1.5},
    ),
)


class Ops:
    """A table of ops that counts the draws."""

    def __init__(self):
        self.draws = 0
        self.table = {"mul": np.multiply, "add": np.add, "draw": self.draw}

    def draw(self, *inputs):
        self.draws += 1
        return np.array(0.25)


def as_numbers(lines):
    """Lines as numbers: an answer may give them as tuples or as lists."""
    ops = ("add", "draw", "mul")
    return [
        [name_as_number(out), ops.index(op), [name_as_number(name) for name in inputs]]
        for out, op, inputs in lines
    ]


def name_as_number(name):
    return "xcv".index(name[0]) * 100 + int(name[1:] or 0)


def observe_fold(answer):
    seen = []
    for lines, given in FOLDED:
        ops = Ops()
        constants = {name: np.array(value) for name, value in given.items()}
        left, found = answer(list(lines), constants, ops.table)
        names = sorted(found)
        seen.append([[len(left)], as_numbers(left)])
        seen.append([[name_as_number(n) for n in names], [np.array(found[n]) for n in names]])
        seen.append([ops.draws, len(constants)])
    return seen


def fold_by(is_foldable, keep=False, store=True, grow=True):
    """A wrong version: which lines it folds, and what it does with them."""

    def fold(lines, constants, ops):
        known, left = dict(constants), []
        for out, op, inputs in lines:
            if is_foldable(op, inputs, known if grow else constants):
                if store:
                    known[out] = ops[op](*(known[name] for name in inputs))
                if keep:
                    left.append((out, op, inputs))
            else:
                left.append((out, op, inputs))
        return left, known

    return fold


def all_constant(op, inputs, known):
    return op != "draw" and all(name in known for name in inputs)


def fold_into_the_given(lines, constants, ops):
    left, known = fold_by(all_constant)(lines, constants, ops)
    constants.update(known)
    return left, constants


def draws_while_folding(lines, constants, ops):
    for _, op, inputs in lines:
        if op == "draw":
            ops[op](*inputs)
    return fold_by(all_constant)(lines, constants, ops)


def only_the_new(lines, constants, ops):
    left, known = fold_by(all_constant)(lines, constants, ops)
    return left, {name: known[name] for name in known if name not in constants}


# ---------------------------------------------------------------------------------------- rooms

PROGRAMS = (
    (  # a chain: two rooms are enough
        [
            ("v1", "exp", ("x",)),
            ("v2", "sin", ("v1",)),
            ("v3", "cos", ("v2",)),
            ("v4", "exp", ("v3",)),
        ],
        ["v4"],
    ),
    (  # v1 is read again much later
        [
            ("v1", "exp", ("x",)),
            ("v2", "sin", ("v1",)),
            ("v3", "cos", ("v2",)),
            ("v4", "mul", ("v3", "v1")),
            ("v5", "add", ("v4", "x")),
            ("v6", "exp", ("v5",)),
        ],
        ["v6"],
    ),
    (  # a result in the middle, which is also read, but not last
        [
            ("v1", "exp", ("x",)),
            ("v2", "sin", ("v1",)),
            ("v3", "cos", ("v2",)),
            ("v4", "exp", ("v3",)),
            ("v5", "sin", ("v4",)),
        ],
        ["v2", "v5"],
    ),
    (  # v2 is never read, and one line reads a name twice
        [
            ("v1", "exp", ("x",)),
            ("v2", "sin", ("x",)),
            ("v3", "mul", ("v1", "v1")),
            ("v4", "add", ("v3", "y")),
            ("v5", "mul", ("v4", "v3")),
        ],
        ["v5"],
    ),
    (  # several rooms become free before one is taken
        [
            ("v1", "exp", ("x",)),
            ("v2", "sin", ("x",)),
            ("v3", "cos", ("x",)),
            ("v4", "exp", ("v1",)),
            ("v5", "add", ("v2", "v3")),
            ("v6", "mul", ("v5", "v4")),
            ("v7", "exp", ("v6",)),
            ("v8", "add", ("v7", "v6")),
        ],
        ["v8"],
    ),
    (  # a result that no line reads
        [
            ("v1", "exp", ("x",)),
            ("v2", "sin", ("x",)),
            ("v3", "cos", ("v1",)),
            ("v4", "exp", ("v3",)),
        ],
        ["v2", "v4"],
    ),
)


def observe_rooms(answer):
    seen = []
    for lines, results in PROGRAMS:
        found = answer(list(lines), list(results))
        seen.append([found[out] for out, _, _ in lines])
        seen.append(len(found))
    return seen


def rooms_by(
    first=False, before=False, results_too=False, choose=min, unread=True, unread_results=False
):
    """Wrong versions of `rooms`, each with one thing changed."""

    def rooms(lines, results):
        last, made = {}, [out for out, _, _ in lines]
        for place, (_, _, inputs) in enumerate(lines):
            for name in inputs:
                if not (first and name in last):
                    last[name] = place
        if unread:
            for place, out in enumerate(made):
                last.setdefault(out, place)
        room_of, free, count = {}, set(), 0
        for place, (out, _, inputs) in enumerate(lines):
            dying = {n for n in (out, *inputs) if last.get(n) == place and n in made}
            lost = {out} if unread_results and last[out] == place < len(lines) - 1 else set()
            dying = {n for n in dying if results_too or n in lost or n not in results}
            if before:
                free |= {room_of[name] for name in dying - {out}}
            if not free:
                free.add(count)
                count += 1
            room_of[out] = choose(free)
            free.remove(room_of[out])
            free |= {room_of[name] for name in (dying & {out} if before else dying)}
        return room_of

    return rooms


def rooms_freed_twice(lines, results):
    last = {name: place for place, (out, _, inputs) in enumerate(lines) for name in (out, *inputs)}
    free, room_of = [], {}
    for place, (out, _, inputs) in enumerate(lines):
        free.sort()
        room_of[out] = free.pop(0) if free else max(room_of.values(), default=-1) + 1
        for name in (out, *inputs):
            if last[name] == place and name in room_of and name not in results:
                free.append(room_of[name])
    return room_of


def a_room_for_each(lines, results):
    return {out: place for place, (out, _, _) in enumerate(lines)}


def rooms_for_inputs_too(lines, results):
    names = [name for _, _, inputs in lines for name in inputs]
    made = [out for out, _, _ in lines]
    given = [(name, "input", ()) for name in dict.fromkeys(names) if name not in made]
    return rooms_by()(given + lines, results)


# ------------------------------------------------------------------------------------- compiled

THREE, FOUR = np.array([1.0, -2.0, 0.5]), np.array([3.0, 1.0, -1.0, 0.5])
CALLS = (
    (THREE, THREE),
    (2 * THREE, THREE),
    (FOUR, FOUR),
    (THREE, THREE + 1),
    (THREE.astype(np.float32), THREE.astype(np.float32)),
    (THREE.reshape(3, 1), THREE),
    (THREE, THREE.reshape(3, 1)),
    (FOUR, FOUR - 1),
    (THREE.astype(np.float32), THREE),
    (THREE.astype(np.int64), THREE),
    (THREE, THREE),
)


class Traces:
    """A `trace` that counts, and whose programs give what only the right arrays can get."""

    def __init__(self):
        self.count = 0

    def __call__(self, function, arrays):
        self.count += 1
        number = self.count
        forms = [(array.shape, array.dtype) for array in arrays]

        def program(*others):
            fits = forms == [(array.shape, array.dtype) for array in others]
            return [number, float(fits), np.sum(function(*others))]

        return program


def observe_compiled(answer):
    traces, runs = Traces(), []

    def multiply(a, b):
        runs.append(1)
        return a * b

    product = answer(multiply, traces)
    seen = [product(*arrays) for arrays in CALLS]
    counts = [traces.count, len(runs)]
    total = answer(lambda a, b: a + b, traces)
    seen += [total(*arrays) for arrays in CALLS[:3]]
    counts.append(traces.count)
    three = answer(lambda a, b, c: a + 2 * b + c, traces)
    seen += [three(THREE, THREE, THREE), three(THREE, THREE.astype(np.float32), THREE)]
    changing = THREE.copy()
    one = answer(lambda a: a * 3, traces)
    seen.append(one(changing))
    changing *= 2
    seen.append(one(changing))
    return [*seen, *counts, traces.count]


def keyed_by(key):
    def compiled(function, trace):
        programs = {}

        def call(*arrays):
            k = key(arrays)
            if k not in programs:
                programs[k] = trace(function, arrays)
            return programs[k](*arrays)

        return call

    return compiled


def the_latest_only(function, trace):
    latest = {}

    def call(*arrays):
        key = tuple((array.shape, array.dtype) for array in arrays)
        if key not in latest:
            latest.clear()
            latest[key] = trace(function, arrays)
        return latest[key](*arrays)

    return call


def function_at_first(function, trace):
    programs = {}

    def call(*arrays):
        key = tuple((array.shape, array.dtype) for array in arrays)
        if key in programs:
            return programs[key](*arrays)
        programs[key] = trace(function, arrays)
        return function(*arrays)

    return call


def runs_the_function_too(function, trace):
    inner = keyed_by(lambda arrays: tuple((a.shape, a.dtype) for a in arrays))(function, trace)

    def call(*arrays):
        function(*arrays)
        return inner(*arrays)

    return call


def shared_programs():
    """Versions that keep the programs of all functions in one dictionary, new for each use."""
    programs = {}

    def compiled(function, trace):
        def call(*arrays):
            key = tuple((array.shape, array.dtype) for array in arrays)
            if key not in programs:
                programs[key] = trace(function, arrays)
            return programs[key](*arrays)

        return call

    return compiled


def one_for_all_functions(function, trace):
    # The dictionary lives as long as one `trace`: as in a module, but anew for each judging.
    if not hasattr(trace, "shared"):
        trace.shared = shared_programs()
    return trace.shared(function, trace)


EXERCISES = [
    Exercise(
        "fold_with_draws",
        observe=observe_fold,
        hint='Go through the lines in order. If the op is not "draw" and every input is a known '
        "constant, compute the result and add it to the constants; keep the line otherwise.",
        mistakes=[
            Mistake(
                fold_by(lambda op, inputs, known: all(name in known for name in inputs)),
                "A draw was folded: it would give the same numbers at each replay. This is the "
                "frozen mask of the lesson.",
            ),
            Mistake(
                fold_by(lambda op, inputs, known: inputs and all(n in known for n in inputs)),
                "A draw with a constant as its input was folded. It gives new numbers at each "
                "replay too.",
            ),
            Mistake(
                draws_while_folding,
                "The lines and constants are right, but a draw was called on the way. Look at the "
                "op before you compute anything.",
            ),
            Mistake(
                fold_by(all_constant, grow=False),
                "Only the constants that were given are used. What you have computed is a constant "
                "too, and later lines may need nothing else.",
            ),
            Mistake(
                fold_by(all_constant, keep=True),
                "The constants are right, but the lines that make them are still there, so they "
                "are computed at each replay all the same.",
            ),
            Mistake(
                fold_by(all_constant, store=False),
                "The lines are gone, but what they made is not among the constants: the lines "
                "after them have nothing to read.",
            ),
            Mistake(
                fold_by(
                    lambda op, inputs, known: op != "draw" and any(name in known for name in inputs)
                ),
                "One constant among the inputs is not enough: all of them must be constants.",
            ),
            Mistake(
                fold_into_the_given,
                "You wrote into the dictionary that was given. Make a new one first, with "
                "dict(constants).",
            ),
            Mistake(
                only_the_new,
                "The constants that were given are missing. Lines that are left may need them.",
            ),
        ],
    ),
    Exercise(
        "rooms",
        observe=observe_rooms,
        hint="First find the last line that reads each name (or makes it, if nobody reads it). "
        "Then go through the lines: take the smallest free room, and only then free the rooms of "
        "what is not needed after this line.",
        mistakes=[
            Mistake(
                a_room_for_each,
                "No room is ever used again. Free a room when its content was read for the last "
                "time.",
            ),
            Mistake(
                rooms_by(first=True),
                "You free a room when its content is read for the first time. It may be read "
                "again.",
            ),
            Mistake(
                rooms_by(before=True),
                "A line writes into a room that it still reads. Take the room first, and free "
                "those of the inputs afterwards.",
            ),
            Mistake(
                rooms_by(results_too=True),
                "A result was overwritten after it was read for the last time. The caller has not "
                "read it yet.",
            ),
            Mistake(
                rooms_by(choose=max),
                "You take the free room with the largest number; the smallest is asked for.",
            ),
            Mistake(
                rooms_by(unread=False),
                "A result that nobody reads keeps its room for ever. It is free after the line "
                "that made it.",
            ),
            Mistake(
                rooms_freed_twice,
                "A line that reads one name twice frees its room twice, so that two results get "
                "the same room. Free it once, or keep the free rooms in a set.",
            ),
            Mistake(
                rooms_by(unread_results=True),
                "A result that no line reads was overwritten. The caller will read it.",
            ),
            Mistake(
                rooms_for_inputs_too,
                "Inputs belong to the caller, who keeps them. Only what a line makes has a room.",
            ),
        ],
    ),
    Exercise(
        "compiled",
        observe=observe_compiled,
        hint="Keep a dictionary of programs. Its key is made of the shape and dtype of every array "
        "of the call, in order.",
        mistakes=[
            Mistake(
                keyed_by(lambda arrays: 0),
                "The first program is used for every call, also for arrays of other shapes.",
            ),
            Mistake(
                keyed_by(lambda arrays: tuple(array.shape for array in arrays)),
                "A program for float64 was used for float32: the dtype belongs to the key as well.",
            ),
            Mistake(
                keyed_by(lambda arrays: tuple(array.dtype for array in arrays)),
                "Only the dtypes are in the key; the shapes belong there too.",
            ),
            Mistake(
                keyed_by(lambda arrays: (arrays[0].shape, arrays[0].dtype)),
                "Only the first array is in the key. All of them belong there.",
            ),
            Mistake(
                keyed_by(lambda a: (a[0].shape, a[0].dtype, a[-1].shape, a[-1].dtype)),
                "The arrays between the first and the last are not in the key. All of them belong "
                "there.",
            ),
            Mistake(
                keyed_by(lambda arrays: tuple((a.shape, a.itemsize) for a in arrays)),
                "Numbers of the same size in memory can be of different dtypes: the key needs the "
                "dtype itself.",
            ),
            Mistake(
                runs_the_function_too,
                "You also run the function itself. Once there is a program, only that should run.",
            ),
            Mistake(
                keyed_by(lambda arrays: frozenset((a.shape, a.dtype) for a in arrays)),
                "The order of the arrays is lost in a set: a program for (a, b) is not one for "
                "(b, a). Use a tuple.",
            ),
            Mistake(
                keyed_by(lambda arrays: tuple((a.size, a.dtype) for a in arrays)),
                "Arrays of one size can have different shapes, and need different programs.",
            ),
            Mistake(
                keyed_by(lambda arrays: tuple((a.dtype, a.shape, a.tobytes()) for a in arrays)),
                "You trace again when only the values have changed. A program is right for all "
                "values.",
            ),
            Mistake(
                lambda function, trace: lambda *arrays: trace(function, arrays)(*arrays),
                "You trace at each call, which costs more than it saves. Keep the programs.",
            ),
            Mistake(
                the_latest_only,
                "You keep only one program at a time, and trace again when an earlier shape comes "
                "back.",
            ),
            Mistake(
                function_at_first,
                "The first call with new shapes returns what the function gives. It should return "
                "what the new program gives.",
            ),
            Mistake(
                one_for_all_functions,
                "All functions share one dictionary, so the second one gets programs of the first. "
                "Make the dictionary inside `compiled`.",
            ),
        ],
    ),
]
