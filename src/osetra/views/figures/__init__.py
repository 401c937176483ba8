"""Figures: the panels of a study as pictures, for papers, reports and notebooks. Needs matplotlib.

Every figure draws the document of a panel, so it can say nothing else than the live page does.
"""
