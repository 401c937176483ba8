"""Data: from any file, folder, frame or array to a checked data set; nothing here knows a network."""
