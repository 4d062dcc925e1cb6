"""What the tests of the lessons' claims read: numbers in what a lesson has printed."""

import re


def numbers(text):
    """All numbers of a text, in order; percent signs and commas between thousands are left out."""
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    return [float(x) for x in re.findall(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", text)]


def row(text, start):
    """The numbers of the first line that begins with these words, whatever its indentation."""
    for line in text.splitlines():
        if line.strip().startswith(start):
            return numbers(line.strip()[len(start) :])
    raise AssertionError(f"no line begins with {start!r}:\n{text}")
