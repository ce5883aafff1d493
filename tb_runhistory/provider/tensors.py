"""Values that are no numbers, as TensorBoard's tensor messages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import DecodeError
from tensorboard.compat.proto import tensor_pb2, tensor_shape_pb2, types_pb2

_MOST_ELEMENTS = 1 << 22
"""Of one tensor. A few bytes can claim any number of equal ones, which TensorBoard would lay out in memory."""


def null_tensor() -> Any:
    """The value of a series that is there for its metadata: a vector of no floats."""
    no_elements = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=0)])
    return tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=no_elements)


def text_tensor(text: str) -> Any:
    """One text."""
    return tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, tensor_shape=tensor_shape_pb2.TensorShapeProto(), string_val=[text.encode()]
    )


def blobs_tensor(blobs: Sequence[bytes]) -> Any:
    """A sequence of blobs: a vector of byte strings."""
    length = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=len(blobs))])
    return tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=length, string_val=blobs)


def stored_tensor(content: bytes) -> Any | None:
    """The tensor that was recorded; None where TensorBoard could not make an array of it."""
    # It is long to import, and most histories have no tensors.
    from tensorboard.util import tensor_util

    try:
        tensor = tensor_pb2.TensorProto.FromString(content)
        sizes = [dim.size for dim in tensor.tensor_shape.dim]
        if min(sizes, default=0) < 0 or math.prod(sizes) > _MOST_ELEMENTS:
            return None
        tensor_util.make_ndarray(tensor)
    except (DecodeError, TypeError, ValueError, KeyError):
        return None
    return tensor
