"""Which attempt made which file of a folder, as version 0.1.0 noted it: a small file each.

Such a note is read while its file lies there and removed with it; none is written any more.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ..model import Tag


class OldTokens:
    """The notes below one `_genesys_export`."""

    NAME = ".tokens"

    def __init__(self, home: Path) -> None:
        """Look at nothing yet."""
        self._folder = home / self.NAME

    def read(self, key: str, tag: Tag) -> str | None:
        """Return the token noted for the file with that tag, or None."""
        path = self._path(key)
        try:
            etag, _, token = path.read_text().partition(" ") if path.is_file() else ("", "", "")
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            return None
        return token if etag == tag.etag else None

    def forget(self, key: str) -> None:
        """Remove the note, and the folder with the last one."""
        with suppress(OSError):
            self._path(key).unlink()
            self._folder.rmdir()

    def _path(self, key: str) -> Path:
        return self._folder / sha256(key.encode()).hexdigest()[:32]
