"""The tables of CommCare HQ and their indexes.

Documents of the shared tables (ids in brackets):

* `commcare.cases` [case_id]: case_id, domain, case_type, case_name, owner_id, external_id (`""` when unset),
  opened_by, closed_by, user_id, date_opened, date_modified, server_date_opened, server_date_modified, closed,
  date_closed, indices `{name: {"case_id", "case_type", "relationship"}}`, properties (custom ones only,
  texts), xform_ids, indexed_on.
* `commcare.forms` [form_id]: form_id, domain, xmlns, app_id, build_id, form, metadata, received_on,
  edited_on, edited_by_user_id, server_modified_on, indexed_on, archived, attachments, case_ids, user_id,
  submit_ip, is_phone_submission, problem, initial_processing_complete; state is `normal`. Attachment bytes:
  `commcare.blobs` [form_id/name]: content_type, data (base64).
* `commcare.odd_forms` [form_id]: the same, with the state `duplicate`, `error`, `deprecated` (replaced by an
  edit; orig_id is what it was) or `broken` (no XForm at all: only problem, received_on and its bytes).
* `commcare.uploads` [id]: id, domain, kind (`cases` or `tables`) and what became of an uploaded workbook.
* `commcare.users` [user id]: id, domain, username (full), password, first_name, last_name, email, language,
  phone_numbers, default_phone_number, user_data, active, role, location_id, location_ids, created_on,
  last_modified.
* `commcare.web_users` [user id]: id, username, password, first_name, last_name, email, phone_numbers, active,
  memberships `{domain: {"role", "is_admin", ...}}`, last_modified.
* `commcare.keys` [key]: key, user_id, active, expires, ips, domain, role.
* `commcare.domains` [name]: see `domains.py`.
* `commcare.repeaters` [id]: see `repeaters/configured.py`; `commcare.repeat_records` [id]: what is forwarded, with its
  state and attempts.
"""

from __future__ import annotations

import re
from typing import Any

from mocksrv.store import Index, TableSpec, on
from mocksrv.vendors.commcare.repeaters import configured

# A term of an analysed field: what stands between white space (Java's, without non-breaking blanks), in pieces.
TERM = re.compile(r"[^\t-\r\x1c-\x20\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]{1,255}")


def words(value: Any) -> list[str]:
    """The terms of an analysed field, in lower case. commcare-hq corehq/apps/es/index/analysis.py."""
    return sorted(set(TERM.findall(str(value).lower())))


def by(*fields: str) -> Index:
    """An ordered index on the domain and these fields; missing values sort first."""
    return Index(lambda doc: [(doc["domain"], *(doc[field] or "" for field in fields))], ordered=True)


def same(field: str) -> Index:
    """A hash index on the domain and one field."""
    return Index(lambda doc: [(doc["domain"], doc[field])])


TABLES = (
    TableSpec("commcare.domains"),
    TableSpec("commcare.web_users", {"by_username": on("username")}),
    TableSpec("commcare.keys", {"by_user": on("user_id")}),
    TableSpec("commcare.users", {
        "by_username": on("username"),
        "by_name": Index(lambda doc: [(doc["domain"], doc["active"], doc["username"])], ordered=True),
        "by_location": Index(lambda doc: [(doc["domain"], place) for place in doc["location_ids"]]),
    }),
    TableSpec("commcare.retired_usernames"),  # of mobile workers that were deleted: nobody can have them again
    TableSpec("commcare.groups", {
        "by_name": by("name"),
        "by_member": Index(lambda doc: [(doc["domain"], user) for user in doc["users"] or () if isinstance(user, str)]),
    }),
    TableSpec("commcare.cases", {
        "by_server_modified": by("server_date_modified"),
        "by_modified": by("date_modified"),
        "by_indexed": by("indexed_on"),
        "by_type": by("case_type", "indexed_on"),
        "by_type_word": Index(lambda doc: [(doc["domain"], word, doc["server_date_modified"])
                                           for word in words(doc["case_type"])], ordered=True),
        "by_owner": same("owner_id"),
        "by_external_id": same("external_id"),
        "by_parent": Index(lambda doc: [(doc["domain"], x["case_id"]) for x in doc["indices"].values()]),
    }),
    TableSpec("commcare.forms", {
        "by_received": by("received_on"),
        "by_server_modified": by("server_modified_on"),
        "by_indexed": by("indexed_on"),
        "by_xmlns": by("xmlns", "received_on"),
        "by_app": by("app_id", "received_on"),
        "by_case": Index(lambda doc: [(doc["domain"], case) for case in doc["case_ids"]]),
        "by_archived": Index(lambda doc: [doc["domain"]] if doc["archived"] else []),
    }),
    TableSpec("commcare.blobs"),
    TableSpec("commcare.odd_forms"),  # duplicates, failed and replaced forms: no list shows them
    TableSpec("commcare.apps", {"by_created": by("created")}),
    TableSpec("commcare.location_types", {
        "by_number": Index(lambda doc: [(doc["domain"], doc["id"])], ordered=True),
    }),
    TableSpec("commcare.locations", {
        "by_number": Index(lambda doc: [(doc["domain"], doc["id"])], ordered=True),
        "by_site_code": same("site_code"),
        "by_parent": same("parent_id"),
        "by_modified": by("last_modified"),
    }),
    TableSpec("commcare.lookup_tables", {"by_domain": on("domain")}),
    TableSpec("commcare.lookup_rows", {
        "by_domain": on("domain"),
        "by_table": Index(lambda doc: [(doc["domain"], doc["table_id"], doc["sort_key"])], ordered=True),
    }),
    TableSpec("commcare.events", {
        "by_activity": by("date_last_activity", "id"),
        "by_case": same("case_id"),
    }),
    TableSpec("commcare.data_sources", {"by_name": by("display_name")}),
    TableSpec("commcare.data_rows", {
        "by_inserted": Index(lambda doc: [(doc["source"], doc["inserted_at"], doc["doc_id"])], ordered=True),
    }),
    TableSpec("commcare.data_source_subscriptions"),
    TableSpec("commcare.reports", {"by_title": by("title")}),
    TableSpec("commcare.exports", {"by_name": by("type", "name")}),
    TableSpec("commcare.odata_configs"),
    TableSpec("commcare.actions", {"by_start": by("start", "user_id")}),
    TableSpec("commcare.device_logs", {"by_date": by("date")}),
    TableSpec("commcare.invitations", {"by_email": same("email")}),
    TableSpec("commcare.uploads"),
    *configured.TABLES,
)
