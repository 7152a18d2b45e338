"""FaceNet at eight bits: the converted network, its convolutions with whole numbers.

Weights get seven bits for each output channel: processors without VNNI add two products of eight
bits in sixteen, and would overflow. What flows between layers gets eight, over the range it had on
photos, which `quantized_ranges.json` lists. The first layer, the trunk that the residual blocks add
to, and the last layers stay float: there rounding would add up. Quantizing the same file twice
gives the same bytes.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from recognition.engine.convert import IR_VERSION, OPSET

RANGES = Path(__file__).with_name("quantized_ranges.json")
_MOST_WEIGHT, _MOST_VALUE = 63, 255

Floats = NDArray[np.float32]


@dataclass
class _Layers:
    """The float network, simplified: `convs` by output name, with norms and scales folded in."""

    nodes: list[Any] = field(default_factory=list)
    weights: dict[str, Floats] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    def name(self, tensor: str) -> str:
        return self.renamed.get(tensor, tensor)


def folded(model: Any) -> Any:
    """The same function with every BatchNormalization and scale inside the convolution before."""
    layers = _Layers()
    layers.weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        _fold(layers, node)
    used = {name for node in layers.nodes for name in node.input}
    tensors = [
        numpy_helper.from_array(np.ascontiguousarray(value), name)
        for name, value in layers.weights.items()
        if name in used
    ]
    return _model(model, layers.nodes, tensors)


def _fold(layers: _Layers, node: Any) -> None:
    """Take one node over, or take its work into the convolution that feeds it."""
    producer = next((n for n in layers.nodes if n.output[0] == layers.name(node.input[0])), None)
    into_conv = producer is not None and producer.op_type == "Conv"
    if node.op_type == "BatchNormalization" and into_conv:
        scale, shift, mean, variance = (layers.weights[name] for name in node.input[1:])
        factor = scale / np.sqrt(variance + helper.get_node_attr_value(node, "epsilon"))
        _scale(layers, producer, factor, shift - mean * factor)
    elif node.op_type == "Mul" and into_conv:
        factor = np.full(1, layers.weights[node.input[1]], np.float32)
        _scale(layers, producer, factor, np.zeros(1, np.float32))
    else:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [layers.name(name) for name in node.input]
        layers.nodes.append(copy)
        return
    layers.renamed[node.output[0]] = layers.name(node.input[0])


def _scale(layers: _Layers, conv: Any, factor: Floats, shift: Floats) -> None:
    """Let the convolution give factor · y + shift."""
    kernel = layers.weights[conv.input[1]]
    layers.weights[conv.input[1]] = (kernel * factor.reshape(-1, 1, 1, 1)).astype(np.float32)
    if len(conv.input) == 2:
        conv.input.append(f"{conv.name}.bias")
        layers.weights[conv.input[2]] = np.zeros(len(kernel), np.float32)
    layers.weights[conv.input[2]] = (layers.weights[conv.input[2]] * factor + shift).astype(
        np.float32
    )


def measured_ranges(
    facenet: Path, faces: Iterable[NDArray[np.float32]]
) -> dict[str, tuple[float, float]]:
    """(lowest, highest) that flows through each of `quantized_tensors`: what RANGES holds.

    faces: batches of (n, 160, 160, 3) as `preprocess` gives them.
    """
    import onnxruntime

    model = folded(onnx.load(facenet))
    names = quantized_tensors(model)
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    seen = [session.run(names, {"input": batch}) for batch in faces]
    return {
        name: (
            float(min(outputs[at].min() for outputs in seen)),
            float(max(outputs[at].max() for outputs in seen)),
        )
        for at, name in enumerate(names)
    }


def quantized_tensors(model: Any) -> list[str]:
    """What flows into and out of the convolutions at eight bits, in the folded network."""
    convs = _eight_bit(model)
    after = {name: node for node in model.graph.node for name in node.input}
    outputs = []
    for conv in convs:
        follower = after[conv.output[0]]
        outputs.append(follower.output[0] if follower.op_type == "Relu" else conv.output[0])
    return list(dict.fromkeys([*(conv.input[0] for conv in convs), *outputs]))


def _eight_bit(model: Any) -> list[Any]:
    """Every convolution but the first: three channels are little work and carry everything."""
    return [node for node in model.graph.node if node.op_type == "Conv"][1:]


def quantize(facenet: Path, ranges: Mapping[str, tuple[float, float]] | None = None) -> bytes:
    """The ONNX file at eight bits, with the input and output of the float one.

    facenet: the file `convert` makes. ranges: (lowest, highest) of each of `quantized_tensors`.
    """
    ranges = json.loads(RANGES.read_text()) if ranges is None else ranges
    model = folded(onnx.load(facenet))
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    graph = _Quantized(weights, ranges)
    eight_bit = {conv.output[0] for conv in _eight_bit(model)}
    rounded = set(quantized_tensors(model))
    for node in model.graph.node:
        if node.output[0] in eight_bit:
            graph.conv(node)
        else:
            graph.nodes.append(node)
        if node.output[0] in rounded:
            graph.rounded(node.output[0])
    graph.connect()
    used = {name for node in graph.nodes for name in node.input}
    floats = [t for t in model.graph.initializer if t.name in used]
    return bytes(
        _model(model, graph.nodes, [*floats, *graph.tensors]).SerializeToString(deterministic=True)
    )


@dataclass
class _Quantized:
    weights: Mapping[str, Floats]
    ranges: Mapping[str, tuple[float, float]]
    nodes: list[Any] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)

    def scale(self, name: str) -> tuple[np.float32, np.uint8]:
        """(scale, zero) of a tensor: its value is scale · (whole number - zero)."""
        low, high = (min(self.ranges[name][0], 0.0), max(self.ranges[name][1], 0.0))
        scale = np.float32(max(high - low, 1e-6) / _MOST_VALUE)
        return scale, np.uint8(round(-low / float(scale)))

    def tensor(self, name: str, value: Any) -> str:
        self.tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))

    def rounded(self, name: str) -> None:
        scale, zero = self.scale(name)
        steps = [self.tensor(f"{name}.scale8", scale), self.tensor(f"{name}.zero8", zero)]
        self.node("QuantizeLinear", [name, *steps], f"{name}.q")
        self.node("DequantizeLinear", [f"{name}.q", *steps], f"{name}.dq")

    def conv(self, node: Any) -> None:
        pixels, kernel, bias = node.input
        weight = self.weights[kernel]
        most = np.maximum(np.abs(weight).reshape(len(weight), -1).max(axis=1), 1e-12)
        scale = (most / _MOST_WEIGHT).astype(np.float32)
        whole = np.rint(weight / scale.reshape(-1, 1, 1, 1)).astype(np.int8)
        bias_scale = (scale * self.scale(pixels)[0]).astype(np.float32)
        whole_bias = np.rint(self.weights[bias] / bias_scale).astype(np.int32)
        for name, value, steps in (
            (kernel, whole, scale),
            (bias, whole_bias, bias_scale),
        ):
            inputs = [
                self.tensor(f"{name}.q", value),
                self.tensor(f"{name}.scale8", steps),
                self.tensor(f"{name}.zero8", np.zeros(len(steps), value.dtype)),
            ]
            self.node("DequantizeLinear", inputs, f"{name}.dq", axis=0)
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [pixels, f"{kernel}.dq", f"{bias}.dq"]
        self.nodes.append(copy)

    def connect(self) -> None:
        """Let everybody read the rounded values, but for the sums of the trunk."""
        rounded = {node.input[0] for node in self.nodes if node.op_type == "QuantizeLinear"}
        trunk = {node.input[0] for node in self.nodes if node.op_type == "Add"}
        for node in self.nodes:
            if node.op_type in ("QuantizeLinear", "DequantizeLinear", "Relu"):
                continue
            for at, name in enumerate(node.input):
                if name in rounded and not (node.op_type == "Add" and name in trunk):
                    node.input[at] = f"{name}.dq"


def _model(like: Any, nodes: list[Any], tensors: list[Any]) -> Any:
    graph = helper.make_graph(nodes, "facenet128", like.graph.input, like.graph.output, tensors)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
