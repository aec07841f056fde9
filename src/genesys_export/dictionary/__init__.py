"""What is declared of a dataset, for people and for databases: text, Markdown, SQL.

Knows only what the declarations say and, for SQL, where the files lie. Pure: values in, text out.
"""

from .ddl import DIALECTS, as_ddl
from .markdown import as_markdown
from .pages import WIDTH, as_text
from .sql import Files, FileType

__all__ = [
    "DIALECTS",
    "WIDTH",
    "FileType",
    "Files",
    "as_ddl",
    "as_markdown",
    "as_text",
]
