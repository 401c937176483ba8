"""What the tests of the front door share with those of the command line."""

from cli.conftest import digits, here

__all__ = ["digits", "here"]
