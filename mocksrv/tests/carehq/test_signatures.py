"""The signature vectors of CareHQ's official clients: each is accepted, and refused with any one bit changed."""

from types import SimpleNamespace
from urllib.parse import urlencode

import carehq
import carehq.client
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.carehq import signing
from mocksrv.vendors.carehq.signatures import Signed, match_current, match_legacy, path_of, split, undecoded

SECRET = "MY_API_SECRET"
NONCE = "AAECAwQFBgcICQoLDA0ODw"
SECONDS, MICROS, PHP = "1704728512", "1704728512.123456", "1704728512.1235"

V1, V2, V3, V4, V5, V6, V7 = (
    ("GET", "/v1/users", []),
    ("GET", "/v1/users", [("filters-q", "ant"), ("attributes", "last_name"), ("attributes", "first_name")]),
    ("GET", "/v1/service-users", [
        ("filters-q", "Zoë Brontë-O’Hara"), ("filters-ids", "b"), ("filters-ids", "a"), ("filters-ids", "A"),
        ("filters-ids", "É"), ("page", "2")]),
    ("PUT", "/v1/care-enquiries", [
        ("first_name", "José"), ("last_name", "O'Neil & Sons"), ("phone", "+44 7700 900123"),
        ("care_requirements", "Line 1\nLine 2 = 100%"), ("given_age", "84"), ("notes", "")]),
    ("PATCH", "/v1/care-enquiries/6724fbca4f73a2cebf638579", [
        ("genders", "male"), ("genders", "female"), ("genders", "male"), ("dementia", "True")]),
    ("DELETE", "/v1/comments/6724fbcb4f73a2cebf638852", []),
    ("GET", "/v1/groups", [("filters-q", "😀"), ("filters-q", "ﬁ")]),
)


def with_dementia(spelling):
    method, path, pairs = V5
    return method, path, [(key, spelling if key == "dementia" else value) for key, value in pairs]


def moved(vector, *names):
    """The vector with its keys in another order on the wire."""
    method, path, pairs = vector
    return method, path, [pair for name in names for pair in pairs if pair[0] == name]


