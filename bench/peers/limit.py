"""What nobody can beat in Python: receive the same bytes, split records, write as many gzip bytes.

urllib3 receives, isal unpacks, msgspec splits without parsing, isal packs the records until
BENCH_GZIP_BYTES have come out (all records, and again if they are too few), boto3 uploads in
parts of 8 MiB. Nothing is parsed, checked, hashed or committed.
"""

import base64
import json
import os
import time
from datetime import date, timedelta

import boto3
import msgspec
import urllib3
from isal import isal_zlib

BASE = os.environ["GENESYS_CLOUD_BASE_URL"]
JOBS = f"{BASE}/api/v2/analytics/conversations/details/jobs"
WANTED = int(os.environ["BENCH_GZIP_BYTES"])
PART_BYTES, BLOCK_BYTES = 8 << 20, 256 << 10


class Page(msgspec.Struct):
    """An answer, its records untouched."""

    conversations: list[msgspec.Raw]
    cursor: str | None = None


class Upload:
    """A multipart upload of packed lines that stops at so many bytes."""

    def __init__(self):
        self.s3 = boto3.client("s3")
        place = {"Bucket": os.environ["BENCH_BUCKET"], "Key": f"{os.environ['BENCH_PREFIX']}/all"}
        self.place = place | {"UploadId": self.s3.create_multipart_upload(**place)["UploadId"]}
        self.packer = isal_zlib.compressobj(2, isal_zlib.DEFLATED, 31)
        self.pending, self.parts, self.size = bytearray(), [], 0

    def write(self, text):
        """Pack in blocks, as we do, until there is enough."""
        for start in range(0, len(text), BLOCK_BYTES):
            if self.size >= WANTED:
                return
            self._take(self.packer.compress(text[start : start + BLOCK_BYTES]))

    def _take(self, packed):
        self.size += len(packed)
        self.pending += packed
        while len(self.pending) >= PART_BYTES:
            self._send(bytes(self.pending[:PART_BYTES]))
            del self.pending[:PART_BYTES]

    def _send(self, body):
        number = len(self.parts) + 1
        sent = self.s3.upload_part(**self.place, PartNumber=number, Body=body)
        self.parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def close(self):
        """Send the rest."""
        self._take(self.packer.flush())
        self._send(bytes(self.pending))
        self.s3.complete_multipart_upload(**self.place, MultipartUpload={"Parts": self.parts})


def asked(pool, method, url, token, body=None):
    """Return the unpacked body of an answer."""
    headers = {"Authorization": token, "Accept-Encoding": "gzip"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    answer = pool.request(
        method, url, headers=headers, body=body, preload_content=False, decode_content=False
    )
    raw = answer.read()
    answer.release_conn()
    if answer.headers.get("Content-Encoding") != "gzip":
        return raw
    return isal_zlib.decompress(raw, 31, int.from_bytes(raw[-4:], "little") or 1)


def main():
    """Run once."""
    pool = urllib3.PoolManager()
    pair = f"{os.environ['GENESYS_CLIENT_ID']}:{os.environ['GENESYS_CLIENT_SECRET']}"
    basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
    grant = pool.request_encode_body(
        "POST",
        f"{BASE}/oauth/token",
        {"grant_type": "client_credentials"},
        headers={"Authorization": basic},
        encode_multipart=False,
    )
    token = f"Bearer {grant.json()['access_token']}"
    day = date.fromisoformat(os.environ["BENCH_DAY"])
    interval = f"{day}T00:00:00.000Z/{day + timedelta(days=1)}T00:00:00.000Z"
    wish = json.dumps({"interval": interval, "startOfDayIntervalMatching": True})
    job = f"{JOBS}/{json.loads(asked(pool, 'POST', JOBS, token, wish))['jobId']}"
    while json.loads(asked(pool, "GET", job, token))["state"] != "FULFILLED":
        time.sleep(1)
    upload, decoder, records, cursor = Upload(), msgspec.json.Decoder(Page), 0, ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = decoder.decode(asked(pool, "GET", f"{job}/results?pageSize=1000{more}", token))
        records += len(page.conversations)
        lines = memoryview(b"\n".join(page.conversations))
        upload.write(lines)
        cursor = page.cursor
    while upload.size < WANTED:
        upload.write(lines)
    upload.close()
    print(json.dumps({"records": records}))


if __name__ == "__main__":
    main()
