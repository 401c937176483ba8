"""Inside the training process: the run in the user's hands, steering, checkpoints, replay."""
