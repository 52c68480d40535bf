"""The Windows executable under Wine, used as a person would; run by `build.py test --wine`."""
