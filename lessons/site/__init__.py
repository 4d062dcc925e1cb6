"""The site that `python -m lessons html` makes of the lessons, the reference and the docstrings.

pages.py    which pages there are, and what stands on each
cells.py    an executed lesson as HTML: predictions to answer, drawing code folded, figures to play
markup.py   Markdown and formulas as HTML
search.py   the texts that search looks through
site.js, search.js, style.css   what runs in the browser, and how it looks
"""
