"""How the exercises of lesson 22 are judged."""

import numpy as np

import tinygrad_mlp as tg
from lessons.checking import Exercise, Mistake
from tinygrad_mlp import engine

# ------------------------------------------------------------------------------------ reachable


def leaf(*numbers):
    return tg.tensor(np.array(numbers), requires_grad=True)


def line():
    w, b = leaf(2.0, 1.0), leaf(0.5)
    error = tg.tensor(np.ones((3, 2))) @ w + b - 1.0
    return (error * error).mean()


def chain():
    value = leaf(1.0)
    for _ in range(20_000):
        value = value + 1.0
    return value


def ladder():
    value = leaf(0.4)
    for _ in range(60):
        value = value.sin() + value.cos()
    return value


def observe_reachable(answer):
    """Serial numbers as they are counted back from the result, and whether each has its tensor."""
    seen = []
    for make in (lambda: leaf(1.0), line, lambda: leaf(1.0) * 2.0 + leaf(3.0), chain, ladder):
        result = make()
        found = answer(result)
        seen.append([result.serial - serial for serial in sorted(found)])
        seen.append(all(node.serial == serial for serial, node in found.items()))
    return seen


def reachable_without_leaves(result):
    found = {}
    waiting = [result]
    while waiting:
        node = waiting.pop()
        if isinstance(node, engine.Node) and node.inputs and node.serial not in found:
            found[node.serial] = node
            waiting.extend(node.inputs)
    return found


def reachable_without_itself(result):
    found = {}
    waiting = list(result.inputs or ())
    while waiting:
        node = waiting.pop()
        if isinstance(node, engine.Node) and node.serial not in found:
            found[node.serial] = node
            waiting.extend(node.inputs or ())
    return found


def reachable_one_step(result):
    found = [result, *(x for x in result.inputs or () if isinstance(x, engine.Node))]
    return {node.serial: node for node in found}


def reachable_by_recursion(result):
    found = {}

    def visit(node):
        if isinstance(node, engine.Node) and node.serial not in found:
            found[node.serial] = node
            for x in node.inputs or ():
                visit(x)

    visit(result)
    return found


def reachable_as_in_lesson_1(result):
    found = {}
    waiting = [result]
    while waiting:
        node = waiting.pop()
        if node.serial not in found:
            found[node.serial] = node
            waiting.extend(node.inputs)
    return found


def reachable_of_tensors_only(result):
    found = {}
    waiting = [result]
    while waiting:
        node = waiting.pop()
        if node.serial not in found:
            found[node.serial] = node
            waiting.extend(node.inputs or ())
    return found


# ----------------------------------------------------------------------------------- on_the_way

GRAPHS = [
    [(), (), (0, 1), (2,), (1,), (3, 4), (5, 2)],
    [(), (0,), (1,), (2,), (3,)],
    [(), (), (), (0, 0), (1, 2), (3, 4), (2,)],
]
TARGETS = [{0}, {1}, {2}, {0, 4}, {3}, set()]


def observe_on_the_way(answer):
    return [answer(list(inputs), set(targets)) for inputs in GRAPHS for targets in TARGETS]


def on_the_way_targets_only(inputs, targets):
    return [i in targets for i in range(len(inputs))]


def on_the_way_one_step(inputs, targets):
    return [i in targets or any(x in targets for x in made) for i, made in enumerate(inputs)]


def on_the_way_without_targets(inputs, targets):
    needed = []
    for made in inputs:
        needed.append(any(x in targets or needed[x] for x in made))
    return needed


def on_the_way_of_all(inputs, targets):
    needed = []
    for i, made in enumerate(inputs):
        needed.append(i in targets or (bool(made) and all(needed[x] for x in made)))
    return needed


def on_the_way_to_the_leaves(inputs, targets):
    needed = [i in targets for i in range(len(inputs))]
    for i in reversed(range(len(inputs))):
        for x in inputs[i]:
            needed[x] = needed[x] or needed[i]
    return needed


# ------------------------------------------------------------------------------- limit_gradient

STARTS = [np.array([1.0, -2.0, 2.0]), np.array([[0.1, -0.2], [0.05, 0.3]]), np.zeros(3)]


