"""What holds whatever is sent: client and server sign alike; lists, filters, counts and pages agree with what was
written; no eleventh request passes in a second, however many come at once."""

import threading
from collections import Counter
from contextlib import suppress

import pytest
from carehq import APIClient
from carehq.exceptions import Forbidden, InvalidRequest, NotFound
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from contract_tests.drawn import CHARACTERS, INTEGERS, for_each

MOCK = pytest.mark.mock_only
TEXT = st.text(CHARACTERS, max_size=12)
KEY = TEXT.filter(bool)
SCALARS = TEXT | INTEGERS | st.booleans() | st.none() | st.floats(allow_nan=False)
ARGUMENTS = st.dictionaries(KEY, SCALARS | st.lists(SCALARS, max_size=4), max_size=6)
PATHS = st.sampled_from(["brands", "/care-enquiries/", "care-enquiries/Zoë’s id", "comments/a b+c&d=e"])


def signed_alike(credentials, method, params, data, path):
    """Whatever comes of it, it is never a 401, which the client would raise as Unauthorized."""
    url, *known = credentials
    with suppress(InvalidRequest, NotFound, Forbidden):
        APIClient(*known, api_base_url=url)(method, path, params, data)


def test_any_query_is_signed_alike_by_client_and_server(credentials):
    for_each(st.tuples(st.sampled_from(["GET", "get"]), ARGUMENTS, st.none(), PATHS), 60,
             lambda call: signed_alike(credentials, *call))


@MOCK  # a live service may take what the mock refuses, for good
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["PUT", "PATCH", "DELETE"]), ARGUMENTS, ARGUMENTS, PATHS)
def test_any_form_is_signed_alike_by_client_and_server(credentials, method, params, data, path):
    signed_alike(credentials, method, params, data, path)


