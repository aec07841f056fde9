"""Conversations as hypothesis draws them: tidy ones, and every oddity the rules speak of.

Knows the declared fields (from plain.py) and JSON; the program is not imported here. A record is
drawn as a tree (Pairs, lists, Number) and written by hand, since no JSON library writes doubled
keys, lone surrogates or 1e400.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from types import SimpleNamespace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from plain import KNOWN, LEAF_TYPES, TABLES
from plain_values import Number, Pairs, dumps

DAY = date(2026, 11, 22)
START = datetime(2026, 11, 22, tzinfo=UTC)
INTERVAL = SimpleNamespace(start=START, end=START + timedelta(1))


def law(examples: int):
    """Settings of every law: the same examples on every run, no clock, nothing stored."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


# --- leaves ----------------------------------------------------------------------------------

ODD_TEXTS = (
    "",
    " ",
    "000123",
    'say "yes", then',
    "one\ntwo",
    "one\r\ntwo\r",
    "nul\x00in it",
    "\x1f\x7f\x85\u2028",
    "back\\slash\\n",
    "emoji 🇨🇭👩‍💻",
    "null",
    "NULL",
    "[]",
    "2026-11-22T08:00:00.123Z",
    "\ufeffbom",
    '"attributes":{"a":"b"}',
)
LONE = ("\ud800", "a\udfffb", "\udc00\ud800")
NEAR_INSTANTS = (
    "2026-11-22T08:00:00Z",
    "2026-11-22T08:00:00.1Z",
    "2026-11-22T08:00:00.123456789Z",
    "2026-11-22T09:30:00.123+01:30",
    "2026-11-22T03:00:00.5-0500",
    "2026-11-22T08:00:00.1239Z",
    "0001-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "1969-12-31T23:59:59.9999Z",
)
NO_INSTANTS = (
    "2021-04-2T15:30:51.418Z",
    "2026-02-30T00:00:00.000Z",
    "2026-11-22T24:30:00.000Z",
    "2026-11-22T23:59:60.000Z",
    "2026-11-22T08:00:00.000",
    "2026-11-22T08:00:00.1234567890Z",
    "0001-01-01T00:00:00.000+01:00",
    "0000-01-01T00:00:00.000Z",
    "２026-11-22T08:00:00.000Z",
    "2026-11-22",
    "",
)
ALL_METRICS = sorted({c["metric"] for table in TABLES for c in table["columns"] if "metric" in c})
METRICS = ("tTalk", "tAnswered", "tAbandon", "tShortAbandon", "nTransferred", "tAcd", "tConnected")
MINUTES = tuple(f"2026-11-22T08:0{minute}:00.000Z" for minute in range(4))
WHOLE = ("0", "1", "7", "-3", "2147483648", "5173038302", str(2**63 - 1), str(-(2**63)))
ODD_NUMBERS = tuple(
    Number(text)
    for text in (
        "2.0",
        "2.5",
        "2e0",
        "1E2",
        "-0",
        "-0.0",
        "9223372036854775807.0",
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "1e400",
        "-1e400",
        "1e-400",
        "1e99999999999999999999",
        "0e999999",
        "0.1",
        "4.123456789012345678",
    )
)
DOUBLES = ("4.88", "93.2", "4.0", "100", "0.1", "-0.0", "1e22", "5e-324", "1.7976931348623157e308")
# What the rules of the derived columns look at: few values, so that they meet.
WORDS = {
    "purpose": ("acd", "agent", "agent", "customer", "user", ""),
    "userId": ("u1", "u2", ""),
    "queueId": ("q1", "q1", "q2", ""),
    "segmentType": ("interact", "interact", "alert", "hold"),
    "mediaType": ("voice", "chat", "ä", "z", "\uffee", "😀"),
    "wrapUpCode": ("w1", "w2", ""),
    "disconnectType": ("peer", "client", ""),
    "name": (*METRICS, *METRICS, *ALL_METRICS, "tacd", "oNothing", ""),
    "segmentStart": MINUTES,
    "segmentEnd": MINUTES,
}
OFTEN = {*WORDS, "value", "participantId", "sessionId", "conversationEnd"}
USUAL = {"participants", "sessions", "segments", "metrics"}
NEW_NAMES = ("newField", "another.field", "x\ud800", "", "flow", "direction", "name", "attributes")


