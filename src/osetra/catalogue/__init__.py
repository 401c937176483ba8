"""Known search spaces: what to tune in a network, over which range, on which scale, and why.

selection = select_space(by_name("mlp"), trials=24)
selection.space, selection.sentence
"""

from osetra.catalogue.entry import Catalogue, CatalogueEntry
from osetra.catalogue.lookup import by_name, catalogues, for_task
from osetra.catalogue.tiers import Selection, select_space

__all__ = ["Catalogue", "CatalogueEntry", "Selection", "by_name", "catalogues", "for_task", "select_space"]
