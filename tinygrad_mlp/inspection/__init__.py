"""Looking into models: what stands in one, and what it computes.

`summary` is in summaries.py, which shows what trial.py finds out in one run of the model.
"""

from .summaries import Summary as Summary
from .summaries import summary as summary
