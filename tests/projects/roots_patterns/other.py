class Outside:
    def forward(self, x):  # NONE
        return x


def run_fast(x):  # NONE
    return x
