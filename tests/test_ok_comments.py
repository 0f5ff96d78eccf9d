"""Comments that hide findings: ``# fullgraph: ok`` and ``# noqa``, on the command line and in a real flake8."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fullgraph.engine import suppression
from fullgraph.engine.check import check_source, check_tree
from fullgraph.engine.finding import Finding, Position
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange

SETTINGS = Settings.with_everything(TorchRange.only(NEWEST_KNOWN))
USE = "torch._dynamo.mark_dynamic(x, 0)"
"""One TFG102, whatever the torch version."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}


def found(text: str) -> list[str]:
    return [
        f"{each.start.row}:{each.start.column} {each.code}" for each in check_source(text.encode(), "a.py", SETTINGS)
    ]


def messages(text: str) -> list[str]:
    return [f"{each.code} {each.message}" for each in check_source(text.encode(), "a.py", SETTINGS)]


def run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=ENVIRONMENT)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


ACCEPTED = {
    "trailing": f"import torch\n{USE}  # fullgraph: ok TFG102 why\n",
    "rule-name": f"import torch\n{USE}  # fullgraph: ok private-api why\n",
    "small-letters": f"import torch\n{USE}  # fullgraph: ok tfg102 why\n",
    "capitals": f"import torch\n{USE}  # fullgraph: OK TFG102 why\n",
    "no-spaces": f"import torch\n{USE}  #fullgraph:ok TFG102 why\n",
    "colon": f"import torch\n{USE}  # fullgraph: ok TFG102: why\n",
    "dash": f"import torch\n{USE}  # fullgraph: ok TFG102 - why\n",
    "approver-and-date": f"import torch\n{USE}  # fullgraph: ok TFG102 2026-11-01 jd: keys are constant\n",
    "until": f"import torch\n{USE}  # fullgraph: ok TFG102 until=2999-12-31 why\n",
    "until-later-in-the-reason": f"import torch\n{USE}  # fullgraph: ok TFG102 why, until: 2999-12-31\n",
    "number-sign-in-the-reason": f"import torch\n{USE}  # fullgraph: ok TFG102 see #12\n",
    "behind-another-comment": f"import torch\n{USE}  # type: ignore[x]  # fullgraph: ok TFG102 why\n",
    "before-another-comment": f"import torch\n{USE}  # fullgraph: ok TFG102 why  # noqa: E501\n",
    "two-codes": f"import torch\n{USE}, torch._dynamo.disable(f)  # fullgraph: ok TFG101, TFG102 why\n",
    "two-comments": f"import torch\n{USE}, torch._dynamo.disable  # fullgraph: ok TFG101 a  # fullgraph: ok TFG102 b\n",
    "above": f"import torch\n# fullgraph: ok TFG102 why\n{USE}\n",
    "above-other-comments": f"import torch\n# fullgraph: ok TFG102 why\n# and more\n{USE}\n",
    "above-a-statement-of-many-rows": f"import torch\n# fullgraph: ok TFG102 why\nf(\n    1,\n    {USE},\n)\n",
    "above-a-row-of-a-statement": f"import torch\nf(\n    1,\n    # fullgraph: ok TFG102 why\n    {USE},\n)\n",
    "backslash": f"import torch\ny = \\\n    {USE}, \\\n    1  # fullgraph: ok TFG102 why\n",
    "string-of-many-rows": f'import torch\nf({USE}, """\n""")  # fullgraph: ok TFG102 why\n',
    "decorator": "import torch\n@torch._dynamo.disable  # fullgraph: ok TFG101 why\ndef f(): pass\n",
    "above-the-decorators": "import torch\n# fullgraph: ok TFG101 why\n@g\n\n@torch._dynamo.disable\ndef f(): pass\n",
    "header": f"import torch\nif x:\n    pass\n# fullgraph: ok TFG102 why\nelif {USE}:\n    pass\n",
    "form-feed": f"import torch\n\f\n{USE}  # fullgraph: ok TFG102 why\n",
    "no-newline-at-the-end": f"import torch\n{USE}  # fullgraph: ok TFG102 why",
    "carriage-returns": f"import torch\r\n{USE}  # fullgraph: ok TFG102 why\r\n",
}
NOT_ACCEPTED = {
    "another-line": f"import torch\n{USE}\nx = 1  # fullgraph: ok TFG102 why\n",
    "empty-line-below": f"import torch\n# fullgraph: ok TFG102 why\n\n{USE}\n",
    "body": f"import torch\n# fullgraph: ok TFG102 why\nif x:\n    {USE}\n",
    "body-of-a-decorated-function": f"import torch\n@g  # fullgraph: ok TFG102 why\ndef f(x):\n    {USE}\n",
    "end-of-a-statement-of-many-rows": f"import torch\nf(\n    {USE},\n)  # fullgraph: ok TFG102 why\n",
    "another-code": f"import torch\n{USE}  # fullgraph: ok TFG101 why\n",
    "expired": f"import torch\n{USE}  # fullgraph: ok TFG102 until=2020-01-01 why\n",
    "at-the-end": f"import torch\n{USE}\n# fullgraph: ok TFG102 why",
}
MALFORMED = {
    "ok": "names no code",
    "ok -": "names no code",
    "ok TFG102": "gives no reason",
    "ok TFG102:": "gives no reason",
    "ok TFG102 until=2999-01-01": "gives no reason",
    "ok TFG102 # noqa: E501": "gives no reason",
    "ok TFG109 why": "unknown rule 'TFG109'; did you mean 'TFG10",
    "ok TFG1 why": "unknown rule 'TFG1'; did you mean 'TFG10",
    "ok privat-api why": "unknown rule 'privat-api'; did you mean 'private-api'?",
    "ok TFG002 why": "TFG002 is no rule's finding",
    "ok TFG102 TFG101 why": "put a comma in front of 'TFG101'",
    "ok TFG102 until=2026-02-30 why": "bad date '2026-02-30'",
    "ok TFG102 until=soon why": "bad date 'soon'",
    "ignore TFG102 why": "unknown fullgraph comment",
    "TFG102 why": "unknown fullgraph comment",
    "disable=TFG102": "unknown fullgraph comment",
}
PROSE = [
    "fullgraph: this must not break",
    "see `# fullgraph: ok TFG102`",
    "fullgraph: OK, dynamic: fails",
    "fullgraph=True ok",
]


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("text", NOT_ACCEPTED.values(), ids=NOT_ACCEPTED.keys())
def test_not_accepted_and_said_to_be_in_vain(text: str) -> None:
    assert sorted(each.split(" ")[1] for each in found(text)) == ["TFG002", "TFG102"]


