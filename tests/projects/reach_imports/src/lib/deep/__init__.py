try:
    from .fast import reexported
except ImportError:
    from .slow import reexported
