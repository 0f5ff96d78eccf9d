"""The further cases of rules about graph breaks and recompilations on real torch, and that a wrong case is found out.

Where a case cannot be run, it says so itself.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fullgraph.engine.registry import registry
from fullgraph.verify.case_outcome import SEEN_AT_LINES, Outcome
from fullgraph.verify.case_worker import try_case
from fullgraph.verify.cases import Case, cases_of

ROOT = Path(__file__).parent.parent
RULES = [rule for rule in registry().values() if rule.effect in SEEN_AT_LINES]
CASES = [case for rule in RULES for case in cases_of(rule)]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_torch_agrees_with_the_case(case: Case) -> None:
    outcome = try_case(case)
    assert outcome.unable == case.why_not, outcome.errors
    assert outcome.verdict in ("agrees", "agrees in part", "not run"), outcome


def wrong(code: str, *lines: str, run: str = "step(torch.ones(3))") -> Outcome:
    body = "".join(f"    {line}\n" for line in lines)
    source = f"import copy\nimport os\nimport torch\n\n@torch.compile\ndef step(x, given=None):\n{body}    return x\n"
    return try_case(Case(code, 0, f"{source}# run: {run}\n"))


def test_what_is_reported_and_does_not_happen_is_a_false_alarm() -> None:
    outcome = wrong("TFG212", 'os.environ.setdefault("PATH", "1")', "print(x)")
    assert (outcome.verdict, outcome.refuted, outcome.unreported) == ("false alarm", (7,), ())


def test_what_happens_and_is_not_reported_is_a_missed_alarm() -> None:
    outcome = wrong("TFG212", "given = copy.copy(given)", "print(x)", run="step(torch.ones(3), {})")
    assert (outcome.verdict, outcome.unreported) == ("missed alarm", (7,))
    assert [row for row, _ in outcome.reasons] == [7, 8]
    outcome = wrong("TFG212", "given = copy.copy(given)  # unreported", run="step(torch.ones(3), {})")
    assert outcome.verdict == "agrees"


def test_what_is_not_reached_is_told() -> None:
    outcome = wrong("TFG210", "if x.shape[0] > 3:", "    print(x)")
    assert (outcome.verdict, outcome.unreached) == ("agrees in part", (8,))


def test_fewer_breaks_than_reports_leave_a_doubt() -> None:
    outcome = wrong("TFG212", 'os.environ["TERM"] = os.environ.setdefault("PATH", "1")')
    assert (outcome.verdict, outcome.doubtful) == ("agrees in part", (7,))


def test_an_error_within_dynamo_counts() -> None:
    case = Case(
        "TFG202",
        0,
        "import math\nimport random\nimport torch\n\n@torch.compile\ndef step(x):\n"
        "    return x * math.sqrt(random.uniform(0.5, 2.0))\n",
    )
    assert try_case(case).confirmed == (7,)


COUNTER = """import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.other = 0

    def forward(self, x):
        self.count += 1
        self.other += 1
        return x * 2

# run: [net(torch.ones(3)) for net in [torch.compile(Net())] for _ in range(TIMES)]
"""


def test_recompilations_are_told_of_lines_or_of_functions() -> None:
    outcome = try_case(Case("TFG303", 0, COUNTER.replace("TIMES", "12")))
    assert (outcome.verdict, {*outcome.confirmed, *outcome.doubtful}) == ("agrees in part", {10, 11})
    assert outcome.confirmed
    outcome = try_case(Case("TFG303", 0, COUNTER.replace("TIMES", "2")))
    assert (outcome.verdict, outcome.refuted) == ("false alarm", (10, 11))


def test_a_function_at_its_limit_of_which_nothing_is_reported_is_a_missed_alarm() -> None:
    source = "import torch\n\n@torch.compile\ndef step(x, name):\n    return x * len(name)\n\n"
    source += "# run: [step(torch.ones(3), 'a' * n) for n in range(12)]\n"
    outcome = try_case(Case("TFG306", 0, source))
    assert (outcome.verdict, outcome.unreported) == ("missed alarm", (3,))
    outcome = try_case(Case("TFG306", 0, source.replace("len(name)", "len(name)  # unreported")))
    assert outcome.verdict == "agrees"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import torch\nfrom .tools import nothing\n# run: nothing()\n", "ImportError"),
        ("import torch\n", "it does not say how it is called"),
        ("import torch\n# not run: it needs a GPU\n", "it needs a GPU"),
        (
            "import torch\nfrom torch import nn\n\nclass Net(nn.Module):\n    def forward(self, x):\n        print(x)\n"
            "# run: Net()(torch.ones(3))\n",
            "Dynamo traced nothing",
        ),
    ],
)
def test_what_cannot_be_run_says_why(source: str, why: str) -> None:
    outcome = try_case(Case("TFG210", 0, source))
    assert outcome.verdict == "not run"
    assert why in outcome.unable


def test_files_beside_a_case_are_imported_and_forgotten() -> None:
    source = (
        "import torch\nimport lone_file\nfrom .tools import double\n\n@torch.compile\ndef step(x):\n    print(x)\n"
        "    return double(x) + lone_file.ONE\n# beside tools.py: def double(x): return 2 * x\n"
        "# beside lone_file.py: ZERO = 0; ONE = 1\n# run: step(torch.ones(3))\n"
    )
    outcome = try_case(Case("TFG210", 0, source))
    assert (outcome.verdict, outcome.confirmed, outcome.errors) == ("agrees", (7,), ())
    assert not {"lone_file", "tools", "fullgraph_package"} & sys.modules.keys()


def test_calls_are_made_up_where_a_case_says_none() -> None:
    source = (
        "import torch\nfrom torch import nn\n\n@torch.compile\ndef step(x, n: int, *, flag=True):\n    return x\n\n"
        "class Net(nn.Module):\n    def __init__(self, size: int):\n        super().__init__()\n\n"
        "    def forward(self, x: torch.Tensor, mode: str = 'a'):\n        return x\n\n"
        "class Unknown(nn.Module):\n    def forward(self, config):\n        return config\n"
    )
    assert Case("TFG210", 0, source).calls == (
        "step(torch.ones(3, 3), 3)",
        "torch.compile(Net(3))(torch.ones(3, 3))",
    )


def test_the_tool_runs_cases_in_a_process_of_their_own_and_prints_a_table() -> None:
    command = [sys.executable, str(ROOT / "tools" / "try_cases.py"), "TFG204", "--verbose"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "confirmed: 8: a = np.random.rand()  # TFG204" in done.stdout
    tried = len(cases_of(registry()["TFG204"]))
    assert done.stdout.endswith(f"agrees: {tried}\n")
