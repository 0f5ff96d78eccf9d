"""A small program for every private name that has a public one: what it is called with, or what else is done with it.

NAME stands for the private name. An expression is the program's result; statements leave it in ``result``. There
are ``x``, four floats; ``m``, a matrix of them; ``folder``, the path of an empty directory; and, for a program that
mentions them, ``GROUP``, a process group of one process, ``MESH``, its devices, and ``NET``, a module sharded on them.
"""

from __future__ import annotations

from collections.abc import Mapping

_UNARY = (
    "abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round "
    "rsqrt sigmoid sign sin sinh sqrt tan tanh trunc"
)
_BINARY = "add clamp_max clamp_min div maximum minimum mul pow sub"


def _foreach(names: str, ending: str = "") -> str:
    return " ".join(f"torch._foreach_{name}{ending}" for name in names.split())


_BY_PROGRAM: Mapping[str, str] = {
    # bindings that are one object with a public name
    "isinstance(NAME('x'), RuntimeError)": "torch._C.AcceleratorError torch._C.OutOfMemoryError",
    "issubclass(NAME, object), NAME.__name__": "torch._C.Event torch._C.Stream torch.types._qscheme torch._C.qscheme "
    "torch._C._distributed_c10d.Logger torch._C._distributed_c10d.Reducer",
    "NAME().check('a').run('b a')": "torch._C.FileCheck",
    "NAME().manual_seed(3).initial_seed()": "torch._C.Generator",
    "NAME((2, 3)).numel()": "torch._C.Size",
    "NAME.inplace_view.name": "torch._C.Tag",
    "NAME.MATH.name": "torch._C._SDPBackend",
    "NAME.CPU.name": "torch._C.DispatchKey torch._C._profiler.ProfilerActivity",
    "NAME(torch.DispatchKey.CPU).has(torch.DispatchKey.CPU)": "torch._C.DispatchKeySet",
    "str(NAME())": "torch._C.Graph",
    "isinstance(torch.Graph().addInput('x'), NAME)": "torch._C.Value",
    "with NAME():\n    result = type(torch.nn.Parameter(x) + 1)": (
        "torch._C.DisableTorchFunction torch._C.DisableTorchFunctionSubclass"
    ),
    "NAME(x, x)": "torch._C._VariableFunctions.add",
    "NAME()": (
        "torch._C._autograd.kineto_available torch._C._distributed_c10d.get_debug_level torch._C.clear_autocast_cache "
        "torch._C.get_autocast_cpu_dtype torch._C.get_autocast_gpu_dtype torch._C.get_default_dtype "
        "torch._C.get_num_interop_threads torch._C.get_num_threads torch._C.is_anomaly_check_nan_enabled "
        "torch._C.is_anomaly_enabled torch._C.is_autocast_cache_enabled torch._C.is_autocast_cpu_enabled "
        "torch._C.is_autocast_enabled torch._C.is_grad_enabled torch._C.is_inference_mode_enabled "
        "torch._jit_internal.is_scripting torch.utils.data._utils.worker.get_worker_info torch._C._is_tracing "
        "torch._custom_ops.get_ctx torch._C._get_math_sdp_allow_fp16_bf16_reduction "
        "torch._C._get_cpu_capability torch._C._get_cudnn_sdp_enabled torch._C._get_deterministic_algorithms "
        "torch._C._get_deterministic_algorithms_warn_only torch._C._get_flash_sdp_enabled "
        "torch._C._get_float32_matmul_precision torch._C._get_math_sdp_enabled "
        "torch._C._get_mem_efficient_sdp_enabled torch._C._get_warnAlways torch._C._mps_is_available "
        "torch._dynamo.backends.registry.list_backends torch._dynamo.list_backends torch._dynamo.reset "
        "torch._dynamo.external_utils.is_compiling torch._dynamo.is_compiling torch._utils.is_compiling "
        "torch._inductor.cudagraph_mark_step_begin torch._inductor.cudagraph_trees.mark_step_begin "
        "torch._C._cuda_emptyCache torch._C._cuda_getAllocatorBackend torch._C._cuda_getCurrentBlasHandle "
        "torch._C._cuda_getDevice torch._C._cuda_ipc_collect torch._C._cuda_isCurrentStreamCapturing "
        "torch._C._cuda_memoryStats torch._C._cuda_resetAccumulatedMemoryStats torch._C._cuda_resetPeakMemoryStats "
        "torch._C._cuda_synchronize torch.cuda._lazy_init torch._C._mps_currentAllocatedMemory "
        "torch._C._mps_deviceSynchronize torch._C._mps_driverAllocatedMemory torch._C._mps_emptyCache"
    ),
    "NAME('cpu').type": "torch._C.device torch.types._device",
    "isinstance(x.dtype, NAME)": "torch._C.dtype torch.types._dtype",
    "isinstance(x.layout, NAME)": "torch._C.layout torch.types._layout",
    "isinstance(torch.channels_last, NAME)": "torch._C.memory_format",
    "NAME(torch.float16).max": "torch._C.finfo",
    "NAME(torch.int8).max": "torch._C.iinfo",
    "NAME('cpu')": "torch._C.get_autocast_dtype",
    "[NAME(), NAME()]": "torch._C.autocast_decrement_nesting torch._C.autocast_increment_nesting",
    "NAME(True); result = torch.is_anomaly_enabled()": "torch._C.set_anomaly_enabled",
    "NAME(False); result = torch.is_autocast_cache_enabled()": "torch._C.set_autocast_cache_enabled",
    "NAME(torch.float16); result = torch.get_autocast_dtype('cpu')": "torch._C.set_autocast_cpu_dtype",
    "NAME(True); result = torch.is_autocast_enabled('cpu')": "torch._C.set_autocast_cpu_enabled",
    "NAME('cpu', torch.float16); result = torch.get_autocast_dtype('cpu')": "torch._C.set_autocast_dtype",
    "NAME('cpu', True); result = torch.is_autocast_enabled('cpu')": "torch._C.set_autocast_enabled",
    "NAME(torch.bfloat16); result = torch.get_autocast_dtype('cuda')": "torch._C.set_autocast_gpu_dtype",
    "NAME(True)": "torch._C.set_flush_denormal",
    "NAME(3); result = torch.get_num_interop_threads()": "torch._C.set_num_interop_threads",
    "NAME(3); result = torch.get_num_threads()": "torch._C.set_num_threads",
    "NAME([x])": "torch._C._has_torch_function",
    "NAME(m)": (
        "torch._shape_as_tensor "
        "torch._C._fft.fft_fft2 torch._C._fft.fft_fftn torch._C._fft.fft_ifft2 torch._C._fft.fft_ifftn "
        "torch._C._fft.fft_irfft2 torch._C._fft.fft_irfftn torch._C._fft.fft_rfft2 torch._C._fft.fft_rfftn "
        "torch._C._linalg.linalg_norm"
    ),
    "NAME(x)": (
        "torch._C._fft.fft_fft torch._C._fft.fft_fftshift torch._C._fft.fft_hfft torch._C._fft.fft_ifft "
        "torch._C._fft.fft_ifftshift torch._C._fft.fft_ihfft torch._C._fft.fft_irfft torch._C._fft.fft_rfft "
        "torch._C._nn.gelu torch._C._nn.softplus torch._C._nn.leaky_relu torch._C._nn.silu "
        "torch._C._special.special_airy_ai torch._C._special.special_bessel_j0 torch._C._special.special_bessel_j1 "
        "torch._C._special.special_bessel_y0 torch._C._special.special_bessel_y1 torch._C._special.special_digamma "
        "torch._C._special.special_entr torch._C._special.special_erf torch._C._special.special_erfc "
        "torch._C._special.special_erfcx torch._C._special.special_erfinv torch._C._special.special_exp2 "
        "torch._C._special.special_expit torch._C._special.special_expm1 torch._C._special.special_gammaln "
        "torch._C._special.special_i0 torch._C._special.special_i0e torch._C._special.special_i1 "
        "torch._C._special.special_i1e torch._C._special.special_log1p torch._C._special.special_log_ndtr "
        "torch._C._special.special_logit torch._C._special.special_modified_bessel_i0 "
        "torch._C._special.special_modified_bessel_i1 torch._C._special.special_modified_bessel_k0 "
        "torch._C._special.special_modified_bessel_k1 torch._C._special.special_ndtr torch._C._special.special_ndtri "
        "torch._C._special.special_psi torch._C._special.special_round "
        "torch._C._special.special_scaled_modified_bessel_k0 torch._C._special.special_scaled_modified_bessel_k1 "
        "torch._C._special.special_sinc torch._C._special.special_spherical_bessel_j0"
    ),
    "NAME(4)": "torch._C._fft.fft_fftfreq torch._C._fft.fft_rfftfreq",
    "NAME(x + 2, 3)": (
        "torch._C._special.special_chebyshev_polynomial_t torch._C._special.special_chebyshev_polynomial_u "
        "torch._C._special.special_chebyshev_polynomial_v torch._C._special.special_chebyshev_polynomial_w "
        "torch._C._special.special_hermite_polynomial_h torch._C._special.special_hermite_polynomial_he "
        "torch._C._special.special_laguerre_polynomial_l torch._C._special.special_legendre_polynomial_p "
        "torch._C._special.special_multigammaln torch._C._special.special_shifted_chebyshev_polynomial_t "
        "torch._C._special.special_shifted_chebyshev_polynomial_u "
        "torch._C._special.special_shifted_chebyshev_polynomial_v "
        "torch._C._special.special_shifted_chebyshev_polynomial_w torch._C._special.special_zeta"
    ),
    "NAME(x + 2, x)": (
        "torch._C._special.special_gammainc torch._C._special.special_gammaincc torch._C._special.special_xlog1py "
        "torch._C._special.special_xlogy"
    ),
    "NAME(1, x)": "torch._C._special.special_polygamma",
    "NAME(x, 0)": (
        "torch._C._special.special_log_softmax torch._C._special.special_logsumexp torch._C._special.special_softmax"
    ),
    "NAME(torch.nested.nested_tensor([x, x[:2]]), 0.0)": "torch._C._nested.nested_to_padded_tensor",
    "NAME(x.reshape(1, 2, 2), 2)": "torch._C._nn.avg_pool2d",
    "NAME(x, m)": "torch._C._nn.linear",
    "NAME(torch.tensor([0, 2]), 3)": "torch._C._nn.one_hot",
    "NAME(x, [1, 1])": "torch._C._nn.pad",
    "NAME(m[None], m[None], m[None])": "torch._C._nn.scaled_dot_product_attention",
    "NAME(torch.ones(3, 3), m.to_sparse(), m.T)": "torch._C._sparse._sparse_addmm",
    "NAME(m.to_sparse(), 0)": "torch._C._sparse._sparse_log_softmax torch._C._sparse._sparse_softmax",
    "NAME(m.to_sparse(), m.T)": "torch._C._sparse._sparse_mm",
    "NAME(m[None], x.reshape(1, 1, 4), [x.new_ones(12, 4), x.new_ones(12, 4)], False, 1, 0.0, False, False, True)": (
        "torch._VF.gru"
    ),
    "NAME(m[None], [x.reshape(1, 1, 4)] * 2, [m.new_ones(16, 4)] * 2, False, 1, 0.0, False, False, True)": (
        "torch._VF.lstm"
    ),
    # distributed
    "isinstance(torch.distributed.tensor.Shard(0), NAME)": (
        "torch._C._distributed.Placement torch.distributed._tensor.Placement "
        "torch.distributed._tensor.placement_types.Placement"
    ),
    "NAME().timeout, NAME.__name__": (
        "torch._C._distributed_c10d.AllToAllOptions torch._C._distributed_c10d.AllreduceCoalescedOptions "
        "torch._C._distributed_c10d.AllreduceOptions torch._C._distributed_c10d.BarrierOptions "
        "torch._C._distributed_c10d.BroadcastOptions torch._C._distributed_c10d.GatherOptions "
        "torch._C._distributed_c10d.ReduceOptions torch._C._distributed_c10d.ReduceScatterOptions "
        "torch._C._distributed_c10d.ScatterOptions"
    ),
    "NAME.INFO.name": "torch._C._distributed_c10d.DebugLevel",
    "store = NAME('a', torch.distributed.HashStore()); store.set('k', 'v'); result = store.get('k')": (
        "torch._C._distributed_c10d.PrefixStore"
    ),
    "isinstance(GROUP, NAME)": "torch._C._distributed_c10d.ProcessGroup",
    "NAME(torch.distributed.HashStore(), 0, 1).size()": "torch._C._distributed_c10d.ProcessGroupGloo",
    "torch.distributed.all_reduce(x, NAME.SUM, GROUP); result = x": "torch._C._distributed_c10d.ReduceOp",
    "isinstance(torch.distributed.HashStore(), NAME)": "torch._C._distributed_c10d.Store",
    "store = NAME('localhost', 0, 1, True); store.set('k', 'v'); result = store.get('k')": (
        "torch._C._distributed_c10d.TCPStore"
    ),
    "isinstance(torch.distributed.barrier(GROUP, async_op=True), NAME)": "torch._C._distributed_c10d.Work",
    "NAME(GROUP, 0)": "torch.distributed.distributed_c10d._get_global_rank",
    "NAME().pin_memory": "torch.distributed._composable.fsdp.CPUOffloadPolicy",
    "isinstance(NET, NAME)": "torch.distributed._composable.fsdp.FSDPModule",
    "NAME(param_dtype=torch.bfloat16)": "torch.distributed._composable.fsdp.MixedPrecisionPolicy",
    "isinstance(torch.distributed.fsdp.CPUOffloadPolicy(), NAME)": "torch.distributed._composable.fsdp.OffloadPolicy",
    "type(NAME(torch.nn.Linear(2, 2), mesh=MESH)).__name__": "torch.distributed._composable.fsdp.fully_shard",
    "NAME(NET, 'extra_repr'); result = NET.extra_repr()": (
        "torch.distributed._composable.fsdp.register_fsdp_forward_method"
    ),
    "NAME.save({'x': x}, checkpoint_id=folder); result = sorted(path.name for path in folder.iterdir())": (
        "torch.distributed._shard.checkpoint"
    ),
    "NAME({'x': x}, checkpoint_id=folder); result = sorted(path.name for path in folder.iterdir())": (
        "torch.distributed._shard.checkpoint.save"
    ),
    "state = {'x': x * 0}; torch.distributed.checkpoint.save({'x': x}, checkpoint_id=folder); "
    "NAME(state, checkpoint_id=folder); result = state": "torch.distributed._shard.checkpoint.load",
    "GROUP; NAME({'x': x}, checkpoint_id=folder).result(); result = sorted(path.name for path in folder.iterdir())": (
        "torch.distributed._shard.checkpoint.async_save"
    ),
    "GROUP; NAME({'x': x}, torch.distributed.checkpoint.FileSystemWriter(folder)); result = any(folder.iterdir())": (
        "torch.distributed._shard.checkpoint.save_state_dict"
    ),
    "GROUP; files = torch.distributed.checkpoint; state = {'x': x * 0}; files.save({'x': x}, checkpoint_id=folder); "
    "NAME(state, files.FileSystemReader(folder)); result = state": (
        "torch.distributed._shard.checkpoint.load_state_dict"
    ),
    "GROUP; files = torch.distributed.checkpoint; files.save({'state': {'x': x}}, checkpoint_id=folder); "
    "result = sorted(NAME({}, 'state', files.FileSystemReader(folder))['state'])": (
        "torch.distributed._shard.checkpoint.load_sharded_optimizer_state_dict"
    ),
    "NAME('m', {}).failures": "torch.distributed._shard.checkpoint.CheckpointException",
    "NAME(offsets=torch.Size([0]), sizes=torch.Size([2]))": (
        "torch.distributed._shard.checkpoint.ChunkStorageMetadata"
    ),
    "NAME(), NAME.__name__": "torch.distributed._shard.checkpoint.BytesStorageMetadata",
    "NAME().flatten_state_dict": (
        "torch.distributed._shard.checkpoint.DefaultLoadPlanner torch.distributed._shard.checkpoint.DefaultSavePlanner"
    ),
    "NAME(folder).path == folder": (
        "torch.distributed._shard.checkpoint.FileSystemReader torch.distributed._shard.checkpoint.FileSystemWriter"
    ),
    "NAME(str(folder)).path == folder": (
        "torch.distributed._shard.checkpoint.HuggingFaceStorageReader "
        "torch.distributed._shard.checkpoint.HuggingFaceStorageWriter "
        "torch.distributed._shard.checkpoint.QuantizedHuggingFaceStorageReader"
    ),
    "NAME([])": "torch.distributed._shard.checkpoint.LoadPlan torch.distributed._shard.checkpoint.SavePlan",
    "NAME({})": "torch.distributed._shard.checkpoint.Metadata",
    "files = torch.distributed.checkpoint; result = [NAME.__name__, issubclass(files.FileSystemReader, NAME), "
    "issubclass(files.FileSystemWriter, NAME), issubclass(files.DefaultLoadPlanner, NAME), "
    "issubclass(files.DefaultSavePlanner, NAME)]": (
        "torch.distributed._shard.checkpoint.LoadPlanner torch.distributed._shard.checkpoint.SavePlanner "
        "torch.distributed._shard.checkpoint.StorageReader torch.distributed._shard.checkpoint.StorageWriter"
    ),
    "NAME.__name__, list(NAME.__dataclass_fields__)": (
        "torch.distributed._shard.checkpoint.ReadItem torch.distributed._shard.checkpoint.TensorStorageMetadata "
        "torch.distributed._shard.checkpoint.WriteItem"
    ),
    "NAME.from_local(x, MESH).full_tensor()": "torch.distributed._tensor.DTensor",
    "NAME('cpu', [0]).size(), MESH": (
        "torch.distributed._tensor.DeviceMesh torch.distributed._tensor.placement_types.DeviceMesh"
    ),
    "NAME('cpu', (1,)).size(), MESH": "torch.distributed._tensor.init_device_mesh",
    "NAME('sum').is_partial()": (
        "torch.distributed._tensor.Partial torch.distributed._tensor.placement_types.Partial "
        "torch.distributed.tensor.placement_types._Partial"
    ),
    "NAME().is_replicate()": "torch.distributed._tensor.Replicate torch.distributed._tensor.placement_types.Replicate",
    "NAME(1).is_shard(1)": "torch.distributed._tensor.Shard torch.distributed._tensor.placement_types.Shard",
    "both = torch.distributed.tensor.distribute_tensor(x, MESH)\nwith NAME():\n    result = (both + x).full_tensor()": (
        "torch.distributed._tensor.experimental.implicit_replication"
    ),
    "type(NAME(torch.nn.Linear(2, 2), MESH).weight).__name__": "torch.distributed._tensor.distribute_module",
    "NAME(x, MESH).full_tensor()": "torch.distributed._tensor.distribute_tensor",
    "NAME(2, device_mesh=MESH).shape": "torch.distributed._tensor.empty",
    "NAME((2,), 7.0, device_mesh=MESH).full_tensor()": "torch.distributed._tensor.full",
    "NAME(2, device_mesh=MESH).full_tensor()": "torch.distributed._tensor.ones torch.distributed._tensor.zeros",
    "torch.manual_seed(0); result = NAME(2, device_mesh=MESH).full_tensor()": (
        "torch.distributed._tensor.rand torch.distributed._tensor.randn"
    ),
    # functions and classes of Python modules
    "callable(NAME.load_library)": "torch._classes.classes",
    "NAME(torch.sum)(x)": "torch._functorch.apis.grad torch._functorch.eager_transforms.hessian",
    "NAME(torch.sum)(x)[0]": "torch._functorch.apis.grad_and_value",
    "NAME(torch.sum)(m)": "torch._functorch.apis.vmap",
    "torch.vmap(lambda row: NAME(row, recurse=True).sum() * 0 + row)(m)": (
        "torch._functorch.eager_transforms.debug_unwrap"
    ),
    "NAME(torch.neg)(x)": (
        "torch.jit._script_if_tracing torch.jit._trace._script_if_tracing "
        "torch._functorch.eager_transforms.functionalize torch._functorch.eager_transforms.jacfwd "
        "torch._functorch.eager_transforms.jacrev"
    ),
    "NAME(torch.sin, (x,), (x,))": "torch._functorch.eager_transforms.jvp",
    "NAME(torch.sin, x)[1](x)": "torch._functorch.eager_transforms.linearize torch._functorch.eager_transforms.vjp",
    "NAME(torch.nn.ReLU(), {}, x)": "torch._functorch.functional_call.functional_call",
    "torch.manual_seed(0); result = NAME([torch.nn.Linear(2, 2)])": (
        "torch._functorch.functional_call.stack_module_state"
    ),
    "NAME(True, torch.sin, torch.cos, (x,))": "torch._higher_order_ops.cond torch._higher_order_ops.cond.cond",
    "NAME(lambda v: v.sum() < 9, lambda v: (v + 1,), (x,))": (
        "torch._higher_order_ops.while_loop torch._higher_order_ops.while_loop.while_loop"
    ),
    "class Net(torch.nn.Module):\n    size: NAME[int]\nresult = Net.__annotations__": "torch._jit_internal.Final",
    "result = NAME(lambda: 3)()": (
        "torch._jit_internal.export torch._jit_internal.ignore torch._jit_internal.unused "
        "torch._dynamo.allow_in_graph torch._dynamo.assume_constant_result torch._dynamo.decorators.allow_in_graph "
        "torch._dynamo.decorators.assume_constant_result torch._dynamo.decorators.disable torch._dynamo.disable "
        "torch._dynamo.decorators.nonstrict_trace torch._dynamo.nonstrict_trace torch._compile._disable_dynamo "
        "torch._disable_dynamo torch._higher_order_ops.invoke_subgraph.mark_compile_region"
    ),
    "def f(x: torch.Tensor) -> torch.Tensor:\n    return x.sin()\n"
    "result = NAME('fullgraph_test::f', mutates_args=())(f)(x)": (
        "torch._library.custom_ops.custom_op torch._library.triton.triton_op torch._library.triton_op"
    ),
    "@torch.compiler.disable\ndef kernel(): ...\ntry:\n    NAME(kernel)\nexcept RuntimeError as error:\n"
    "    result = str(error).partition(' at 0x')[0].partition('got')[2]": (
        "torch._library.triton.wrap_triton torch._library.wrap_triton torch._library.capture_triton "
        "torch._library.triton.capture_triton"
    ),
    "torch.manual_seed(0); result = NAME(torch.diag(torch.arange(1.0, 10.0)), k=1)[0]": "torch._lobpcg.lobpcg",
    "torch.manual_seed(0); result = NAME(m, 2)": "torch._lowrank.pca_lowrank torch._lowrank.svd_lowrank",
    "NAME.aten.sin(x)": "torch._ops.ops",
    "isinstance(x, NAME)": "torch._tensor.Tensor",
    "NAME(precision=2); result = repr(x)": "torch._tensor_str.set_printoptions",
    "class Double(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n"
    "        Double.seen = isinstance(ctx, NAME)\n        return x * 2\nDouble.apply(x)\nresult = Double.seen": (
        "torch.autograd.function._ContextMethodMixin"
    ),
    "real = torch.distributions.constraints.real; result = NAME([real]).check(x)": (
        "torch.distributions.constraints._Cat"
    ),
    "NAME(is_discrete=True, event_dim=0).is_discrete": ("torch.distributions.constraints._DependentProperty"),
    "NAME(0.5).check(x)": (
        "torch.distributions.constraints._GreaterThan torch.distributions.constraints._GreaterThanEq "
        "torch.distributions.constraints._LessThan"
    ),
    "NAME(0, 1).check(x.round())": (
        "torch.distributions.constraints._HalfOpenInterval torch.distributions.constraints._IntegerInterval "
        "torch.distributions.constraints._Interval"
    ),
    "NAME(torch.distributions.constraints.real, 1).check(x)": "torch.distributions.constraints._IndependentConstraint",
    "NAME(3).check(x)": "torch.distributions.constraints._Multinomial",
    "NAME([torch.distributions.constraints.real] * 4).check(x)": "torch.distributions.constraints._Stack",
    "str(NAME().trace(torch.nn.ReLU()))": "torch.fx._symbolic_trace.Tracer",
    "NAME(torch.nn.ReLU())(x)": "torch.fx._symbolic_trace.symbolic_trace torch.jit._script.script",
    "NAME('len')": "torch.fx._symbolic_trace.wrap",
    "torch.jit.wait(NAME(torch.neg, x))": "torch.jit._async.fork torch.jit._fork",
    "NAME(torch.jit.fork(torch.neg, x))": "torch.jit._async.wait torch.jit._wait",
    "NAME(torch.jit.script(torch.nn.ReLU()).eval())(x)": (
        "torch.jit._freeze.freeze torch.jit._freeze.optimize_for_inference"
    ),
    "NAME([('STATIC', 3)])": "torch.jit._fuser.set_fusion_strategy torch.jit._set_fusion_strategy",
    "NAME(3, int).value": "torch.jit._script.Attribute",
    "isinstance(torch.jit.script(torch.nn.ReLU()), NAME)": "torch.jit._script.ScriptModule",
    "class Shape:\n    def area(self) -> int: pass\nresult = NAME(Shape).__name__": "torch.jit._script.interface",
    "torch.jit.save(torch.jit.script(torch.nn.ReLU()), folder / 'net.pt'); result = NAME(folder / 'net.pt')(x)": (
        "torch.jit._serialization.load"
    ),
    "NAME(torch.jit.script(torch.nn.ReLU()), folder / 'net.pt'); result = torch.jit.load(folder / 'net.pt')(x)": (
        "torch.jit._serialization.save"
    ),
    "NAME(torch.neg, (x,))(x)": "torch.jit._trace.trace",
    "NAME(torch.nn.ReLU(), {'forward': (x,)})(x)": "torch.jit._trace.trace_module",
    "weight = torch.nn.Parameter(x.clone()); weight.grad = x * 9; NAME([weight], 1.0, torch.tensor(4.0)); "
    "result = weight.grad": "torch.nn.utils.clip_grad._clip_grads_with_norm_",
    "NAME([x, m])": ("torch.nn.utils.clip_grad._get_total_norm torch.utils.data._utils.collate.default_convert"),
    "NAME([x, x])": "torch.utils.data._utils.collate.default_collate",
    # wrappers and settings
    "NAME(torch.float64); result = torch.tensor([1.0]).dtype": "torch._C._set_default_dtype",
    "NAME(True); result = torch.are_deterministic_algorithms_enabled()": "torch._C._set_deterministic_algorithms",
    "NAME('high'); result = torch.get_float32_matmul_precision()": "torch._C._set_float32_matmul_precision",
    "NAME(False); result = torch.is_grad_enabled()": "torch._C._set_grad_enabled",
    "NAME(False); result = torch.backends.cuda.cudnn_sdp_enabled()": "torch._C._set_sdp_use_cudnn",
    "NAME(False); result = torch.backends.cuda.flash_sdp_enabled()": "torch._C._set_sdp_use_flash",
    "NAME(False); result = torch.backends.cuda.math_sdp_enabled()": "torch._C._set_sdp_use_math",
    "NAME(True); result = torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed()": (
        "torch._C._set_math_sdp_allow_fp16_bf16_reduction"
    ),
    "NAME(False); result = torch.backends.cuda.mem_efficient_sdp_enabled()": "torch._C._set_sdp_use_mem_efficient",
    "NAME(True); result = torch.is_warn_always_enabled()": "torch._C._set_warnAlways",
    "NAME(0); result = torch.cuda.current_device()": "torch._C._cuda_setDevice",
    "with NAME('force_eager'):\n    result = torch.compile(torch.neg)(x)": (
        "torch._dynamo.decorators.set_stance torch._dynamo.set_stance"
    ),
    "import binascii\n@NAME(binascii.crc32)\ndef crc(data, crc=0, /):\n    return 7\nresult = crc(b'')": (
        "torch._dynamo.decorators.substitute_in_graph torch._dynamo.substitute_in_graph"
    ),
    "NAME(x.bfloat16().repeat(4, 4), x.bfloat16().repeat(1, 16, 4), torch.tensor([4], dtype=torch.int32))": (
        "torch._grouped_mm"
    ),
    "NAME(x.clone(), 2.0)": "torch.nn.init._no_grad_fill_",
    "torch.manual_seed(0); result = NAME(x.clone(), 0.0, 1.0)": (
        "torch.nn.init._no_grad_normal_ torch.nn.init._no_grad_uniform_"
    ),
    "torch.manual_seed(0); result = NAME(x.clone(), 0.0, 1.0, -1.0, 1.0)": "torch.nn.init._no_grad_trunc_normal_",
    "NAME = not NAME; result = [NAME, PUBLIC]": (
        "torch._dynamo.config.allow_unspec_int_on_nn_module torch._dynamo.config.assume_static_by_default "
        "torch._dynamo.config.automatic_dynamic_shapes torch._dynamo.config.capture_dynamic_output_shape_ops "
        "torch._dynamo.config.capture_scalar_outputs torch._dynamo.config.dynamic_shapes "
        "torch._dynamo.config.enable_cpp_symbolic_shape_guards torch._dynamo.config.fail_on_cache_limit_hit "
        "torch._dynamo.config.fail_on_recompile_limit_hit torch._dynamo.config.verbose "
        "torch._dynamo.config.skip_tensor_guards_with_matching_dict_tags torch._dynamo.config.wrap_top_frame "
        "torch._inductor.config.force_disable_caches"
    ),
    "NAME += 1; result = [NAME, PUBLIC]": (
        "torch._dynamo.config.accumulated_cache_size_limit torch._dynamo.config.accumulated_recompile_limit "
        "torch._dynamo.config.cache_size_limit torch._dynamo.config.recompile_limit"
    ),
    "NAME = folder.name; result = PUBLIC == folder.name": "torch._dynamo.config.log_file_name",
    "NAME.add(print); result = [NAME, PUBLIC]": "torch._dynamo.config.reorderable_logging_functions",
    # many tensors at once
    "NAME([x, m]), len([x, m])": _foreach(_UNARY + " clone max norm"),
    "both = [x.clone(), m.clone()]; NAME(both); result = both": _foreach(_UNARY + " zero", "_"),
    "NAME([x, m], [x, m + 1]), NAME([x, m], 2.0)": _foreach(_BINARY),
    "both = [x.clone(), m.clone()]; NAME(both, [x, m + 1]); NAME(both, 2.0); result = both": _foreach(_BINARY, "_"),
    "NAME([x, m], [x, m], [x, m + 1], 2.0)": _foreach("addcdiv addcmul"),
    "both = [x.clone(), m.clone()]; NAME(both, [x, m], [x, m + 1], 2.0); result = both": _foreach(
        "addcdiv addcmul", "_"
    ),
    "NAME([x, m], [x + 1, m + 1], 0.5)": _foreach("lerp"),
    "both = [x.clone(), m.clone()]; NAME(both, [x + 1, m + 1], weight=0.5); result = both": _foreach("lerp", "_"),
    "both = [x.clone(), m.clone()]; NAME(both, [x + 1, m + 1], True); result = both": _foreach("copy", "_"),
    "NAME([m, m], [m.T, m.T])": _foreach("mm"),
    "NAME(x.clone())": "torch.nn.init._no_grad_zero_",
    "class Constant(NAME):\n    def get_lr(self): return [0.5]\n"
    "result = Constant(torch.optim.SGD([torch.nn.Parameter(x)], 0.1)).get_last_lr()": (
        "torch.optim.lr_scheduler._LRScheduler"
    ),
}

