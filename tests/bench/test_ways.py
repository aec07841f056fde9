"""Each way to export two organisations, on a day: `python -m bench ways`."""

from __future__ import annotations

import pytest

from bench.machine import machine
from bench.markdown import written
from bench.processes import Failed
from bench.ways import WAYS, Way, ways


def test_every_way_is_run_and_told_with_what_it_cost(tmp_path):
    missing = Way(title="by an engine", commands=lambda _: [], needs="no_such_engine")
    plain = [way for way in WAYS if not way.needs]
    found = ways(tmp_path, days=1, only=[*plain, missing])
    assert [one["title"] for one in found["runs"]] == [one.title for one in plain]
    for run in found["runs"]:
        assert run["signed_in"] == 2  # one for each organisation
        assert run["requests"] > 2 * 7
        assert run["cpu_s"] > 0
    text = written({"ways": {"machine": machine(), **found}})
    assert "| two processes, `--org` each | " in text
    assert text.endswith("Not there: by an engine.")


def test_a_way_that_publishes_other_files_is_no_result(tmp_path):
    def few(days):
        return [[*words, "--table=conversations"] for words in WAYS[0].commands(days)]

    with pytest.raises(Failed, match="few: other files than `backfill`"):
        ways(tmp_path, days=1, only=[WAYS[0], Way(title="few", commands=few)])
