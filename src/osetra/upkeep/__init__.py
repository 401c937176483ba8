"""Looking after studies, the same for every storage: checks, backups, copies, recovery."""
