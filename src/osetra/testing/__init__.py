"""Conformance kits: what every searcher, store and executor must get right, for outsiders too."""
