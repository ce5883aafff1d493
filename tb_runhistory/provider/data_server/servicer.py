"""TensorBoard's gRPC service over ``data_provider``: who is answered when, in which way, and errors as statuses."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
from tensorboard.data.proto import data_provider_pb2 as messages

from tb_runhistory.errors import BadRequest, RunHistoryError, TooBusy
from tb_runhistory.provider.admission import Admission, SharedAnswers

if TYPE_CHECKING:
    from tb_runhistory.provider.data_provider import RunHistoryProvider
    from tb_runhistory.provider.snapshot import Snapshot, Snapshots

SERVICE = "tensorboard.data.TensorBoardDataProvider"
_START_SECONDS = 20.0
_QUESTIONS_AT_ONCE = 2
_FEW_RUNS = 8

Ask: TypeAlias = "Callable[[RunHistoryProvider, Snapshot, Any], bytes]"

_METHODS: dict[str, tuple[Any, Ask]] = {
    "GetExperiment": (messages.GetExperimentRequest, lambda provider, *asked: provider.experiment(*asked)),
    "ListPlugins": (messages.ListPluginsRequest, lambda provider, *asked: provider.plugins(*asked)),
    "ListRuns": (messages.ListRunsRequest, lambda provider, *asked: provider.runs(*asked)),
    "ListScalars": (messages.ListScalarsRequest, lambda provider, *asked: provider.list_scalars(*asked)),
    "ReadScalars": (messages.ReadScalarsRequest, lambda provider, *asked: provider.read_scalars(*asked)),
    "ListTensors": (messages.ListTensorsRequest, lambda provider, *asked: provider.list_tensors(*asked)),
    "ReadTensors": (messages.ReadTensorsRequest, lambda provider, *asked: provider.read_tensors(*asked)),
    "ListBlobSequences": (
        messages.ListBlobSequencesRequest,
        lambda provider, *asked: provider.list_blob_sequences(*asked),
    ),
    "ReadBlobSequences": (
        messages.ReadBlobSequencesRequest,
        lambda provider, *asked: provider.read_blob_sequences(*asked),
    ),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What answers requests, once it is there."""

    snapshots: Snapshots
    provider: RunHistoryProvider


class RunHistoryServicer:
    """Serves requests from the moment the port is open, while what answers them is still loading.

    Replies leave the provider serialized, so that the method handlers here pass bytes on.
    """

    def __init__(self, loaded: Future[Loaded]) -> None:
        self._loaded = loaded
        self._trouble = ""
        self._questions = Admission(_QUESTIONS_AT_ONCE)
        # One chart of many runs at a time: two take as long side by side as in turn, and twice the memory. Those of a
        # few runs do not wait for it.
        self._charts = Admission(1)
        self._shared: SharedAnswers[bytes] = SharedAnswers(len)

    def handlers(self) -> grpc.GenericRpcHandler[Any, Any]:
        """The service's methods, as a server takes them."""
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(partial(self.answer, name), request.FromString)
            for name, (request, _) in _METHODS.items()
        }
        handlers["ReadBlob"] = grpc.unary_stream_rpc_method_handler(self._blob, messages.ReadBlobRequest.FromString)
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def answer(self, name: str, request: Any, context: grpc.ServicerContext) -> bytes:
        """The reply of the method ``name``; an error ends the call through ``context``."""
        reply: bytes = self._guarded(context, lambda loaded: self._ask(loaded, name, request))
        return reply

    def _blob(self, request: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        def pieces(loaded: Loaded) -> Iterator[bytes]:
            with self._questions.turn():
                return loaded.provider.read_blob(loaded.snapshots.current(), request)

        yield from self._guarded(context, pieces)

    def _ask(self, loaded: Loaded, name: str, request: Any) -> bytes:
        _, ask = _METHODS[name]
        admission = self._charts if name == "ReadScalars" and not _is_about_few(request) else self._questions
        snapshot = loaded.snapshots.current()

        def work_out() -> bytes:
            with admission.turn():
                return ask(loaded.provider, snapshot, request)

        question = (name, snapshot.generation, request.SerializeToString(deterministic=True))
        return self._shared.get(question, work_out)

    def _guarded(self, context: grpc.ServicerContext, ask: Callable[[Loaded], Any]) -> Any:
        try:
            answer = ask(self._wait())
            self._say("")
            return answer
        except RunHistoryError as error:
            code, text = getattr(grpc.StatusCode, error.grpc_status), str(error)
            if not isinstance(error, BadRequest | TooBusy):
                self._say(text)
        except Exception as error:
            # The boundary of the process. The text of an unknown exception may hold a secret: it is not passed on.
            code, text = (
                grpc.StatusCode.INTERNAL,
                "the run-history data server failed; its stack is on TensorBoard's stderr",
            )
            frames = "".join(traceback.format_tb(error.__traceback__))
            print(f"tb_runhistory: {type(error).__name__} in\n{frames}", file=sys.stderr, flush=True)
        context.abort(code, text)
        raise AssertionError("abort raises")

    def _wait(self) -> Loaded:
        try:
            return self._loaded.result(_START_SECONDS)
        except TimeoutError:
            raise TooBusy("the run history is still being read: ask again in a moment", 1) from None

    def _say(self, trouble: str) -> None:
        """Says on stderr what is wrong with the store, once until it changes."""
        before, self._trouble = self._trouble, trouble
        if trouble != before:
            print(f"tb_runhistory: {trouble or 'the run history can be read again'}", file=sys.stderr, flush=True)


def _is_about_few(request: Any) -> bool:
    selected = request.run_tag_filter
    return selected.HasField("runs") and len(selected.runs.names) <= _FEW_RUNS
