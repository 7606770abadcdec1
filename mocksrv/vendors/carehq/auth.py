"""Authentication: keys, addresses, the rate limit, timestamps, signatures, nonces.

The order of the checks is ours; the limit is checked before the signature so that guessing is limited too.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from mocksrv.vendors.carehq import diagnosis, signatures
from mocksrv.vendors.carehq.errors import refused
from mocksrv.vendors.carehq.keys import KEYS, Key
from mocksrv.vendors.carehq.signatures import CURRENT, LEGACY, Match, Signed

if TYPE_CHECKING:
    from mocksrv.vendors.carehq.call import Call
    from mocksrv.world import World

TIMESTAMP = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)
NONCES_KEPT = 100_000
HEADER_NAMES = ("X-CareHQ-AccountId", "X-CareHQ-APIKey", "X-CareHQ-Timestamp", "X-CareHQ-Signature", "X-CareHQ-Nonce")
WINDOW = 1.0  # seconds of the rate limit
FORM = "application/x-www-form-urlencoded"


def identify(world: World, call: Call) -> None:
    """Set the caller and the arguments, or refuse."""
    check_scheme(world, call)
    key = find_key(world, call)
    if key is not None:
        used = count(world, call, key)
    signed = key is None or key.require_signature
    check_headers(call, HEADER_NAMES[:4] if signed else HEADER_NAMES[:2])
    if key is None:
        raise refused(401, "The account Id or API key is not recognized.", diagnosis=unknown_key(world, call))
    call.caller = key
    check_address(world, call, key)
    if used > key.rate_limit:
        raise too_fast(world, call, key)
    check_media_type(call)
    request = signed_parts(call)
    if key.require_signature:
        call.pairs = check_signature(world, call, key, request).pairs
    else:
        call.pairs = signatures.split(request.raw, signatures.form)


# --- the key ---------------------------------------------------------------------------------------------------------


def find_key(world: World, call: Call) -> Key | None:
    doc = world.table(KEYS).peek(f"{call.header('x-carehq-accountid')}/{call.header('x-carehq-apikey')}")
    return None if doc is None else Key(**doc)


def unknown_key(world: World, call: Call) -> str:
    account, name = call.header("x-carehq-accountid"), call.header("x-carehq-apikey")
    keys = list(world.table(KEYS).all())
    if owner := next((k["account_id"] for k in keys if k["api_key"] == name), None):
        return f"key {name} belongs to account {owner}, not to {account}"
    known = ", ".join(k["api_key"] for k in keys if k["account_id"] == account)
    if known:
        return f"account {account} has no key {name}; its keys: {known}"
    return f"there is no account {account}; the ready-made one is MY_ACCOUNT_ID with key MY_API_KEY"


def check_headers(call: Call, names: Iterable[str]) -> None:
    for name in names:
        if not call.header(name):
            raise refused(401, f"The {name} header is missing.",
                          diagnosis=f"send {name}; the official clients make it from account Id, key and secret")


# --- the connection --------------------------------------------------------------------------------------------------


def trusts_proxy(world: World, call: Call) -> bool:
    return covered(call.remote_addr, world.setting("carehq.trusted_proxies").replace(",", " ").split())


def check_ranges(text: str) -> None:
    """The setting carehq.trusted_proxies must hold addresses and CIDR ranges. Raises ValueError."""
    for part in text.replace(",", " ").split():
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            raise ValueError(f"addresses and CIDR ranges with commas or spaces, such as 10.0.0.0/8 ::1; "
                             f"{part!r} is none") from None


def check_scheme(world: World, call: Call) -> None:
    if not world.setting("carehq.require_https"):
        return
    scheme = call.scheme
    if trusts_proxy(world, call):
        scheme = call.header("x-forwarded-proto", scheme).split(",")[0].strip().lower()
    if scheme != "https":
        raise refused(403, "Requests must be made over HTTPS.",
                      diagnosis="require_https is on: serve with TLS, or set carehq.require_https=false")


def check_address(world: World, call: Call, key: Key) -> None:
    if not key.allowed_ips:
        return
    address = call.remote_addr
    if trusts_proxy(world, call):
        address = call.header("x-forwarded-for", address).split(",")[-1].strip()
    if not covered(address, key.allowed_ips):
        raise refused(403, f"The address {address} is not allowed to use this API key.",
                      diagnosis=f"key {key.api_key} takes calls from {', '.join(key.allowed_ips)} only; "
                                f"from loopback, X-Forwarded-For may name such an address")


def covered(address: str, ranges: Iterable[str]) -> bool:
    """Whether an address lies in one of the addresses and CIDR ranges."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return any(ip in ipaddress.ip_network(r, strict=False) for r in ranges)


def check_media_type(call: Call) -> None:
    """Refuse bodies that are not form-encoded; without a body the header does not matter."""
    if call.method == "GET":
        return
    kind = call.header("content-type").partition(";")[0].strip().lower()
    if kind and kind != FORM and call.body:
        raise refused(400, f"Send arguments as {FORM}.",
                      diagnosis=f"the body came as {kind}; CareHQ takes form-encoded bodies only")


# --- the rate limit --------------------------------------------------------------------------------------------------


def limited(world: World) -> bool:
    return bool(world.limits and world.setting("carehq.rate_limit"))


def count(world: World, call: Call, key: Key) -> int:
    """Count the request; returns how many there were in this window. The answer will tell what is left."""
    if limited(world):
        used, closes = world.window("carehq", WINDOW).hit((key.account_id, key.api_key), world.clock)
    else:
        used, closes = 0, world.clock.time() + WINDOW
    call.limit = [
        ("X-CareHQ-RateLimit-Limit", str(key.rate_limit)),
        ("X-CareHQ-RateLimit-Reset", point_in_time(closes)),
        ("X-CareHQ-RateLimit-Remaining", str(max(0, key.rate_limit - used))),
    ]
    return used


