"""osetra finds good hyperparameters for deep networks, and keeps them good."""
