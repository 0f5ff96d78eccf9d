"""Ways in which projects keep classes under names."""

MODELS = {}
BUILDERS = {}


def register(name):  # NONE
    def add(cls):  # NONE
        MODELS[name] = cls
        return cls
    return add


def register_builder(function):  # NONE
    BUILDERS[function.__name__] = function
    return function


class Registry:
    def __init__(self):  # NONE
        self._classes = {}

    def register(self, name):  # NONE
        def add(cls):  # NONE
            self._classes[name] = cls
            return cls
        return add

    def build(self, name, **options):  # NONE
        return self._classes[name](**options)


LAYERS = Registry()
