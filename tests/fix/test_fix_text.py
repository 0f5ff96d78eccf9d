"""Encodings, newlines, and what LibCST does not keep by itself."""

from __future__ import annotations

import pytest
from support import CODE

from fullgraph.engine.settings import Settings
from fullgraph.fix import fix_source
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange

RULES = Settings(TorchRange.only(NEWEST_KNOWN), CODE)
BODY = "import torch\nx = 'é'; torch._dynamo.reset()  # ü\n"


@pytest.mark.parametrize(
    "before",
    [
        BODY.encode(),
        b"\xef\xbb\xbf" + BODY.encode(),
        b"\xef\xbb\xbf# -*- coding: utf-8 -*-\n" + BODY.encode(),
        b"# -*- coding: latin-1 -*-\n" + BODY.encode("latin-1"),
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n" + BODY.encode("cp1252"),
        b"# -*- coding: euc-jp -*-\n" + BODY.replace("é", "あ").replace("ü", "い").encode("euc-jp"),
        BODY.encode().replace(b"\n", b"\r\n"),
        BODY.encode().replace(b"\n", b"\r"),
        b"import torch\r\n\ntorch._dynamo.reset()\ry = 1\n\r\nz = 2\r\n",
        b"import torch\ntorch._dynamo.reset()",
        b"import torch\n\x0c\ndef f():\n\ttorch._dynamo.reset()\n\x0c\n",
        b"import torch\ns = '''\n\x0c\n'''\ntorch._dynamo.reset()\n",
        b"import torch\ntorch._dynamo.reset()\n\n\n   \n",
        b"import torch\nif x:\n  torch._dynamo.reset()\n  # end",
        b"import torch\nx = 1 \\\n  + torch._dynamo.is_compiling()\n",
    ],
)
def test_only_the_name_changes(before: bytes) -> None:
    fixed = fix_source(before, "a.py", RULES)
    assert fixed.data == before.replace(b"torch._dynamo", b"torch.compiler")
    assert fixed.fixed == 1


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_new_lines_end_as_the_others_do(newline: str) -> None:
    before = "from torch._dynamo import disable, mark_dynamic\ndisable(mark_dynamic)\n"
    after = "from torch._dynamo import mark_dynamic\nfrom torch.compiler import disable\ndisable(mark_dynamic)\n"
    fixed = fix_source(before.replace("\n", newline).encode(), "a.py", RULES)
    assert fixed.data.decode() == after.replace("\n", newline)


def test_an_encoding_that_would_write_the_text_in_another_way_is_left() -> None:
    before = b"# -*- coding: utf-7 -*-\nimport torch\ntorch._dynamo.reset()  # +AOk-\n"
    fixed = fix_source(before, "a.py", RULES)
    assert fixed.data in (before, before.replace(b"torch._dynamo", b"torch.compiler"))
