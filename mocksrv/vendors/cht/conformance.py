"""Where the API page of the CHT documentation and the 4.15.0 server disagree, and which of them a world follows.

Each difference is declared here, by a name that says what it is about. The code that decides asks it by that name
(`if Difference.JSON_FORMS.as_page(world)`), operations declare those that concern them (`differences=(...)`), and
docs/differences.md and OpenAPI list them.
"""

from __future__ import annotations

from enum import Enum

from mocksrv.operation import Operation
from mocksrv.world import World

PAGE, SERVER, BOTH = "page", "server", "both"
CHOICES = (BOTH, SERVER, PAGE)
# The words of versions before 0.2. Theirs for the default was `server`, which now means what it says.
OLD_WORDS = {"strict": SERVER, "docs": PAGE}


def mode(world: World) -> str:
    """Which side a world follows: `both` the server, plus what only the page has if that disturbs no client of the
    server; `server` the server alone; `page` the page, as far as possible."""
    value: str = world.settings["cht.conformance"]
    return value


def demands(world: World, operation: Operation) -> tuple[tuple[str, ...], bool]:
    """The permissions that an operation needs, and whether it needs an online user.

    `online="server"`: see `ONLINE_READERS`; trait `page_permission`: the permission that the page names instead.
    """
    page = operation.traits.get("page_permission")
    named = (mode(world) == PAGE and page) or operation.permission or ()
    names = (named,) if isinstance(named, str) else named
    online = operation.traits.get("online")
    if Difference.EDIT_PERMISSION.as_page(world):
        names = tuple(name for name in names if name != "can_edit" or len(names) == 1)
    return names, bool(online) and not (online == "server" and Difference.ONLINE_READERS.as_page(world))


