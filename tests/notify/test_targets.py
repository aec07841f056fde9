"""What each kind of target gets, and what is said of one that takes nothing."""

from __future__ import annotations

import base64
import hmac
import json
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from botocore.session import Session

from genesys_export.api import Transport, TransportOptions
from genesys_export.errors import WrongSettings
from genesys_export.notify import Undelivered
from genesys_export.notify.alerts import alerts_of
from genesys_export.notify.aws import AwsTarget, Clients
from genesys_export.notify.webhook import Webhook
from s3_servers import REGION

# What apprise imports at its first use.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

ACCOUNT = "123456789012"
SECRET = bytes(range(32))
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECONDS = str(int(NOW.timestamp()))


@pytest.fixture
def aws(moto):
    """Return clients of moto's services by name, and those that the targets use."""

    class ToMoto(Session):
        def create_client(self, service_name, *arguments, **options):
            options["endpoint_url"] = moto.endpoint_url
            return super().create_client(service_name, *arguments, **options)

    def session():
        made = ToMoto()
        made.set_credentials(moto.access_key, moto.secret_key)
        return made

    with ExitStack() as stack:

        def of(service):
            client = session().create_client(service, region_name=REGION)
            stack.callback(client.close)
            return client

        clients = Clients(session)
        stack.callback(clients.close)
        yield of, clients


def received(sqs, url):
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return answer.get("Messages", [])


def attributes_of(found):
    return {name: one["StringValue"] for name, one in found["MessageAttributes"].items()}


ATTRIBUTES = {
    "org": "emea",
    "dataset": "conversation_details",
    "day": "2026-11-22",
    "state": "final",
    "outcome": "replaced",
}


def test_a_queue_gets_the_message_and_what_it_can_be_filtered_by(aws, message):
    of, clients = aws
    sqs = of("sqs")
    url = sqs.create_queue(QueueName="days")["QueueUrl"]
    AwsTarget(f"sqs:arn:aws:sqs:{REGION}:{ACCOUNT}:days", clients).send(message)
    (found,) = received(sqs, url)
    assert found["Body"].encode() == message.body()
    assert attributes_of(found) == ATTRIBUTES


def test_a_fifo_queue_keeps_the_order_of_a_dataset_and_drops_what_is_told_again(aws, message):
    of, clients = aws
    sqs = of("sqs")
    url = sqs.create_queue(QueueName="days.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    target = AwsTarget(f"sqs:arn:aws:sqs:{REGION}:{ACCOUNT}:days.fifo", clients)
    target.send(message)
    target.send(message)
    (found,) = received(sqs, url)
    assert found["Attributes"]["MessageGroupId"] == "emea.conversation_details"
    assert found["Attributes"]["MessageDeduplicationId"] == message.id


def test_a_topic_passes_the_message_on(aws, message):
    of, clients = aws
    sqs, sns = of("sqs"), of("sns")
    url = sqs.create_queue(QueueName="subscribed")["QueueUrl"]
    topic = sns.create_topic(Name="days")["TopicArn"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:subscribed",
        Attributes={
            "RawMessageDelivery": "true",
            "FilterPolicy": json.dumps({"outcome": ["replaced"]}),
        },
    )
    AwsTarget(f"sns:{topic}", clients).send(message)
    (found,) = received(sqs, url)
    assert found["Body"].encode() == message.body()
    assert attributes_of(found) == ATTRIBUTES


def test_a_bus_passes_the_message_on_as_an_event(aws, message):
    of, clients = aws
    sqs, events = of("sqs"), of("events")
    url = sqs.create_queue(QueueName="of-the-bus")["QueueUrl"]
    bus = events.create_event_bus(Name="exports")["EventBusArn"]
    events.put_rule(
        Name="all",
        EventBusName="exports",
        EventPattern=json.dumps({"source": ["genesys-export"]}),
    )
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:of-the-bus"
    events.put_targets(Rule="all", EventBusName="exports", Targets=[{"Id": "queue", "Arn": queue}])
    AwsTarget(f"events:{bus}", clients).send(message)
    (found,) = received(sqs, url)
    event = json.loads(found["Body"])
    assert (event["source"], event["detail-type"]) == ("genesys-export", "day replaced")
    assert event["detail"] == json.loads(message.body())


@pytest.mark.parametrize(
    "address",
    [
        f"sqs:arn:aws:sqs:{REGION}:{ACCOUNT}:not-there",
        f"sns:arn:aws:sns:{REGION}:{ACCOUNT}:not-there",
    ],
)
def test_a_target_of_aws_that_is_not_there_says_so(aws, message, address):
    _, clients = aws
    with pytest.raises(Undelivered, match=r"not.?exist|NotFound"):
        AwsTarget(address, clients).send(message)


# --- webhooks ----------------------------------------------------------------------------------


@pytest.fixture
def webhook(web):
    options = TransportOptions(connect_timeout_s=1, answer_timeout_s=2)
    with Transport(options) as transport:
        yield lambda address=web.address: Webhook(
            f"{address}/hooks/a-token?x=1", SECRET, transport, lambda: NOW
        )


def test_a_webhook_gets_the_message_signed_as_standard_webhooks_has_it(web, webhook, message):
    webhook().send(message)
    (request,) = web.requests
    assert (request.path, request.body) == ("/hooks/a-token?x=1", message.body())
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == message.id
    assert request.headers["webhook-timestamp"] == SECONDS
    signed = f"{message.id}.{SECONDS}.".encode() + request.body
    digest = base64.b64encode(hmac.new(SECRET, signed, "sha256").digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{digest}"


@pytest.mark.parametrize("status", [301, 400, 500])
def test_any_answer_but_success_is_a_failure(web, webhook, message, status):
    web.status = status
    with pytest.raises(Undelivered, match=f"it answered {status}"):
        webhook().send(message)
    assert len(web.requests) == 1, "a redirect is not followed"


def test_a_webhook_that_nobody_serves_is_named_without_its_path(closed_address, webhook, message):
    target = webhook(f"http://{closed_address}")
    with pytest.raises(Undelivered) as problem:
        target.send(message)
    assert target.name == f"http://{closed_address}/…"
    assert "a-token" not in f"{problem.value} {target!r}"


# --- people ------------------------------------------------------------------------------------


def test_people_get_a_line_by_apprise(web, message, caplog):
    (target,) = alerts_of([f"{web.address.replace('http', 'json')}/secret-path"])
    target.send(message)
    (request,) = web.requests
    told = json.loads(request.body)
    assert "emea conversation_details 2026-11-22: replaced" in told["title"]
    web.status = 500
    with pytest.raises(Undelivered, match="apprise could not deliver it"):
        target.send(message)
    assert "secret-path" not in f"{caplog.text} {target!r} {target.name}"
    assert target.name == "json:// (number 1 of alerts)"


def test_an_address_that_apprise_does_not_know_is_refused_by_its_number():
    with pytest.raises(WrongSettings, match="address number 2") as problem:
        alerts_of(["json://localhost", "nothing-like-it://a-secret-word"])
    assert "a-secret-word" not in f"{problem.value} {problem.value.advice}"
