"""What people are called, type and dial in generated worlds, ordinary and odd.

Knows nothing of Genesys. The odd texts are what breaks careless readers of CSV and JSON.
"""

from __future__ import annotations

from random import Random

ODD = (
    "",
    "000123",
    'She said "no", twice',
    "two\nlines",
    "a line\r\nfrom Windows",
    "tab\there",
    "bell\x07 and escape\x1b[0m",
    "😀 thanks 👩🏽‍💻",
    "comma, semicolon; pipe|",
    " spaces around ",
    "null",
    "NaN",
    "=1+1",
    "back\\slash and \\N",
    "日本語のメモ",
    "e\u0301 is not é",
    "right\u200fto\u202eleft",
    "'single' `tick`",
    "1e400",
    "<b>bold</b> & more",
    "line\u2028separator",
    '"',
    '""',
    '{"json": [1, null]}',
)

NAMES = (
    "Ada Park", "Bo Lindqvist", "Carla Méndez", "D'Arcy O'Neil", "Émile Roux", "Fatima Zahra",
    "Gus van Dijk", "Hana Sato", "Ivo Kovač", 'Jo "JJ" Johnson', "Smith, Kim", "Łukasz Wójcik",
    "Mía Ñandú", "Nguyễn Văn An", "Oksana Шевченко", "山田 太郎",
)  # fmt: skip
_DECISION_JSON = (
    '{"skill":"billing","score":0.93,"reason":"last agent, not available","tried":[12,17,23],'
    '"rule":"by value of contract","language":"en-us","fallback":"overflow to partner"}'
)
_DECISION_TEXT = (
    "queue=Members | English; priority=5; ewt=184; holiday=false; emergency=false; open=true;"
    " offered=callback,voicemail; accepted=; schedule=weekdays; region=north; brand=plus"
)
_SCREEN_POP = (
    "service/accounts/000123?case=CS-0815&lang=en-us&from=ivr&authenticated=true&tab=invoices"
    "&open=2&overdue=1&contract=plus&since=2019-04-01"
)
_ATTRIBUTES = {
    "CallerType": ("member", "provider", "broker", ""),
    "Account": ("000123", "0042", "7700190", ""),
    "Language": ("en-us", "es-us", "fr-ca"),
    "Authenticated": ("true", "false"),
    "IVR_Path": ("main>billing>agent", "main>claims", "closed"),
    "Priority": ("0", "1", "5"),
    "scriptVersion": ("12.0", "13.1"),
    "Case ID": ("CS-0001", "CS-0815"),
    "CustomerNote": ODD,
    "RoutingDecision": (_DECISION_JSON, _DECISION_TEXT),
    "LastIntent": (
        "I would like to know why my invoice of last month is so high, and who decided that",
        "Please connect me to an agent",
    ),
    "ScreenPop": (_SCREEN_POP,),
    "MenuTrail": (
        "welcome>language:en>identify:account(000123):ok>main:2>billing:1>invoice:explain>agent",
        "welcome>language:es>identify:none>main:0>agent",
    ),
}


def name(rng: Random) -> str:
    """Draw a person's name."""
    return rng.choice(NAMES)


def hotline(rng: Random) -> str:
    """Draw one of the organisation's telephone numbers; nobody has it."""
    return f"+1800555010{rng.randint(0, 7)}"


def email(rng: Random) -> str:
    """Draw an address that nobody has."""
    return f"{rng.choice(('ana', 'b.o', 'c+tag', 'dora', 'e_e'))}{rng.randint(1, 999)}@example.org"


def note(rng: Random) -> str:
    """Draw what an agent types after a contact: mostly nothing or a word, now and then odd."""
    return rng.choice(("", "ok", "called back", "sent form 12-B", rng.choice(ODD)))


def attributes(rng: Random, count: int) -> dict[str, str]:
    """Draw participant attributes."""
    names = rng.sample(sorted(_ATTRIBUTES), min(count, len(_ATTRIBUTES)))
    return {key: rng.choice(_ATTRIBUTES[key]) for key in names}
