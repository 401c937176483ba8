"""The version of osetra: what a model's card and a bug report name."""

__version__ = "0.1.0"
