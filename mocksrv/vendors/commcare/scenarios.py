"""Problems that clients of CommCare HQ have had."""

from __future__ import annotations

from mocksrv.scenario import Scenario, faulty
from mocksrv.vendors.commcare.access import digest
from mocksrv.vendors.commcare.vendor import vendor
from mocksrv.world import World


def index_at_once(world: World) -> None:
    """Give all cases of a domain one `indexed_on`, as a rebuild of the index does."""
    cases = world.table("commcare.cases")
    latest: dict[str, str] = {}
    for case in cases.all():
        latest[case["domain"]] = max(latest.get(case["domain"], ""), case["indexed_on"])
    for case in list(cases.all()):
        cases.update(case["case_id"], {"indexed_on": latest[case["domain"]]})


def lag(world: World) -> None:
    world.settings["commcare.index_delay"] = 30.0


vendor.scenarios = (
    Scenario("commcare.next_page_repeats", "All cases were indexed in the same moment, so 'indexed_on at or after the "
             "last one' is the same page for ever once there are more of them than a page holds.",
             "Page by offset within one indexed_on, or stop with a clear message when a page brings nothing new.",
             index_at_once),
    Scenario("commcare.retry_after_fraction", "The next three calls get 429 with Retry-After: 0.4, a fraction.",
             "Read Retry-After as a decimal number, round it up, and wait.",
             faulty(vendor="commcare", status=429, headers={"Retry-After": "0.4"}, times=3)),
    Scenario("commcare.digest_stale", "The server no longer knows the nonces that it gave out, as after a restart: the "
             "next request gets a fresh challenge that says stale=false.",
             "Answer a challenge on any request, not only on the first, with the new nonce.", digest.forget),
    Scenario("commcare.index_lag", "What was written shows in lists and searches 30 s later.",
             "Take the state from the answer of the write; look into lists later.", lag),
    Scenario("commcare.lost_receipt", "The next form is stored but its answer is lost.",
             "Submit it again with the same instanceID: the server knows it and stores nothing twice.",
             faulty(vendor="commcare", path="/a/*/receiver/*", connection="reset", after=True, times=1)),
)
