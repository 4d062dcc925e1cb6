"""The contenders, a file for each framework: only there is it imported."""
