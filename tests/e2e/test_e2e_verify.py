"""`verify` as a user runs it: against a bucket, and stopped by a signal."""

from __future__ import annotations

import signal

import pytest
from e2e_command import stop, wait_until

from genesys_simulator import Fault, Slow
from s3_servers import REGION, S3Server


@pytest.fixture
def bucket(moto: S3Server):
    """Return a client for a new bucket, and the bucket's name."""
    client, name = moto.client(), "to-be-verified"
    client.create_bucket(Bucket=name)
    yield client, name
    client.close()


def credentials(moto: S3Server) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_S3": moto.endpoint_url,
        "AWS_ACCESS_KEY_ID": moto.access_key,
        "AWS_SECRET_ACCESS_KEY": moto.secret_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_a_day_in_a_bucket_is_verified_and_what_was_overwritten_is_told(
    command, genesys, bucket, moto, day
):
    client, name = bucket
    told = command.against(genesys(), **credentials(moto))
    place = f"s3://{name}/some/where"
    told("run", "--to", place, "--date", day).ends(0)
    good = told("verify", "--to", place, "--date", day, "--source").ends(0)
    assert "OK: everything matches the manifest" in good.out
    assert "within tolerance" in good.out
    key = f"some/where/surveys/{day}.csv.gz"
    client.put_object(Bucket=name, Key=key, Body=b"somebody was here")
    bad = told("verify", "--to", place, "--date", day, "--quiet").ends(65)
    assert f"MISMATCH    surveys/{day}.csv.gz: expected " in bad.out
    client.delete_object(Bucket=name, Key=key)
    gone = told("verify", "--to", place, "--date", day, "--quiet").ends(65)
    assert f"surveys/{day}.csv.gz: expected an object of" in gone.out


def test_a_signal_ends_it_within_seconds(command, genesys, day):
    command.against(genesys()).run("--date", day, "--table", "surveys", "--quiet").ends(0)
    slow = genesys(faults=[Fault(on="query", nth=1, kind=Slow(60))])
    told = command.against(slow)
    with told.started("verify", "--to", told.lake, "--date", day, "--source") as child:
        wait_until(child, lambda: slow.asked("query"))
        result = stop(child, signal.SIGTERM, 20)
    assert result.status == 143
    assert "stopped by SIGTERM" in result.err
    assert result.out == ""
