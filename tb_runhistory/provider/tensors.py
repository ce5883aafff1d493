"""Values that are no numbers, as TensorBoard's tensor messages."""

from __future__ import annotations

from typing import Any

from tensorboard.compat.proto import tensor_pb2, tensor_shape_pb2, types_pb2


def null_tensor() -> Any:
    """The value of a series that is there for its metadata: a vector of no floats."""
    no_elements = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=0)])
    return tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=no_elements)


def text_tensor(text: str) -> Any:
    """One text."""
    return tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, tensor_shape=tensor_shape_pb2.TensorShapeProto(), string_val=[text.encode()]
    )
