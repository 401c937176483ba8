"""Search problems with known best values, in families; each is a `Benchmark`."""
