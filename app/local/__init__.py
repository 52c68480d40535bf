"""run-local: a suite from a file, without any platform."""
