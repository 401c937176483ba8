"""Numerics: arrays in, arrays out. Points of the unit cube, minimised outcomes, NaN where inactive."""
