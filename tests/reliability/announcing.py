"""Runs that announce their days, over a bench: the receivers outlive every process."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from workbench import DAY, Bench

from fakes import Events
from genesys_export.errors import ExportError
from genesys_export.export import DayExporter, ExportOptions
from genesys_export.notify import Failure, Message, Outcome, Targets, Teller, Undelivered
from genesys_export.notify.round import told_of

EVERY = tuple(Outcome)


@dataclass
class Receiver:
    """A program, or people, that got messages."""

    name: str = "program"
    is_for_people: bool = False
    is_down: bool = False
    got: list[Message] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.name

    @property
    def outcomes(self) -> list[str]:
        return [str(one.outcome) for one in self.got]

    def send(self, message: Message) -> None:
        if self.is_down:
            raise Undelivered("it is down")
        self.got.append(message)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class _InProcess:
    """A receiver as a process reaches it: each message is one of its calls."""

    receiver: Receiver
    process: Any
    bench: Bench

    def __getattr__(self, name):
        return getattr(self.receiver, name)

    def send(self, message):
        def deliver():
            if message.outcome in {Outcome.PUBLISHED, Outcome.REPLACED}:
                manifest = self.bench.manifest()
                assert manifest is not None, "announced and not published"
                assert "next" not in manifest
                assert manifest["state"] == message.state
            self.receiver.send(message)

        return self.process.call("send", deliver)


@dataclass
class Announced:
    """A bench whose runs announce what they do."""

    bench: Bench
    receivers: list[Receiver] = field(default_factory=lambda: [Receiver()])
    on: tuple[Outcome, ...] = EVERY
    notices: Events = field(default_factory=Events)

    @property
    def got(self) -> list[Message]:
        return self.receivers[0].got

    def teller(self, process: Any) -> Teller:
        reached = [_InProcess(one, process, self.bench) for one in self.receivers]
        return Teller(
            store=process.store,
            home=self.bench.kind.keys,
            targets=Targets(reached, self.on, self.notices),
            observe=self.notices,
            clock=process.clock,
        )

    def run(
        self, trouble: Any = None, *, options: ExportOptions | None = None, **told: Any
    ) -> None:
        """Export the day and announce it, as the loop over days does, in one thread."""
        process = self.bench.process(trouble)
        teller = self.teller(process)
        exporter = self.bench.exporter(process, **told)
        exporter = DayExporter(replace(exporter.deps, opening=teller.begin))
        try:
            try:
                report = exporter.export(DAY, options or ExportOptions())
            except ExportError as problem:
                teller.failed({str(DAY): Failure.of(problem)})
                teller.catch_up()
                raise
            teller.catch_up()
            made = report.manifest
            teller.ended_well({str(DAY): told_of(made, "") if made else None})
        finally:
            process.bury()

    def idle(self, trouble: Any = None) -> None:
        """Run where no day is due."""
        process = self.bench.process(trouble)
        try:
            self.teller(process).catch_up()
        finally:
            process.bury()
