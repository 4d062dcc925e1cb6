"""The names whose examples tests/test_docstring_examples.py runs are those of the reference."""

import pytest

from tests.test_docstring_examples import PUBLIC, ROOMS

pytest.importorskip("griffe", reason="the lessons extra is not installed")

from lessons.site import api


def test_every_name_of_the_reference_has_its_examples_run():
    assert {name for name, entry in api.entries().items() if entry.room in ROOMS} == set(PUBLIC)
