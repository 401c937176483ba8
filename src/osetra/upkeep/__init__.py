"""Looking after studies on disk: checking, copying, tidying up and saving what is readable."""
