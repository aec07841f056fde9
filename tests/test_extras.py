"""A missing extra is a sentence that says how to install it: from a clone, as every page does."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
OF_DASK = """
from genesys_export.integrations.dask.connecting import connected
with connected("local:1", allow_plain_text=False):
    pass
"""
OF_ALERTS = """
from genesys_export.notify.alerts import alerts_of
alerts_of(["json://localhost"])
"""


@pytest.mark.parametrize(
    ("extra", "module", "code"),
    [("dask", "distributed", OF_DASK), ("alerts", "apprise", OF_ALERTS)],
)
def test_without_an_extra_the_advice_is_to_install_it_from_a_clone(extra, module, code):
    program = f"""
import sys
sys.modules["{module}"] = None
from genesys_export.errors import ExportError
try:
{"".join(f"    {line}{chr(10)}" for line in code.splitlines())}
except ExportError as problem:
    print(problem.advice)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        f"Install the extra [{extra}] in your clone of the project: pip install '.[{extra}]'\n"
    )
    assert extra in EXTRAS


def test_nothing_says_that_the_package_is_on_an_index():
    places = [ROOT / "README.md", *(ROOT / "docs").rglob("*"), *(ROOT / "deploy").rglob("*")]
    places += (ROOT / "src").rglob("*.py")
    told = [
        str(path.relative_to(ROOT))
        for path in places
        if path.is_file()
        and path.suffix in {".md", ".py", ".toml", ".yaml", ".yml", ""}
        and "genesys-export[" in path.read_text("utf-8", errors="replace")
    ]
    assert told == []