def observe_limit_gradient(answer):
    seen = []
    for start in STARTS:
        for limit in (0.7, 3.0):
            w = tg.tensor(start, requires_grad=True)
            middle = w * 3.0
            answer(middle, limit)
            (middle * middle).sum().backward()
            seen.append(w.grad)
    return seen


def limiting(change):
    """An answer whose hook returns change(gradient, limit)."""

    def answer(tensor, limit):
        tensor.register_hook(lambda gradient: change(gradient, limit))

    return answer


def shortened_in_place(gradient, limit):
    length = np.sqrt((gradient.data**2).sum())
    if length > limit:
        gradient.data *= limit / length


def shortened_by(length_of):
    def change(gradient, limit):
        length = length_of(gradient.data)
        return gradient * (limit / length) if length > limit else gradient

    return change


def stretched(gradient, limit):
    length = np.sqrt((gradient.data**2).sum())
    return gradient * (limit / length) if length else gradient


limit_in_place = limiting(shortened_in_place)
limit_always = limiting(stretched)
limit_each_number = limiting(lambda gradient, limit: gradient.clamp(-limit, limit))
limit_without_root = limiting(shortened_by(lambda g: (g**2).sum()))
limit_by_largest = limiting(shortened_by(lambda g: np.abs(g).max()))
limit_to_one = limiting(
    lambda gradient, limit: (
        gradient / gradient.norm() if gradient.norm().item() > limit else gradient
    )
)


EXERCISES = [
    Exercise(
        "reachable",
        observe=observe_reachable,
        hint="Take the loop of lesson 1, with its list of what is waiting. New is that a leaf "
        "has None for its inputs, and that not every input is a tensor.",
        mistakes=[
            Mistake(
                reachable_as_in_lesson_1,
                "The inputs of a leaf are None, and a loop over None is an error.",
            ),
            Mistake(
                reachable_of_tensors_only,
                "Some inputs are plain arrays or numbers and have no serial. Pass over them.",
            ),
            Mistake(
                reachable_by_recursion,
                "On a long chain Python stops a function that calls itself. Use a loop, and a list "
                "of what is waiting.",
            ),
            Mistake(reachable_without_leaves, "The leaves are missing. They are tensors, too."),
            Mistake(reachable_without_itself, "The result itself belongs to the dictionary."),
            Mistake(
                reachable_one_step,
                "You go one step. The inputs have inputs of their own.",
            ),
        ],
    ),
    Exercise(
        "on_the_way",
        observe=observe_on_the_way,
        hint="Go from the oldest value to the newest. A value is needed if it is a target, or if "
        "any of its inputs is needed.",
        mistakes=[
            Mistake(
                on_the_way_targets_only,
                "These are the targets. Their gradients must come from somewhere: what was made "
                "from them is needed, too.",
            ),
            Mistake(
                on_the_way_one_step,
                "You find what was made from a target directly. What was made from that is needed, "
                "too: go from the oldest value to the newest.",
            ),
            Mistake(on_the_way_without_targets, "The targets themselves are missing."),
            Mistake(
                on_the_way_of_all,
                "A value is needed as soon as one of its inputs is: any, and not all.",
            ),
            Mistake(
                on_the_way_to_the_leaves,
                "You found what the targets were made from. A gradient comes from the other side: "
                "from what was made from the targets.",
            ),
        ],
    ),
    Exercise(
        "limit_gradient",
        observe=observe_limit_gradient,
        hint="Compute the length of the gradient in the hook, and return the gradient times "
        "limit / length where it is longer than the limit.",
        mistakes=[
            Mistake(
                limit_in_place,
                "Nothing has changed behind the tensor. A hook is shown a copy; what counts is the "
                "tensor that it returns.",
            ),
            Mistake(limit_always, "Short gradients got longer. They should pass unchanged."),
            Mistake(
                limit_each_number,
                "You limit each number on its own, which changes the direction. Multiply the whole "
                "gradient by one number.",
            ),
            Mistake(
                limit_without_root,
                "The length is the root of the sum of the squares: the root is missing.",
            ),
            Mistake(
                limit_by_largest,
                "You take the largest number for the length. It is the root of the sum of squares.",
            ),
            Mistake(limit_to_one, "A long gradient gets the length 1. It should get `limit`."),
        ],
    ),
]
