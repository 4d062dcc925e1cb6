"""Looking into models, and at what was computed: summaries, and graphs as pictures.

`summary` is in summaries.py, which shows what trial.py finds out in one run of the model.

`draw_graph` is in drawing.py: graph.py finds what is in a graph, folding.py shortens it, layout.py
gives each box its place, and svg.py draws. It is imported when it is first used.
"""

from .summaries import Summary as Summary
from .summaries import summary as summary
