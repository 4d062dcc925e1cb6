"""Solutions to the exercises of lesson 22."""

from tinygrad_mlp import engine


def reachable(result):
    """The loop of lesson 1. `or ()` stands for the inputs of a leaf, which are None.

    Each value gets into the dictionary once, and its inputs are looked at once, however many paths
    lead to it. A list of what is waiting takes the place of recursion.
    """
    found = {}
    waiting = [result]
    while waiting:
        node = waiting.pop()
        if node.serial not in found:
            found[node.serial] = node
            waiting.extend(x for x in node.inputs or () if isinstance(x, engine.Node))
    return found


def on_the_way(inputs, targets):
    """From the oldest to the newest, so that the inputs of a value are known when we come to it."""
    needed = []
    for i, made_from in enumerate(inputs):
        needed.append(i in targets or any(needed[x] for x in made_from))
    return needed


def limit_gradient(tensor, limit):
    """The direction stays, the length changes. A hook that returns nothing changes nothing."""

    def shorten(gradient):
        length = gradient.norm().item()
        return gradient * (limit / length) if length > limit else None

    tensor.register_hook(shorten)
