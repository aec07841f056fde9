"""Who contacts a made-up organisation: a name, a number and an address for every customer.

Knows customers by a number alone, so that none is kept: the same number is the same person in
every conversation. Values are written as they appear in JSON text.
"""

from __future__ import annotations

import json

from .stories import texts

NAME, PHONE, EMAIL, CONTACT = range(4)
FIELDS = 4

_NAMES = tuple(json.dumps(one, ensure_ascii=False)[1:-1].encode() for one in texts.NAMES)


def written(key: int) -> tuple[bytes, bytes, bytes, bytes]:
    """Return the customer's name, telephone number, e-mail address and external contact id."""
    # Area codes with a 9 in the middle are kept for an expansion of the North American numbering
    # plan: nobody has such a number.
    kept, rest = divmod(key, 80)
    phone = b"+1%d9%d%07d" % (2 + rest // 10, rest % 10, 2_000_000 + kept % 8_000_000)
    digits = b"%012x" % key
    contact = b"%b-%b-4c0d-8bed-%b" % (digits[4:], digits[:4], digits)
    name = _NAMES[(key >> 9) % len(_NAMES)]
    return name, phone, b"c%b@example.org" % digits[:9], contact
