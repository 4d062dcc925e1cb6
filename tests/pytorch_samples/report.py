"""Counts, and the faults in groups, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .run import VERDICTS, Comparison
from .tables import bare
from .translate import tensor_text, text_of

LONGEST = 700

HEAD = """\
# What the examples need:
# import numpy as np, tinygrad_mlp as tg; from numpy import inf, nan
# from tinygrad_mlp.nn import functional as F; from tests.pytorch_samples import cosines, put
"""


@dataclass
class Group:
    """The faults of one kind in one function, whatever it is called as; the smallest is kept."""

    smallest: Comparison
    names: Counter[str] = field(default_factory=Counter)
    where: Counter[str] = field(default_factory=Counter)

    def add(self, found: Comparison) -> None:
        self.names[found.case.name] += 1
        self.where[f"{found.case.dtype} {found.kind}"] += 1
        if found.case.call.size() < self.smallest.case.call.size():
            self.smallest = found

    def __len__(self) -> int:
        return self.names.total()


class Tally:
    """Counts of all comparisons, and the groups of faults."""

    def __init__(self, found: Iterable[Comparison] = ()) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.because: Counter[tuple[str, str]] = Counter()
        self.wrong: Counter[tuple[str, str, str]] = Counter()
        self.groups: dict[tuple[str, str], Group] = {}
        self.names: set[str] = set()
        for comparison in found:
            self._add(comparison)

    def _add(self, found: Comparison) -> None:
        case = found.case
        self.counts[case.dtype, found.kind, found.verdict] += 1
        self.names.add(case.name)
        if found.because:
            self.because[found.verdict, found.because] += 1
        if found.verdict == "wrong":
            self.wrong[case.name, case.dtype, found.kind] += 1
            self.groups.setdefault((bare(case.name), found.fault), Group(found)).add(found)

    def total(self, *verdicts: str) -> int:
        return sum(n for (_, _, v), n in self.counts.items() if v in (verdicts or VERDICTS))

    def table(self) -> Iterator[str]:
        """Counts per dtype and kind, and why what is not compared is not."""
        yield f"{'dtype':9}{'compared':10}" + "".join(f"{v:>11}" for v in VERDICTS)
        for dtype, kind in sorted({(d, k) for d, k, v in self.counts if v in VERDICTS}):
            counts = (self.counts[dtype, kind, v] for v in VERDICTS)
            yield f"{dtype:9}{kind:10}" + "".join(f"{n:11,}" for n in counts)
        yield f"{'all':19}" + "".join(f"{self.total(v):11,}" for v in VERDICTS)
        for (verdict, because), n in sorted(self.because.items(), key=lambda x: (x[0][0], -x[1])):
            yield f"  {n:6,}  {verdict}: {because}"

    def faults(self) -> Iterator[str]:
        """Each kind of fault, the largest first: in which functions, with one example of each."""
        kinds: dict[str, list[tuple[str, str]]] = {}
        for name, fault in sorted(self.groups, key=lambda key: (-len(self.groups[key]), key)):
            kinds.setdefault(fault.split(":")[0], []).append((name, fault))
        sizes = {kind: sum(len(self.groups[key]) for key in keys) for kind, keys in kinds.items()}
        for kind in sorted(kinds, key=lambda kind: -sizes[kind]):
            yield f"== {kind}: {sizes[kind]:,} comparisons in {len(kinds[kind])} groups"
            for name, fault in kinds[kind]:
                group = self.groups[name, fault]
                yield f"{len(group):6}  {name}: {fault}"
                yield f"        as {_counted(group.names)}"
                yield f"        in {_counted(group.where)}"
                yield f"        {example(group.smallest)}"
                if group.smallest.detail:
                    yield f"        # {group.smallest.detail}"
            yield ""


def _counted(names: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(names.items()))


AFTER = {
    # what is written after  y = the call  to get to what differs; {x}: what wants a gradient
    "gradient": "; y.backward(cosines(y)); [t.grad for t in {x}]",
    "recorded": "; tg.grad(y, {x}, cosines(y), create_graph=True, allow_unused=True)",
    "second": "; g = tg.grad(y, {x}, cosines(y), create_graph=True); "
    "tg.grad(g, {x}, [cosines(v) for v in g], allow_unused=True)",
}


def example(found: Comparison, brief: bool = True) -> str:
    """Code that shows it, and where the sample is from."""
    case = found.case
    names = case.call.names()
    filled = brief and not found.fault.startswith("value")
    made = "".join(
        f"{names[id(t)]} = {tensor_text(t, filled)}; "
        for t in case.call.tensors()
        if id(t) in names
    )
    called = case.written(lambda value: text_of(value, names, filled))
    wanted = ", ".join(names[id(t)] for t in case.call.tensors() if t.requires_grad)
    after = AFTER.get(found.kind, "").replace("{x}", f"[{wanted}]")
    code = f"{made}{'y = ' if after else ''}{called}{after}"
    if brief and len(code) > LONGEST:
        code = code[:LONGEST] + " ... (all of it: --sample)"
    return f"{code}\n        # {case.source[0]}, {case.source[1]} --sample {case.source[2]}"
