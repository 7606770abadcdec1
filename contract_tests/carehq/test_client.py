"""CareHQ's Python client, as its introduction page uses it."""

import time

import carehq
import pytest
from carehq import APIClient
from carehq.exceptions import Forbidden, InvalidRequest, NotFound, RateLimitExceeded, Unauthorized

MOCK = pytest.mark.mock_only


@pytest.fixture
def api_client(credentials):
    url, account, key, secret = credentials
    return carehq.APIClient(
        account_id=account,
        api_key=key,
        api_secret=secret,
        api_base_url=url,
    )


def test_the_first_call_of_the_introduction(api_client, check):
    care_enquiries = api_client('GET', 'care-enquiries')
    check("list_care_enquiries", care_enquiries)
    assert care_enquiries.keys() == {"item_count", "items", "page", "page_count", "per_page"}
    assert (care_enquiries["page"], care_enquiries["per_page"]) == (1, 10)
    assert len(care_enquiries["items"]) == min(10, care_enquiries["item_count"])
    assert all(item.keys() == {"_id"} for item in care_enquiries["items"])


def test_the_readmes_call(api_client):
    users = api_client(
        'get',
        'users',
        {
            'attributes': [
                'first_name',
                'last_name'
            ],
            'filters-q': 'a'
        }
    )
    assert len(users["items"]) == min(10, users["item_count"])
    assert all(user.keys() == {"_id", "first_name", "last_name"} for user in users["items"])


def test_paging_through_everything(api_client):
    ids, page, pages = [], 1, 1
    while page <= pages:
        answer = api_client('GET', 'groups', {'page': page, 'per_page': 7})
        ids += [item["_id"] for item in answer["items"]]
        page, pages = page + 1, answer["page_count"]
    assert len(ids) == len(set(ids)) == answer["item_count"]
    assert ids == sorted(ids)


@pytest.mark.writes
def test_create_retrieve_update_delete(api_client, check):
    channel = api_client('GET', 'groups', {'filters-group_type': 'sales_channel'})["items"][0]["_id"]
    made = api_client('PUT', 'care-enquiries', data={
        'first_name': 'José', 'last_name': "O'Neil & Sons", 'funding_type': 'private', 'service': 'residential_home',
        'sales_channel': channel, 'phone': '+44 7700 900123', 'care_requirements': 'Line 1\nLine 2 = 100%',
        'given_age': 84, 'dementia': True, 'genders': ['male', 'female'], 'enquiry_type': 'not an attribute',
    })
    check("create_care_enquiries", made)
    assert made["last_name"] == "O'Neil & Sons"
    assert (made["given_age"], made["dementia"], made["genders"]) == (84, True, ["male", "female"])
    assert (made["stage"], made["ref"][:2], made["received"]) == ("new", "CE", made["created"])
    path = f'care-enquiries/{made["_id"]}'
    assert api_client('GET', path, {'attributes': list(made)}) == made
    changed = api_client('PATCH', path, data={'last_name': 'Neil', 'phone': ''})
    assert changed == made | {"last_name": "Neil", "phone": None, "modified": changed["modified"]}
    assert api_client('DELETE', path) == {}
    with pytest.raises(NotFound):
        api_client('GET', path)


def test_each_exception_has_a_real_cause(credentials, api_client):
    url, account, key, _ = credentials
    with pytest.raises(InvalidRequest) as bad:
        api_client('GET', 'care-enquiries', {'per_page': 101, 'page': 0, 'sort_by': 'nonsense'})
    assert bad.value.status_code == 400
    assert bad.value.hint == "One or more arguments are missing or invalid."
    assert bad.value.arg_errors == {
        "page": ["Number must be at least 1."], "per_page": ["Number must be between 1 and 100."],
        "sort_by": ["Not a valid choice."],
    }
    with pytest.raises(Unauthorized) as wrong:
        APIClient(account, key, 'GUESSED', api_base_url=url)('GET', 'users')
    assert wrong.value.hint == "The signature does not match the request."
    with pytest.raises(Forbidden) as method:
        api_client('OPTIONS', 'care-enquiries')
    assert (method.value.status_code, method.value.hint) == (405, "The method OPTIONS is not supported here.")
    with pytest.raises(NotFound) as unknown:
        api_client('GET', 'care-enquirers')
    assert unknown.value.hint == "No such endpoint."
    with pytest.raises(NotFound) as record:
        api_client('GET', 'care-enquiries/0123456789abcdef01234567')
    assert record.value.hint == "No such record in care-enquiries."
    assert str(record.value).startswith("[404] The endpoint you are calling")


