"""What lasts: the study's folder, its public database, its vault, and what is derived."""
