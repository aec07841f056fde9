"""SNS topics, SQS queues and EventBridge buses, by botocore's clients.

Credentials are found as for the bucket. The region is the one in the target's ARN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..redaction import told
from .message import Message
from .targets import Undelivered, key_of

if TYPE_CHECKING:
    from botocore.session import Session

_SOURCE = "genesys-export"
_CONNECT_S, _READ_S, _ATTEMPTS = 3.0, 5.0, 2


@dataclass(slots=True)
class Clients:
    """The clients of all targets, made when they are first used."""

    session: Callable[[], Session]
    _made: dict[tuple[str, str], Any] = field(default_factory=dict)
    _session: Session | None = None
    _lock: Lock = field(default_factory=Lock)

    def of(self, service: str, region: str) -> Any:
        """Return a client that gives up within seconds; raises what botocore does."""
        from botocore.config import Config  # noqa: PLC0415 - 50 ms that most commands need not

        with self._lock:
            if (service, region) not in self._made:
                self._session = self._session or self.session()
                config = Config(
                    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                    connect_timeout=_CONNECT_S,
                    read_timeout=_READ_S,
                    user_agent_extra=_SOURCE,
                )
                self._made[service, region] = self._session.create_client(
                    service, region_name=region, config=config
                )
            return self._made[service, region]

    def close(self) -> None:
        """Close them."""
        with self._lock:
            for client in self._made.values():
                client.close()
            self._made.clear()


@dataclass(frozen=True, slots=True)
class AwsTarget:
    """A topic, queue or bus: `sns:`, `sqs:` or `events:` and its ARN."""

    address: str
    clients: Clients = field(repr=False)

    is_for_people = False

    @property
    def name(self) -> str:
        """The address."""
        return self.address

    @property
    def key(self) -> str:
        """What the journal knows it by."""
        return key_of(self.address)

    def send(self, message: Message) -> None:
        """Deliver the message; raises Undelivered."""
        service, _, arn = self.address.partition(":")
        _, _, _, region, account, name = arn.split(":", 5)
        try:
            client = self.clients.of(service, region)
            match service:
                case "sns":
                    _publish(client, arn, message)
                case "sqs":
                    _queue(client, account, name, message)
                case _:
                    _put(client, arn, message)
        except Undelivered:
            raise
        except Exception as problem:  # botocore's many kinds, and those of its credentials
            raise Undelivered(f"{type(problem).__name__}: {told(problem)}") from problem

    def close(self) -> None:
        """Close the clients, of this target and the others."""
        self.clients.close()


def _publish(client: Any, arn: str, message: Message) -> None:
    client.publish(
        TopicArn=arn,
        Subject=message.title[:100],
        Message=message.body().decode(),
        MessageAttributes=_attributes(message),
        **_fifo(arn, message),
    )


def _queue(client: Any, account: str, name: str, message: Message) -> None:
    found = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
    client.send_message(
        QueueUrl=found["QueueUrl"],
        MessageBody=message.body().decode(),
        MessageAttributes=_attributes(message),
        **_fifo(name, message),
    )


def _put(client: Any, arn: str, message: Message) -> None:
    entry = {
        "Source": _SOURCE,
        "DetailType": f"day {message.outcome}",
        "Detail": message.body().decode(),
        "EventBusName": arn,
    }
    answer = client.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        (failed,) = answer["Entries"]
        raise Undelivered(f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}")


def _attributes(message: Message) -> dict[str, Any]:
    """Return what subscriptions can filter by; an empty text is none."""
    given = {
        "org": message.org,
        "dataset": message.dataset,
        "day": message.day,
        "state": message.state,
        "outcome": message.outcome.value,
    }
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in given.items()
        if value
    }


def _fifo(name: str, message: Message) -> dict[str, str]:
    """Return what a FIFO topic or queue needs: an order for each dataset, no doubles."""
    if not name.endswith(".fifo"):
        return {}
    group = ".".join(filter(None, (message.org, message.dataset)))
    return {"MessageGroupId": group, "MessageDeduplicationId": message.id}
