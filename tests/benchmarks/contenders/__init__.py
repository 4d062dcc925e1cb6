"""The contenders, a file for each framework, which is imported only there."""
