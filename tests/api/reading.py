"""What a day's reading must give: told by the simulator's world, not by the exporter."""

import json
from datetime import UTC, datetime

from genesys_export.days import Interval
from genesys_simulator import World
from genesys_simulator.times import Span, to_ms

DAY = Interval(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))


def ids(pages):
    return [json.loads(record)["conversationId"] for page in pages for record in page.records]


def expected():
    """Return the ids of the day's conversations, as the simulator's world holds them."""
    world = World.generated(seed=1, per_day=240).at(DAY.end)
    day = Span(to_ms(DAY.start), to_ms(DAY.end))
    records = world.render(list(world.positions(day, day.start_ms)), attributes=True)
    return {json.loads(record)["conversationId"] for record in records}
