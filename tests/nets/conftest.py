"""One thread: small matrices on a shared machine only wait for each other."""

import torch

torch.set_num_threads(1)
