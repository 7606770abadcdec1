"""JSON Schema of requests that have no marshmallow schema, for the documentation. Parameters of CouchDB
that are JSON in the query are texts here."""

from __future__ import annotations

from mocksrv.described.json_schema import ANYTHING, NUMBER, OBJECT, TEXT, TRUTH, Shape, any_of, array, nullable, record


def told(shape: Shape, text: str) -> Shape:
    return {**shape, "description": text}


REVISION_FORMAT = "^[0-9]+-[0-9a-fA-F]*$"  # what CouchDB reads as a revision, whether there is such a one or not
FALSY: Shape = {"enum": ["", 0, False, None]}  # what JavaScript takes for nothing
FILLED: Shape = {"type": "string", "minLength": 1}
WHOLE: Shape = {"type": "integer", "minimum": 0}
TRUE: Shape = {"enum": ["true", "false"]}
JSON_KEY = told(TEXT, "a key as JSON, such as \"person\" with its quotes")
LIMIT = told(WHOLE, "rows at most")
PAGE = {"skip": WHOLE, "limit": LIMIT, "descending": TRUE}
KEYS = {"key": JSON_KEY, "keys": told(TEXT, "a JSON array of keys"), "startkey": JSON_KEY, "endkey": JSON_KEY,
        "inclusive_end": TRUE, "include_docs": TRUE, "update_seq": TRUE}
REV = told(TEXT, "a revision, such as 1-967a00dff5e02add41819138abb3284d")
REV_IN_BODY: Shape = {**REV, "pattern": REVISION_FORMAT}

# --- queries ---------------------------------------------------------------------------------------------------------

ALL_DOCS = record({}, {**KEYS, **PAGE}, closed=False)
VIEW = record({}, {**KEYS, **PAGE, "startkey_docid": TEXT, "endkey_docid": TEXT, "reduce": TRUE, "group": TRUE,
                   "group_level": WHOLE}, closed=False)
CHANGES = record({}, {
    "since": told(TEXT, "0, now, or a sequence of an earlier answer"), "limit": LIMIT, "descending": TRUE,
    "feed": {"enum": ["normal", "longpoll", "continuous", "eventsource"]}, "include_docs": TRUE,
    "style": {"enum": ["main_only", "all_docs"]}, "filter": told(TEXT, "_doc_ids, _selector, _design or _view"),
    "doc_ids": told(TEXT, "a JSON array, with filter=_doc_ids"),
    "timeout": told(NUMBER, "milliseconds that a feed waits"), "heartbeat": told(TEXT, "milliseconds, or true"),
}, closed=False)
DOCUMENT = record({}, {
    "rev": REV, "revs": TRUE, "conflicts": TRUE, "attachments": TRUE, "latest": TRUE,
    "open_revs": told(TEXT, "all, or a JSON array of revisions"),
}, closed=False)
REVISION = record({}, {"rev": REV}, closed=False)
BULK_GET = record({}, {"revs": TRUE, "latest": TRUE, "attachments": TRUE}, closed=False)
LOCAL_DOCS = record({}, {"include_docs": TRUE}, closed=False)
CONTACT = record({}, {"with_lineage": told(TRUE, "the parents' documents in full")}, closed=False)
ROLE_AND_PLACE = record({}, {"role": told(TEXT, "an offline role, or a JSON array of them"),
                             "facility_id": told(TEXT, "id of a place")}, closed=False)
USER = record({}, {"user": told(TEXT, "a user's name; all if it is not given")}, closed=False)
EXPORT = record({}, {
    "filters[search]": TEXT, "filters[date][from]": told(TEXT, "milliseconds since 1970"),
    "filters[date][to]": told(TEXT, "milliseconds since 1970"), "filters[dataSet]": told(TEXT, "of dhis exports"),
    "filters[valid]": TRUE, "options[humanReadable]": TRUE,
}, closed=False)

# --- bodies ----------------------------------------------------------------------------------------------------------

QUERIES_BODY = record({"queries": array(OBJECT)}, closed=False)
KEYS_BODY = record({}, {"keys": array(ANYTHING)}, closed=False)
CHANGES_BODY = record({}, {"doc_ids": told(ANYTHING, "an array of ids, read with filter=_doc_ids"),
                           "selector": told(ANYTHING, "an object, read with filter=_selector")}, closed=False)
LOCAL_DOC = record({}, {"_rev": told({**TEXT, "pattern": "^[0-9]+-[0-9]+$"}, "such as 0-3"), "_deleted": TRUTH},
                   closed=False)
SORT = array(any_of(FILLED, {"type": "object", "minProperties": 1, "maxProperties": 1,
                             "additionalProperties": {"enum": ["asc", "desc"]}}))
FIND_BODY = record({"selector": OBJECT}, {
    "use_index": told(any_of(TEXT, {"type": "array", "items": TEXT, "maxItems": 2}), "a design document, and an index"),
    "bookmark": told(nullable("string"), "of an earlier answer"), "limit": WHOLE, "skip": WHOLE, "sort": SORT,
    "fields": array(FILLED), "r": {"type": "integer", "minimum": 1}, "conflicts": TRUTH, "update": TRUTH,
    "stale": {"enum": ["ok", "false", False]}, "stable": TRUTH, "execution_stats": TRUTH,
    "partition": told({"enum": ["", None, False, 0]}, "databases are not partitioned")})
INDEX_BODY = record({"index": record({"fields": SORT}, {"partial_filter_selector": OBJECT})}, {
    "name": FILLED, "ddoc": FILLED, "type": {"enum": ["json"]}, "w": ANYTHING,
    "partitioned": told({"not": {"enum": [True]}}, "databases are not partitioned")})
REVISIONS_BODY: Shape = {"type": "object", "additionalProperties": array(REV_IN_BODY)}
BULK_GET_BODY = record({"docs": told(array(OBJECT), "id and rev of each; an error stands in the place of one without")},
                       closed=False)
DATABASE = told(any_of(FILLED, record({"url": FILLED}, closed=False)), "a name, or the URL of one of this server's")
REPLICATION = record({"source": DATABASE, "target": DATABASE}, {
    "create_target": TRUTH, "continuous": TRUTH, "doc_ids": array(TEXT), "selector": OBJECT}, closed=False)
IDS_BODY = record({"doc_ids": array(TEXT)}, closed=False)
EXPORT_BODY = record({}, {
    "filters": told(ANYTHING, "an object: what the type of export can be narrowed by"),
    "options": told(ANYTHING, "an object: `humanReadable` is for times as text"),
}, closed=False)
SECURITY_BODY = record({}, {"members": OBJECT, "admins": OBJECT}, closed=False)
