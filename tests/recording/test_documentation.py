"""Every public name of the API says what it does, and has the names that people know."""

from __future__ import annotations

import inspect

import pytest

import tb_runhistory
from tb_runhistory import Experiment, Run, Tensorboard, Workspace

PUBLIC = [
    (kind, name)
    for kind in (Experiment, Run, Tensorboard, Workspace)
    for name in dir(kind)
    if not name.startswith("_") and name not in dir(object)
]


@pytest.mark.parametrize(
    ("kind", "name"), PUBLIC, ids=lambda value: value if isinstance(value, str) else value.__name__
)
def test_every_public_name_is_documented(kind: type, name: str) -> None:
    assert len((inspect.getdoc(getattr(kind, name)) or "").split()) >= 4


def test_the_names_of_the_api_are_there() -> None:
    assert tb_runhistory.__all__ == ["Experiment", "Run", "Tensorboard", "Workspace", "export_to_tensorboard"]
    expected = {
        Workspace: "from_config experiments get_run",
        Experiment: "name workspace start_logging get_runs",
        Run: "id number display_name name status parent experiment description tags properties "
        "log log_list log_row log_table log_parameter log_parameters tag set_tags get_tags remove_tags "
        "add_properties get_properties child_run create_children get_children get_metrics get_status get_details "
        "start complete fail cancel flush wait_for_completion get",
        Tensorboard: "start stop",
    }
    for kind, names in expected.items():
        assert set(names.split()) <= set(dir(kind))


def test_log_takes_its_arguments_in_the_known_order() -> None:
    assert list(inspect.signature(Run.log).parameters) == ["self", "name", "value", "description", "step"]
