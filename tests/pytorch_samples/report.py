"""Counts, and the faults in groups, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from .run import VERDICTS, Comparison
from .tables import bare

HEAD = """\
# What the examples need:
# import numpy as np, tinygrad_mlp as tg; from numpy import inf, nan
# from tinygrad_mlp.nn import functional as F; from tests.pytorch_samples import cosines
"""


class Tally:
    """Counts of all comparisons, and the wrong ones."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.because: Counter[tuple[str, str]] = Counter()
        self.wrong: list[Comparison] = []
        self.names: set[str] = set()

    def add_all(self, found: Iterable[Comparison]) -> Tally:
        for comparison in found:
            verdict = comparison.verdict
            self.counts[comparison.case.dtype, comparison.kind, verdict] += 1
            self.names.add(comparison.case.name)
            if comparison.because:
                self.because[verdict, comparison.because] += 1
            if verdict == "wrong":
                self.wrong.append(comparison)
        return self

    def total(self, *verdicts: str) -> int:
        return sum(n for (_, _, v), n in self.counts.items() if v in (verdicts or VERDICTS))

    def groups(self) -> Counter[tuple[str, str, str]]:
        """How many faults each (name, dtype, kind) has."""
        return Counter((c.case.name, c.case.dtype, c.kind) for c in self.wrong)

    def table(self) -> Iterator[str]:
        """Counts per dtype and kind."""
        yield f"{'dtype':9}{'compared':10}" + "".join(f"{v:>11}" for v in VERDICTS)
        for dtype, kind in sorted({(d, k) for d, k, v in self.counts if v in VERDICTS}):
            counts = (self.counts[dtype, kind, v] for v in VERDICTS)
            yield f"{dtype:9}{kind:10}" + "".join(f"{n:11,}" for n in counts)
        yield f"{'all':19}" + "".join(f"{self.total(v):11,}" for v in VERDICTS)
        for verdict in ("documented", "refused", "outside"):
            for (_, because), n in self.because.most_common():
                if (verdict, because) in self.because and n == self.because[verdict, because]:
                    yield f"  {n:6,}  {verdict}: {because}"

    def faults(self) -> Iterator[str]:
        """Each kind of fault, the largest first: in which functions, with one example of each."""
        for kind, members in _grouped(self.wrong, lambda c: c.fault.split(":")[0].split(" torch")[0]):
            groups = _grouped(members, lambda c: (bare(c.case.name), c.fault))
            yield f"== {kind}: {len(members):,} comparisons in {len(groups)} groups"
            for (name, fault), found in groups:
                yield f"{len(found):6}  {name}: {fault}"
                yield f"        as {_counted(c.case.name for c in found)}"
                yield f"        in {_counted(f'{c.case.dtype} {c.kind}' for c in found)}"
                smallest = min(found, key=lambda c: c.case.call.size())
                yield f"        {example(smallest)}"
                if smallest.detail:
                    yield f"        # {smallest.detail}"
            yield ""


def _grouped(members: list, key: Callable) -> list[tuple]:
    groups: dict = {}
    for member in members:
        groups.setdefault(key(member), []).append(member)
    return sorted(groups.items(), key=lambda item: -len(item[1]))


def _counted(names: Iterable[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(Counter(names).items()))


AFTER = {
    # what is written after  y = the call  to get to what differs; {x}: what wants a gradient
    "value": "",
    "error": "",
    "gradient": "; y.backward(cosines(y)); [t.grad for t in {x}]",
    "recorded": "; tg.grad(y, {x}, cosines(y), create_graph=True, allow_unused=True)",
    "second": "; g = tg.grad(y, {x}, cosines(y), create_graph=True); "
    "tg.grad(g, {x}, [cosines(v) for v in g], allow_unused=True)",
}


def example(found: Comparison, brief: bool = True) -> str:
    """Code that shows it, and where the sample is from."""
    case = found.case
    made, args, kwargs = case.call.texts(brief and not found.fault.startswith("value"))
    called = case.written(args, kwargs)
    wanted = [
        name
        for name, t in zip("abcdefghijklmnopqrstuvwxyz", case.call.tensors(), strict=False)
        if t.requires_grad
    ]
    after = AFTER[found.kind].replace("{x}", f"[{', '.join(wanted)}]")
    code = f"{made}{f'y = {called}' if after and not case.in_place else called}{after}"
    if brief and len(code) > 700:
        code = code[:700] + " ... (all of it: --sample)"
    return f"{code}\n        # {case.source[0]}, {case.source[1]} --sample {case.source[2]}"