class Maker:
    """Makes records out of one seed; `odd` is the chance that a thing is not as it should be."""

    def __init__(self, seed: int, *, odd: float = 0.0, fill: float = 0.1) -> None:
        self.rng = Random(seed)
        self.odd, self.fill = odd, fill

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def any_of(self, values):
        return self.rng.choice(values)

    def many(self, make, most: int) -> list:
        return [make() for _ in range(self.rng.randint(0, most))]

    # --- leaves

    def text(self) -> str:
        if self.chance(0.5):
            return self.any_of(ODD_TEXTS)
        points = (32, 0x7E), (0, 0x2FF), (0xE000, 0xFFFD), (0x1F300, 0x1FAFF)
        return "".join(self.many(lambda: chr(self.rng.randint(*self.any_of(points))), 6))

    def whole(self) -> Number:
        small = Number(str(self.rng.randint(-3, 10**6)))
        return small if self.chance(0.9) else Number(self.any_of(WHOLE))

    def double(self) -> Number:
        if self.chance(0.5):
            return Number(self.any_of(DOUBLES))
        return Number(repr(self.rng.uniform(-100, 100)))

    def instant(self) -> str:
        """Return a canonical instant around the day."""
        wanted = START + timedelta(milliseconds=self.rng.randint(-3_600_000, 90_000_000))
        return wanted.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def tidy(self, kind: str, name: str):
        """Return a value that fits, or null."""
        if self.chance(0.1):
            return None
        if name in WORDS:
            return self.any_of(WORDS[name])
        if kind.startswith("list<"):
            return self.many(lambda: self.tidy(kind[5:-1], ""), 3)
        return {
            "string": self.text,
            "int64": self.whole,
            "float64": self.double,
            "bool": lambda: self.chance(0.5),
            "timestamp[ms, UTC]": self.instant,
        }[kind]()

    def drifting(self, kind: str):
        """Return a value that hardly fits, or does not."""
        if self.chance(0.3):
            return self.anything()
        if kind.startswith("list<"):
            return self.many(lambda: self.drifting(kind[5:-1]), 2)
        if kind.startswith("timestamp"):
            return self.any_of(NEAR_INSTANTS + NO_INSTANTS)
        return self.any_of(ODD_NUMBERS if kind in ("int64", "float64") else LONE)

    def anything(self, depth: int = 2):
        """Return any JSON."""
        if depth and self.chance(0.3):
            return self.many(lambda: self.anything(depth - 1), 2)
        if depth and self.chance(0.4):
            return Pairs(self.many(lambda: (self.a_name(), self.anything(depth - 1)), 3))
        simple = self.text, self.whole, lambda: self.any_of(ODD_NUMBERS), lambda: self.any_of(LONE)
        fixed = (lambda: None), (lambda: True), (lambda: False)
        return self.any_of(simple + fixed)()

    def a_name(self) -> str:
        return self.any_of(NEW_NAMES) if self.chance(0.7) else self.text()

    # --- objects

    def object(self, path: str) -> Pairs:
        """Return the object at `path`, and all below it."""
        pairs = []
        fill = 1.0 if self.chance(0.1) else self.fill
        for name, kind in LEAVES[path]:
            if self.chance(0.8 if name in OFTEN else fill):
                odd = self.chance(self.odd)
                pairs.append((name, self.drifting(kind) if odd else self.tidy(kind, name)))
        for deeper, name in BELOW[path]:
            if self.chance(0.9 if name in USUAL else 0.2):
                pairs.append((name, self.below(deeper)))
        if path == "$.participants[]" and self.chance(0.6):
            pairs.append(("attributes", self.attributes()))
        while self.chance(self.odd * 2):
            known = [name for name, _ in pairs] or [""]
            name = self.any_of(known) if self.chance(0.5) else self.a_name()
            pairs.insert(self.rng.randint(0, len(pairs)), (name, self.anything()))
        if self.chance(0.3):
            self.rng.shuffle(pairs)
        return Pairs(pairs)

    def below(self, path: str):
        """Return what stands under a container's name."""
        if self.chance(self.odd / 10):
            return self.anything()
        if self.chance(0.05):
            return None
        if not path.endswith("[]"):
            return self.object(path)
        most = 4 if path.rpartition(".")[2].removesuffix("[]") in USUAL else 2
        return self.many(lambda: None if self.chance(0.1) else self.object(path), most)

    def attributes(self) -> Pairs | None:
        if self.chance(0.1):
            return None
        if not self.chance(self.odd * 3):
            return Pairs(dict(self.many(lambda: (self.text(), self.text()), 4)))
        names = lambda: self.any_of(LONE) if self.chance(0.1) else self.text()  # noqa: E731
        return Pairs(self.many(lambda: (names(), self.anything()), 4))

    # --- records

    def conversation(self) -> Pairs:
        pairs = [pair for pair in self.object("$").pairs if pair[0] not in HEAD]
        start = self.instant() if self.chance(0.7) else self.any_of(EDGES)
        name = f"c{self.rng.randint(1, 12)}"
        if self.chance(self.odd):
            start = self.any_of(NEAR_INSTANTS + NO_INSTANTS)
        if self.chance(self.odd):
            name = self.any_of((self.text(), self.any_of(LONE), self.anything()))
        head = [("conversationId", name), ("conversationStart", start)]
        if self.chance(self.odd / 2):
            head.pop(self.rng.randint(0, 1))
        return Pairs(head + pairs)

    def record(self) -> bytes:
        """Return one record as bytes, now and then damaged."""
        gap = self.any_of(("", " ", "\n")) if self.chance(self.odd) else ""
        tree = self.conversation()
        raw = dumps(tree, ascii_only=self.chance(0.3), gap=gap).encode()
        if not self.chance(self.odd / 4):
            return raw
        broken = raw[:-1], b"[" + raw + b"]", b"null", b"", b'{"a":NaN}', raw + raw
        return self.any_of((*broken, raw.replace(b"u1", b"\xff\xfe"), raw.replace(b"v", b"\xc3")))

    def block(self, most: int) -> list[bytes]:
        """Return 1 … `most` records, some of them once more."""
        records = [self.record() for _ in range(self.rng.randint(1, most))]
        return records + self.rng.choices(records, k=self.chance(0.2))


HEAD = ("conversationId", "conversationStart")
EDGES = ("2026-11-22T00:00:00.000Z", "2026-11-22T23:59:59.999Z", "2026-11-23T00:00:00.000Z")
LEAVES = {at: sorted((n, kind) for (p, n), kind in LEAF_TYPES.items() if p == at) for at in KNOWN}
BELOW = {
    at: [
        (deeper, deeper.rpartition(".")[2].removesuffix("[]"))
        for deeper in sorted(KNOWN)
        if deeper.rpartition(".")[0] == at
    ]
    for at in KNOWN
}


def blocks(most: int = 5, *, odd: tuple[float, ...] = (0.0, 0.003, 0.02, 0.1)):
    """Return lists of records: all tidy (the quick path), or with more and more oddities."""
    makers = st.builds(
        Maker, st.integers(0, 2**32), odd=st.sampled_from(odd), fill=st.sampled_from((0.02, 0.3))
    )
    return st.builds(Maker.block, makers, st.integers(1, most))