@pytest.mark.parametrize(("comment", "fault"), MALFORMED.items(), ids=MALFORMED.keys())
def test_malformed(comment: str, fault: str) -> None:
    kept, about = messages(f"import torch\n{USE}  # fullgraph: {comment}\n")
    assert kept.startswith("TFG102 ")
    assert about.startswith("TFG003 this hides nothing: ")
    assert fault in about


@pytest.mark.parametrize("comment", PROSE)
def test_prose_about_fullgraph_is_left_alone(comment: str) -> None:
    assert found(f"import torch\nx = 1  # {comment}\n") == []


def test_a_comment_in_a_string_is_none() -> None:
    assert found('import torch\nx = """\n# fullgraph: ok TFG102\n"""\n') == []


def test_expired_says_since_when() -> None:
    assert messages(NOT_ACCEPTED["expired"])[1] == "TFG002 this holds no longer: it was accepted until 2020-01-01"


def test_only_the_code_in_vain_is_named_at_its_place() -> None:
    text = f"import torch\n{USE}  # fullgraph: ok TFG102, tuple-keyed-dict why\n"
    (finding,) = check_source(text.encode(), "a.py", SETTINGS)
    assert (finding.code, finding.start, finding.end) == ("TFG002", Position(2, 59), Position(2, 75))
    assert finding.message.startswith("TFG301 is not found here")


def test_in_a_file_without_torch() -> None:
    assert found("x = 1  # fullgraph: ok TFG102 why\n") == ["1:24 TFG002"]


def test_codes_that_are_not_looked_for_are_not_judged() -> None:
    settings = Settings(TorchRange.only(NEWEST_KNOWN), frozenset({"TFG101"}))
    text = b"import torch\nx = 1  # fullgraph: ok TFG102 why\ny = 1  # noqa: TFG102\n"
    assert check_source(text, "a.py", settings) == []


