"""What the DAGs call, against a simulator; the DAGs themselves as text, since no Airflow is here.

They were run in Airflow 3.3.2 by hand, as docs/how-to/schedule/airflow.md says.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from deploy_files import DEPLOY, MENDED_BY_NOTHING, RUN_FLAGS, flags_of, text

from fakes import some
from genesys_export.errors import PRECEDENCE
from genesys_simulator import Fault, Options, ServerError, World, serve

DAY = "2026-11-02"
DETAILS = "analytics:conversationDetail:view"
CALL = """
import sys
from airflow_export import export_day, export_due
print((export_day(sys.argv[1]) if sys.argv[1] else export_due()).name)
"""


def verdict(genesys, folder, date: str = DAY) -> str:
    """Call a function in a process of its own, as a worker does; return its answer's name.

    Without a date it is the one that exports what is due.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CALL, date],
        cwd=folder,
        env={
            "PYTHONPATH": f"{DEPLOY}:{':'.join(path for path in sys.path if path)}",
            "PYTHONDONTWRITEBYTECODE": "1",  # deploy/ is no place for it
            "HOME": str(folder),
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_DESTINATION__TO": str(folder / "lake"),
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
            "GENESYS_EXPORT_GENESYS__RETRY_DEADLINE": "1s",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def world():
    return World.generated(per_day=50)


@pytest.fixture
def dags():
    return ast.parse(text("airflow_dag.py"))


def test_a_day_that_is_there_is_done(world, tmp_path):
    with serve(world) as genesys:
        assert verdict(genesys, tmp_path) == "DONE"
    manifest = tmp_path / f"lake/_genesys_export/conversation_details/{DAY}/manifest.json"
    assert json.loads(manifest.read_text())["state"] == "final"


def test_what_is_due_is_exported_without_a_date(world, tmp_path):
    today = datetime.now(UTC).date()
    with serve(world) as genesys:
        assert verdict(genesys, tmp_path, str(today - timedelta(days=4))) == "DONE"
        assert verdict(genesys, tmp_path, date="") == "DONE"
    found = {path.name.partition(".")[0] for path in (tmp_path / "lake/surveys").iterdir()}
    assert {str(today - timedelta(days=age)) for age in (1, 2, 3, 4)} <= found


def test_a_day_that_is_not_complete_is_for_later(world, tmp_path):
    now = datetime.now(UTC)
    with serve(world, Options(lag=timedelta(days=3))) as genesys:
        assert verdict(genesys, tmp_path, str((now - timedelta(days=2)).date())) == "LATER"
    assert not (tmp_path / "lake/conversations").exists()


def test_a_genesys_that_is_down_is_tried_again(world, tmp_path):
    down = tuple(Fault("token", request, ServerError()) for request in range(1, 200))
    with serve(world, Options(faults=down)) as genesys:
        assert verdict(genesys, tmp_path) == "RETRY"


def test_a_missing_permission_calls_somebody(world, tmp_path):
    with serve(world, Options(missing_permissions=frozenset({DETAILS}))) as genesys:
        assert verdict(genesys, tmp_path) == "FAILED"


def test_every_exit_status_has_the_verdict_of_the_reference():
    table = ast.parse(text("airflow_export.py"))
    (verdicts,) = [
        _statuses(n.value)
        for n in table.body
        if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "_VERDICTS"
    ]
    assert verdicts.keys() | set(MENDED_BY_NOTHING) == {*PRECEDENCE, 2, 130, 143}
    assert verdicts.keys() & set(MENDED_BY_NOTHING) == set()


def _statuses(verdicts: ast.expr) -> dict[int, str]:
    assert isinstance(verdicts, ast.Dict)
    return ast.literal_eval(re.sub(r"Verdict\.(\w+)", r"'\1'", ast.unparse(verdicts)))


def test_the_dags_file_compiles_and_imports_nothing_else(dags):
    compile(dags, "airflow_dag.py", "exec")
    froms = [some(node.module) for node in ast.walk(dags) if isinstance(node, ast.ImportFrom)]
    plain = [n.name for node in ast.walk(dags) if isinstance(node, ast.Import) for n in node.names]
    assert {name.partition(".")[0] for name in froms + plain} == {
        "__future__",
        "airflow",
        "airflow_export",
        "datetime",
        "pendulum",
    }


def test_the_sensor_answers_every_verdict(dags):
    told = {node.attr for node in ast.walk(dags) if isinstance(node, ast.Attribute)}
    assert {"DONE", "LATER", "RETRY", "FAILED"} <= told


def test_the_sensor_holds_no_worker_while_it_waits(dags):
    (sensor,) = [node for node in ast.walk(dags) if isinstance(node, ast.FunctionDef)]
    (decorator,) = sensor.decorator_list
    assert isinstance(decorator, ast.Call)
    options = {each.arg: ast.unparse(each.value) for each in decorator.keywords}
    assert ast.unparse(decorator.func) == "task.sensor"
    assert options["mode"] == "'reschedule'"


def test_the_flags_of_the_bash_command_exist():
    (line,) = re.findall(r'bash_command="genesys-export (run [^"]+)"', text("airflow_dag.py"))
    assert flags_of(line.split()) <= RUN_FLAGS
