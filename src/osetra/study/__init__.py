"""Who drives: the study in the user's hands, the loop behind it, and the orders it takes."""
