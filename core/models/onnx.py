"""A trained network as ONNX, written layer by layer from what it is made of: the same graph for both engines.

Not torch's own exporter: it traces the network, which takes seconds, patches torch for all threads of the server
meanwhile, and knows nothing of the NumPy engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from core.models import scratch
from core.models.autoencoders import Autoencoder, TopK
from core.models.classifiers import EncoderClassifier
from core.models.contract import Model
from core.models.numpy_models import NumpyModel
from core.models.torch_model import TorchModel

_OPSET = 20  # of 2023, the first with Gelu; any runtime kept since then reads it
_IR = 9  # the file format that came with it


class _Graph:
    """The nodes and weights written so far, and the name of the last output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.last = "pixels"

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Append a node that takes these inputs; return the name of its output."""
        self.last = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [self.last], **attributes))
        return self.last

    def apply(self, op: str, *arrays: Any, **attributes: Any) -> None:
        """Append a node that takes the last output and some arrays."""
        self.add(op, self.last, *map(self.constant, arrays), **attributes)

    def constant(self, value: Any) -> str:
        """Keep an array in the file and return its name."""
        array = value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
        name = f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def name_last(self, name: str) -> None:
        """Give the last output a name for those who use the model."""
        self.apply("Identity")
        self.nodes[-1].output[0] = self.last = name


def to_onnx(model: Model) -> bytes:
    """Return the model as ONNX: "pixels", float32 (n, 1, 28, 28) in [0, 1], to what it makes of them.

    A classifier answers "probabilities", float32 (n, 10); an autoencoder "codes", float32 (n, code_size), and
    "pictures", float32 (n, 1, 28, 28) in [0, 1]. Raises ValueError for a layer that has no counterpart here.
    """
    graph = _Graph()
    outputs: dict[str, list[Any]] = {"probabilities": ["n", 10]}
    if model.code_size:
        outputs = {"codes": ["n", model.code_size], "pictures": ["n", 1, 28, 28]}
    if isinstance(model, TorchModel):
        _write_torch(graph, model.network)
    elif isinstance(model, NumpyModel):
        _write_numpy(graph, model)
    else:
        raise ValueError("What is fitted at once cannot be written as ONNX. Export its weights instead.")
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 1, 28, 28])
    whole = helper.make_graph(graph.nodes, "digit-lab", [pixels], described, graph.weights)
    proto = helper.make_model(whole, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    proto.producer_name = "Digit Lab"
    onnx.checker.check_model(proto, full_check=True)
    content: bytes = proto.SerializeToString()
    return content


def _write_torch(graph: _Graph, network: nn.Module) -> None:
    if not isinstance(network, Autoencoder):
        parts = [network.encoder, network.head] if isinstance(network, EncoderClassifier) else [network]
        _write(graph, parts)
        graph.apply("Softmax", axis=1)
        graph.name_last("probabilities")
        return
    _write(graph, [network.encoder])
    graph.name_last("codes")
    _write(graph, [network.decoder])
    if network.bounded:
        graph.apply("Sigmoid")
    else:
        graph.apply("Clip", np.float32(0), np.float32(1))
    _write_picture(graph)


def _write_numpy(graph: _Graph, model: NumpyModel) -> None:
    graph.apply("Flatten")
    if not model.scaled:
        graph.apply("Mul", np.float32(255))
    if not model.code_size:
        _write(graph, model.net.layers)
        graph.apply("Softmax", axis=1)
        graph.name_last("probabilities")
        return
    _write(graph, model.encoder)
    graph.name_last("codes")
    _write(graph, model.decoder)
    if model.loss != "mse":  # which has its sigmoid among the layers
        graph.apply("Sigmoid")
    _write_picture(graph)


def _write_picture(graph: _Graph) -> None:
    graph.apply("Reshape", np.array([-1, 1, 28, 28]))
    graph.name_last("pictures")


def _write(graph: _Graph, layers: Iterable[Any]) -> None:
    for layer in layers:
        if isinstance(layer, nn.Sequential):
            _write(graph, layer)
        elif type(layer) in _WRITERS:
            _WRITERS[type(layer)](graph, layer)
        else:
            raise ValueError(f"The layer {type(layer).__name__} cannot be written as ONNX. Export the weights instead.")


def _simple(op: str, **attributes: Any) -> Callable[[_Graph, Any], object]:
    return lambda graph, layer: graph.apply(op, **attributes)


def _convolution(op: str) -> Callable[[_Graph, Any], object]:
    def write(graph: _Graph, layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
        place: dict[str, Any] = {
            "kernel_shape": layer.kernel_size,
            "strides": layer.stride,
            "pads": [*layer.padding, *layer.padding],
        }
        place |= {"dilations": layer.dilation, "group": layer.groups}
        if isinstance(layer, nn.ConvTranspose2d):
            place["output_padding"] = layer.output_padding
        graph.apply(op, layer.weight, *([] if layer.bias is None else [layer.bias]), **place)

    return write


def _pool(op: str) -> Callable[[_Graph, Any], object]:
    def write(graph: _Graph, layer: nn.MaxPool2d | nn.AvgPool2d) -> None:
        graph.apply(op, kernel_shape=[layer.kernel_size] * 2, strides=[layer.stride] * 2)

    return write


def _batch_norm(graph: _Graph, layer: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
    arrays = layer.weight, layer.bias, layer.running_mean, layer.running_var
    graph.apply("BatchNormalization", *arrays, epsilon=layer.eps)


def _scratch_batch_norm(graph: _Graph, layer: scratch.BatchNorm) -> None:
    arrays = layer.params["weight"], layer.params["bias"], layer.buffers["running_mean"], layer.buffers["running_var"]
    graph.apply("BatchNormalization", *arrays, epsilon=layer.eps)


def _top_k(graph: _Graph, layer: TopK) -> None:
    codes = graph.last
    values, places = f"{codes}_values", f"{codes}_places"
    graph.nodes.append(helper.make_node("TopK", [codes, graph.constant(np.array([layer.k]))], [values, places], axis=1))
    zeros = graph.add("ConstantOfShape", graph.add("Shape", codes))
    graph.add("ScatterElements", zeros, places, values, axis=1)


_WRITERS: dict[type, Callable[[_Graph, Any], object]] = {
    nn.Flatten: _simple("Flatten"),
    nn.ReLU: _simple("Relu"),
    nn.Sigmoid: _simple("Sigmoid"),
    nn.Tanh: _simple("Tanh"),
    nn.GELU: _simple("Gelu"),
    nn.Dropout: lambda graph, layer: None,  # only training silences units
    nn.Linear: lambda graph, layer: graph.apply("Gemm", layer.weight, layer.bias, transB=1),
    nn.Conv2d: _convolution("Conv"),
    nn.ConvTranspose2d: _convolution("ConvTranspose"),
    nn.MaxPool2d: _pool("MaxPool"),
    nn.AvgPool2d: _pool("AveragePool"),
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.Unflatten: lambda graph, layer: graph.apply("Reshape", np.array([-1, *layer.unflattened_size])),
    TopK: _top_k,
    scratch.Dense: lambda graph, layer: graph.apply("Gemm", layer.params["weight"], layer.params["bias"]),
    scratch.ReLU: _simple("Relu"),
    scratch.Sigmoid: _simple("Sigmoid"),
    scratch.Tanh: _simple("Tanh"),
    scratch.BatchNorm: _scratch_batch_norm,
}
