"""Compat: osetra under the names of other tuners, so that their scripts run after changing the import."""
