"""The program behind a function: traced, cleaned up, written as text, and replayed.

`compile` is what one calls; `tracing.py` writes a program down, `passes.py` cleans it up, `text.py`
writes it as Python, and `compiled.py` runs it in the place of the function.
"""

from .compiled import Compiled as Compiled
from .compiled import compile as compile
from .lines import CompileError as CompileError
