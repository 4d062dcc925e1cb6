"""Looking at models and at what was computed: the graph as a picture."""

from .drawing import Drawing as Drawing
from .drawing import draw_graph as draw_graph