class Difference(Enum):
    """What the page says and what the server does; `default` is the side that conformance `both` takes."""

    def __init__(self, about: str, page: str, server: str, default: str = SERVER) -> None:
        self.about = about
        self.page = page
        self.server = server
        self.default = default

    def side(self, world: World) -> str:
        chosen = mode(world)
        return self.default if chosen == BOTH else chosen

    def as_page(self, world: World) -> bool:
        """Whether the world does what the page says, and not what the server does."""
        return self.side(world) == PAGE

    def as_server(self, world: World) -> bool:
        """Whether the world does what the server does, and not what the page says."""
        return self.side(world) == SERVER

    EDIT_PERMISSION = ("permissions to write contacts and users", "one or two of a kind each", "`can_edit` besides")
    ONLINE_READERS = ("reading people and places", "`can_view_contacts`", "online users only")
    CONTACT_ANSWERS = ("answers to new people and places", "`id`, `rev`", "also `ok`, or also `contact`")
    WRONG_PARENT = (
        "a place under the wrong parent", "`Health Centers should have \"district_hospital\" parent type.`",
        "`health_center \"\" should have one of the following parent types: \"district_hospital\".`")
    NATIONAL_OFFICE = ("`national_office`", "a place type", "only if configured")
    USER_PLACES = ("`place` of users", "an object with its contact in it", "a list of stored documents, or null")
    USER_TYPE = ("GET /api/v2/users/{username}", "has `type`", "has `roles`")
    INCOMPLETE_USERS = (
        "an array of users of which one lacks something", "400 with `failingIndexes`, none is created",
        "200, each row's error in its place")
    FAILED_CSV = ("a CSV text of which no row succeeds", "400 with the list", "200 with the list")
    WEAK_PASSWORD = ("the password `secret` of the examples", "accepted", "refused: too short")
    TOKEN_LOGIN_VALUE = ("`token_login`", "any truthy value switches it on", "`true` alone does")
    LOGIN_MESSAGE_TYPE = ("type of the documents with login messages", "`login_token`", "`token_login`")
    LOGIN_LINK_PORT = ("links of login by SMS", "lead to the request's host and port", "lose the port", PAGE)
    USER_UPDATE_PERMISSIONS = (
        "permissions to update users", "`can_update_users`, `can_update_places`, `can_update_people`",
        "`can_edit`, `can_update_users`")
    OWN_ACCOUNT = (
        "what users change of themselves", "all but `type`, `roles`, `contact`, `place`",
        "seven properties; anything else is a 401")
    USERS_INFO_ROLE = ("`role` of users-info", "must be configured as offline", "`_admin` and `mm-online` are refused")
    BULK_DELETE_BATCHES = ("batches of bulk-delete", "100", "50")
    BULK_DELETE_REFUSALS = ("bulk-delete by others than online users", "not allowed (401, 403)", "500 `Server error`")
    CONTACTS_BY_PHONE = ("`docs` of contacts-by-phone", "braces around several objects, which is no JSON", "a list")
    USER_DELETION = ("answer to the deletion of a user", "empty", "the results of both writes; the name stays taken")
    USERS_DOC_COUNT = ("users-doc-count of all users", "shows one user's object", "a list")
    ERROR_FORMAT = ("form of errors", "JSON", "text, unless the client prefers JSON")
    UNKNOWN_PARENT = (
        "a new user's new place under an unknown parent", "created as an orphan", "refused: `Failed to find place.`")
    SETTINGS_ANSWER = ("answer to PUT /api/v1/settings", "`upgraded`", "`updated`")
    REPLACE_FALSE = ("`replace=false` in PUT /api/v1/settings", "off", "any text is on")
    JSON_FORMS = ("GET /api/v1/forms", "names of XML and JSON definitions", "XML alone")
    FORM_LINKS = ("download links of forms", "with the document's id", "with the definition's id")
    FORM_NAMES = ("GET /api/v1/forms/{form} by the id in the definition, or in another letter case", "-", "404", BOTH)
    RAPIDPRO_PATH = ("path to store a RapidPro message, version 1", "named rapidpro", "misspelt radpidpro", BOTH)
    OLD_CREDENTIALS = ("credentials of CHT 3 in CouchDB's configuration", "used", "written, but no longer read")
    MISSING_FIELDS = ("a record without a field that its form requires", "500", "200; listed in its `errors`")
    NULL_MESSAGES = ("`messages: null` from a gateway", "allowed (by cht-gateway's protocol)", "500")
    CONTACTS_EXPORT = ("GET /api/v2/export/contacts", "a JSON array", "CSV")
    DHIS_PERMISSION = ("who may export dhis", "`can_export_dhis`", "`can_export_all`; everybody else gets a 500")
    HUMAN_READABLE = ("`humanReadable` of exports in a JSON body", "`true`", "only the text `\"true\"` counts")
    VALID_AND_VERIFIED = (
        "`valid` and `verified` of exports in a JSON body", "JSON's own `true`", "only the texts count")
    MESSAGE_ROWS = (
        "rows of the messages export", "each message once",
        "once for each entry of an index; none for records that send nothing")
    FEEDBACK_PARAMETERS = (
        "parameters of the feedback export", "`skip_header_row` leaves out the header, `tz` moves dates", "ignored")
    EXPORT_PAGES = (
        "a `limit` of exports that is text, or no positive number", "is the size of a page",
        "is put behind the rows to skip as text: rows come twice, or not at all")
    UPGRADE_PERMISSION = ("who may upgrade", "`can_configure`", "`can_upgrade`")
    UPGRADE_PROGRESS = (
        "where an upgrade's progress stands", "the document `horti-upgrade` in medic",
        "the documents `upgrade_log:...` in medic-logs")
    UPGRADE_COMPLETION = (
        "completing an upgrade", "takes no body; 404 unless one is staged",
        "takes the build, staged or not; 500 without one")
    BUILDS_URL = ("`buildsUrl` of the upgrade's progress", "ends in `/builds`", "ends in `/_couch/builds_4`")
    MUTED_MESSAGES = ("monitoring, muted messages", "counted under `final`", "counted under `muted`")
    MONITORING_SIZES = ("monitoring, sizes of databases and view indexes", "not there", "`sizes`, `view_indexes`")
    NOT_SIGNED_IN = ("who is not signed in", "not said", "302 to the login page or 401, by Accept and User-Agent")
    MESSAGE_COLUMNS = ("columns of the messages export", "titles in words", "16 names of fields")
    CREDENTIALS_KEY = ("path to store credentials", "the heading has no key", "with a key")
    FORM_VALIDATION = (
        "POST /api/v1/forms/validate", "also `text/xml`; no document type declaration",
        "`application/xml` and the like alone; any well-formed XML")


CHOSEN = {PAGE: "the page's", SERVER: "the server's", BOTH: "both"}


def markdown() -> str:
    """The table of the documentation."""
    lines = ["| name | about | the page says | the server does | default |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| `{one.name.lower()}` | {one.about} | {one.page} | {one.server} | {CHOSEN[one.default]} |"
              for one in Difference]
    return "\n".join(lines) + "\n"
