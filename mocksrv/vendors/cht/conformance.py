"""Where the API page of the CHT documentation and the 4.15.0 server disagree, and which of them a world follows.

Numbers 1 to 22 are of contacts, users and bulk operations, those from 23 on of configuration and messages. The numbers
stand in the descriptions of operations ("Differences: 1, 3."), beside the code that decides, and in docs/cht.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from mocksrv.operation import Operation
from mocksrv.world import World

CHOICES = ("server", "strict", "docs")


def mode(world: World) -> str:
    """`server`: the real server, plus what nobody who is made for it can mind; `strict`: exactly the server; `docs`:
    exactly the documentation page."""
    value: str = world.setting("cht.conformance")
    return value


def strict(world: World) -> bool:
    return mode(world) == "strict"


def docs(world: World) -> bool:
    return mode(world) == "docs"


def demands(world: World, operation: Operation) -> tuple[tuple[str, ...], bool]:
    """The permissions an operation needs, and whether it needs an online user.

    Difference 1: the page names one permission where the server also asks for `can_edit`. Difference 2: the page
    does not say that reading contacts takes an online user (trait `online="server"`). Trait `page_permission`: the
    page names another one (difference 37).
    """
    named = (docs(world) and operation.traits.get("page_permission")) or operation.permission or ()
    names = (named,) if isinstance(named, str) else named
    online = operation.traits.get("online")
    if docs(world):
        return tuple(name for name in names if name != "can_edit" or len(names) == 1), online not in (None, "server")
    return names, bool(online)


# --- the differences -------------------------------------------------------------------------------------------------

SERVER, BOTH = "server", "both"


@dataclass(frozen=True)
class Difference:
    """What page and server say about a thing; `default` is the side that conformance `server` takes.

    Conformance `strict` always takes the server's side, `docs` always the page's, as far as it can be had.
    """

    number: int
    about: str
    page: str
    server: str
    default: str = SERVER


DIFFERENCES = (
    Difference(1, "permissions to write contacts and users", "one or two of a kind each", "`can_edit` besides"),
    Difference(2, "reading people and places", "`can_view_contacts`", "online users only"),
    Difference(3, "answers to new people and places", "`id`, `rev`", "also `ok`, or also `contact`"),
    Difference(4, "a place under the wrong parent", "`Health Centers should have \"district_hospital\" parent type.`",
               "`health_center \"\" should have one of the following parent types: \"district_hospital\".`"),
    Difference(5, "`national_office`", "a place type", "only if configured"),
    Difference(6, "`place` of users", "an object with its contact in it", "a list of stored documents, or null"),
    Difference(7, "GET /api/v2/users/{username}", "has `type`", "has `roles`"),
    Difference(8, "an array of users of which one lacks something", "400 with `failingIndexes`, none is created",
               "200, each row's error in its place"),
    Difference(9, "a CSV text of which no row succeeds", "400 with the list", "200 with the list"),
    Difference(10, "the password `secret` of the examples", "accepted", "refused: too short"),
    Difference(11, "`token_login`", "any truthy value switches it on", "`true` alone does"),
    Difference(12, "type of the documents with login messages", "`login_token`", "`token_login`"),
    Difference(13, "permissions to update users", "`can_update_users`, `can_update_places`, `can_update_people`",
               "`can_edit`, `can_update_users`"),
    Difference(14, "what users change of themselves", "all but `type`, `roles`, `contact`, `place`",
               "seven properties; anything else is a 401"),
    Difference(15, "`role` of users-info", "must be configured as offline", "`_admin` and `mm-online` are refused"),
    Difference(16, "batches of bulk-delete", "100", "50"),
    Difference(17, "bulk-delete by others than online users", "not allowed (401, 403)", "500 `Server error`"),
    Difference(18, "`docs` of contacts-by-phone", "braces around several objects, which is no JSON", "a list"),
    Difference(19, "answer to the deletion of a user", "empty", "the results of both writes; the name stays taken"),
    Difference(20, "users-doc-count of all users", "shows one user's object", "a list"),
    Difference(21, "form of errors", "JSON", "text, unless the client prefers JSON"),
    Difference(22, "a new user's new place under an unknown parent", "created as an orphan",
               "refused: `Failed to find place.`"),
    Difference(23, "answer to PUT /api/v1/settings", "`upgraded`", "`updated`"),
    Difference(24, "`replace=false` in PUT /api/v1/settings", "off", "any text is on"),
    Difference(25, "GET /api/v1/forms", "names of XML and JSON definitions", "XML alone"),
    Difference(26, "download links of forms", "with the document's id", "with the definition's id", BOTH),
    Difference(27, "path to store a RapidPro message, version 1", "named rapidpro", "misspelt radpidpro", BOTH),
    Difference(28, "credentials of CHT 3 in CouchDB's configuration", "used", "written, but no longer read"),
    Difference(29, "a record without a field that its form requires", "500", "200; told in the document's `errors`"),
    Difference(30, "`messages: null` from a gateway", "allowed (by cht-gateway's protocol)", "500"),
    Difference(31, "GET /api/v2/export/contacts", "a JSON array", "CSV"),
    Difference(32, "who may export dhis", "`can_export_dhis`", "`can_export_all`; everybody else gets a 500"),
    Difference(33, "`humanReadable` of exports in a JSON body", "`true`", "only the text `\"true\"` counts"),
    Difference(34, "`valid` and `verified` of exports in a JSON body", "JSON's own `true`",
               "only the texts count"),
    Difference(35, "rows of the messages export", "each message once",
               "once for each entry of an index; none for records that send nothing"),
    Difference(36, "parameters of the feedback export", "`skip_header_row` leaves out the header, `tz` moves dates",
               "ignored"),
    Difference(37, "who may upgrade", "`can_configure`", "`can_upgrade`"),
    Difference(38, "where an upgrade's progress stands", "the document `horti-upgrade` in medic",
               "the documents `upgrade_log:...` in medic-logs"),
    Difference(39, "completing an upgrade", "takes no body; 404 unless one is staged",
               "takes the build, staged or not; 500 without one"),
    Difference(40, "`buildsUrl` of the upgrade's progress", "ends in `/builds`", "ends in `/_couch/builds_4`"),
    Difference(41, "monitoring", "muted messages are counted under `final`", "under `muted`; also sizes"),
    Difference(42, "who is not signed in", "not said", "302 to the login page or 401, by Accept and User-Agent"),
    Difference(43, "columns of the messages export", "titles in words", "16 names of fields"),
    Difference(44, "path to store credentials", "the heading has no key", "with a key"),
)
CHOSEN = {SERVER: "the server's", BOTH: "both"}


def markdown() -> str:
    """The table of the documentation."""
    lines = ["| # | about | the page says | the server does | default |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {one.number} | {one.about} | {one.page} | {one.server} | {CHOSEN[one.default]} |"
              for one in DIFFERENCES]
    return "\n".join(lines) + "\n"