class Enquiries(RuleBasedStateMachine):
    """Random writes against the server, and the same writes against a dictionary."""

    api = None
    choices = None

    def __init__(self):
        super().__init__()
        self.held = {}

    fields = st.fixed_dictionaries({
        "first_name": st.sampled_from(["Ann", "Zoë", "Bob"]), "last_name": st.sampled_from(["*", "Smith", "O'Neil"]),
        "funding_type": st.sampled_from(["private", "chc", "not_sure"]), "given_age": st.integers(0, 130),
        "genders": st.lists(st.sampled_from(["male", "female"]), unique=True, max_size=2),
    })

    @rule(fields=fields)
    def create(self, fields):
        made = self.api("PUT", "care-enquiries", data=fields | self.choices)
        assert made["_id"] not in self.held
        self.held[made["_id"]] = made

    @rule(data=st.data(), fields=fields)
    def update(self, data, fields):
        if not self.held:
            return
        id = data.draw(st.sampled_from(sorted(self.held)))
        some = {name: fields[name] for name in data.draw(st.sets(st.sampled_from(sorted(fields)), max_size=3))}
        changed = self.api("PATCH", f"care-enquiries/{id}", data=some)
        kept = {name: value for name, value in some.items() if value != []}  # an empty list is not even sent
        assert changed == self.held[id] | kept | {"modified": changed["modified"]}
        self.held[id] = changed

    @rule(data=st.data())
    def delete(self, data):
        if not self.held:
            return
        id = data.draw(st.sampled_from(sorted(self.held)))
        assert self.api("DELETE", f"care-enquiries/{id}") == {}
        del self.held[id]
        with pytest.raises(NotFound):
            self.api("DELETE", f"care-enquiries/{id}")

    def ids(self, per_page=3, **filters):
        found, page, pages = [], 1, 1
        while page <= pages:
            answer = self.api("GET", "care-enquiries", {
                "page": page, "per_page": per_page, "filters-sales_channel": self.choices["sales_channel"],
                **{f"filters-{name}": value for name, value in filters.items()}})
            found += [item["_id"] for item in answer["items"]]
            page, pages = page + 1, answer["page_count"]
        assert len(found) == answer["item_count"]
        assert pages == max(1, -(-len(found) // per_page))
        return found

    @invariant()
    def lists_filters_counts_and_pages_agree(self):
        held = sorted(self.held)
        assert self.ids() == held
        assert self.ids(100, funding_type=["chc", "not_sure"]) == [
            id for id in held if self.held[id]["funding_type"] != "private"]
        assert self.ids(100, q="smith") == [id for id in held if self.held[id]["last_name"] == "Smith"]
        if held:
            assert self.api("GET", f"care-enquiries/{held[-1]}",
                            {"attributes": list(self.held[held[-1]])}) == self.held[
                held[-1]]


@MOCK
def test_any_sequence_of_writes_leaves_the_lists_consistent(world):
    api = APIClient("MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET", api_base_url=world.url)
    world.set(carehq_writable_resources="groups")
    channel = api("PUT", "groups", data={"group_type": "sales_channel", "name": "Only here"})["_id"]

    class Machine(Enquiries):
        def teardown(self):
            for id in self.held:
                api("DELETE", f"care-enquiries/{id}")

    Machine.api, Machine.choices = api, {"sales_channel": channel, "service": "residential_home"}
    run_state_machine_as_test(Machine, settings=settings(
        max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)))


@MOCK
def test_concurrent_requests_never_let_an_eleventh_through(mocksrv, connect):
    mocksrv.set(carehq_rate_limit=True)
    clients = [connect() for _ in range(50)]
    for window in range(3):
        mocksrv.clock.freeze()
        statuses, barrier = [], threading.Barrier(len(clients))

        def call(client, statuses=statuses, barrier=barrier):
            barrier.wait()
            statuses.append(client("GET", "tax-rates").status_code)

        threads = [threading.Thread(target=call, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(statuses) == {200: 10, 429: 40}, window
        mocksrv.clock.advance(1)


@MOCK
def test_each_key_has_a_limit_of_its_own(mocksrv, connect):
    mocksrv.clock.freeze()
    mocksrv.set(carehq_rate_limit=True)
    for name in ("MY_API", "READ_ONLY"):
        client = connect(key=f"{name}_KEY", secret=f"{name}_SECRET")
        assert [client("GET", "brands").status_code for _ in range(12)] == [200] * 10 + [429] * 2


@MOCK
@pytest.mark.parametrize("changed", [
    {"X-CareHQ-Signature": "guess"}, {"X-CareHQ-Timestamp": "0"}, {"X-CareHQ-Nonce": None}, {"Content-Type": "text/x"}])
def test_refused_requests_count_too(mocksrv, connect, changed):
    mocksrv.clock.freeze()
    mocksrv.set(carehq_rate_limit=True)
    client = connect()
    statuses = [client("PUT", "brands", body=b"x", headers=changed).status_code for _ in range(11)]
    assert statuses[:10] in ([401] * 10, [400] * 10)
    assert client("GET", "brands").status_code == 429


@MOCK
def test_an_answer_that_is_too_early_tells_when(mocksrv, connect):
    mocksrv.clock.freeze("2026-05-01T10:00:00.25Z")
    mocksrv.set(carehq_rate_limit=True, carehq_clock_window=0)
    answers = [connect()("GET", "brands") for _ in range(11)]
    assert [answer.headers["X-CareHQ-RateLimit-Remaining"] for answer in answers] == [*map(str, range(9, -1, -1)), "0"]
    assert {answer.headers["X-CareHQ-RateLimit-Reset"] for answer in answers} == {"1777629601.25"}
    assert answers[-1].json() == {"hint": "The limit of 10 requests per second has been exceeded."}
    assert "wait 1.000 s" in answers[-1].headers["X-Mocksrv-Diagnosis"]
    assert "Retry-After" not in answers[-1].headers
    mocksrv.set(carehq_retry_after=True)
    assert connect()("GET", "brands").headers["Retry-After"] == "1"
    mocksrv.clock.advance(0.75)
    assert connect()("GET", "brands").status_code == 429
    mocksrv.clock.advance(0.25)
    assert connect()("GET", "brands").headers["X-CareHQ-RateLimit-Reset"] == "1777629602.25"
    mocksrv.clock.set("2026-05-01T09:00:00Z")
    assert connect()("GET", "brands").headers["X-CareHQ-RateLimit-Reset"] == "1777626001.0"
