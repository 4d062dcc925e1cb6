"""Counts, and what is wrong, as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from .verdict import VERDICTS, Comparison


class Tally:
    """Counts of all comparisons, and the wrong ones."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.wrong: list[Comparison] = []

    def add_all(self, found: Iterable[Comparison]) -> Tally:
        for comparison in found:
            self.counts[comparison.dtype, comparison.kind, comparison.verdict] += 1
            if comparison.verdict == "wrong":
                self.wrong.append(comparison)
        return self

    def total(self, verdict: str) -> int:
        return sum(n for (_, _, v), n in self.counts.items() if v == verdict)

    def table(self) -> Iterator[str]:
        """Counts per dtype and kind."""
        rows = sorted({(dtype, kind) for dtype, kind, _ in self.counts})
        yield f"{'dtype':9}{'compared':10}" + "".join(f"{v:>11}" for v in VERDICTS)
        for dtype, kind in rows:
            counts = (self.counts[dtype, kind, v] for v in VERDICTS)
            yield f"{dtype:9}{kind:10}" + "".join(f"{n:11,}" for n in counts)
        yield f"{'all':19}" + "".join(f"{self.total(v):11,}" for v in VERDICTS)

    def faults(self) -> Iterator[str]:
        """Each kind of fault, the largest first: in which functions, and one example of each."""
        for kind, members in _grouped(self.wrong, lambda m: _kind_of(m.fault)):
            groups = _grouped(members, lambda m: (bare(m.function), m.fault))
            yield f"== {kind}: {len(members):,} comparisons, {len(groups)} functions and messages"
            for (name, fault), found in groups:
                yield f"{len(found):6}  {name}: {fault}"
                yield f"        as {_counted(m.function for m in found)}"
                yield f"        in {_counted(f'{m.dtype} {m.kind}' for m in found)}"
                smallest = min(found, key=lambda m: m.call.size())
                yield f"        {example(smallest)}"
                if smallest.detail:
                    yield f"        # {smallest.detail}"
            yield ""


def bare(label: str) -> str:
    """The name without where it stands: "sin" for "Tensor.sin"."""
    return label.removeprefix("F.").removeprefix("Tensor.")


def _kind_of(fault: str) -> str:
    """The first words of a fault, that many functions share."""
    if fault.startswith("unclear"):
        return "unclear error"
    return re.split(r"[: ](?!at |what |of )", fault)[0] if fault else "?"


def _grouped(members: list, key) -> list[tuple]:
    groups: dict = {}
    for m in members:
        groups.setdefault(key(m), []).append(m)
    return sorted(groups.items(), key=lambda item: -len(item[1]))


def _counted(names: Iterable[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(Counter(names).items()))


def example(found: Comparison) -> str:
    """The call that shows it, as code."""
    args, kwargs = found.call.texts()
    named = [f"{k}={v}" for k, v in kwargs.items()]
    name = found.function
    if name.startswith("Tensor."):
        first, *args = args
        call = f"{first}.{name.removeprefix('Tensor.')}"
        if found.place != "property":
            call += f"({', '.join(args + named)})"
    elif name.startswith("F.") or name.isidentifier():
        call = f"{'' if name.startswith('F.') else 'tg.'}{name}({', '.join(args + named)})"
    else:
        values = dict(zip("xy", args, strict=False))
        call = re.sub(r"\b[xy]\b", lambda m: values[m[0]], name)
    return call if len(call) < 600 else call[:600] + " ... (long)"
