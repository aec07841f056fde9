"""The results as tables for docs/performance.md, between its markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .figures import Line, Results, lines
from .latency import LIMIT

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def between_markers(page: str, made: str) -> str:
    """Return the page with what is made between its markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no markers")
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def written(results: Results) -> str:
    """Return what users want to know."""
    parts: list[str] = []
    if "race" in results:
        parts += ["### The race", note(results["race"]), _race(lines(results["race"]))]
        parts += [f"Not there: `{k}`: {v}." for k, v in results["race"]["absent"].items()]
    if "scale" in results:
        parts += ["### Large days", _machine(results["scale"]), _scale(results["scale"])]
    if "odd" in results:
        parts += ["### Odd days", _odd(results["odd"])]
    if "everything" in results:
        parts += ["### Every dataset", _everything(results["everything"])]
    if "ways" in results:
        parts += ["### Several organisations", _ways(results["ways"])]
    return "\n\n".join(parts)


def note(race: Results) -> str:
    """Say what was raced on what."""
    of_each = race["json_bytes"] / race["conversations"] / 1000
    return (
        f"{_machine(race)} {race['conversations']:,} conversations of {of_each:.1f} kB of JSON,"
        f" {race['rows']:,} rows, median of {race['rounds']} rounds."
    )


def _machine(part: Results) -> str:
    on = part["machine"]
    return f"{on['date']}, {on['cpu']}, {on['cores']} cores, Python {on['python']}."


def _race(found: Sequence[Line]) -> str:
    head = ("contender", "conversations per CPU s", "csv.gz is × as fast", "wall s", "peak MiB")
    rows = (
        (
            f"**{one.title}**" if one.title.startswith("genesys-export") else one.title,
            f"{one.per_cpu_s:,.0f}",
            "" if one.ours is None else f"{one.ours:.2f}",
            f"{one.wall_s:.1f}",
            f"{one.peak_mib:.0f}",
        )
        for one in found
    )
    return _table(head, rows)


def _scale(part: Results) -> str:
    head = (
        "conversations",
        "slices",
        "at once",
        "CPU s",
        "wall s",
        "peak MiB",
        "GB received",
        "GB written",
    )
    rows = (
        (
            f"{run['conversations']:,}",
            f"{run['slices']}",
            f"{run['at_once']}",
            f"{run['cpu_s']:.1f}",
            f"{run['wall_s']:.1f}",
            f"{run['peak_mib']:.0f}",
            f"{run['received_bytes'] / 1e9:.2f}",
            f"{run['uploaded_bytes'] / 1e9:.2f}",
        )
        for run in part["runs"]
    )
    return _table(head, rows)


def _odd(part: Results) -> str:
    """Write a table of ratios, a row for each kind, with the range of version 0.1.0 if known."""
    shares = {"0.001": "in 0.1 %", "0.01": "in 1 %", "1": "in every record", "one": "one"}
    before = part["before"]
    rows = (
        (kind, *(_ratio(found.get(share)) for share in shares), _range(before.get(kind, {})))
        for kind, found in part["kinds"].items()
    )
    note = (
        f"{_machine(part)} CPU time as a multiple of a clean day's"
        f" ({part['conversations']:,} conversations, {part['clean_us']:.0f} µs each,"
        " from JSON to csv.gz)."
    )
    return f"{note}\n\n{_table(('', *shares.values(), 'version 0.1.0'), rows)}"


def _everything(part: Results) -> str:
    """Write a row for each dataset."""
    head = ("dataset", "records", "requests", "minutes", "CPU s", "peak MiB", "MB written")
    rows = (
        (
            name,
            f"{run['records']:,}",
            f"{run['requests']:,}",
            f"{run['requests'] / LIMIT:.1f}",
            f"{run['cpu_s']:.1f}",
            f"{run['peak_mib']:.0f}",
            f"{run['uploaded_bytes'] / 1e6:.1f}",
        )
        for name, run in part["runs"].items()
    )
    note = (
        f"{_machine(part)} A day of {part['conversations']:,} conversations;"
        f" minutes are those that the requests take at {LIMIT} a minute."
    )
    return f"{note}\n\n{_table(head, rows)}"


def _ways(part: Results) -> str:
    """Write a row for each way."""
    head = ("way", "wall s", "CPU s", "answered 429", "sign-ins", "requests")
    rows = (
        (
            run["title"],
            f"{run['wall_s']:.0f}",
            f"{run['cpu_s']:.0f}",
            f"{run['throttled']}",
            f"{run['signed_in']}",
            f"{run['requests']}",
        )
        for run in part["runs"]
    )
    least_s = part["runs"][0]["requests"] / part["orgs"] / part["limit"] * 60
    note = (
        f"{_machine(part)} {part['orgs']} organisations × {part['days']} days of"
        f" {part['per_day']} conversations, at most {part['limit']} requests a minute for each"
        f" organisation, so that the requests alone need {least_s:.0f} s;"
        f" `days_at_once = {part['at_once']}`; one run each. Every way publishes the same files."
    )
    absent = "".join(f"\n\nNot there: {title}." for title in part["absent"])
    return f"{note}\n\n{_table(head, rows)}{absent}"


def _ratio(found: float | None) -> str:
    return "" if found is None else f"{found:.1f}"


def _range(ratios: Results) -> str:
    """Write the lowest and the highest of some ratios, or the only one."""
    return "–".join(dict.fromkeys(_ratio(f(ratios.values())) for f in (min, max) if ratios))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    every = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in every)
