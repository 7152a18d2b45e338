"""FaceNet's Keras file → ONNX, layer by layer, without TensorFlow.

The file holds its own graph (`model_config`) and weights. Each Keras layer becomes one or two
ONNX operators; the result is channels-first inside and takes channels-last pixels, as deepface's
ONNX client gives them. CenterFace needs no translation, only freedom from the one input size that
its file declares. Converting the same file twice gives the same bytes.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8  # with OPSET: understood by every onnxruntime since 1.13

Layer = dict[str, Any]


@dataclass
class _Graph:
    """What has been translated so far. `weights` is the file's group of layer weights."""

    weights: Any
    nodes: list[Any] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)

    def weight(self, layer: str, name: str) -> NDArray[np.float32]:
        return np.asarray(self.weights[layer][layer][f"{name}:0"], np.float32)

    def tensor(self, name: str, value: NDArray[Any]) -> str:
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))


def convert(source: Path) -> bytes:
    """The ONNX file of a Keras FaceNet.

    Its input is `input`, (n, 160, 160, 3) float32; its output `embedding`, (n, 128) float32, not
    yet of unit length. Raises ValueError for a layer this translation does not know.
    """
    with h5py.File(source) as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        graph = _Graph(file["model_weights"])
        for layer in layers:
            translate = _TRANSLATIONS.get(layer["class_name"])
            if translate is None:
                raise ValueError(f"unknown layer {layer['class_name']}")
            translate(graph, layer)
    graph.node("Identity", [layers[-1]["name"]], "embedding")
    return _serialize(graph)


def any_size(source: Path) -> bytes:
    """A copy of CenterFace's file that takes (n, 3, height, width) of any multiple of 32."""
    model = onnx.load(source)
    weights = {tensor.name for tensor in model.graph.initializer}
    # Its file lists every weight as an input too, which keeps onnxruntime from folding them.
    pixels = [value for value in model.graph.input if value.name not in weights]
    used = {name for node in model.graph.node for name in node.input}
    tensors = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.input[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.input.extend(pixels)
    model.graph.initializer.extend(tensors)
    for value, sides in [
        (model.graph.input[0], ("height", "width")),
        *((output, ("rows", "columns")) for output in model.graph.output),
    ]:
        shape = value.type.tensor_type.shape.dim
        shape[0].dim_param, shape[2].dim_param, shape[3].dim_param = ("n", *sides)
    return bytes(model.SerializeToString(deterministic=True))


def _serialize(graph: _Graph) -> bytes:
    pixels = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 160, 160, 3])
    vectors = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 128])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "facenet128", [pixels], [vectors], graph.tensors),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _inputs(layer: Layer) -> list[str]:
    return [node[0] for node in layer["inbound_nodes"][0]]


def _input(graph: _Graph, layer: Layer) -> None:
    graph.node("Transpose", ["input"], layer["name"], perm=[0, 3, 1, 2])


def _conv(graph: _Graph, layer: Layer) -> None:
    name, config = layer["name"], layer["config"]
    kernel = graph.weight(name, "kernel").transpose(3, 2, 0, 1)
    inputs = [*_inputs(layer), graph.tensor(f"{name}.kernel", kernel)]
    if config["use_bias"]:
        inputs.append(graph.tensor(f"{name}.bias", graph.weight(name, "bias")))
    graph.node(
        "Conv", inputs, name, strides=config["strides"], auto_pad=_padding(config["padding"])
    )


def _padding(keras: str) -> str:
    return {"valid": "VALID", "same": "SAME_UPPER"}[keras]


def _norm(graph: _Graph, layer: Layer) -> None:
    name, config = layer["name"], layer["config"]
    shift = graph.weight(name, "beta")
    inputs = [
        *_inputs(layer),
        graph.tensor(f"{name}.scale", np.ones_like(shift)),  # the network has no gamma
        graph.tensor(f"{name}.shift", shift),
        graph.tensor(f"{name}.mean", graph.weight(name, "moving_mean")),
        graph.tensor(f"{name}.variance", graph.weight(name, "moving_variance")),
    ]
    graph.node("BatchNormalization", inputs, name, epsilon=config["epsilon"])


def _relu(graph: _Graph, layer: Layer) -> None:
    if layer["config"]["activation"] != "relu":
        raise ValueError(f"unknown activation {layer['config']['activation']}")
    graph.node("Relu", _inputs(layer), layer["name"])


def _pool(graph: _Graph, layer: Layer) -> None:
    config = layer["config"]
    graph.node(
        "MaxPool",
        _inputs(layer),
        layer["name"],
        kernel_shape=config["pool_size"],
        strides=config["strides"],
        auto_pad=_padding(config["padding"]),
    )


def _concatenate(graph: _Graph, layer: Layer) -> None:
    graph.node("Concat", _inputs(layer), layer["name"], axis=1)


def _scaled_sum(graph: _Graph, layer: Layer) -> None:
    # The file stores these lambdas as bytecode, which is never run: x + scale · y.
    name = layer["name"]
    scale = np.float32(layer["config"]["arguments"]["scale"])
    trunk, branch = _inputs(layer)
    graph.node("Mul", [branch, graph.tensor(f"{name}.scale", np.asarray(scale))], f"{name}.scaled")
    graph.node("Add", [trunk, f"{name}.scaled"], name)


def _average(graph: _Graph, layer: Layer) -> None:
    graph.node("ReduceMean", _inputs(layer), layer["name"], axes=[2, 3], keepdims=0)


def _dropout(graph: _Graph, layer: Layer) -> None:
    graph.node("Identity", _inputs(layer), layer["name"])


def _dense(graph: _Graph, layer: Layer) -> None:
    name = layer["name"]
    kernel = graph.tensor(f"{name}.kernel", graph.weight(name, "kernel"))
    graph.node("MatMul", [*_inputs(layer), kernel], name)


_TRANSLATIONS: dict[str, Callable[[_Graph, Layer], None]] = {
    "InputLayer": _input,
    "Conv2D": _conv,
    "BatchNormalization": _norm,
    "Activation": _relu,
    "MaxPooling2D": _pool,
    "Concatenate": _concatenate,
    "Lambda": _scaled_sum,
    "GlobalAveragePooling2D": _average,
    "Dropout": _dropout,
    "Dense": _dense,
}
