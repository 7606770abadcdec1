"""Scenarios: problems that real clients have had, by name, each ready to be set up in a world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mocksrv.world import World


class Scenario(NamedTuple):
    """One scenario: its symptom, what a client should do about it, and the function that sets it up."""

    name: str
    symptom: str
    advice: str
    apply: Callable[[World], None]

    def describe(self) -> dict[str, str]:
        return {"name": self.name, "symptom": self.symptom, "advice": self.advice}


def faulty(**fields: Any) -> Callable[[World], None]:
    """A scenario that is nothing but a fault."""
    def apply(world: World) -> None:
        world.faults.add(**fields)

    return apply


EVERYWHERE = (
    Scenario("all.slow_network", "Answers take 0.2 s or so, some of them much longer.",
             "Set time-outs well above the median, and do not take a late answer for a lost one.",
             faulty(delay={"lognormal": [0.2, 0.8]})),
    Scenario("all.works_on_retry", "The next call fails with 503, the one after it works.",
             "Retry calls that are safe to repeat, with a pause that grows.", faulty(status=503, times=1)),
    Scenario("all.flaky", "One call in five fails with 503.",
             "Retry with a limit; a long run must not stop at its first error.", faulty(status=503, probability=0.2)),
    Scenario("all.lost_answers", "One answer in ten is lost although the request was carried out.",
             "Before repeating a write look whether it was done, or make it so that repeating does no harm.",
             faulty(connection="reset", after=True, probability=0.1)),
    Scenario("all.truncated_body", "The next answer ends in the middle.",
             "Compare what came with Content-Length, and treat half an answer as none.",
             faulty(connection="truncate", times=1)),
)