CURRENT = {
    "V1": (V1, "79553a32be425c05ed8819b61111be46ac84fb0d0ebd33b1bab3473a2893ce03"),
    "V2": (V2, "697a216f0e00d0f92acc7ae662a7927510c9bcff198b5aee157db55ce0ccc960"),
    "V3": (V3, "29e9e637dcb9a64f2382e1bcb5d73c1671bd087fa71107b0e555144f6a032f6e"),
    "V4": (V4, "43792876d6fd4a17debf1f1b806c462a80364f894f33efca904bdf24c58d335b"),
    "V5 Python": (V5, "9fd493d70c2f0b3f4353939b4886b0d5495f42b0d1d7c126384bf51e34d547e9"),
    "V5 PHP": (with_dementia("1"), "7973ccbe2e888b94366d7bc79d9dba514e9927960ad690ea596b503f870dabca"),
    "V5 Ruby, JavaScript": (with_dementia("true"), "dff1361288a7802ae3f4d4d8e34179f4aa9e4c75308180513472290655224e7e"),
    "V6": (V6, "81a456f3fc0eff1ffb2ebe7d1943192f0663f647c9f5824f85748760cd7ea0b0"),
    "V7 by code point": (V7, "4548f7d536c021eee38d75cb59e6b9d9c8b80f629bb8081313b6b168204eb7d1"),
    "V7 by code unit (JavaScript)": (V7, "760b99a90c8bc8a186a16cb03e3500de67906fb93c7b0ed992a302369016cc3c"),
    "V8": (V1, "2c09ab18d488b82e2fea9414b31a828791f376f5941051f7f3fbe9f26bd1e1c6"),
}
LEGACY = {
    "L1": (V1, MICROS, "7ed463431b0d7706b1dc5573cd64ce48307166f7"),
    "L1 for V6": (V6, MICROS, "7ed463431b0d7706b1dc5573cd64ce48307166f7"),
    "L2": (V2, MICROS, "fbe60e5e60fc98d6f44b45449bd93fc5e494ff72"),
    "L3": (V3, MICROS, "b85b5c0485e4cb24aef3d9e304840e509706542c"),
    "L4": (V4, MICROS, "dc12e0f3b9e960e4e1cf463bdbc8fe7aba1d288e"),
    "L5": (V5, MICROS, "abc8825f96d338dd99b71ff9fb0fb1bf36ed144a"),
    "L6": (V1, PHP, "899ff492dea6e3fecbaef9e0bea2177c47948ddf"),
    "L7": (V2, PHP, "527fa235eb5b6cfab845d6976551db59e995b012"),
    "L8": (V3, PHP, "9ca8c6023ea4cdfe9aae722c3841b71b36be90ee"),
    "L9": (V4, PHP, "a22993ad59d79dbe35005440bfc94703ceae92c7"),
    "L10": (V7, MICROS, "c73d37c15b9fd799f47675e22ce1c3c244e30b6f"),
    "L11": (V1, SECONDS, "f5cd1689c9a5d851a5a47fdd4f511a31b146fb58"),
    "L12": (moved(V2, "attributes", "filters-q"), SECONDS, "32f4723ee5d97498147e7e8b156c0d7b417bda47"),
    "L13": (V4, SECONDS, "175bd4c9a77ee6a478b37b4c6aa0298866df9d49"),
    "J1": (V1, MICROS, "294db8a9cd7dba20fc3f9e9be07fd7d93ad08c8a"),
    "J2": (V2, MICROS, "32f3a40173265f6325c521b66f0bd11a7d5b9329"),
    "J3": (V3, MICROS, "eddd24fe747845558fbcf90d4d2d42a7891437de"),
    "J4": (V4, MICROS, "953eda46fe93d7c2211a8a83e61f13490968a13c"),
    "J5": (V5, MICROS, "e98ef3344903677a1af05bba5c9b68a8f507a302"),
}
# The key `tags` was hashed although nothing of it is sent: no server can know.
UNVERIFIABLE = {
    "L5 Ruby": (with_dementia("true"), MICROS, "dd23ecb8165c0fa2724656f7534e6847af5cc2c2"),
    "L5 PHP": (with_dementia("1"), PHP, "54358d9891533b6f6763fd9cc2ea38643744abea"),
}


def secret_of(name):
    return "sécret" if name == "V8" else SECRET


def request(vector, timestamp, signature):
    method, path, pairs = vector
    return Signed(method, path, urlencode(pairs).encode(), b"", timestamp, NONCE, signature)


def flips(text):
    """The text with each of its characters changed by one bit."""
    for at, character in enumerate(text):
        yield text[:at] + chr(ord(character) ^ 1) + text[at + 1:]


def test_there_are_29_vectors_that_verify():
    assert len(CURRENT) + len({name.split()[0] for name in LEGACY}) == 29


@pytest.mark.parametrize("name", CURRENT)
def test_a_vector_of_scheme_2_is_accepted(name):
    vector, signature = CURRENT[name]
    found = match_current(request(vector, SECONDS, signature), secret_of(name), strict=False)
    assert found is not None
    assert found.pairs == vector[2]
    assert bool(found.how) == ("JavaScript)" in name)


@pytest.mark.parametrize("name", CURRENT)
def test_a_vector_of_scheme_2_is_refused_with_one_bit_changed(name):
    vector, signature = CURRENT[name]
    good = request(vector, SECONDS, signature)
    for field in ("signature", "timestamp", "nonce", "method", "path"):
        for changed in flips(getattr(good, field)):
            assert match_current(good._replace(**{field: changed}), secret_of(name), strict=False) is None, changed
    for at, (key, value) in enumerate(vector[2]):
        for pair in [*((k, value) for k in flips(key)), *((key, v) for v in flips(value))]:
            pairs = [*vector[2][:at], pair, *vector[2][at + 1:]]
            changed = good._replace(raw=urlencode(pairs).encode())
            assert match_current(changed, secret_of(name), strict=False) is None, pair
    assert match_current(good, "MY_API_SECREU", strict=False) is None


@pytest.mark.parametrize("name", LEGACY)
def test_a_legacy_vector_is_accepted(name):
    vector, timestamp, signature = LEGACY[name]
    found = match_legacy(request(vector, timestamp, signature), SECRET, strict=True)
    assert found is not None
    assert found.pairs == vector[2]


