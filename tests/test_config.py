"""Settings: every front end derives from the fields, and every mistake names its place and the nearest right word."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from fullgraph.config import Config, Kind, Origin, config_table, flake8_options, from_flags, load_config, options
from fullgraph.paths import display_path
from fullgraph.tomlfile import ConfigError, key_line, value_line

VALUES = {
    Kind.VERSION: '"2.4"',
    Kind.PATH: '"2.4"',
    Kind.PER_FILE: '{ a = ["TFG1"] }',
    Kind.DEGREE: '"possible"',
    Kind.CODES: '["TFG1"]',
    Kind.FUNCTIONS: '["a.b:C.d"]',
}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def error_of(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value)


def test_every_field_but_the_origins_is_an_option() -> None:
    assert [option.name for option in options()] == [field.name for field in fields(Config) if field.metadata]
    assert {field.name for field in fields(Config) if not field.metadata} == {"origins", "source"}
    assert all(option.help.endswith(".") and option.default for option in options())


def test_reads_every_key(tmp_path: Path) -> None:
    path = write(
        tmp_path / "pyproject.toml",
        """
[tool.fullgraph]
select = ["TFG1"]
ignore = ["TFG102"]
extend-select = ["TFG301"]
extend-ignore = ["TFG4"]
exclude = ["gen"]
extend-exclude = ["third_party"]
target-torch = "2.4"
""",
    )
    config = load_config(path)
    assert config == Config(("TFG1",), ("TFG102",), ("TFG301",), ("TFG4",), ("gen",), ("third_party",), "2.4")
    assert config.origin("ignore", "TFG102") == Origin("pyproject.toml:4", str(tmp_path))


def test_every_option_is_a_toml_key_of_its_kind(tmp_path: Path) -> None:
    for option in options():
        value = VALUES.get(option.kind, '["TFG1"]')
        config = load_config(write(tmp_path / "fullgraph.toml", f"{option.key} = {value}\n"))
        assert getattr(config, option.name) in ("2.4", "possible", ("TFG1",), ("a:TFG1",), ("a.b:C.d",))


def test_other_files_hold_the_keys_at_top_level_or_in_the_same_table(tmp_path: Path) -> None:
    assert load_config(write(tmp_path / "fullgraph.toml", 'select = ["TFG1"]\n')).select == ("TFG1",)
    assert load_config(write(tmp_path / "x.toml", '[tool.fullgraph]\nselect = ["TFG1"]\n')).select == ("TFG1",)
    assert load_config(write(tmp_path / "pyproject.toml", "[project]\nname = 'x'\n")) == Config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.other]\nx = 1\n\n[tool.fullgraph]\n# select\nignore = []\nslect = ['TFG1']\n",
            "pyproject.toml:7: unknown key 'slect' in [tool.fullgraph]; did you mean 'select'?",
        ),
        ("[tool.fullgraph]\ntarget_torch = '2'\n", "pyproject.toml:2: unknown key 'target_torch' in [tool.fullgraph];"),
        ("[tool.fullgraph]\nxyzzy = 1\n", "the keys are select, ignore, extend-select"),
        ("[tool.fullgraph]\n\nselect = 'TFG1'\n", ":3: 'select' must be a list of strings, found a string"),
        ("[tool.fullgraph]\nignore = ['TFG1', 3]\n", ":2: 'ignore' must be a list of strings, found an integer in it"),
        ("[tool.fullgraph]\nselect = true\n", "found a boolean"),
        ("[tool.fullgraph]\nselect = 2020-01-01\n", "found a date"),
        ("[tool.fullgraph]\ntarget-torch = 2.4\n", ":2: 'target-torch' must be a string, as in '2.4', found a float"),
        ("[tool.fullgraph]\ntarget-torch = 'new'\n", ":2: bad torch version 'new'; write it as in '2.4'"),
        ("x = 1\n[tool.fullgraph\nselect = []\n", "pyproject.toml:2:16: invalid TOML: "),
        ("x = 1\ny = 'never closed\n", "pyproject.toml:2:"),
        ("a = 1\na = 2\n", "pyproject.toml:2:"),
        ("tool = 3\n\nx = '''", "pyproject.toml:3"),
        ("[tool]\nfullgraph = 3\n", "pyproject.toml:2: [tool.fullgraph] must be a table, found an integer"),
        ("[tool]\nfullgraph = {slect = []}\n", "pyproject.toml:2: unknown key 'slect'"),
        ("[tool]\nfullgraph.slect = []\n", "pyproject.toml:2: unknown key 'slect'"),
        ('tool."fullgraph".slect = []\n', "pyproject.toml:1: unknown key 'slect'"),
        ("x = " + "[" * 5000, "invalid TOML"),
    ],
)
def test_a_mistake_names_line_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    error = error_of(write(tmp_path / "pyproject.toml", text))
    assert message in error
    assert error.startswith("pyproject.toml:")
    assert "\n" not in error


def test_a_mistake_in_a_plain_file(tmp_path: Path) -> None:
    assert error_of(write(tmp_path / "f.toml", "selct = []")) == "f.toml:1: unknown key 'selct'; did you mean 'select'?"


def test_unreadable_and_undecodable_files(tmp_path: Path) -> None:
    assert error_of(tmp_path / "no.toml") == "no.toml: cannot read the configuration file: No such file or directory"
    assert "cannot read the configuration file" in error_of(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"x = 1\ny = '\xe9'\n")
    assert error_of(tmp_path / "latin.toml") == "latin.toml:2: invalid TOML: not UTF-8"


def test_bom_and_windows_newlines(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(b"\xef\xbb\xbf[tool.fullgraph]\r\nselect = ['TFG1']\r\n")
    assert load_config(path).origin("select", "TFG1").where == "pyproject.toml:2"


def test_lines_of_values() -> None:
    text = 'a = ["x"]\n[tool.fullgraph] # here\nselect = [\n  "TFG1",\n  "TFG2", # two\n]\nignore = ["TFG2"]\n'
    text += "[x]\nselect = []\n"
    assert key_line(text, ("tool", "fullgraph", "select")) == 3
    assert key_line(text, ("x", "select")) == 9
    assert key_line(text, ("nowhere",)) == 1
    assert value_line(text, ("tool", "fullgraph", "select"), "TFG2") == 5
    assert value_line(text, ("tool", "fullgraph", "ignore"), "TFG2") == 7
    assert value_line(text, ("tool", "fullgraph", "ignore"), "TFG9") == 7


def test_flags_may_be_repeated_or_joined() -> None:
    config = from_flags({"select": ("TFG1, TFG2", "TFG3"), "ignore": (), "target_torch": None, "other": "x"})
    assert config == Config(select=("TFG1", "TFG2", "TFG3"))
    assert config.origin("select", "TFG2").where == "--select"
    assert from_flags({"select": ("",)}).select == ()


def test_flag_with_a_bad_version() -> None:
    with pytest.raises(ConfigError, match=r"^--target-torch: bad torch version 'x'"):
        from_flags({"target_torch": "x"})


def test_flags_override_and_extend() -> None:
    file = Config(ignore=("A",), extend_select=("B",), exclude=("x",), extend_exclude=("y",), target_torch="2.1")
    assert file.overridden_by(Config()) == file
    flags = Config(ignore=("C",), extend_select=("D",), extend_exclude=("z",), target_torch="2.2")
    assert file.overridden_by(flags) == Config(
        ignore=("C",), extend_select=("B", "D"), exclude=("x",), extend_exclude=("y", "z"), target_torch="2.2"
    )


def test_select_on_the_command_line_starts_afresh() -> None:
    file = Config(select=("A",), ignore=("B",), extend_select=("C",), extend_ignore=("D",), exclude=("x",))
    assert file.overridden_by(Config(select=("B",))) == Config(select=("B",), exclude=("x",))


def test_flake8_options_are_accepted_by_flake8() -> None:
    from flake8.options.manager import OptionManager

    manager = OptionManager(version="1", plugin_versions="", parents=[], formatter_names=["default"])
    for flag, keywords in flake8_options():
        manager.add_option(flag, **keywords)
    assert manager.parse_args(["--fullgraph-target-torch", "2.4"]).fullgraph_target_torch == "2.4"
    assert "fullgraph_target_torch" in manager.config_options_dict


def test_table_has_a_row_for_each_option() -> None:
    rows = config_table().splitlines()
    assert len(rows) == 2 + len(options())
    assert all(f"| `{option.key}` | `{option.flag}` |" in config_table() for option in options())
    assert {row.count(" | ") for row in rows} == {5}


def test_display_path(tmp_path: Path) -> None:
    assert display_path("a/../b.py") == "b.py"
    assert display_path(tmp_path / "a" / "b.py") == str(Path("a", "b.py"))
    assert display_path(tmp_path) == "."
    assert display_path("../x.py") == str(tmp_path.parent / "x.py")


def test_import_is_light() -> None:
    code = "import sys, fullgraph.config; print(*sorted(sys.modules))"
    env = {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
    assert not {"click", "tomllib", "difflib", "flake8", "pathspec", "packaging", "fullgraph.api"} & set(loaded.split())
