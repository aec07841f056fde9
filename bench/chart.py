"""The race as a picture: a hand-made SVG of bars, readable on light and on dark ground.

It asks for nothing from outside, and says its numbers as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .figures import Line

_ROW, _TOP, _LEFT, _WIDTH, _RIGHT = 26, 54, 330, 380, 70
_STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .name { text-anchor: end }
    .title { font-weight: 600; font-size: 15px }
    .note { font-size: 11px; fill: #59636e }
    .ours { fill: #0a7d4b } .peer { fill: #8b949e } .limit { fill: #c9a227 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .note { fill: #9198a1 }
      .ours { fill: #3fb37f } .peer { fill: #6e7681 } .limit { fill: #d9b84a }
    }
"""


def chart(lines: Sequence[Line], note: str) -> str:
    """Draw the lines in their order; the limits are far longer, so they are cut and say so."""
    longest = max(
        (line.per_cpu_s for line in lines if not line.name.startswith("limit")), default=1.0
    )
    rows = [_row(number, line, longest) for number, line in enumerate(lines)]
    height = _TOP + _ROW * len(lines) + 26
    width = _LEFT + _WIDTH + _RIGHT
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
            f'     width="{width}" height="{height}" role="img" aria-labelledby="title">',
            f"  <style>{_STYLE}  </style>",
            '  <text id="title" class="title" x="12" y="26">Conversations per CPU second</text>',
            f'  <text class="note" x="12" y="44">{escape(note)}</text>',
            *rows,
            "</svg>\n",
        )
    )


def _row(number: int, line: Line, longest: float) -> str:
    y, said = _TOP + _ROW * number, escape(_short(line))
    share = line.per_cpu_s / longest
    kind = "limit" if line.name.startswith("limit") else "peer" if _is_peer(line) else "ours"
    width = max(1.0, _WIDTH * min(1.0, share))
    cut = " →" if share > 1 else ""
    return (
        f'  <text class="name" x="{_LEFT - 8}" y="{y + 17}">{said}</text>\n'
        f'  <rect class="{kind}" x="{_LEFT}" y="{y + 4}" width="{width:.1f}" height="18"/>\n'
        f'  <text x="{_LEFT + width + 6:.1f}" y="{y + 17}">{line.per_cpu_s:,.0f}{cut}</text>'
    )


def _is_peer(line: Line) -> bool:
    return line.name.startswith(("script", "dlt", "singer"))


def _short(line: Line) -> str:
    return line.title if len(line.title) <= 48 else f"{line.title[:47]}…"
