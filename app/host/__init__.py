"""This computer; every test for the operating system lives here."""
