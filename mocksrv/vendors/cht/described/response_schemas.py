"""JSON Schema of answers that are arrays, have several forms or come from CouchDB, for the documentation and the
contract tests."""

from __future__ import annotations

from mocksrv.described.json_schema import (
    ANYTHING,
    NUMBER,
    OBJECT,
    TEXT,
    TRUTH,
    Shape,
    any_of,
    array,
    dictionary,
    nullable,
    record,
    titled,
)

__all__ = ["ANYTHING", "NUMBER", "TEXT", "any_of", "array", "record"]  # for who declares operations

NO_BODY: Shape = {}  # of refusals with an empty body

# --- errors ----------------------------------------------------------------------------------------------------------

REASON = record({"message": TEXT}, closed=False)  # with translationKey and translationParams, or failingIndexes
API_ERROR = titled("ApiError", record({"code": NUMBER, "error": any_of(TEXT, REASON)}, {"details": ANYTHING}))
COUCH_ERROR = titled("CouchError", record({"error": TEXT, "reason": TEXT}, {"ref": NUMBER}))
BARE_ERROR = titled("BareError", record({"error": TEXT}, {"reason": TEXT}))
RESET_ERROR = titled("ResetError", record({"error": TEXT}, {"params": record({"minimum": NUMBER})}))

# --- the API ---------------------------------------------------------------------------------------------------------

BATCHED = record({"ok": TRUTH, "id": TEXT})  # with batch=ok the answer has no revision
WRITTEN = titled("WrittenDocument", record({"ok": TRUTH, "id": TEXT, "rev": TEXT}))
FAILED = record({"error": TEXT}, {"id": TEXT, "reason": TEXT})
DELETED = array(array(any_of(WRITTEN, FAILED)))  # one array for each batch
DEVICES = array(record({"user": TEXT, "deviceId": TEXT}, closed=False))
DHIS = titled("DataValueSet", record({"dataSet": TEXT, "completeDate": TEXT, "period": TEXT, "dataValues": array(record(
    {"dataElement": TEXT, "orgUnit": TEXT, "value": NUMBER}, closed=False))}, closed=False))
CONTACTS = array(record({"id": TEXT, "rev": TEXT, "name": ANYTHING, "patient_id": ANYTHING, "type": ANYTHING,
                         "contact_type": ANYTHING, "place_id": ANYTHING}))  # where the page is followed
EXPORTED = any_of(DEVICES, DHIS, CONTACTS)
REPLICATED = record({"doc_ids_revs": array(record({"id": TEXT, "rev": TEXT})), "warn_docs": NUMBER, "last_seq": TEXT,
                     "warn": TRUTH, "limit": NUMBER})
GONE = record({"doc_ids": array(TEXT)})
TRANSITIONS = array(record({"name": TEXT, "deprecated": TRUTH, "deprecatedIn": TEXT, "deprecationMessage": TEXT}))
METRICS = array(record({"help": TEXT, "name": TEXT, "type": TEXT, "values": array(OBJECT), "aggregator": TEXT}))
NAMES = array(TEXT)
LINKS = array(OBJECT)
COMPRESSION = record({"compressible_types": TEXT, "compression_level": TEXT})
SUCCESS = record({"success": TRUTH})

# --- CouchDB ---------------------------------------------------------------------------------------------------------

FINE = titled("Done", record({"ok": TRUTH}))
WELCOME = titled("Welcome", record({
    "couchdb": TEXT, "version": TEXT, "git_sha": TEXT, "uuid": TEXT, "features": NAMES,
    "vendor": record({"name": TEXT})}))
