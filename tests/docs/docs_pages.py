"""Markdown as the tests of the docs need it: pages, blocks, headings, links.

Knows fenced blocks, ATX headings and inline links, which is all our pages use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^( *)```(\S*) ?(.*)$")
_HEADING = re.compile(r"^(#{1,4}) (.+)$")
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
_CODE = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its language, what stands behind it, its first line's number, its text."""

    language: str
    info: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A Markdown file, by its path from the project's root."""

    path: str

    @property
    def text(self) -> str:
        return (ROOT / self.path).read_text("utf-8")

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(_parse(self.text)[0])

    @property
    def prose(self) -> str:
        """The text outside of fenced blocks."""
        return _parse(self.text)[1]

    @property
    def anchors(self) -> set[str]:
        """What a link can end with, as the usual renderers make it of headings."""
        titles = (m[2] for m in map(_HEADING.match, self.prose.splitlines()) if m)
        return {_anchor(title) for title in titles}

    @property
    def links(self) -> list[str]:
        return _LINK.findall(_CODE.sub("", self.prose))

    def section(self, title: str) -> str:
        """Return what stands under a heading, down to the next one of its rank or above."""
        lines = self.text.splitlines()
        heads = [(n, m) for n, line in enumerate(lines) if (m := _HEADING.match(line))]
        for place, (start, head) in enumerate(heads):
            if head[2].strip("`") == title:
                after = (n for n, m in heads[place + 1 :] if len(m[1]) <= len(head[1]))
                return "\n".join(lines[start : next(after, len(lines))])
        raise AssertionError(f"{self.path} has no heading {title!r}")


def pages() -> list[Page]:
    """Return every page of the project, README first."""
    top = ("README.md", "DEVELOPERS.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
    below = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md"))
    return [Page(path) for path in (*top, *below)]


def _parse(text: str) -> tuple[list[Block], str]:
    blocks: list[Block] = []
    prose: list[str] = []
    opened: tuple[str, str, str, int] | None = None
    body: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened, body = (fence[1], fence[2], fence[3], number), []
        elif opened is not None and fence and not fence[2]:
            indent, language, info, start = opened
            inside = "\n".join(each.removeprefix(indent) for each in body)
            blocks.append(Block(language=language, info=info, line=start, text=inside))
            opened = None
        elif opened is not None:
            body.append(line)
        else:
            prose.append(line)
    if opened is not None:
        raise AssertionError(f"a block is not closed: line {opened[3]}")
    return blocks, "\n".join(prose)


def _anchor(title: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", title.lower().replace("`", ""))
    return plain.replace(" ", "-")
