"""Integrations: one file per framework, imported by name only."""
