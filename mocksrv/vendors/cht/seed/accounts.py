"""An account for each role, with one password for all."""

from __future__ import annotations

from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.seed.hierarchy import Places
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

PASSWORD = "Secret_123"
# User name -> role; those who stay offline get a place below.
ONLINE = {"officer": "program_officer", "clerk": "data_entry", "gateway": "gateway", "analyst": "analytics",
          "configurer": "crfo", "director": "national_admin"}
WORKERS = 5  # accounts of community health workers, at most


def plant(world: World, places: Places) -> None:
    """`officer`, `clerk`, ... for roles that work online; `supervisor` and `chw1`, `chw2`, ... offline."""
    for name, role in ONLINE.items():
        add(world, name, role)
    for place, contact in places.districts[:1]:
        add(world, "supervisor", "chw_supervisor", place, contact)
    for number, (place, contact) in enumerate(places.centers[:WORKERS], 1):
        add(world, f"chw{number}", "chw", place, contact)


def add(world: World, name: str, role: str, place: str = "", contact: str = "") -> None:
    """The `_users` and user-settings documents of one account, as the users API makes them."""
    offline = app_settings.is_offline(world, [role])
    fields = {"name": name, "type": "user", "roles": [role] if offline else [role, "mm-online"]}
    if place:
        fields |= {"facility_id": [place], "contact_id": contact}
    id = auth.USER + name
    documents.database(world, "_users").put({"_id": id, **fields, "password": PASSWORD})
    documents.database(world, "medic").put({"_id": id, **fields, "type": "user-settings"})
