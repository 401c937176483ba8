"""What moves on the screen while a training or a worker is watched."""
