"""What the settings that add columns need, and where they change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .layers import Layer
from .problems import one_line, origin
from .sections import Sections

_ADDING = ("join_names", "local_times", "pin_attributes")


def of_additions(sections: Sections, layers: Sequence[Layer]) -> Iterator[str]:
    """Yield a line for each of them that can't work together with others."""
    if sections.export.join_names and sections.destination.state == "off":
        path = ("export", "join_names")
        problem = "names are read from published snapshots, and destination.state = off keeps none"
        yield one_line(path, origin(path, layers), problem)


def idle_additions(sections: Sections) -> Iterator[str]:
    """Yield a warning where they are set and change no file."""
    given = [f"export.{name}" for name in _ADDING if getattr(sections.export, name)]
    if given and sections.export.format == "jsonl.gz":
        yield (
            f"{', '.join(given)}: with format jsonl.gz conversations are written as whole records"
            " without tables, so nothing is added to them."
        )
