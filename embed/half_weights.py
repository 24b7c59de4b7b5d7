"""Store the large float32 weights of an ONNX graph as float16, computing in float32 as before.

Every weight is followed by a Cast back to float32, which ONNX Runtime folds while it loads the
graph. Embedding tables are widened after the look-up instead: only the rows of a question's tokens
are ever converted, and half of MiniLM's parameters stay float16 in memory. Needs ``onnx``; used by
``export-model`` only.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_MIN_ELEMENTS = 1024
_FLOAT16_MAX = 65504.0


def store_as_half(model: ModelProto) -> ModelProto:
    """Convert in place and return ``model``; biases and other small tensors stay float32.

    Raises:
        ValueError: a weight does not fit float16's range.
    """
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    users: dict[str, list[NodeProto]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    widened: list[NodeProto] = []
    after_lookup: dict[str, NodeProto] = {}
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < _MIN_ELEMENTS:
            continue
        if float(np.abs(values).max()) > _FLOAT16_MAX:
            raise ValueError(f"{weight.name} has values beyond float16's range")
        name, half = weight.name, values.astype(np.float16)
        graph.initializer.remove(weight)
        if all(u.op_type == "Gather" and u.input[0] == name for u in users[name]):
            graph.initializer.append(numpy_helper.from_array(half, name))
            for lookup in users[name]:
                out = lookup.output[0]
                lookup.output[0] = f"{out}_half"
                after_lookup[lookup.name] = helper.make_node(
                    "Cast", [f"{out}_half"], [out], name=f"{out}_widen", to=TensorProto.FLOAT
                )
        else:
            graph.initializer.append(numpy_helper.from_array(half, f"{name}_half"))
            widened.append(
                helper.make_node(
                    "Cast", [f"{name}_half"], [name], name=f"{name}_widen", to=TensorProto.FLOAT
                )
            )
    nodes = list(widened)
    for node in graph.node:
        nodes.append(node)
        if node.name in after_lookup:
            nodes.append(after_lookup[node.name])
    del graph.node[:]
    graph.node.extend(nodes)
    return model
