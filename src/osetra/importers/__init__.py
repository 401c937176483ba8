"""Importers: trials of other tuners become trials of a study, one file per tuner."""
