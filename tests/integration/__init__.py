"""The whole agent against the demo platform."""
