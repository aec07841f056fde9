"""The parts that know Dask, without a cluster: the shared budget, what is pickled, TLS."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta

import pytest

from fakes import some

pytestmark = pytest.mark.dask

SECRET = "canary-secret-4711"


@pytest.fixture
def bucket():
    from genesys_export.integrations.dask import bucket  # noqa: PLC0415 - an extra

    return bucket


def test_workers_share_one_budget_on_the_scheduler(bucket):
    shared = bucket.Budgets()

    def ask(handler, **values):
        return {bucket.RESERVE: shared.reserve, bucket.REFUSED: shared.refused}[handler](**values)

    first, second = (bucket.SharedBudget(ask, "client", 100, 2) for _ in range(2))
    taken = [one.reserve() for _ in range(48) for one in (first, second)]
    assert taken == [0.0] * 96
    assert 0 < first.reserve() <= 60
    other = bucket.SharedBudget(ask, "another client", 100, 2)
    assert other.reserve() == 0.0
    other.refused(30.0, 0.1)
    assert 29 < other.reserve() <= 30.0
    assert 29 < other.paused_for() <= 30.0
    assert first.paused_for() == 0.0


def test_a_worker_without_its_scheduler_keeps_to_its_share_of_what_it_has_left(bucket):
    there, asked = [True], []

    def ask(handler, **values):
        asked.append(values)
        if not there[0]:
            raise OSError("the scheduler is gone")
        return 0.0, 0.0

    budget = bucket.SharedBudget(ask, "client-id-of-an-org", 100, 2)
    assert [budget.reserve() for _ in range(20)] == [0.0] * 20
    there[0] = False
    assert [budget.reserve() for _ in range(28)] == [0.0] * 28  # 48 of 50: 4 % stay unused
    assert budget.reserve() > 0
    budget.refused(30.0, 0.1)
    assert budget.paused_for() == 0.0
    assert budget.reserve() > 0
    assert budget.paused_for() > 0
    assert "client-id-of-an-org" not in str(asked)


def test_nothing_secret_is_in_a_task_or_a_plug_in(bucket, tmp_path):
    from genesys_export.export import ExportOptions  # noqa: PLC0415
    from genesys_export.integrations.dask.task import Recipe, Task  # noqa: PLC0415
    from genesys_export.integrations.dask.worker import Goodbye  # noqa: PLC0415

    file = tmp_path / "genesys-export.toml"
    file.write_text(f'[genesys]\nregion = "mypurecloud.ie"\nclient_secret = "{SECRET}"\n')
    recipe = Recipe(flags={"config": str(file), "to": "s3://bucket/prefix"})
    assert some(recipe.settings("").genesys.client_secret).get_secret_value() == SECRET
    task = Task(
        recipe=recipe,
        org="",
        first=date(2025, 11, 1),
        last=date(2025, 11, 20),
        options=ExportOptions(),
        version="0",
        topic="t",
    )
    for one in (task, Goodbye(), bucket.Budgets()):
        assert SECRET.encode() not in pickle.dumps(one)
    assert pickle.loads(pickle.dumps(task)) == task


def test_a_cluster_with_tls_exports(genesys, cluster, lake, tmp_path):
    certificate, key = self_signed(tmp_path)
    tls = {"CA_FILE": certificate}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        tls |= {f"{role}__CERT": certificate, f"{role}__KEY": key}
    variables = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": value for name, value in tls.items()}
    at = cluster({"emea": genesys()}, **variables, DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION="1")
    _, address = at.scheduler(scheme="tls")
    at.worker(address, "--no-nanny")
    told = ("--start", "2025-11-19", "--end", "2025-11-20", "--to", lake)
    said = at.command("backfill", *told, "--cluster", address).ends(0)
    assert "2 days: 2 exported" in said


def self_signed(folder) -> tuple[str, str]:
    """Make a certificate that is its own authority; return the files of it and of its key."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return str(files[0]), str(files[1])
