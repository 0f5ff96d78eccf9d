# ROOTS: pkg.mod:Engine.method pkg.*:*.forward pkg.steps:run_*


class Engine:
    def method(self, x):  # POSSIBLE: Engine.method
        return self.helper(x)

    def helper(self, x):  # POSSIBLE: Engine.method -> Engine.helper
        return x

    def other(self, x):  # NONE
        return x


class Layer:
    def forward(self, x):  # POSSIBLE: Layer.forward
        return x

    def backward(self, x):  # NONE
        return x
