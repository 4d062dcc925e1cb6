"""The experiment that the framework is for: the published comparison on MNIST, and past it.

A reader of the framework may skip this wing. `recipes.py` says what is trained, `training.py`
trains it, `compare.py` runs the comparison, `progress.py` says how far it is, `findings.py` says
what its numbers mean, and `report.py` shows it. `recognise.py` answers for a picture of yours,
which `picture_files.py` opens, and `preparation.py` and `pieces.py` make like MNIST's; `play/` is a
page on which one draws it. `cli.py` is the command line, on the scaffold of `command.py`.
`basic.py` is the published network, with backpropagation written by hand.
"""
