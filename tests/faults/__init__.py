"""The fault matrix: one test per fault that a study has to survive; their names carry its row.

OSETRA_KILLS says how many of each kind: 20 usually, 200 in `make soak`, which also runs what lasts.
"""

import os

KILLS = int(os.environ.get("OSETRA_KILLS", "20"))
SOAK = KILLS >= 200
