"""A graph in words: a line for each box, for those who do not see the picture."""

from __future__ import annotations

from .graph import Box, Frame, Part, boxes_in, brief
from .text_size import printable

MOST_NAMED = 3
"""How many results the first sentence names."""


def described(whole: Frame) -> list[str]:
    """A first sentence, and then a line for each box and for each frame."""
    boxes = boxes_in(whole)
    numbers = {id(box): i for i, box in enumerate(boxes, 1)}

    def called(box: Box) -> str:
        number = numbers[id(box)]
        return f"{number} ({_called(box)})"

    lines = [first_sentence(boxes)]
    waiting: list[tuple[int, Part]] = [(0, part) for part in whole.parts[::-1]]
    while waiting:
        depth, part = waiting.pop()
        margin = "  " * depth
        if isinstance(part, Frame):
            lines.append(f"{margin}{heading(part)}:")
            waiting += [(depth + 1, inner) for inner in part.parts[::-1]]
        else:
            sources = [called(source) for source in part.inputs]
            lines.append(f"{margin}{numbers[id(part)]}. {of_box(part, sources)}")
    return list(map(printable, lines))


def first_sentence(boxes: list[Box]) -> str:
    """What there is, and what was asked for."""
    results = [_called(box) for box in boxes if box.is_result and not _is_group(box)]
    groups = sum(box.is_result and _is_group(box) for box in boxes)
    steps = sum(not box.is_leaf for box in boxes)
    leaves = len(boxes) - steps
    unnamed = groups + max(0, len(results) - MOST_NAMED)
    shown = results[:MOST_NAMED] + ([f"{unnamed} more"] if unnamed and results else [])
    whole = _listed(shown) or ("a result" if groups <= 1 else f"{groups} results")
    return (
        f"The graph of {whole}: {_counted(leaves, 'leaf', 'leaves')} and "
        f"{_counted(steps, 'step', 'steps')}. Each box is made from those that it names, in the "
        "order in which its op takes them."
    )


def _called(box: Box) -> str:
    return brief(box.name or box.made_by or box.kind)


def _is_group(box: Box) -> bool:
    """Whether it stands for steps that were folded, which have no name."""
    return box.kind == "block" and not box.name


def heading(frame: Frame) -> str:
    """What a frame is."""
    words = brief(frame.name)
    if frame.made_by:
        words = f"{words}, {_article(frame.made_by)}" if words else _article(frame.made_by)
    if frame.times > 1:
        words = f"{words}, {frame.times} times" if words else f"{frame.times} times"
        words += ", each fed by the one before"
    return f"In {words}" if frame.times == 1 else words[0].upper() + words[1:]


def of_box(box: Box, sources: list[str]) -> str:
    """What a box is, what it is made from, and what is known of it."""
    if box.is_leaf:
        named = brief(box.name)
        says_kind = named.split(" ")[0] == box.kind  # as "input" and "input 2" do
        words = named if says_kind else f"{box.kind} {named}".strip()
    else:
        words = box.title + (f" of {_listed(sources)}" if sources else "")
    facts = [box.options, box.shape and f"shape {box.shape}", box.value and f"value {box.value}"]
    facts += [box.gradient, box.note, "a result" if box.is_result else ""]
    known = ", ".join(filter(None, facts))
    return f"{words}: {known}" if known else words


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'AEIOU' else 'a'} {word}"


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _listed(words: list[str]) -> str:
    return ", ".join([*words[:-2], " and ".join(words[-2:])]) if words else ""
