from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.clock import Clock, ClockRange
from mocksrv.limits import Window

MOMENT = datetime(2024, 2, 29, 12, tzinfo=UTC)


def frozen(at=MOMENT):
    clock = Clock()
    clock.freeze()
    clock.set(at)
    return clock


def test_a_frozen_clock_stands_and_runs_on_from_there():
    clock = frozen()
    assert clock.now() == clock.now() == MOMENT
    assert clock.iso() == "2024-02-29T12:00:00.000Z"
    assert clock.ms() == 1_709_208_000_000
    clock.freeze(False)
    assert 0 <= (clock.now() - MOMENT).total_seconds() < 60


def test_a_running_clock_can_be_set_and_advanced():
    clock = Clock()
    clock.set(MOMENT)
    clock.advance(3600)
    assert 3600 <= (clock.now() - MOMENT).total_seconds() < 3660
    clock.advance(-7200)
    assert -3600 <= (clock.now() - MOMENT).total_seconds() < -3540


@given(st.lists(st.tuples(st.sampled_from(["advance", "set_skew"]), st.integers(-10**6, 10**6))))
def test_skew_is_on_top_of_everything_and_can_be_taken_back(steps):
    clock, plain = frozen(), frozen()
    for action, seconds in steps:
        getattr(clock, action)(seconds)
        if action == "advance":
            plain.advance(seconds)
    clock.set_skew(0)
    assert clock.time() == plain.time()


@given(st.integers(-10**6, 10**6), st.booleans())
def test_freezing_does_not_jump(skew, twice):
    clock = frozen()
    clock.set_skew(skew)
    before = clock.time()
    clock.freeze()
    if twice:
        clock.freeze()
    assert clock.time() == before


@given(st.lists(st.floats(0, 1000), max_size=5))
def test_a_change_of_rate_does_not_jump(rates):
    clock = Clock()
    clock.set(MOMENT)
    for rate in rates:
        before = clock.time()
        clock.set_rate(rate)
        assert clock.time() - before < 1 + 60 * max(rates)
        assert clock.time() >= before - 0.01


def test_a_rate_of_zero_stands_and_a_high_one_runs():
    clock = Clock()
    clock.set(MOMENT)
    clock.set_rate(0)
    assert clock.time() == clock.time()
    clock.set_rate(1e6)
    before = clock.time()
    while clock.time() == before:
        pass
    assert clock.time() - before > 0.1
    with pytest.raises(ClockRange):
        clock.set_rate(-1)


@pytest.mark.parametrize("seconds", [1e12, -1e12, float("nan"), float("inf")])
def test_the_clock_stays_within_the_calendar(seconds):
    clock = frozen()
    with pytest.raises(ClockRange):
        clock.advance(seconds)
    with pytest.raises(ClockRange):
        clock.set_skew(seconds)
    assert clock.now() == MOMENT


def test_its_state_finds_the_same_time_again():
    clock = frozen()
    clock.set_skew(5)
    assert Clock(**clock.state()).time() == clock.copy().time() == clock.time()


def test_a_window_opens_with_the_first_event_and_closes_on_the_clock():
    clock, window = frozen(), Window(10)
    assert window.count("a", clock) == (0, clock.time())
    assert window.hit("a", clock)[0] == 1
    clock.advance(9)
    assert window.hit("a", clock) == (2, clock.time() + 1)
    assert window.hit("b", clock)[0] == 1
    clock.advance(1)
    assert window.hit("a", clock)[0] == 1


def test_a_clock_that_is_set_back_closes_the_window():
    clock, window = frozen(), Window(10)
    window.hit("a", clock)
    clock.advance(-3600)
    assert window.count("a", clock)[0] == 0


def test_old_windows_do_not_pile_up(monkeypatch):
    monkeypatch.setattr("mocksrv.limits.SWEEP", 100)
    clock, window = frozen(), Window(1)
    for number in range(1_000):
        window.hit(number, clock)
        clock.advance(0.5)
    assert len(window._open) <= 101


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (datetime(2026, 1, 31, 9, 5, 7, 999_999, UTC), "Sat, 31 Jan 2026 09:05:07 GMT"),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000, UTC), "Wed, 31 Dec 1969 23:59:59 GMT"),
        (datetime(2, 1, 1, tzinfo=UTC), "Tue, 01 Jan 0002 00:00:00 GMT"),
    ],
)
def test_the_date_header_is_whole_seconds_in_gmt(when, text):
    clock = Clock()
    clock.freeze()
    clock.set(when)
    assert clock.http() == text