PROGRAMS: Mapping[str, str] = {name: program for program, names in _BY_PROGRAM.items() for name in names.split()}

ONLY_IMPORTED = frozenset({
    "torch._higher_order_ops.cond.cond",
    "torch._higher_order_ops.invoke_subgraph.mark_compile_region",
    "torch._higher_order_ops.while_loop.while_loop",
    "torch._shape_as_tensor",
    "torch.distributed._tensor.experimental.implicit_replication",
})  # fmt: skip
"""Names in a module that only ``from`` imports find, or whose public module needs an import."""

NOT_IMPORTED = frozenset({"torch._C._VariableFunctions.add"})
"""Names in something that is no module."""

NEEDS: Mapping[str, str] = {
    "torch._C._cuda_": "cuda",
    "torch.cuda._lazy_init": "cuda",
    "torch._C._mps_currentAllocatedMemory": "mps",
    "torch._C._mps_deviceSynchronize": "mps",
    "torch._C._mps_driverAllocatedMemory": "mps",
    "torch._C._mps_emptyCache": "mps",
    "torch._library.capture_triton": "triton",
    "torch._library.triton.capture_triton": "triton",
    "torch._library.triton.wrap_triton": "triton",
    "torch._library.wrap_triton": "triton",
    "torch.distributed._tensor.rand": "an accelerator",  # torch has no parallel random numbers for CPU meshes
}
"""That without which a name cannot be called, by the name or what it begins with."""

