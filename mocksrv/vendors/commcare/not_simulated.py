"""Routes of CommCare HQ that are not simulated: requests get a 501 that says so."""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor
from mocksrv.world import World

# resource -> versions, source
NOT_SIMULATED = {
    "product": (("v0.3",), "corehq/apps/commtrack/resources/v0_1.py"),
    "project_space_metadata": (("v1", "v0.5", "v0.4"), "corehq/apps/api/resources/v0_4.py"),
    "fixture_internal": (("v1", "v0.5"), "corehq/apps/fixtures/resources/v0_1.py"),
    "location_internal": (("v1", "v0.5"), "corehq/apps/locations/resources/v0_5.py"),
}
# the import of applications: name -> method, path
APPS = {
    "import_app": ("POST", "import_app/"),
    "upload_app_multimedia": ("POST", "{app_id}/multimedia/"),
    "get_app_multimedia_status": ("GET", "{app_id}/multimedia/status/{processing_id}/"),
}


def not_simulated(world: World, call: Call) -> Any:
    """Part of the real API only."""
    raise NotImplementedError("answered with 501 before it gets here")


for resource, (versions, file) in NOT_SIMULATED.items():
    vendor.resource("GET", resource, *versions, name=resource, simulated=False, source=f"commcare-hq {file}",
                    proof="source", until="" if "v1" in versions else "v0.4")(not_simulated)
for name, (method, path) in APPS.items():
    vendor.view(method, f"/a/{DOMAIN}/apps/api/{path}", name=name, permission="edit_apps", simulated=False,
                source="commcare-hq docs/api/import-app.rst", proof="docs")(not_simulated)
