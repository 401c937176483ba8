"""What osetra talks about: spaces, problems, facts, trials and their history."""