FEWER_BREAKS = frozenset({
    "torch._C._get_deterministic_algorithms",
    "torch._C._is_tracing",
    "torch._C._mps_is_available",
    "torch._inductor.config.force_disable_caches",
})  # fmt: skip
"""Names at which Dynamo of some release breaks the graph, while it knows the public one."""

MORE_BREAKS = frozenset({
    "torch._C._get_cudnn_sdp_enabled",
    "torch._C._get_flash_sdp_enabled",
    "torch._C._get_math_sdp_enabled",
    "torch._C._get_mem_efficient_sdp_enabled",
})  # fmt: skip
"""Names that Dynamo knows, while it breaks the graph at the public one; in compiled code, so does reading a setting."""

COMPILED: Mapping[str, str] = {
    "NAME(inner)": (
        "torch._dynamo.disable torch._dynamo.decorators.disable torch._dynamo.allow_in_graph "
        "torch._dynamo.decorators.allow_in_graph torch._dynamo.assume_constant_result "
        "torch._dynamo.decorators.assume_constant_result torch._dynamo.nonstrict_trace "
        "torch._dynamo.decorators.nonstrict_trace torch._disable_dynamo torch._compile._disable_dynamo "
        "torch._higher_order_ops.invoke_subgraph.mark_compile_region "
        "torch.jit._script_if_tracing torch.jit._trace._script_if_tracing"
    ),
    "NAME(recursive=False)(inner)": "torch._dynamo.disable torch._dynamo.decorators.disable",
    "NAME('force_eager')(torch.compile(inner))": "torch._dynamo.set_stance torch._dynamo.decorators.set_stance",
    "NAME('eager_on_recompile')(torch.compile(inner))": "torch._dynamo.set_stance torch._dynamo.decorators.set_stance",
    "[NAME(binascii.crc32)(lambda data, crc=0, /: 7), lambda x: x + binascii.crc32(b'')][1]": (
        "torch._dynamo.substitute_in_graph torch._dynamo.decorators.substitute_in_graph"
    ),
}
"""What a compiled function calls: something that is made with a decorator out of a function."""
