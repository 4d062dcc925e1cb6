"""Twenty-one lessons, from the first derivative to the program behind a network, and two optional.

Each `NN_name.py` here is one lesson: it runs alone, opens as a notebook, and becomes a page.
`exercises/`, `solutions/` and `checks/` hold a file of the same name. `python -m lessons list`
is the way in: `__main__.py` holds the commands, `catalogue.py` finds and reads the lessons,
`answers.py` reads the reader's answers and `checking.py` judges them, `drills.py` asks for one rule
after another, `capstone.py` builds a framework out of the answers, `notebooks.py` runs lessons, and
`site/` makes pages of them, of what the package offers, and of the pages in `reference/`, which say
what was measured and what is promised.
"""
