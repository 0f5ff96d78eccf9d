"""fullgraph in an editor's language server: the real python-lsp-server, spoken to in its own protocol."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

TIMEOUT = 60.0
"""Seconds to wait for one message; the whole test takes about three."""

BEFORE = 'größe = "形状"; '
GUILTY = f"import torch\n\n{BEFORE}torch._dynamo.reset()\n"
CLEAN = GUILTY.replace("torch._dynamo", "torch.compiler")
SETTINGS = {
    "pylsp": {
        "configurationSources": ["flake8"],
        "plugins": {
            "flake8": {
                "enabled": True,
                "executable": shutil.which("flake8", path=sysconfig.get_path("scripts")) or "flake8",
                "select": ["TFG"],
            },
            "pycodestyle": {"enabled": False},
            "pyflakes": {"enabled": False},
            "mccabe": {"enabled": False},
        },
    }
}


class Server:
    """A language server on the other end of two pipes."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pylsp"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.received: queue.Queue[dict[str, Any] | None] = queue.Queue()
        assert self.process.stdout is not None
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        while line := stream.readline():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
                while stream.readline().strip():
                    pass  # other headers, up to the empty line
                self.received.put(json.loads(stream.read(length)))
        self.received.put(None)

    def send(self, method: str, params: Any, number: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        message = self.received.get(timeout=TIMEOUT)
        assert message is not None, "the server went away"
        return message

    def answer(self, number: int) -> Any:
        while (message := self.receive()).get("id") != number or "method" in message:
            pass
        return message["result"]

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        while (message := self.receive()).get("method") != "textDocument/publishDiagnostics":
            pass
        assert message["params"]["uri"] == uri
        return list(message["params"]["diagnostics"])

    def close(self) -> None:
        try:
            self.send("shutdown", None, 99)
            self.answer(99)
            self.send("exit", None)
            self.process.wait(timeout=TIMEOUT)
        finally:
            self.process.kill()
            self.process.wait()
            self.reader.join(timeout=TIMEOUT)
            for stream in (self.process.stdin, self.process.stdout):
                assert stream is not None
                stream.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    try:
        running.send("initialize", {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}, 1)
        assert "textDocumentSync" in running.answer(1)["capabilities"]
        running.send("initialized", {})
        yield running
    finally:
        running.close()


def test_finding_comes_with_flake8_and_goes_with_the_mistake(server: Server, tmp_path: Path) -> None:
    uri = (tmp_path / "modell.py").as_uri()
    document = {"uri": uri, "languageId": "python", "version": 1, "text": GUILTY}
    server.send("textDocument/didOpen", {"textDocument": document})
    assert not [each for each in server.diagnostics(uri) if each["source"] == "flake8"], "flake8 is off by default"

    server.send("workspace/didChangeConfiguration", {"settings": SETTINGS})
    while not (found := server.diagnostics(uri)) or found[0]["source"] != "flake8":
        pass  # what was under way before flake8 was on
    (finding,) = found
    assert finding["code"] == "TFG101"
    assert finding["message"].startswith("TFG101 `torch._dynamo.reset` is private torch API")
    assert "torch.compiler.reset" in finding["message"]
    assert finding["range"]["start"] == {"line": 2, "character": len(BEFORE)}
    assert finding["range"]["end"]["line"] == 2

    changed = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": CLEAN}]}
    server.send("textDocument/didChange", changed)
    while server.diagnostics(uri):
        pass


def test_target_of_the_project_counts(server: Server, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.fullgraph]\ntarget-torch = "2.0"\n', encoding="utf-8")
    uri = (tmp_path / "modell.py").as_uri()
    server.send("workspace/didChangeConfiguration", {"settings": SETTINGS})
    document = {"uri": uri, "languageId": "python", "version": 1, "text": GUILTY}
    server.send("textDocument/didOpen", {"textDocument": document})
    while not (found := server.diagnostics(uri)):
        pass
    assert [each["code"] for each in found] == ["TFG102"], "torch.compiler.reset is public since 2.1"
