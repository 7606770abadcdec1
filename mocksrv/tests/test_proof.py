"""How sure we are of an operation: what is declared, and what replays and live runs add."""

import pytest

from mocksrv.operation import Vendor


@pytest.mark.parametrize("level", ["recorded", "live", "sure"])
def test_what_only_a_run_can_find_is_never_declared(level):
    with pytest.raises(ValueError, match="replays and live runs"):
        Vendor().operation("GET", "/v1/things", proof=level)
