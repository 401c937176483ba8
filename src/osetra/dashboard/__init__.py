"""The live page: watch studies and steer them in a browser."""
