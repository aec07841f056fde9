"""Keys in little memory: the same answers as a set's, whatever spills to the disk."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from genesys_export.operations.verify.hashes import PARTS, Hashes, difference, doubled


def silent():
    """Let no signal in."""


def of(keys):
    held = Hashes()
    held.add(keys)
    return held


SMALL = st.lists(st.binary(max_size=2), max_size=60)


@given(SMALL)
def test_doubled_counts_the_keys_that_were_there_before(keys):
    assert doubled(of(keys), silent) == sum(Counter(keys).values()) - len(set(keys))


@given(SMALL, SMALL)
def test_difference_is_that_of_sets(left, right):
    ones, others = set(left), set(right)
    assert difference(of(left), of(right), silent) == (len(ones - others), len(others - ones))


def test_what_spills_to_the_disk_is_found_again():
    keys = [b"%d" % number for number in range(200_000)]
    held = of(keys)
    assert held.count == 200_000
    assert doubled(held, silent) == 0
    held.add([b"77", b"199999"])
    assert doubled(held, silent) == 2
    others = of(keys[1:])
    assert difference(held, others, silent) == (1, 0)
    others.close()
    assert max(len(held.part(number)) for number in range(PARTS)) < 600
    held.close()
    assert doubled(held, silent) == 0


def test_a_signal_comes_in_between_two_parts():
    pulses = []
    doubled(of([b"a"]), lambda: pulses.append(1))
    assert len(pulses) == PARTS
