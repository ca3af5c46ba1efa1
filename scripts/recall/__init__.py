"""How many of the true nearest documents each engine finds, over 20,000 real text embeddings. See ``__main__``."""
