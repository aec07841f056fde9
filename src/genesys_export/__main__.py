"""The command: `python -m genesys_export`, and what the installed script calls.

Takes care of signals before anything is imported that takes time.
"""

from __future__ import annotations

from typing import NoReturn

from .interruption import end_at_once


def main() -> NoReturn:
    """Run the command line and end the process with its status."""
    end_at_once()
    from .cli import main as command  # noqa: PLC0415 - heavy

    command()


if __name__ == "__main__":
    main()
