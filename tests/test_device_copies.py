"""What Inductor's passes leave of moves, with tensors that only pretend to be on a GPU."""

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")


def of_arange_moved(x):
    return x + torch.arange(x.shape[0]).to(x.device)


def of_arange(x):
    return x + torch.arange(x.shape[0], device=x.device)


def of_data_moved(x):
    return x + torch.tensor([1.0, 2.0, 3.0]).to(x.device)


def of_data(x):
    return x + torch.tensor([1.0, 2.0, 3.0], device=x.device)


def of_number(x):
    return x * torch.tensor(0.5)


def of_same_device(x):
    return x + (x * 2).to(x.device)


def of_number_where(x):
    return torch.where(x > 0, x, torch.zeros(()))


def of_row_added(x):
    return x + torch.zeros(3)


def of_rows_joined(x):
    return torch.cat([x, torch.zeros(1)])


def copies(function: Callable) -> int:
    """How many copies between devices are left behind the passes."""
    from torch._inductor.decomposition import select_decomp_table
    from torch._inductor.fx_passes.joint_graph import joint_graph_passes
    from torch._inductor.fx_passes.post_grad import post_grad_passes
    from torch._inductor.virtualized import V
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental.proxy_tensor import make_fx

    mode = FakeTensorMode(allow_non_fake_inputs=True)
    with mode:
        graph = make_fx(function, decomposition_table=select_decomp_table())(torch.ones(3, device="cuda:0"))
    with V.set_fake_mode(mode):
        graph = joint_graph_passes(graph)
        post_grad_passes(graph, True)
    return sum("device_put" in str(node.target) for node in graph.graph.nodes)


@pytest.mark.parametrize(
    ("function", "left"),
    [
        (of_arange_moved, 1),
        (of_arange, 0),
        (of_data_moved, 1),
        (of_data, 1),
        (of_number, 0),
        (of_number_where, 0),
        (of_same_device, 0),
    ],
)
def test_what_is_made_on_the_host_is_copied(function, left):
    assert copies(function) == left


@pytest.mark.parametrize("function", [of_row_added, of_rows_joined])
def test_a_row_made_on_the_host_meets_no_tensor_of_a_device(function):
    with pytest.raises(RuntimeError, match="device"):
        copies(function)
