"""The built-in deep network: data in, training, model out.

Files about data (dataset, tables, arrays, images, sources, loading, split, prepare) never import
PyTorch, so that looking at data is quick; importing this package imports nothing.
"""
