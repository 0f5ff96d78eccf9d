"""fullgraph in Vim and Neovim, through flake8 and ALE: the editors themselves, without a screen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

TIMEOUT = 60
"""Seconds for one editor; it takes about two."""

BEFORE = 'größe = "形状"; '
GUILTY = f"import torch\n\n{BEFORE}torch._dynamo.reset()\n"
SETTINGS = """
set nocompatible encoding=utf-8 nomore
filetype plugin on
let g:ale_linters_explicit = 1
let g:ale_linters = {'python': ['flake8']}
let g:ale_python_flake8_options = '--select=TFG'
let g:ale_loclist_msg_format = '%code% %s'
"""
SCRIPT = """
silent! packadd ale

function! Write(what) abort
    call writefile([json_encode(a:what)], $FOUND)
    qall!
endfunction

" ALE fills the location list a moment after it has said that it is done
function! Look(timer) abort
    let l:items = getloclist(0)
    if empty(l:items) && !empty(ale#engine#GetLoclist(bufnr('')))
        call timer_start(10, 'Look')
        return
    endif
    let l:found = map(copy(l:items), '{"line": v:val.lnum, "column": v:val.col, "text": v:val.text}')
    let l:there = ''
    if !empty(l:items)
        call cursor(1, 1)
        lfirst
        let l:there = strpart(getline('.'), col('.') - 1)
    endif
    call Write({'found': l:found, 'there': l:there})
endfunction

autocmd User ALELintPost call timer_start(0, 'Look')
autocmd VimEnter * if !exists(':ALEInfo') | call Write({'missing': 'ALE'}) | endif
"""


def lint(editor: str, folder: Path) -> dict[str, Any]:
    program = shutil.which(editor)
    if program is None:
        pytest.skip(f"{editor} is not installed (on Debian: vim-nox for vim, neovim for nvim, and vim-ale)")
    (folder / "settings.vim").write_text(SETTINGS + SCRIPT, encoding="utf-8")
    (folder / "model.py").write_text(GUILTY, encoding="utf-8")
    found = folder / "found.json"
    arguments = ["--headless"] if editor == "nvim" else ["--not-a-term", "-T", "dumb"]
    environment = {
        **os.environ,
        "FOUND": str(found),
        "HOME": str(folder),  # nobody's own settings
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"])),
        "TERM": "dumb",
    }
    running = subprocess.Popen(
        [program, *arguments, "-n", "-i", "NONE", "-u", "settings.vim", "model.py"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,  # stays open and silent: at its end the editor would leave
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert running.stdout is not None
        running.wait(timeout=TIMEOUT)
    finally:
        running.kill()
        output, _ = running.communicate()
    assert found.exists(), output.decode(errors="replace")
    seen: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    if "missing" in seen:
        pytest.skip(f"{editor} has no ALE (on Debian: the package vim-ale)")
    return seen


@pytest.mark.parametrize("editor", ["vim", "nvim"])
def test_location_list_has_the_finding_at_its_place(editor: str, tmp_path: Path) -> None:
    seen = lint(editor, tmp_path)
    (found,) = seen["found"]
    assert (found["line"], found["column"]) == (3, len(BEFORE.encode()) + 1), "Vim counts columns in bytes"
    assert found["text"].startswith("TFG101 `torch._dynamo.reset` is private torch API")
    assert seen["there"] == "torch._dynamo.reset()", "the jump to the finding must arrive at the name"
