"""Effects: which hyperparameters matter, what their values do, and which changes brought the best trial."""
