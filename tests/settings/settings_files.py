"""Settings read from a file and from variables, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesys_export.errors import WrongSettings
from genesys_export.settings import Settings, load


def read(tmp_path: Path, text: str = "", **variables: str) -> Settings:
    """Read a settings file; variables go by their name after `GENESYS_EXPORT_`."""
    (tmp_path / "genesys-export.toml").write_text(text, "utf-8")
    environ = {f"GENESYS_EXPORT_{name}": value for name, value in variables.items()}
    return load(flags={}, environ=environ, cwd=tmp_path)


def complaint(tmp_path: Path, text: str = "", **variables: str) -> str:
    """Return what is said of wrong settings."""
    with pytest.raises(WrongSettings) as caught:
        read(tmp_path, text, **variables)
    assert caught.value.status == 78
    return caught.value.message
