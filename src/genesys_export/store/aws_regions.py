"""Whether the region in an address that does not answer is one that botocore knows."""

from __future__ import annotations

import re
from difflib import get_close_matches
from urllib.parse import urlsplit

_REGIONAL = re.compile(r"\bs3[.-](?:dualstack\.)?([a-z0-9-]+)\.amazonaws\.", re.ASCII)


def misspelt_region(problem: Exception) -> str:
    """Return what is wrong with the region in an address that does not answer, if anything."""
    host = urlsplit(str(getattr(problem, "kwargs", {}).get("endpoint_url", ""))).hostname or ""
    found = _REGIONAL.search(host)
    if not found:
        return ""
    from botocore.session import get_session  # noqa: PLC0415 - heavy

    session = get_session()
    known = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("s3", partition)
    ]
    if found[1] in known:
        return ""
    near = get_close_matches(found[1], known, n=1, cutoff=0.7)
    return f"{found[1]} is not a region of AWS" + (f"; did you mean {near[0]}?" if near else "")
