"""Mutants of the rooms beside the derivative table, and the tests that must notice them."""
