"""Runs many programs, each in a fork of its own, so that none sees what another one has set.

Reads ``[[how, source], ...]`` as JSON from its first argument's file, and writes what came of each as JSON to stdout;
``how`` is "run" for the value of ``result``, "together" for that of a program which sets nothing and so shares a fork
with others, or "observe" for the graphs and breaks of a compiled block.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch._dynamo
import torch._inductor.cudagraph_trees
import torch.distributed.checkpoint
import torch.distributed.fsdp
import torch.distributed.tensor

from fullgraph.verify.observe import observe as observed


def world(namespace: dict[str, Any]) -> None:
    """Start a process group of one process, and put what lives in it into a program's namespace."""
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (1,))
    net = torch.distributed.fsdp.fully_shard(torch.nn.Linear(2, 2), mesh=mesh)
    namespace.update(GROUP=torch.distributed.group.WORLD, MESH=mesh, NET=net)


def show(value: Any) -> str:
    """Say what a value is, so that equal values are equal texts."""
    if isinstance(value, torch.Tensor):
        dense = value.detach().to_dense() if value.layout != torch.strided else value.detach()
        shown = dense.cpu().tolist()
        return f"{type(value).__name__}({value.dtype}, {value.layout}, {value.requires_grad}, {shown})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}[{', '.join(map(show, value))}]"
    if isinstance(value, dict):
        return f"{type(value).__name__}{{{', '.join(f'{key}: {show(item)}' for key, item in value.items())}}}"
    return f"{type(value).__name__} {re.sub(r' at 0x[0-9a-f]+', '', repr(value))}"


def run(source: str, folder: str) -> str:
    """Execute a program, and show its result."""
    x = torch.linspace(0.1, 0.9, 4)
    module = sys.modules["program"] = ModuleType("program")
    path = Path(folder, "program.py")
    path.write_text(source, encoding="utf-8")  # some of torch reads the source of a function
    module.__file__ = str(path)
    namespace = vars(module)
    namespace.update(x=x, m=x + torch.arange(3.0)[:, None], folder=Path(folder, "empty"))
    namespace["folder"].mkdir()
    if any(name in source for name in ("MESH", "GROUP", "NET")):
        world(namespace)
    exec(compile(source, str(path), "exec", dont_inherit=True), namespace)
    return show(namespace["result"])


def observe(source: str, _: str) -> str:
    """Compile a block, and give what Dynamo made of it: whether it broke the graph, how many graphs, and the rest."""
    seen = observed(source)
    if seen.errors:
        raise RuntimeError(seen.errors)
    return json.dumps([seen.breaks > 0, seen.graphs, show([seen.recompilations, seen.result])])


def attempt(how: str, source: str) -> tuple[bool, str]:
    """Do one of both: whether that went well, and the text."""
    with tempfile.TemporaryDirectory(prefix="fullgraph-") as folder:
        try:
            return True, (observe if how == "observe" else run)(source, folder)
        except BaseException:
            return False, traceback.format_exc()


def in_fork(jobs: list[list[str]]) -> list[tuple[bool, str]]:
    """Do some jobs in a fork."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            json.dump([attempt(how, source) for how, source in jobs], pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else [(False, "the process died")] * len(jobs)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    gc.freeze()  # what a fork's collector does not look at stays shared, which makes forks several times cheaper
    todo = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    together = [job for job in todo if job[0] == "together"]
    apart = [[job] for job in todo if job[0] != "together"]
    done = [dict(zip(map(tuple, jobs), in_fork(jobs), strict=True)) for jobs in [together, *apart]]
    answers = {job: answer for part in done for job, answer in part.items()}
    sys.stdout.write(json.dumps([answers[tuple(job)] for job in todo]))
