"""Tests of the executables that `build.py binary` makes; run by `build.py test --frozen`."""
