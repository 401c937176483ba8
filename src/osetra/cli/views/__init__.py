"""How a study looks in a terminal, a file or a picture: pure functions of problem and history."""
