"""What one training's curves ask for while it runs."""

from osetra.advice.training.diverged import Counsel, counsel, rate_name

__all__ = ["Counsel", "counsel", "rate_name"]
