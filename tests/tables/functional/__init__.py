"""A row or more for every function of `nn/functional.py`; one file for each part.

Integer targets and options are drawn with the arrays, as parameters; the twins get them as
PyTorch's tensors.
"""

from ..case import Case
from . import images, layers, losses

CASES: dict[str, Case] = {**images.CASES, **layers.CASES, **losses.CASES}

NO_CASE = {
    "dropout": "random: test_functional.py",
    "one_hot": "gives an array, through which no gradient flows: test_functional.py",
}