@MOCK
def test_a_key_without_the_permission(world):
    with pytest.raises(Forbidden) as denied:
        APIClient('MY_ACCOUNT_ID', 'READ_ONLY_KEY', 'READ_ONLY_SECRET', api_base_url=world.url)('PUT', 'care-enquiries')
    assert denied.value.hint == "This API key lacks the create permission for care-enquiries."


def test_the_base_url_with_the_version_has_its_own_hint(credentials):
    url, *known = credentials
    with pytest.raises(NotFound) as twice:
        APIClient(*known, api_base_url=f'{url}/v1/')('GET', 'users')
    assert twice.value.hint == "No such endpoint: the version is in the path twice."


@MOCK
def test_the_rate_limit_counts_down_and_the_eleventh_call_is_refused(mocksrv):
    mocksrv.clock.freeze()
    client = APIClient('MY_ACCOUNT_ID', 'MY_API_KEY', 'MY_API_SECRET', api_base_url=mocksrv.url)
    assert (client.rate_limit, client.rate_limit_reset, client.rate_limit_remaining) == (None, None, None)
    for remaining in range(9, -1, -1):
        client('GET', 'tax-rates')
        assert (client.rate_limit, client.rate_limit_remaining) == (10, remaining)
    reset = client.rate_limit_reset
    with pytest.raises(RateLimitExceeded) as refused:
        client('GET', 'tax-rates')
    assert refused.value.hint == "The limit of 10 requests per second has been exceeded."
    assert refused.value.arg_errors is None
    assert (client.rate_limit_remaining, client.rate_limit_reset) == (0, reset)
    mocksrv.clock.advance(1)
    client('GET', 'tax-rates')
    assert (client.rate_limit_remaining, client.rate_limit_reset) == (9, pytest.approx(reset + 1, abs=1e-5))


def retry_loop(api_client, sleep):
    """The introduction's way: wait when nothing remains, call again when refused."""

    def call_api(*args, **kwargs):
        if api_client.rate_limit_remaining == 0:
            sleep(api_client.rate_limit_reset - time.time())
        try:
            return api_client(*args, **kwargs)
        except carehq.exceptions.RateLimitExceeded:
            return call_api(*args, **kwargs)

    return call_api


@MOCK
def test_the_introductions_retry_loop_in_real_time(mocksrv):
    client = APIClient('MY_ACCOUNT_ID', 'MY_API_KEY', 'MY_API_SECRET', api_base_url=mocksrv.url)
    began = time.perf_counter()
    call_api = retry_loop(client, lambda seconds: time.sleep(max(0, seconds)))  # on a busy machine it is late already
    assert [call_api('GET', 'brands')["item_count"] for _ in range(12)] == [2] * 12
    assert 0.5 < time.perf_counter() - began < 30
    assert [entry["status"] for entry in mocksrv.journal(vendor="carehq")] == [200] * 12


@MOCK
def test_the_introductions_retry_loop_with_an_advanced_clock(mocksrv):
    mocksrv.clock.freeze()
    client = APIClient('MY_ACCOUNT_ID', 'MY_API_KEY', 'MY_API_SECRET', api_base_url=mocksrv.url)
    call_api = retry_loop(client, lambda seconds: mocksrv.clock.advance(1))
    assert [call_api('GET', 'brands')["item_count"] for _ in range(35)] == [2] * 35
    assert [entry["status"] for entry in mocksrv.journal(vendor="carehq")] == [200] * 35
