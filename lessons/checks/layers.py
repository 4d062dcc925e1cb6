"""What the checks of layers share: random inputs, gradients, and parameters in the right form."""

import numpy as np

from lessons.checking import Refused


def drawn(*shape, seed):
    """Normal random numbers."""
    return np.random.default_rng(seed).normal(size=shape)


def gradient_of(parameter):
    """Zeros where the result does not depend on the parameter."""
    return np.zeros(parameter.shape) if parameter.grad is None else parameter.grad


def parameters_of(layer, shapes, hints):
    """The parameters by name. Refused says which is missing, unknown, or of another form.

    hints  what to tell about wrong "names", "shapes" and "dtypes"
    """
    found = dict(layer.named_parameters())
    if found.keys() != shapes.keys():
        names, expected = (", ".join(sorted(some)) or "none" for some in (found, shapes))
        raise Refused(
            f"the parameters that are found are {names}; expected are {expected}", hints["names"]
        )
    for name, shape in sorted(shapes.items()):
        parameter = found[name]
        if parameter.shape != shape:
            raise Refused(
                f"{name} has shape {parameter.shape}, but {shape} is expected", hints["shapes"]
            )
        if parameter.dtype != np.float32:
            raise Refused(f"{name} is {parameter.dtype}, but float32 is expected", hints["dtypes"])
    return found