@pytest.mark.parametrize("name", LEGACY)
def test_a_legacy_vector_is_refused_with_one_bit_changed(name):
    vector, timestamp, signature = LEGACY[name]
    good = request(vector, timestamp, signature)
    for field in ("signature", "timestamp"):
        for changed in flips(getattr(good, field)):
            assert match_legacy(good._replace(**{field: changed}), SECRET, strict=False) is None, changed
    for at, (key, value) in enumerate(vector[2]):
        for pair in [*((k, value) for k in flips(key)), *((key, v) for v in flips(value))]:
            pairs = [*vector[2][:at], pair, *vector[2][at + 1:]]
            changed = good._replace(raw=urlencode(pairs).encode())
            assert match_legacy(changed, SECRET, strict=False) is None, pair


@pytest.mark.parametrize("name", UNVERIFIABLE)
def test_what_was_signed_but_not_sent_cannot_be_verified(name):
    assert match_legacy(request(*UNVERIFIABLE[name]), SECRET, strict=False) is None


def test_order_on_the_wire_matters_to_the_legacy_scheme_alone():
    vector, signature = CURRENT["V2"]
    other = moved(vector, "attributes", "filters-q")
    assert match_current(request(other, SECONDS, signature), SECRET, strict=True)
    _, timestamp, signature = LEGACY["L2"]
    assert match_legacy(request(other, timestamp, signature), SECRET, strict=False) is None


def test_the_vectors_tell_the_schemes_apart():
    for name, (vector, signature) in CURRENT.items():
        assert match_legacy(request(vector, SECONDS, signature), secret_of(name), strict=False) is None
    for vector, timestamp, signature in LEGACY.values():
        assert match_current(request(vector, timestamp, signature), SECRET, strict=False) is None


def test_strict_refuses_javascripts_order():
    vector, signature = CURRENT["V7 by code unit (JavaScript)"]
    assert match_current(request(vector, SECONDS, signature), SECRET, strict=True) is None


@pytest.mark.parametrize(("target", "path"), [
    ("/v1/users", "/v1/users"),
    ("/v1/users/?page=2", "/v1/users/"),
    ("/carehq/v1/users", "/v1/users"),
    ("/~a%20world/carehq/v1/users//x", "/v1/users//x"),
    ("/v1/caf%C3%A9%2Fx", "/v1/café/x"),
    ("/v1/v1/users", "/v1/v1/users"),
    ("/users", "/users"),
])
def test_the_signed_path_starts_at_the_version(target, path):
    assert path_of(target) == path


def test_bytes_that_are_no_text_survive_decoding():
    assert split(b"a=%FF&b=\xff&&c", undecoded) == [("a", "%FF"), ("b", "\udcff"), ("c", "")]


# --- the signer of the contract tests --------------------------------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
ARGUMENTS = st.dictionaries(TEXT.filter(bool), TEXT | st.lists(TEXT, min_size=1, max_size=4), max_size=5)


@settings(deadline=None)
@given(st.sampled_from(["get", "put", "patch", "delete"]), ARGUMENTS)
def test_the_signer_of_the_contract_tests_signs_as_the_official_client(method, arguments):
    """The client's request is caught before it is sent, and signed once more from its bytes."""
    sent = []

    def catch(url, **given):
        sent.append(requests.Request(method.upper(), url, given["headers"], params=given["params"],
                                     data=given["data"]).prepare())
        return SimpleNamespace(headers={}, status_code=200, json=dict)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carehq.client, "requests", SimpleNamespace(**{method: catch}))
        client = carehq.APIClient("account", "key", SECRET, api_base_url="http://127.0.0.1:1")
        client(method, "users", **{"params" if method == "get" else "data": arguments})
    (request,) = sent
    encoded = request.url.partition("?")[2] if method == "get" else request.body or ""
    headers = request.headers
    assert headers["X-CareHQ-Signature"] == signing.signature(
        SECRET, headers["X-CareHQ-Timestamp"], headers["X-CareHQ-Nonce"], method.upper(), "/v1/users", encoded.encode())
