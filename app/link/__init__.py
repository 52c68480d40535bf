"""How it travels: the network."""
