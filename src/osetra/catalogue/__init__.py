"""Known search spaces: what to tune in a network, over which range, on which scale, and why.

opened = open_tiers(by_name("mlp"), trials=24)
opened.space, opened.sentence
"""

from osetra.catalogue.entry import Catalogue, Entry
from osetra.catalogue.lookup import by_name, catalogues
from osetra.catalogue.tiers import Opened, open_tiers

__all__ = ["Catalogue", "Entry", "Opened", "by_name", "catalogues", "open_tiers"]
