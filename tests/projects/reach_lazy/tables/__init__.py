from importlib import import_module

_MODULES = {"first": "parts", "other": ("parts", "second")}
_NAMES: dict[str, list[str]] = {"parts": ["third"]}


def __getattr__(name):  # NONE
    if name == "fourth":
        from .parts import fourth
        return fourth
    if name in _MODULES:
        module = _MODULES[name]
        module, name = module if isinstance(module, tuple) else (module, name)
        return getattr(import_module("." + module, __name__), name)
    for module, names in _NAMES.items():
        if name in names:
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(name)
