"""The command: `python -m genesys_export`, and what the installed script calls.

Takes care of signals before anything else is imported: dataclasses alone take some 10 ms.
"""

import os
import signal
from types import FrameType


def _end(signum: int, frame: FrameType | None) -> None:
    del frame
    os._exit(128 + signum)


for _number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_number, _end)


def main() -> None:
    """Run the command line and end the process with its status."""
    from .cli import main as command  # noqa: PLC0415 - heavy

    command()


if __name__ == "__main__":
    main()
