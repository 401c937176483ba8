"""Who starts workers: in this process, or as local processes."""

from osetra.executors.inline import Inline
from osetra.executors.processes import Processes

__all__ = ["Inline", "Processes"]
