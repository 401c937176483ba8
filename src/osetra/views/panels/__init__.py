"""Panels: what every view of a study shows, as plain data.

A panel is a pure function of a problem and a history that returns a document: numbers, texts, lists and
mappings that JSON can hold, NaN and infinities as texts. The live page, the notebook, the single file and
the figures draw the same documents, so none of them can say something else.
"""
