"""The torch facts themselves: parsing, lookups, and what must hold of every entry."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import fullgraph.torchfacts
from fullgraph.torchfacts import (
    NEWEST_KNOWN,
    OLDEST_KNOWN,
    PrivateName,
    PublicEquivalent,
    Relation,
    ResultDtype,
    ReturnKind,
    TorchVersion,
    attribute_kind,
    documented_names,
    is_documented,
    is_private,
    method_result_dtype,
    method_return_kind,
    method_returned_tensors,
    method_returns_tensor,
    private_name,
    private_names,
    result_dtype,
    return_kind,
    returned_tensors,
    returns_tensor,
)

DATA = Path(fullgraph.torchfacts.__file__).parent


def entry(path: str) -> PrivateName:
    found = private_name(path)
    assert found is not None, path
    return found


def public(path: str) -> PublicEquivalent:
    found = entry(path).public
    assert found is not None, path
    return found


ENTRIES = [entry(path) for path in private_names()]
WITH_PUBLIC = [(one, one.public) for one in ENTRIES if one.public is not None]


class TestTorchVersion:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2.13", (2, 13)),
            ("2.13.0", (2, 13)),
            ("v2.13.1+cpu", (2, 13)),
            ("2", (2, 0)),
            (" 2.4 ", (2, 4)),
            ("2.9.0a0+git1234ab", (2, 9)),
            ("2.10.0.dev20260101+cu130", (2, 10)),
            ("2.6.0rc1", (2, 6)),
        ],
    )
    def test_parse(self, text: str, expected: tuple[int, int]) -> None:
        assert TorchVersion.parse(text) == TorchVersion(*expected)

    @pytest.mark.parametrize("text", ["", "latest", "2.", "2.x", "-2.1", "2,1", "2.13 or so", "\u0662.\u0661"])
    def test_parse_rejects(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a torch version"):
            TorchVersion.parse(text)

    def test_order_is_by_number_not_by_text(self) -> None:
        assert TorchVersion(2, 9) < TorchVersion(2, 10) < TorchVersion(3, 0)

    def test_str(self) -> None:
        assert str(TorchVersion.parse("v2.13.1+cpu")) == "2.13"

    def test_known_range(self) -> None:
        assert TorchVersion(2, 0) == OLDEST_KNOWN
        assert TorchVersion(2, 15) == NEWEST_KNOWN


class TestLookup:
    def test_wrapper(self) -> None:
        found = entry("torch._dynamo.disable")
        assert (found.since, found.until) == (TorchVersion(2, 0), None)
        assert public("torch._dynamo.disable") == PublicEquivalent(
            "torch.compiler.disable",
            TorchVersion(2, 1),
            Relation.WRAPPER,
            "`reason` is accepted from 2.8 on",
            ("wrapping",),
        )

    @pytest.mark.parametrize(
        ("private", "name", "since"),
        [
            ("torch._dynamo.reset", "torch.compiler.reset", "2.1"),
            ("torch._dynamo.allow_in_graph", "torch.compiler.allow_in_graph", "2.1"),
            ("torch._dynamo.is_compiling", "torch.compiler.is_compiling", "2.3"),
            ("torch._dynamo.set_stance", "torch.compiler.set_stance", "2.6"),
            ("torch._dynamo.nonstrict_trace", "torch.compiler.nonstrict_trace", "2.14"),
            ("torch._dynamo.config.recompile_limit", "torch.compiler.config.recompile_limit", "2.10"),
            ("torch._dynamo.config.cache_size_limit", "torch.compiler.config.recompile_limit", "2.10"),
            ("torch._foreach_add_", "torch.foreach.add_", "2.15"),
            ("torch._higher_order_ops.cond", "torch.cond", "2.2"),
            ("torch.distributed._tensor.DTensor", "torch.distributed.tensor.DTensor", "2.5"),
            ("torch.optim.lr_scheduler._LRScheduler", "torch.optim.lr_scheduler.LRScheduler", "2.0"),
            ("torch.nn.init._no_grad_trunc_normal_", "torch.nn.init.trunc_normal_", "2.0"),
            (
                "torch._C._set_math_sdp_allow_fp16_bf16_reduction",
                "torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp",
                "2.5",
            ),
            ("torch._custom_ops.get_ctx", "torch.library.get_ctx", "2.2"),
            ("torch.jit._script_if_tracing", "torch.jit.script_if_tracing", "2.0"),
            ("torch._shape_as_tensor", "torch.onnx.operators.shape_as_tensor", "2.0"),
            ("torch._C._distributed_c10d.Reducer", "torch.distributed.Reducer", "2.0"),
            ("torch._C.DispatchKeySet", "torch.DispatchKeySet", "2.0"),
            (
                "torch.distributed._tensor.experimental.implicit_replication",
                "torch.distributed.tensor.experimental.implicit_replication",
                "2.5",
            ),
        ],
    )
    def test_public(self, private: str, name: str, since: str) -> None:
        assert (public(private).name, str(public(private).since)) == (name, since)

    @pytest.mark.parametrize(
        "path",
        [
            "torch._dynamo.mark_dynamic",
            "torch._dynamo.maybe_mark_dynamic",
            "torch._dynamo.mark_static",
            "torch._dynamo.explain",
            "torch._dynamo.register_backend",
            "torch._dynamo.OptimizedModule",
            "torch._dynamo.graph_break",
            "torch._foreach_powsum",
            "torch.utils._pytree.tree_map",
            "torch._C._log_api_usage_once",
            "torch.nn.modules.batchnorm._BatchNorm",
        ],
    )
    def test_no_public(self, path: str) -> None:
        assert entry(path).public is None
        assert entry(path).public_at(NEWEST_KNOWN) is None

    @pytest.mark.parametrize(
        "path",
        ["torch._nonsense", "torch.compiler.disable", "torch._dynamo", "torch._softmax", "torch._dynamo.optimize", ""],
    )
    def test_unknown(self, path: str) -> None:
        assert private_name(path) is None

    def test_public_at_depends_on_the_target(self) -> None:
        norm = entry("torch._foreach_norm")
        assert norm.public_at(TorchVersion(2, 14)) is None
        assert norm.public_at(TorchVersion(2, 15)) == norm.public
        assert norm.public is not None
        assert norm.public.name == "torch.foreach.norm"
        assert "`ord`" in norm.public.note
        assert "ord" not in norm.public.dropped_keywords

    def test_removed_name(self) -> None:
        assert entry("torch._dynamo.utils.CompileProfiler").until == TorchVersion(2, 4)


class TestSpelling:
    @pytest.mark.parametrize(
        "path",
        ["torch._dynamo.disable", "torch._foreach_add", "torch.utils._pytree", "torch.nn.functional._pad", "torch._"],
    )
    def test_private(self, path: str) -> None:
        assert is_private(path)

    @pytest.mark.parametrize(
        "path",
        [
            "torch",
            "torch.nn.Linear",
            "torch.__version__",
            "_torch.x",
            "numpy._core",
            "torchvision._x",
            "torch.add_",
            "",
        ],
    )
    def test_not_private(self, path: str) -> None:
        assert not is_private(path)

    @pytest.mark.parametrize("path", ["torch.__mangled", "torch.____"])
    def test_not_a_dunder(self, path: str) -> None:
        assert is_private(path)

    @pytest.mark.parametrize(
        "path",
        [
            "torch._assert",
            "torch._check",
            "torch._check_is_size",
            "torch._foreach_abs",
            "torch._foreach_zero_",
            "torch._dynamo.graph_break",
            "torch._dynamo.disallow_in_graph",
            "torch._inductor.list_mode_options",
            "torch._inductor.list_options",
            "torch._logging.set_logs",
            "torch.cuda.memory._record_memory_history",
        ],
    )
    def test_documented(self, path: str) -> None:
        assert is_documented(path)

    @pytest.mark.parametrize(
        "path",
        [
            "torch._dynamo.mark_dynamic",
            "torch._foreach_norm",
            "torch._foreach_add",
            "torch._dynamo.disable",
            "torch.add",
        ],
    )
    def test_not_documented(self, path: str) -> None:
        assert not is_documented(path)


class TestReturns:
    @pytest.mark.parametrize(
        "path",
        ["torch.sum", "torch.stack", "torch.nn.functional.relu", "torch.linalg.norm", "torch.einsum", "torch.fft.fft"],
    )
    def test_functions(self, path: str) -> None:
        assert returns_tensor(path)

    @pytest.mark.parametrize(
        "path",
        [
            "torch.max",
            "torch.topk",
            "torch.allclose",
            "torch.split",
            "torch.where",
            "torch.numel",
            "torch.linalg.svd",
            "torch.nn.functional.max_pool2d",
            "torch.nn.functional.multi_head_attention_forward",
            "sum",
        ],
    )
    def test_other_functions(self, path: str) -> None:
        assert not returns_tensor(path)

    @pytest.mark.parametrize("name", ["sum", "add_", "to", "norm", "view", "detach"])
    def test_methods(self, name: str) -> None:
        assert method_returns_tensor(name)

    @pytest.mark.parametrize("name", ["item", "size", "tolist", "max", "sort", "split", "shape", "numpy", "type"])
    def test_other_methods(self, name: str) -> None:
        assert not method_returns_tensor(name)

    @pytest.mark.parametrize(
        ("path", "kind", "count"),
        [
            ("torch.sum", ReturnKind.TENSOR, None),
            ("torch.topk", ReturnKind.TENSORS, 2),
            ("torch.linalg.svd", ReturnKind.TENSORS, 3),
            ("torch.split", ReturnKind.TENSORS, None),
            ("torch.allclose", ReturnKind.BOOL, None),
            ("torch.is_tensor", ReturnKind.BOOL, None),
            ("torch.numel", ReturnKind.INT, None),
            ("torch.broadcast_shapes", ReturnKind.SIZE, None),
            ("torch.promote_types", ReturnKind.DTYPE, None),
            ("torch.manual_seed", ReturnKind.GENERATOR, None),
            ("torch.get_default_device", ReturnKind.DEVICE, None),
            ("torch.typename", ReturnKind.STR, None),
            ("torch.set_default_dtype", ReturnKind.NONE, None),
            ("torch.max", None, None),
            ("torch.where", None, None),
            ("torch.unique", None, None),
            ("torch.split_copy", None, None),
            ("torch.nn.functional.max_pool2d", None, None),
            ("torch.no_such_name", None, None),
        ],
    )
    def test_kinds_of_functions(self, path: str, kind: ReturnKind | None, count: int | None) -> None:
        assert (return_kind(path), returned_tensors(path)) == (kind, count)

    @pytest.mark.parametrize(
        ("name", "kind", "count"),
        [
            ("sum", ReturnKind.TENSOR, None),
            ("sort", ReturnKind.TENSORS, 2),
            ("chunk", ReturnKind.TENSORS, None),
            ("item", ReturnKind.NUMBER, None),
            ("dim", ReturnKind.INT, None),
            ("is_contiguous", ReturnKind.BOOL, None),
            ("numpy", ReturnKind.NUMPY, None),
            ("untyped_storage", ReturnKind.STORAGE, None),
            ("backward", ReturnKind.NONE, None),
            ("size", None, None),
            ("tolist", None, None),
            ("shape", None, None),
        ],
    )
    def test_kinds_of_methods(self, name: str, kind: ReturnKind | None, count: int | None) -> None:
        assert (method_return_kind(name), method_returned_tensors(name)) == (kind, count)

    def test_kinds_of_attributes(self) -> None:
        expected = {"shape": "size", "dtype": "dtype", "device": "device", "layout": "layout", "ndim": "int"}
        for name, kind in {**expected, "T": "tensor", "is_cuda": "bool", "data": "tensor"}.items():
            assert attribute_kind(name) is ReturnKind(kind)
        # both may be None
        assert attribute_kind("grad") is attribute_kind("grad_fn") is attribute_kind("sum") is None

    def test_dtypes(self) -> None:
        assert result_dtype("torch.eq") is method_result_dtype("bool") is ResultDtype.BOOL
        assert result_dtype("torch.argmax") is method_result_dtype("long") is ResultDtype.INTEGER
        assert method_result_dtype("half") is ResultDtype.FLOATING
        # all() keeps uint8, bincount with weights gives floats, eq_ keeps the dtype
        assert result_dtype("torch.all") is result_dtype("torch.bincount") is method_result_dtype("eq_") is None


class TestEveryEntry:
    def test_enough(self) -> None:
        assert len(ENTRIES) > 400
        assert {public.relation for _, public in WITH_PUBLIC} == set(Relation)

    def test_all_90_foreach_functions(self) -> None:
        foreach = [one for one in ENTRIES if one.name.startswith("torch._foreach_")]
        assert len(foreach) == 91
        assert [one.name for one in foreach if one.public is None] == ["torch._foreach_powsum"]
        for one in foreach:
            if one.public is not None:
                assert one.public.name == one.name.replace("torch._foreach_", "torch.foreach.")
                assert one.public.since == NEWEST_KNOWN
                # The tensor lists are positional-only in every public function.
                assert "self" in one.public.dropped_keywords

    def test_spelling(self) -> None:
        assert [one.name for one in ENTRIES if not is_private(one.name)] == []
        assert [public.name for _, public in WITH_PUBLIC if is_private(public.name)] == []
        assert [public.name for _, public in WITH_PUBLIC if not public.name.startswith("torch.")] == []

    def test_versions(self) -> None:
        for one in ENTRIES:
            since = one.since or OLDEST_KNOWN
            until = one.until or NEWEST_KNOWN
            assert OLDEST_KNOWN <= since <= until <= NEWEST_KNOWN, one.name
            # None is how "still there" is written.
            assert one.until != NEWEST_KNOWN, one.name

    def test_public_is_reachable_while_the_private_name_lives(self) -> None:
        for one, public in WITH_PUBLIC:
            assert OLDEST_KNOWN <= public.since <= (one.until or NEWEST_KNOWN), one.name

    def test_notes_are_short_phrases(self) -> None:
        for one, public in WITH_PUBLIC:
            assert len(public.note) <= 80, one.name
            assert public.note == public.note.strip(" ."), one.name

    def test_dropped_keywords(self) -> None:
        for one, public in WITH_PUBLIC:
            assert len(set(public.dropped_keywords)) == len(public.dropped_keywords), one.name
            assert all(word.isidentifier() for word in public.dropped_keywords), one.name
            if public.relation is not Relation.WRAPPER:
                assert public.dropped_keywords == (), one.name

    def test_documented_names_are_private_by_spelling(self) -> None:
        assert [path for path in documented_names() if not is_private(path)] == []

    def test_relation_phrases(self) -> None:
        phrases = [relation.phrase for relation in Relation]
        assert len(set(phrases)) == len(phrases)
        assert all(phrases)


class TestFiles:
    def test_private_names_are_sorted_one_per_line(self) -> None:
        lines = (DATA / "private_names.json").read_text(encoding="utf-8").splitlines()[1:-1]
        names = [json.loads("{" + line.rstrip(",") + "}") for line in lines]
        assert [len(one) for one in names] == [1] * len(ENTRIES)
        keys = [next(iter(one)) for one in names]
        assert keys == sorted(set(keys))

    def test_lists_are_sorted(self) -> None:
        documented = json.loads((DATA / "documented.json").read_text(encoding="utf-8"))
        dtypes = json.loads((DATA / "result_dtypes.json").read_text(encoding="utf-8"))
        returns = json.loads((DATA / "returns.json").read_text(encoding="utf-8"))
        lists = [documented, *(names for part in dtypes.values() for names in part.values())]
        lists += [names.split() for part in returns.values() for names in part.values()]
        for names in lists:
            assert names == sorted(set(names))
        for part in (*dtypes.values(), *returns.values()):
            words = [word for names in part.values() for word in (names.split() if isinstance(names, str) else names)]
            assert len(words) == len(set(words))

    def test_import_reads_no_table_and_no_torch(self) -> None:
        code = (
            "import sys, fullgraph.torchfacts as facts\n"
            "opened = []\n"
            "sys.addaudithook(lambda event, args: opened.append(args[0]) if event == 'open' else None)\n"
            "assert not facts.is_private('torch.x')\n"
            "assert opened == [], opened\n"
            "assert facts.private_name('torch._dynamo.disable')\n"
            "assert [str(name).endswith('private_names.json') for name in opened] == [True], opened\n"
            "assert facts.private_name('torch._dynamo.reset')\n"
            "assert len(opened) == 1, opened\n"
            "assert 'torch' not in sys.modules\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