def point_in_time(seconds: float) -> str:
    """Unix seconds with a fraction, never earlier than given: clients wait until then and call at once."""
    whole, micros = divmod(math.ceil(seconds * 1_000_000), 1_000_000)
    return f"{whole}.{micros:06d}".rstrip("0").ljust(len(str(whole)) + 2, "0")


def too_fast(world: World, call: Call, key: Key) -> Exception:
    closes = float(call.limit[1][1])
    wait = closes - world.clock.time()
    headers = [("Retry-After", str(max(1, math.ceil(wait))))] if world.setting("carehq.retry_after") else []
    return refused(429, f"The limit of {key.rate_limit} requests per second has been exceeded.", headers=headers,
                   diagnosis=f"this key's {key.rate_limit} calls for this second are used up: wait {wait:.3f} s (until "
                             "X-CareHQ-RateLimit-Reset), then call again")


# --- the signature ---------------------------------------------------------------------------------------------------


def signed_parts(call: Call) -> Signed:
    """The parts of the call that a signature covers."""
    query = signatures.undecoded_target(call.target).partition(b"?")[2]
    get = call.method == "GET"
    return Signed(
        method=call.method.upper(),
        path=signatures.path_of(call.target),
        raw=query if get else call.body,
        other=call.body if get else query,
        timestamp=call.header("x-carehq-timestamp"),
        nonce=call.header("x-carehq-nonce"),
        signature=call.header("x-carehq-signature"),
    )


def check_signature(world: World, call: Call, key: Key, request: Signed) -> Match:
    """How the signature was found valid. Raises a Refusal if it is not."""
    version = call.header("x-carehq-signature-version") or LEGACY[0]
    legacy = version in LEGACY and world.setting("carehq.legacy_signatures")
    if version != CURRENT and not legacy:
        accepted = [CURRENT, *(LEGACY if world.setting("carehq.legacy_signatures") else ())]
        raise refused(401, f"Unknown signature version; accepted: {', '.join(accepted)}.",
                      diagnosis=diagnosis.of_version(call.header("x-carehq-signature-version"), accepted))
    if not legacy:
        check_headers(call, HEADER_NAMES[4:])
    check_timestamp(world, request.timestamp)
    matches = signatures.match_legacy if legacy else signatures.match_current
    strict = world.setting("carehq.strict_signatures")
    found = matches(request, key.api_secret, strict)
    if found is None and request.path.startswith("/v1/v1/"):
        # A client whose base URL ends in /v1 signs the path without that; the 404 that follows tells it.
        found = matches(request._replace(path=request.path[3:]), key.api_secret, strict)
    if found is None and not legacy and request.method == "GET":
        found = unsigned_query(world, request, key)
    if found is None:
        raise refused(401, "The signature does not match the request.",
                      diagnosis=diagnosis.of_signature(world, call, key, request, legacy))
    if found.how:
        call.diagnose(f"signature accepted with tolerance for {found.how}; carehq.strict_signatures refuses it")
    if not legacy:
        check_nonce(world, key, request.nonce)
    return found


def unsigned_query(world: World, request: Signed, key: Key) -> Match | None:
    """The PHP client, called with `get` in lower case, sends its query but signs an empty list of arguments."""
    if not request.raw or not signatures.fits(request, key.api_secret, []):
        return None
    if world.setting("carehq.accept_unsigned_query"):
        return Match("a query that is not signed (PHP)", signatures.split(request.raw, signatures.form))
    raise refused(401, "The signature does not match the request: it matches an empty argument list. "
                       "Was the method in lower case?",
                  diagnosis="signature matches an empty argument list: was the method lower case? "
                            + diagnosis.both_strings(request, signatures.string_to_sign(request, "")))


def check_timestamp(world: World, text: str) -> None:
    window = world.setting("carehq.clock_window")
    now = world.clock.time()
    if not TIMESTAMP.fullmatch(text):
        raise refused(401, "The timestamp is not a number of seconds.",
                      diagnosis=f"X-CareHQ-Timestamp is {text!r}; send Unix seconds such as {int(now)}")
    ahead = float(text) - now
    if window and abs(ahead) > window:
        hint = f"The timestamp is more than {window} seconds from the server clock (server time {int(now)})."
        raise refused(401, hint, diagnosis=diagnosis.of_clock(ahead, now))


def check_nonce(world: World, key: Key, nonce: str) -> None:
    """Refuse a nonce that this key has used recently, else remember it. Runs after the signature was found valid."""
    if len(nonce) > 128:
        raise refused(401, "The nonce is longer than 128 characters.", diagnosis="the clients send 22 characters")
    seen: dict[tuple[str, str, str], float] = world.memory.setdefault("carehq.nonces", {})
    now = world.clock.time()
    kept = 2 * (world.setting("carehq.clock_window") or 300)
    mark = (key.account_id, key.api_key, nonce)
    last = seen.get(mark)
    if last is not None and abs(now - last) <= kept:
        raise refused(401, "This nonce has been used before.",
                      diagnosis=f"nonce already used {abs(now - last):.0f} s ago; make a new one for every request")
    seen.pop(mark, None)
    seen[mark] = now
    for oldest in list(islice(seen, 2)):  # they stand in the order they came
        if abs(now - seen[oldest]) > kept or len(seen) > NONCES_KEPT:
            del seen[oldest]
