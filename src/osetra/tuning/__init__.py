"""The front door: from a data file, a function or a program to a tuned model."""
