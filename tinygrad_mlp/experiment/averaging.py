"""Several answers about one image: a network is asked about shifted copies, and they are averaged.

This is test-time augmentation. Shifts by half a pixel do more than average. A network that was
trained on warped images alone has only seen images that were sampled between their pixels, which
blurs them a little; the images that it is asked about are sharp. Half a pixel away they are sampled
between their pixels too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..composed import stack
from ..data.transforms import shifted
from ..engine import no_grad
from ..nn import Module
from ..nn import functional as F
from ..tensor import Tensor, tensor
from ..train import in_eval_mode

HALF_A_PIXEL = ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5))
"""Half a pixel along each diagonal: rows down, columns to the right."""


def averaged(
    model: Module, shifts: Sequence[tuple[float, float]] = HALF_A_PIXEL
) -> Callable[[np.ndarray], Tensor]:
    """A function that answers as `model` does on average over shifted copies of each image.

    model   images (n, h, w) -> scores (n, classes); it is in eval mode while it is asked
    shifts  how far the copies are moved, in pixels: (down, right) of each

    It takes images (n, h, w), and gives the logarithms of the mean probabilities (n, classes):
    softmax gives these means back, so it can be scored as a model can.

    Raises ValueError if there are no shifts.
    """
    if not shifts:
        raise ValueError("averaged needs at least one shift, such as (0, 0)")

    def answer(images: np.ndarray) -> Tensor:
        with in_eval_mode(model), no_grad():
            # In logarithms, since a probability may be too small for a float32.
            logs = [F.log_softmax(model(tensor(shifted(images, *by))), dim=1) for by in shifts]
            return stack(logs).logsumexp(0) - math.log(len(logs))

    return answer
