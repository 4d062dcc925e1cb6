"""Figures: digits, curves, figures with intervals, confusion, layers, the surface of a loss.

    from tinygrad_mlp import plot
    figure = plot.history(fit(model, batches, optimizer, epochs=5))
    plot.save(figure, "history.png")

Each function takes arrays, records or a model, and returns a `matplotlib.figure.Figure`; where one
axes serves, `ax=` draws into axes of yours. None touches pyplot, so nothing needs a display,
nothing is global, and nothing has to be closed. What a figure shows is also said in words, in its
label (`figure.get_label()`), for those who cannot see it; the report uses it. `to_png`,
`to_data_uri`, `save` and `show` turn figures into pictures.

`import tinygrad_mlp` does not import this folder, because matplotlib is slow to import.
"""

from .curves import history as history
from .curves import learning_curves as learning_curves
from .layers import activations as activations
from .layers import first_weights as first_weights
from .layers import gradients as gradients
from .lines import Line as Line
from .lines import Point as Point
from .lines import intervals as intervals
from .matrices import confusion as confusion
from .matrices import confusions as confusions
from .output import save as save
from .output import show as show
from .output import to_data_uri as to_data_uri
from .output import to_png as to_png
from .pictures import augmented as augmented
from .pictures import digits as digits
from .pictures import most_wrong as most_wrong
from .pictures import prediction as prediction
from .surface import loss_surface as loss_surface
