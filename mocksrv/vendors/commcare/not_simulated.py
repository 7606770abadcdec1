"""Resources that CommCare HQ has and that are not simulated: asking for one is answered with 501 and this fact."""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.vendor import vendor
from mocksrv.world import World

# resource -> versions, source
NOT_SIMULATED = {
    "product": (("v0.3",), "corehq/apps/commtrack/resources/v0_1.py"),
    "project_space_metadata": (("v0.4", "v0.5", "v1"), "corehq/apps/api/resources/v0_4.py"),
    "fixture_internal": (("v0.5", "v1"), "corehq/apps/fixtures/resources/v0_1.py"),
    "location_internal": (("v0.5", "v1"), "corehq/apps/locations/resources/v0_5.py"),
}


def not_simulated(world: World, call: Call) -> Any:
    """Part of the real API only."""
    raise NotImplementedError("answered with 501 before it gets here")


for resource, (versions, file) in NOT_SIMULATED.items():
    vendor.resource("GET", resource, *versions, name=resource, simulated=False, source=f"commcare-hq {file}",
                    proof="source")(not_simulated)
