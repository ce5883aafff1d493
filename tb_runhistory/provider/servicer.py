"""TensorBoard's gRPC service over ``answers.Answers``: waits until they can be given, turns errors into statuses."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

import grpc
from google.protobuf.message import Message
from tensorboard.data.proto import data_provider_pb2_grpc

from tb_runhistory.errors import BadRequest, RunHistoryError

if TYPE_CHECKING:
    from tb_runhistory.provider.answers import Answers

_START_SECONDS = 20.0


class RunHistoryServicer(data_provider_pb2_grpc.TensorBoardDataProviderServicer):  # type: ignore[misc]
    """Serves requests from the moment the port is open, while what answers them is still loading."""

    def __init__(self, answers: Future[Answers]) -> None:
        self._answers = answers
        self._trouble = ""

    def GetExperiment(self, request: Message, context: grpc.ServicerContext) -> Message:
        return self._answer(context, lambda answers: answers.experiment(request))

    def ListPlugins(self, request: Message, context: grpc.ServicerContext) -> Message:
        return self._answer(context, lambda answers: answers.plugins(request))

    def ListRuns(self, request: Message, context: grpc.ServicerContext) -> Message:
        return self._answer(context, lambda answers: answers.runs(request))

    def ListScalars(self, request: Message, context: grpc.ServicerContext) -> Message:
        return self._answer(context, lambda answers: answers.list_scalars(request))

    def ReadScalars(self, request: Message, context: grpc.ServicerContext) -> Message:
        return self._answer(context, lambda answers: answers.read_scalars(request))

    def ListTensors(self, request: Message, context: grpc.ServicerContext) -> Message:
        return self._answer(context, lambda answers: answers.list_tensors(request))

    def ReadTensors(self, request: Message, context: grpc.ServicerContext) -> Message:
        return self._answer(context, lambda answers: answers.read_tensors(request))

    def ListBlobSequences(self, request: Message, context: grpc.ServicerContext) -> Message:
        return self._answer(context, lambda answers: answers.list_blob_sequences(request))

    def ReadBlobSequences(self, request: Message, context: grpc.ServicerContext) -> Message:
        return self._answer(context, lambda answers: answers.read_blob_sequences(request))

    def ReadBlob(self, request: Message, context: grpc.ServicerContext) -> Iterator[Message]:
        yield self._answer(context, lambda answers: answers.read_blob(request))

    def _answer(self, context: grpc.ServicerContext, ask: Callable[[Answers], Message]) -> Message:
        try:
            answer = ask(self._answers.result(_START_SECONDS))
            self._tell("")
            return answer
        except RunHistoryError as error:
            code, text = getattr(grpc.StatusCode, error.grpc_status), str(error)
            if not isinstance(error, BadRequest):
                self._tell(text)
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

    def _tell(self, trouble: str) -> None:
        """Says on stderr what is wrong with the store, once until it changes."""
        before, self._trouble = self._trouble, trouble
        if trouble != before:
            print(f"tb_runhistory: {trouble or 'the run history can be read again'}", file=sys.stderr, flush=True)
