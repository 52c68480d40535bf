"""Modules that vendors import and hardly ever use: loaded when they are used."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands for a module until the first look at what is in it."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def later(*names: str) -> None:
    """Let `import package.module` load nothing yet; for modules of the standard library.

    `import package.module as m` and `from package.module import name` work as ever, the
    latter at once. (importlib.util.LazyLoader loads at the second import already.)
    """
    for name in names:
        if name not in sys.modules:
            package, _dot, module = name.rpartition(".")
            stand_in = sys.modules[name] = _Later(name)
            setattr(import_module(package), module, stand_in)
