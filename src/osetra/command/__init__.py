"""Commands: any program in any language as a training function.

    study.run(CommandTraining(("./train", "--lr", "{lr}")), trials=50, workers=4)

The program gets its values as arguments, in the environment and in a JSON file, says how it fares in
lines of JSON, and is ended by SIGTERM when its trial has to pause or to stop.
"""

from osetra.command.training import CommandTraining

__all__ = ["CommandTraining"]
