"""What the tests of the lessons stand on: a browser, and reading a lesson's source."""
