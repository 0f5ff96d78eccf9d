_POLICIES = {}


def register(name):  # NONE
    def add(cls):  # NONE
        _POLICIES[name] = cls
        return cls
    return add


def make_policy(name, **options):  # NONE
    return _POLICIES[name](**options)
