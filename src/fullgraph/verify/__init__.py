"""The oracle: what the installed torch really does with a block of code.

This is the only package of fullgraph that imports torch, and it does so lazily, inside functions: importing it costs
nothing, and linting never needs it. `observe` runs one block of code, compiled or eagerly, and says what torch did;
`same_result` compares what two blocks returned.
"""

from __future__ import annotations

from fullgraph.verify.observation import Observation, OracleError
from fullgraph.verify.observe import observe
from fullgraph.verify.values import same_result

__all__ = ["Observation", "OracleError", "observe", "same_result"]
