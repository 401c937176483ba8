"""How a terminal draws what the views hold."""
