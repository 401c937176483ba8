"""What a person sees of a study, as plain data first; `terminal` draws it for eyes."""
