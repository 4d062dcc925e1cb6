"""Pictures of digits as people take them, made from MNIST, and how well `predict` reads them.

`defects.py` spoils digits, `others.py` makes pictures that are not of one digit, and `rates.py`
counts. `python -m tests.pictures` prints the tables of lessons/reference/pictures.md.
"""
