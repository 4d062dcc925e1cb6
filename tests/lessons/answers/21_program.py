"""Answers to the exercises of lesson 21, as students might write them."""

import heapq

# ------------------------------------------------------------------------------ fold_with_draws


def fold_until_nothing_changes(lines, constants, ops):
    known, left, before = {**constants}, [list(line) for line in lines], None
    while before != len(left):
        before = len(left)
        for line in left:
            out, op, inputs = line
            if op != "draw" and set(inputs) <= known.keys():
                known[out] = ops[op](*map(known.get, inputs))
        left = [line for line in left if line[0] not in known]
    return left, known


def fold_by_what_varies(lines, constants, ops):
    """Names that vary are all that is no constant: inputs, draws, and what is made from them."""
    varies = {name for _, _, inputs in lines for name in inputs} - set(constants)
    varies -= {out for out, _, _ in lines}
    values = constants.copy()
    for out, op, inputs in lines:
        if op == "draw" or varies.intersection(inputs):
            varies.add(out)
        else:
            values[out] = ops[op](*[values[name] for name in inputs])
    return [line for line in lines if line[0] in varies], values


def fold_draws_without_inputs_only(lines, constants, ops):
    """Takes a draw that has a constant as its input for a constant."""
    known, left = dict(constants), []
    for out, op, inputs in lines:
        if inputs and all(name in known for name in inputs):
            known[out] = ops[op](*(known[name] for name in inputs))
        else:
            left.append((out, op, inputs))
    return left, known


def fold_and_draw_once(lines, constants, ops):
    """Keeps the draw, but also calls it."""
    known, left = dict(constants), []
    for out, op, inputs in lines:
        if all(name in known for name in inputs):
            value = ops[op](*(known[name] for name in inputs))
            if op != "draw":
                known[out] = value
                continue
        left.append((out, op, inputs))
    return left, known


def fold_swapped(lines, constants, ops):
    left, known = fold_by_what_varies(lines, constants, ops)
    return known, left


# ---------------------------------------------------------------------------------------- rooms


def rooms_by_looking_ahead(lines, results):
    busy, answer = [], {}
    for place, (out, _, _) in enumerate(lines):
        room = next(i for i in range(len(busy) + 1) if i >= len(busy) or busy[i] is None)
        busy[room : room + 1] = [out]
        answer[out] = room
        later = {name for _, _, inputs in lines[place + 1 :] for name in inputs}
        busy = [name if name in later or name in results else None for name in busy]
    return answer


def rooms_with_a_heap(lines, results):
    users = {out: {place} for place, (out, _, _) in enumerate(lines)}
    for place, (_, _, inputs) in enumerate(lines):
        for name in inputs:
            users.get(name, set()).add(place)
    free, answer = list(range(len(lines))), {}
    for place, (out, _, _) in enumerate(lines):
        answer[out] = heapq.heappop(free)
        for name, places in users.items():
            if max(places) == place and name not in results:
                heapq.heappush(free, answer[name])
    return answer


def rooms_that_keep_only_results_that_are_read(lines, results):
    """A result that no line reads is taken for one that nobody needs."""
    read = {name for _, _, inputs in lines for name in inputs}
    last_line = lines[-1][0]
    return rooms_with_a_heap(lines, [name for name in results if name in read | {last_line}])


# ------------------------------------------------------------------------------------- compiled


class CompiledAsAClass:
    def __init__(self, function, trace):
        self.function, self.trace, self.programs = function, trace, {}

    def __call__(self, *arrays):
        key = str([(x.dtype, x.shape) for x in arrays])
        program = self.programs.get(key) or self.trace(self.function, arrays)
        self.programs[key] = program
        return program(*arrays)


def compiled_as_a_list(function, trace):
    known = []

    def call(*arrays):
        forms = [(x.shape, x.dtype) for x in arrays]
        for others, program in known:
            if others == forms:
                return program(*arrays)
        known.append((forms, trace(function, arrays)))
        return known[-1][1](*arrays)

    return call


def keyed_by(name, key):
    def compiled(function, trace):
        programs = {}

        def call(*arrays):
            k = key(arrays)
            if k not in programs:
                programs[k] = trace(function, arrays)
            return programs[k](*arrays)

        return call

    compiled.__name__ = name
    return compiled


def compiled_that_also_runs_the_function(function, trace):
    inner = compiled_as_a_list(function, trace)

    def call(*arrays):
        function(*arrays)
        return inner(*arrays)

    return call


WRONG = {
    "fold_with_draws": [fold_draws_without_inputs_only, fold_and_draw_once, fold_swapped],
    "rooms": [rooms_that_keep_only_results_that_are_read],
    "compiled": [
        keyed_by("by_first_and_last", lambda a: (a[0].shape, a[0].dtype, a[-1].shape, a[-1].dtype)),
        keyed_by("by_bytes_of_a_number", lambda a: tuple((x.shape, x.itemsize) for x in a)),
        keyed_by("by_dimensions", lambda a: tuple((x.ndim, x.dtype) for x in a)),
        keyed_by("by_identity", lambda a: tuple(map(id, a))),
        compiled_that_also_runs_the_function,
    ],
}
RIGHT = {
    "fold_with_draws": [fold_until_nothing_changes, fold_by_what_varies],
    "rooms": [rooms_by_looking_ahead, rooms_with_a_heap],
    "compiled": [CompiledAsAClass, compiled_as_a_list],
}
