"""The releases of CHT that a world can run, and what changed between them: one named switch for each change.

A world runs the release that its setting `cht.release` names; an upgrade changes it. Which releases have an operation
the operation itself declares (`since=`, `until=`); what an operation does otherwise is a `Change` here, and the code
asks `releases.NAME.holds(world)`. docs/cht.md shows both as one table.

Another release needs an entry in RELEASES, `since="5.3"` at its operations, and its changes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mocksrv.call import Call
from mocksrv.operation import in_release, release_number
from mocksrv.world import World

# The documentation page and most of the recorded answers are of 4.15, so that is the default of a world.
DEFAULT = "4.15"
RELEASES = {"4.15": "4.15.0", "5.2": "5.2.0"}
OLDEST = "4.15"
SETTING = "cht.release"


class Change(NamedTuple):
    """What clients observe before and after a release, and the source of that."""

    since: str  # the release in which it came
    where: str
    before: str
    after: str
    source: str

    def holds(self, where: World | Call) -> bool:
        """Whether the release that a world runs, or that answers a request, has the change."""
        running = where.settings[SETTING] if isinstance(where, World) else where.release
        return in_release(running or DEFAULT, self.since)


# --- signing in ---

PASSWORD_CHANGE = Change(
    "4.17", "accounts written with a password", "-",
    "`password_change_required` in the `_users` document: true if somebody with full rights set the password",
    "67b533070d, shared-libs/user-management/src/users.js; recorded from 5.2.0")
FORCED_RESET = Change(
    "4.17", "POST /medic/login of an account that must change its password", "a session",
    "no session; the body leads to /medic/password-reset",
    "67b533070d, api/src/controllers/login.js; recorded from 5.2.0")
LOGIN_TEXTS = Change(
    "4.20", "POST /medic/login with a `user` or `password` that is no text", "500", "401 `Not logged in`",
    "2cbe9c1099, api/src/controllers/login.js; recorded from 5.2.0")
LOGIN_PAGES = Change(
    "4.20", "pages to log in", "-", "a box around the fields, scripts of their own, and a button for single sign-on",
    "api/src/templates/login; recorded from 5.2.0")
CLEARED_COOKIE = Change(
    "4.20", "POST /medic/login, the cookie `login` that is cleared", "without attributes", "`HttpOnly; SameSite=Lax`",
    "api/src/services/cookie.js; recorded from 5.2.0")
SSO = Change(
    "4.20", "`oidc_username` of accounts", "ignored",
    "sign in at the provider of `oidc_provider` instead of by password or link (401 at POST /medic/login)",
    "2cbe9c1099, shared-libs/user-management/src/sso-login.js; recorded from 5.2.0")
APP_URL = Change(
    "5.0", "login by SMS", "links lead to the request's host unless `app_url` is set",
    "`app_url` is needed: without it the account is written, and the answer is 500",
    "1dfd7e60df, shared-libs/user-management/src/token-login.js; recorded from 5.2.0")

# --- accounts and roles ---

ROLES_CHECKED = Change(
    "5.1", "new accounts with `roles` that are empty or no list", "place and contact are missed, or 500",
    "400 `Missing required fields: type or roles`", "d38cb4a56d; recorded from 5.2.0")
NULL_ROW = Change(
    "5.0", "a list of new accounts with null in it", "an error in that place", "500 for all",
    "1dfd7e60df; recorded from 5.2.0")
SKIPPED_ROWS = Change(
    "5.0", "the log of an upload of accounts, about rows that are skipped", "in their place; they count as progress",
    "before the others; they do not count", "1dfd7e60df; recorded from 5.2.0")
ONLINE_ROLE = Change(
    "5.1", "accounts of an offline role and `mm-online`", "offline; `mm-online` is taken away", "online; it is kept",
    "d38cb4a56d, shared-libs/user-management/src/roles.js; recorded from 5.2.0")
ADMIN_DOCUMENTS = Change(
    "5.1", "documents that the admin's first web login makes", "roles `admin`", "roles `admin`, `mm-online`",
    "d38cb4a56d; recorded from 5.2.0")
ADMIN_ROLE = Change(
    "5.1", "role `admin`", "one that nobody knows: offline", "holds all permissions in the API, but not in CouchDB",
    "d38cb4a56d; recorded from 5.2.0")
CONFIGURED_ROLES = Change(
    "5.2", "roles that are not in `roles` of the settings", "their permissions count", "they do not",
    "058554e4d3; recorded from 5.2.0")
CONTACT_LOOK_UP = Change(
    "4.22", "accounts with a `contact` that is not there", "404 `missing`",
    "404 `Contact not found [ID].`, 400 `Invalid UUID [undefined].` for an object", "6e05a0f9f8; recorded from 5.2.0")
DOC_COUNT_REFUSAL = Change(
    "5.2", "GET /api/v1/users-doc-count by others than admins", "401", "403 `User is not an admin`",
    "df30074e4f; recorded from 5.2.0")

# --- contacts ---

PAGE_ERRORS = Change(
    "4.18", "GET /api/v1/person and /place with a bad `limit` or `cursor`",
    "`The limit must be a positive number: [NaN].`, `Invalid cursor token: [abc].`",
    "`The limit must be a positive integer: [\"abc\"].`, "
    "`The cursor must be a string or null for first page: [\"abc\"].`", "5c1f9ba4a1; recorded from 5.2.0")
HYDRATED_LINEAGE = Change(
    "4.22", "`with_lineage=true` of a place without parent", "its `contact` is an id", "its `contact` is a document",
    "9c252b2ff2; recorded from 5.2.0")

# --- CouchDB through the API ---

WRITES_REWRITTEN = Change(
    "4.20", "answers to writes of documents by online users", "CouchDB's bytes, `application/json`",
    "written anew by the API: `application/json; charset=utf-8`, no final newline", "1b0ed339d9; recorded from 5.2.0")
WRITES_REFUSED = Change(
    "4.20", "writes of documents without `can_edit`", "500", "403 `Insufficient privileges`",
    "1b0ed339d9; recorded from 5.2.0")
AUDIT = Change(
    "4.20", "database `medic-audit`", "empty", "has a history of who wrote each document", "1b0ed339d9")
ADMIN_ONLY = Change(
    "5.2", "documents that admins alone may write", "forms, translations, settings, ...",
    "also `ui-extension`, which everybody replicates, and `migration-log`",
    "180c29ecf5, 2d44b01e23; recorded from 5.2.0")
FEEDBACK = Change(
    "4.18", "documents of type `feedback` that an offline user writes to `medic`", "are created, whoever it is",
    "403 `Insufficient privileges`", "api/src/services/db-doc.js and bulk-docs.js; tests/integration/api/controllers")
PRIMARY_CONTACTS = Change(
    "4.18", "`replicate_primary_contacts` of `replication_depth`", "-",
    "the primary contacts of an offline user's places belong to it, too, their reports as those of the place; of roles "
    "of the same depth the most permissive counts. The views `contacts_by_depth` and `contacts_by_primary_contact` of "
    "medic name them",
    "api/src/services/authorization.js, ddocs/medic-db/medic/views; tests/integration/api/controllers")
VIEWS = Change(
    "5.0", "views of full text, of replication keys and of medic-scripts", "answer", "404: the full-text index does it",
    "f1bdfc07c0, 668339d7e8, 544bd9a3f3; recorded from 5.2.0")
NO_PLACE = Change(
    "5.0", "replication of an account without a place", "500", "what everybody replicates",
    "f1bdfc07c0; recorded from 5.2.0")
ALL_DOCS_COUNT = Change(
    "5.1", "`replication-count-USER`", "written when the count moved", "by every replication; has `all_docs_count`",
    "63eb9ae084, df30074e4f; recorded from 5.2.0")
FAILURES_LOGGED = Change(
    "5.2", "GET /api/v1/replication/get-ids that fails", "-", "is noted in `replication-fail-MONTH-USER`",
    "74b708b551; recorded from 5.2.0")

# --- paths and headers ---

TRAILING_SLASH = Change(
    "4.22", "/api/v1/forms/ and /api/sms/", "301 to the path without slash", "answered at once",
    "8f6155274a, Express 5; recorded from 5.2.0")
SLASHES = Change(
    "4.22", "several slashes in a path", "404", "count as one", "8f6155274a; recorded from 5.2.0")
REWRITE_REDIRECT = Change(
    "4.22", "GET /medic/_design/medic/_rewrite by online users", "404 of CouchDB", "302 to the path with a slash",
    "8f6155274a; compared live")
DB_INFO = Change(
    "4.22", "GET /dbinfo by nobody", "the login page leads back to /dbinfo", "it leads back to /",
    "8f6155274a, Express 5; recorded from 5.2.0")
SECURITY_HEADERS = Change(
    "4.18", "security headers of all answers", "those of helmet 3", "those of helmet 8",
    "7c83055b89; recorded from 5.2.0")
FILE_TYPES = Change(
    "4.22", "types of scripts and pages", "`application/javascript; charset=UTF-8`", "`text/javascript; charset=utf-8`",
    "Express 5; recorded from 5.2.0")
ROUTE_LABELS = Change(
    "4.22", "label `route` of GET /api/v1/express-metrics", "patterns of Express 4", "patterns of Express 5",
    "8f6155274a; recorded from 5.2.0")

# --- monitoring, exports, the server itself ---

FULL_TEXT_FIGURES = Change(
    "5.0", "GET /api/v1/monitoring and v2", "`view_indexes` with medic-scripts", "without it; also `nouveau_indexes`",
    "f1bdfc07c0, 668339d7e8, 544bd9a3f3; recorded from 5.2.0")
FAILURE_COUNT = Change(
    "5.2", "GET /api/v2/monitoring", "-", "`replication_failure`: users with a failure lately",
    "e8d030f94b; recorded from 5.2.0")
DEVICE_STORAGE = Change(
    "5.0", "GET /api/v2/export/user-devices", "-", "`storageFree`, `storageTotal`", "149df742fc; recorded from 5.2.0")
FULL_TEXT_SEARCH = Change(
    "5.0", "`filters[search]` of exports", "`key:value` is a word, too", "words of the values alone",
    "f1bdfc07c0; recorded from 5.2.0")
DEFAULT_SETTINGS = Change(
    "5.2", "permissions of a new installation", "-",
    "also can_skip_password_change, can_get_task_notifications, can_track_task_interactions",
    "config/default; recorded from 5.2.0")
LANGUAGES = Change(
    "5.0", "documents `messages-LANGUAGE`", "`enabled` says whether the language is on",
    "`languages` of the settings does; also Arabic and Portuguese",
    "migration remove-enabled-from-translation-docs; recorded from 5.2.0")
TIMED_IDS = Change(
    "5.2", "ids of messages and of records", "UUIDs of version 4", "of version 7, which begin with the time",
    "ee04e949a3; recorded from 5.2.0")

FAILING_SCHEDULES = Change(
    "5.1", "scheduled messages that cannot be made", "stay scheduled", "are in the state `clear`, if "
    "`sms.clear_failing_schedules` of the settings says so",
    "CHT documentation, app_settings/sms; tests/integration/sentinel/schedules of cht-core")
RECIPIENTS = Change(
    "5.2", "`recipient` of messages in the settings", "a text", "also a list, of which the first counts that has a "
    "number; with `sms.default_to_sender: false` none goes to the sender instead",
    "174c06815b, shared-libs/message-utils/src/index.js; in 5.2 or before")


def changes() -> Iterator[tuple[str, Change]]:
    """All changes by name, in the order of this file."""
    return ((name, value) for name, value in globals().items() if isinstance(value, Change))


def of_version(version: str) -> str:
    """The release that stands for a version, such as 5.2 for 5.2.1 and 4.15 for 4.21.0: the newest that is no newer."""
    try:
        parts = release_number(version.partition("-")[0])
    except ValueError:  # a branch or the like
        return ""
    older = [name for name in RELEASES if release_number(name) <= parts]
    return older[-1] if older else OLDEST
