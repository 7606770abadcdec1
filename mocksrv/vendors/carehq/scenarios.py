"""Problems that clients of CareHQ have had."""

from mocksrv.scenario import Scenario, faulty
from mocksrv.vendors.carehq.vendor import vendor

vendor.scenarios = (
    Scenario("carehq.clock_skew", "The server's clock is 412 s ahead of the client's: every signed request gets 401.",
             "Keep the machine's clock right (NTP), and show people a 401 with its hint instead of 'wrong secret'.",
             lambda world: world.clock.set_skew(412)),
    Scenario("carehq.nonce_replay", "The next answer is lost, and the HTTP library repeats the request as it was: its "
             "nonce is known by then, so the repetition gets 401.",
             "Repeat calls, not HTTP requests: each try needs a new nonce, timestamp and signature.",
             faulty(vendor="carehq", connection="reset", after=True, times=1)),
    Scenario("carehq.shared_key", "Somebody else uses the same key: half of the calls get 429 although the client "
             "counts its own.", "Handle RateLimitExceeded even when rate_limit_remaining says there is room.",
             faulty(vendor="carehq", status=429, probability=0.5)),
    Scenario("carehq.html_error", "The next error comes from a proxy as HTML instead of JSON.",
             "Take the status from the exception; hint and arg_errors may be missing.",
             faulty(vendor="carehq", status=502, content_type="text/html", times=1)),
)