CONTENT = dictionary(ANYTHING)  # of a document: nothing of it is the API's
DOCUMENT = {**record({"_id": TEXT, "_rev": TEXT}), **CONTENT}
REVISIONS = array(any_of(record({"ok": DOCUMENT}), record({"missing": TEXT})))  # with open_revs
WRITES = array(any_of(WRITTEN, FAILED))
DATABASE = titled("DatabaseInfo", record({
    "db_name": TEXT, "doc_count": NUMBER, "doc_del_count": NUMBER, "update_seq": TEXT, "purge_seq": TEXT,
    "instance_start_time": TEXT, "sizes": OBJECT, "props": OBJECT, "disk_format_version": NUMBER,
    "compact_running": TRUTH, "cluster": OBJECT}))
ROW = record({"key": ANYTHING}, {"id": TEXT, "value": ANYTHING, "doc": any_of(CONTENT, {"type": "null"}),
                                 "error": TEXT})
ROWS = titled("Rows", record({"rows": array(ROW)}, {"total_rows": nullable("integer"), "offset": nullable("integer"),
                                                            "update_seq": nullable("string")}))
RESULTS = record({"results": array(ROWS)})
CHANGE = record({"seq": nullable("string"), "id": TEXT, "changes": array(record({"rev": TEXT}))},
                {"doc": any_of(CONTENT, {"type": "null"}), "deleted": TRUTH})
CHANGES = titled("Changes", record({"results": array(CHANGE), "last_seq": TEXT}, {"pending": NUMBER}))
MISSING = dictionary(record({"missing": NAMES}, {"possible_ancestors": NAMES}))
MISSING_REVS = record({"missing_revs": dictionary(NAMES)})
GOTTEN = record({"results": array(record({"id": ANYTHING, "docs": array(any_of(
    record({"ok": CONTENT}), record({"error": OBJECT})))}))})
FOUND = record({"docs": array(CONTENT)}, {"bookmark": TEXT, "warning": TEXT, "execution_stats": OBJECT})
INDEX = record({"ddoc": nullable("string"), "name": TEXT, "type": TEXT, "def": OBJECT}, closed=False)
INDEXES = record({"total_rows": NUMBER, "indexes": array(INDEX)})
EXPLAINED = record({"dbname": TEXT, "index": INDEX, "partitioned": TRUTH, "selector": OBJECT, "opts": OBJECT,
                    "limit": NUMBER, "skip": NUMBER, "fields": any_of(TEXT, NAMES), "mrargs": OBJECT})
INDEX_MADE = record({"result": {"enum": ["created", "exists"]}, "id": TEXT, "name": TEXT})
SECURITY_OBJECT = record({}, {"members": OBJECT, "admins": OBJECT}, closed=False)
PURGED = record({"purge_seq": nullable("string"), "purged": dictionary(NAMES)})
DATABASES = array(record({"key": TEXT}, {"info": DATABASE, "error": TEXT}))
NODES = record({"all_nodes": NAMES, "cluster_nodes": NAMES})
UP = record({"status": TEXT, "seeds": OBJECT})
IDS = record({"uuids": NAMES})
STARTED = record({"ok": TRUTH, "instance_start_time": TEXT})
REPLICATION = record({"ok": TRUTH}, {
    "no_changes": TRUTH, "session_id": TEXT, "source_last_seq": TEXT, "replication_id_version": NUMBER,
    "history": array(OBJECT), "_local_id": TEXT})
VIEW_INDEX = record({"name": TEXT, "view_index": OBJECT})
SHARDS = record({"shards": dictionary(NAMES)})
SHARD = record({"range": TEXT, "nodes": NAMES})
SHARD_MAP = record({"_id": TEXT, "_rev": TEXT, "shard_suffix": array(NUMBER), "changelog": array(NAMES),
                    "by_node": dictionary(NAMES), "by_range": dictionary(NAMES), "props": OBJECT})
TASKS = array(OBJECT)
SESSION = titled("SessionInfo", record({"ok": TRUTH, "userCtx": record({"name": nullable("string"), "roles": NAMES}),
                  "info": record({"authentication_handlers": NAMES}, {"authenticated": TEXT})}))
SIGNED_IN = record({"ok": TRUTH, "name": nullable("string"), "roles": NAMES})
