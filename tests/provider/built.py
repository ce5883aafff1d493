"""What tests of views say of runs that are built."""

from __future__ import annotations

from tb_runhistory.records.changes import ParameterValue, SetParameter
from tests.conformance.builder import BuiltRun, id_of


def with_parameters(run: BuiltRun, **values: ParameterValue) -> BuiltRun:
    """Records parameters."""
    return run.apply(*(SetParameter(run.root_id, run.run_id, name, value) for name, value in values.items()))


def suffix(name: str) -> str:
    """What stands behind the name, in TensorBoard, of a run that is called like an earlier one."""
    return id_of(name)[-6:]