NOQA = {
    "x = 1  # noqa: TFG101": ["2:16 TFG002"],
    "x = 1  # noqa: E501, TFG101 why": ["2:22 TFG002"],
    "x = 1  # noqa: tfg101": ["2:16 TFG002"],
    "x = 1  # noqa: TFG101, TFG102": ["2:16 TFG002", "2:24 TFG002"],
    "x = 1  # noqa: TFG102, TFG002": [],
    "x = 1  # noqa": [],
    "x = 1  # noqa: TFG": [],
    "x = 1  # noqa: TFG1": [],
    "x = 1  # noqa: TFG999": [],
    "x = 1  # noqa: E501": [],
    "x = '# noqa: TFG101'": [],
    f"{USE}  # noqa: TFG102": [],
    f"{USE}  # noqa: TFG102, TFG101": ["2:51 TFG002"],
    f"{USE}  # noqa: TFG102  # fullgraph: ok TFG102 why": [],
    f'f({USE}, """\n""")  # noqa: TFG102': [],
    "x = 1  # fullgraph: ok TFG102 why  # noqa": [],
    "x = 1  # fullgraph: ok TFG102 why  # noqa: TFG002": [],
    "# flake8: noqa\nx = 1  # noqa: TFG101": [],
}


@pytest.mark.parametrize(("line", "expected"), NOQA.items(), ids=NOQA.keys())
def test_noqa_in_vain(line: str, expected: list[str]) -> None:
    assert found(f"import torch\n{line}\n") == expected


def test_a_failed_rule_makes_no_comment_look_vain() -> None:
    failed = Finding("a.py", Position(1, 1), Position(1, 1), "TFG001", "internal-error", "no such luck")
    lines = ["x = 1  # fullgraph: ok TFG102 why"]
    assert suppression.settle([failed], lines, "a.py", SETTINGS.codes, with_noqa=True) == [failed]


@pytest.mark.parametrize("text", [*ACCEPTED.values(), *NOT_ACCEPTED.values()])
def test_lines_with_and_without_their_ends_are_read_alike(text: str) -> None:
    import ast

    tree = ast.parse(text)
    lines = text.splitlines() if "\f" not in text else text.split("\n")
    outcomes = []
    for given in (lines, [f"{line}\n" for line in lines]):
        findings = check_tree(tree, given, "a.py", SETTINGS)
        outcomes.append(suppression.settle(findings, given, "a.py", SETTINGS.codes, with_noqa=False))
    assert outcomes[0] == outcomes[1]


def test_flake8_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {**ACCEPTED, **NOT_ACCEPTED}
    texts |= {
        f"malformed-{number}": f"import torch\n{USE}  # fullgraph: {each}\n" for number, each in enumerate(MALFORMED)
    }
    for name, text in texts.items():
        Path(f"{name}.py").write_bytes(text.encode())
    theirs = sorted(line.removeprefix("./") for line in run("flake8", "--select=TFG", "--isolated").splitlines())
    ours = sorted(
        run(
            "fullgraph", "check", "-q", "--isolated", "--output-format=concise", *(f"{n}.py" for n in texts)
        ).splitlines()
    )
    assert len(ours) > 2 * len(NOT_ACCEPTED)
    assert theirs == ours


def test_flake8_select_and_noqa_count_for_these_codes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("x = 1  # fullgraph: ok TFG102 why\ny = 1  # fullgraph: ok\n", encoding="utf-8")
    assert [line.split(" ")[1] for line in run("flake8", "a.py").splitlines()] == ["TFG002", "TFG003"]
    assert [line.split(" ")[1] for line in run("flake8", "--extend-ignore=TFG002", "a.py").splitlines()] == ["TFG003"]
    Path("a.py").write_text("x = 1  # fullgraph: ok TFG102 why  # noqa: TFG002\n", encoding="utf-8")
    assert run("flake8", "a.py") == ""


def test_the_command_line_can_ignore_them_and_has_their_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("x = 1  # noqa: TFG101\ny = 1  # fullgraph: ok\n", encoding="utf-8")
    everything = json.loads(run("fullgraph", "check", "--isolated", "--output-format=json", "a.py"))
    assert [each["code"] for each in everything] == ["TFG002", "TFG003"]
    assert run("fullgraph", "check", "-q", "--isolated", "--ignore=TFG002,malformed-suppression", "a.py") == ""
    assert "hide nothing" in run("fullgraph", "rule", "TFG002")
    assert "cannot be understood" in run("fullgraph", "rule", "malformed-suppression")
