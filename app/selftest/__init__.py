"""`ats-agent selftest`: the program tests itself where it is, with nothing but itself."""
