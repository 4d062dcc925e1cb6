"""PyTorch's own samples as the judge: whatever both packages have must do the same on all of them.

PyTorch ships the samples that its own tests run on: `op_db` for operators, `module_db` for layers
and losses, `optim_db` for optimisers. Nobody here wrote them. They are run through both packages,
and each comparison falls into one of four: it agrees; it differs as a row of the table of
differences says; it is refused, clearly, and the table of what stays out says so; or it is wrong.

    names.py        which operators both have, under which names
    translate.py    a sample's arguments, for either package, and as code to paste
    run.py          one sample in both packages: values, gradients, second order
    compare.py      whether two results are the same
    verdict.py      what a comparison comes to
    tables.py       documented differences, and what stays out
    operators.py    the cases that op_db makes; layers.py: module_db; optimisers.py: optim_db
    report.py       counts, and the faults in groups

`python -m tests.pytorch_samples --help` runs any part of it.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from .layers import layer_cases
from .layers import put as put
from .operators import DTYPES as NUMBERS
from .operators import operator_cases
from .optimisers import optimiser_cases
from .run import cosines as cosines
from .verdict import Comparison, compare

DTYPES = (*NUMBERS, "any")
"""What the samples are made of; "any" stands for the error inputs, whatever they are made of."""


def comparisons(
    dtypes: Iterable[str] = DTYPES,
    only: Callable[[str], bool] = lambda name: True,
    reference: bool = True,
) -> Iterator[Comparison]:
    """Everything that PyTorch's samples compare.

    dtypes     what the samples are made of
    only       the names that it takes
    reference  op_db's reference inputs too, which are many and larger
    """
    for dtype in dtypes:
        operators = operator_cases(dtype, only, reference)
        for case in chain(operators, layer_cases(dtype, only), optimiser_cases(dtype, only)):
            yield from compare(case)
