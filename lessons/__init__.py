"""Sixteen lessons, from the first derivative to a network past 99 %.

Each `NN_name.py` here is one lesson: it runs alone, opens as a notebook, and becomes a page.
`exercises/`, `solutions/` and `checks/` hold a file of the same name. `python -m lessons list`
is the way in: `__main__.py` holds the commands, `catalogue.py` finds and reads the lessons,
`checking.py` judges answers, `notebooks.py` runs lessons, and `site/` makes pages of lessons
and of the pages in `reference/`, which say what was measured and what is promised.
"""
