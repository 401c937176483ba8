"""Schedulers: how long to train, one file each."""
