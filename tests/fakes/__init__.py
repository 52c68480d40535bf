"""Fakes that work."""
