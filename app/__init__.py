"""The ATS agent: turns a PC into a test execution node of an ATS platform."""

__version__ = "0.1.0"
