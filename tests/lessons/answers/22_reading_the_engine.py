"""Answers to the exercises of lesson 22, as students might write them."""

from collections import deque

import numpy as np

import tinygrad_mlp as tg


def reachable_in_rounds(result):
    found, waiting = {}, deque([result])
    while waiting:
        node = waiting.popleft()
        if node.serial in found:
            continue
        found[node.serial] = node
        if node.inputs is not None:
            waiting += [x for x in node.inputs if hasattr(x, "serial")]
    return found


def reachable_by_layers(result):
    found = now = {result.serial: result}
    while now:
        inputs = [x for node in now.values() for x in node.inputs or []]
        now = {x.serial: x for x in inputs if isinstance(x, tg.Tensor) and x.serial not in found}
        found = found | now
    return found


def reachable_as_a_list(result):
    return list(reachable_in_rounds(result).values())


def reachable_with_serials_only(result):
    return dict.fromkeys(reachable_in_rounds(result))


def on_the_way_by_users(inputs, targets):
    found, waiting = set(targets), list(targets)
    while waiting:
        x = waiting.pop()
        for user, made in enumerate(inputs):
            if x in made and user not in found:
                found.add(user)
                waiting.append(user)
    return [i in found for i in range(len(inputs))]


def on_the_way_in_numpy(inputs, targets):
    needed = np.zeros(len(inputs), bool)
    needed[list(targets)] = True
    for i, made in enumerate(inputs):
        needed[i] |= needed[list(made)].any()
    return needed


def on_the_way_as_numbers_of_values(inputs, targets):
    flags = on_the_way_by_users(inputs, targets)
    return [i for i, flag in enumerate(flags) if flag]


def on_the_way_from_the_newest(inputs, targets):
    needed = [i in targets for i in range(len(inputs))]
    for i in reversed(range(len(inputs))):
        needed[i] = needed[i] or any(needed[x] for x in inputs[i])
    return needed


def on_the_way_to_the_end(inputs, targets):
    """Everything from the first target on."""
    return [bool(targets) and i >= min(targets) for i in range(len(inputs))]


def limit_gradient_in_numpy(tensor, limit):
    def hook(gradient):
        length = np.linalg.norm(gradient.data)
        return tg.tensor(gradient.data * min(1.0, limit / max(length, limit)))

    tensor.register_hook(hook)


def limit_gradient_with_a_lambda(tensor, limit):
    return tensor.register_hook(lambda g: g * (limit / max(limit, (g * g).sum().sqrt().item())))


def limit_gradient_dividing_by_zero(tensor, limit):
    tensor.register_hook(lambda g: g * min(1.0, limit / g.norm().item()))


def limit_gradient_at_once(tensor, limit):
    length = tensor.norm().item()
    tensor.register_hook(lambda g: g * (limit / length) if length > limit else g)


def limit_gradient_subtracting(tensor, limit):
    tensor.register_hook(lambda g: g - (g.norm() - limit) if g.norm().item() > limit else g)


WRONG = {
    "reachable": [reachable_as_a_list, reachable_with_serials_only],
    "on_the_way": [
        on_the_way_as_numbers_of_values,
        on_the_way_from_the_newest,
        on_the_way_to_the_end,
    ],
    "limit_gradient": [
        limit_gradient_dividing_by_zero,
        limit_gradient_at_once,
        limit_gradient_subtracting,
    ],
}
RIGHT = {
    "reachable": [reachable_in_rounds, reachable_by_layers],
    "on_the_way": [on_the_way_by_users, on_the_way_in_numpy],
    "limit_gradient": [limit_gradient_in_numpy, limit_gradient_with_a_lambda],
}
