"""Problems that clients of the Community Health Toolkit have had."""

from __future__ import annotations

from mocksrv.scenario import Scenario, faulty
from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.setup import upgrade_log
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World


def fail_logins(world: World) -> None:
    """Use up the failed logins of callers from this machine."""
    for address in ("127.0.0.1", "::1"):
        world.window(auth.LIMITER, auth.SECONDS).hit(address, world.clock, auth.POINTS)


def forbid_clinics_below_health_centers(world: World) -> None:
    """Change the configuration of the hierarchy while clients use it."""
    kinds = [dict(kind) for kind in app_settings.read(world).get("contact_types", [])]
    for kind in kinds:
        if kind.get("id") == "clinic":
            kind["parents"] = ["district_hospital"]
    app_settings.update(world, {"contact_types": kinds}, "replace")


def break_lineage(world: World) -> None:
    """Delete a health center that has clinics and people below it."""
    medic = documents.database(world, "medic")
    for clinic in medic.of_contact_type("clinic", 0, 100):
        parent = (clinic.get("parent") or {}).get("_id")
        if isinstance(parent, str) and parent in medic:
            medic.delete(parent)
            return


def upgrade(world: World) -> None:
    """Start an upgrade: the world runs the new release after some time on its clock."""
    if world.setting(releases.SETTING) == releases.OLDEST:
        build = {"namespace": "medic", "application": "medic", "version": releases.RELEASES["5.2"]}
        upgrade_log.start(world, "upgrade", build, "admin", (*upgrade_log.STAGING, *upgrade_log.COMPLETING))


vendor.scenarios = (
    Scenario("cht.failed_logins_429", "Ten logins from this address have just failed: for ten seconds even right Basic "
             "credentials get 429.", "Log in once, keep the session cookie, and wait after a 429.", fail_logins),
    Scenario("cht.partial_place_write", "The configuration no longer lets clinics be below health centers: a clinic "
             "that is posted with a new health center fails, and the health center stays.",
             "Create places one by one from the top, or clean up what a failed request left behind.",
             forbid_clinics_below_health_centers),
    Scenario("cht.bulk_delete_cut", "The next bulk-delete ends after its first batch: half a JSON document, no closing "
             "chunk.", "Read the batches as they come, and ask again for the ids that were not confirmed.",
             faulty(vendor="cht", operation="bulk_delete", cut_after=2, times=1)),
    Scenario("cht.broken_lineage", "A health center was deleted while clinics and people are still below it: lineage "
             "holds a bare {_id} in its place.", "Do not expect every parent to have a name.", break_lineage),
    Scenario("cht.lost_user_creation", "The next user is created but the answer is lost; trying again says that the "
             "name is taken.", "After a lost answer look whether the user is there before creating it again.",
             faulty(vendor="cht", method="POST", path="/api/v*/users", connection="reset", after=True, times=1)),
    Scenario("cht.upgrade_to_5", "The server is just being upgraded from 4.15 to 5.2: GET /api/v2/upgrade shows how "
             "far it is; once it is done operations are there or gone, new accounts must change their password, and "
             "what is not in `roles` of the settings gives no permissions.",
             "Ask GET /api/v2/monitoring for version.app instead of taking a release for granted, and try your client "
             "against both.", upgrade),
)
