"""The shapes of what the control plane answers, as components of its OpenAPI document."""

from __future__ import annotations

from mocksrv.answers.declared import WHEN
from mocksrv.control.describe import ANY, NUMBER, TEXT, TRUTH, WHOLE, Schema, all_of, listed, null_or, referred, some_of
from mocksrv.faults import CONNECTION
from mocksrv.journal import QUERY, SHA256
from mocksrv.operation import PROOFS
from mocksrv.outbox import STATES

MOMENT: Schema = {"type": "string", "format": "date-time", "examples": ["2026-01-31T09:30:00Z"]}
NAME: Schema = {"type": "string", "pattern": r"^[\w.-]{1,64}$"}
COUNT: Schema = {"type": "integer", "minimum": 1}
SETTINGS: Schema = {"type": "object", "additionalProperties": ANY, "examples": [{"cht.conformance": "page"}]}
PAIRS: Schema = {"type": "array", "items": {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}}
MESSAGE: Schema = all_of(headers=PAIRS, body=TEXT)
AIM: dict[str, Schema] = {name: {"type": ["string", "integer"]} for name in QUERY}
MATCHERS: Schema = {
    "type": "object", "minProperties": 1, "description": "By name or path: a value that is to be equal, or an object "
    'such as {"matches": "^a"}, {"contains": "a"}, {"equals": []} or {"absent": true}.'}
WANTED: dict[str, Schema] = AIM | {
    **dict.fromkeys(("query", "headers", "form", "json_path", "xml_path"), MATCHERS), "json": ANY,
    "json_schema": {"type": ["object", "boolean"]}, "body": ANY,
    "body_sha256": {"type": "string", "pattern": SHA256}}
DELAY: Schema = {"anyOf": [
    {"type": "number", "minimum": 0, "maximum": 600},
    *(some_of({name: {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}}, (name,))
      for name in ("uniform", "lognormal"))]}

ANSWER: dict[str, Schema] = {
    "when": {"enum": list(WHEN)}, "json": ANY, "text": TEXT,
    "headers": {"type": "object", "additionalProperties": TEXT},
    "status": {"anyOf": [{"type": "integer", "minimum": 200, "maximum": 599}, {"type": "string", "pattern": "\\{\\{"}]}}
ANSWER_ORDER: Schema = some_of(ANSWER | {"file": some_of({"name": TEXT, "base64": TEXT}, ("name", "base64"))})

FAULT: Schema = all_of(
    id=COUNT, vendor=null_or(TEXT), operation=null_or(TEXT), method=null_or(TEXT), path=null_or(TEXT),
    caller=null_or(TEXT), nth=null_or(COUNT), times=null_or(COUNT),
    probability={"type": "number", "minimum": 0, "maximum": 1}, status=null_or(WHOLE),
    headers={"type": "object", "additionalProperties": TEXT}, delay=DELAY, slow=NUMBER,
    connection={"enum": [*CONNECTION, None]}, after=TRUTH, cut_after=null_or(WHOLE), content_type=null_or(TEXT),
    answer=null_or(some_of({"hook": TEXT, "file": all_of(name=TEXT, bytes=WHOLE), **ANSWER}, ("when",))),
    seen=WHOLE, hits=WHOLE)

COMPONENTS: dict[str, Schema] = {
    "Problem": {
        "type": "object", "description": "RFC 9457; `type` ends in a named code, `detail` says what to do.",
        "required": ["type", "title", "status", "detail"],
        "properties": {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT}},
    "Health": all_of(status={"const": "ok"}),
    "Ready": all_of(ready=TRUTH, instance=TEXT, vendors=listed(TEXT)),
    "Vendor": all_of(name=TEXT, title=TEXT, operations=WHOLE, curl=TEXT),
    "Credentials": {"type": "object", "description": "By vendor; which members there are is the vendor's matter.",
                    "additionalProperties": listed({"type": "object", "required": ["base_url"]})},
    "Operation": all_of(
        vendor=TEXT, name=TEXT, method=TEXT, path=TEXT, aliases=listed(TEXT), summary=TEXT,
        permission={"anyOf": [TEXT, listed(TEXT), {"type": "null"}]}, source=TEXT, simulated=TRUTH,
        since=TEXT, until=TEXT, instead=TEXT, differences=listed(TEXT),
        proof=all_of(level={"enum": list(PROOFS)}, version=null_or(TEXT), date=null_or(TEXT), stale=TRUTH, cases=WHOLE,
                     statuses=listed(WHOLE), refusals=TRUTH)),
    "OpenAPI": {"type": "object", "required": ["openapi", "info", "paths"]},
    "Clock": all_of(now=MOMENT, frozen=TRUTH, skew=NUMBER, rate=NUMBER),
    "World": all_of(name=NAME, prefix=TEXT, clock=referred("Clock"), exchanges=WHOLE, bytes=WHOLE),
    "Settings": SETTINGS,
    "Setting": all_of(setting=TEXT, value=ANY, default=ANY, choices=listed(TEXT), help=TEXT),
    "Scenario": all_of(name=TEXT, symptom=TEXT, advice=TEXT),
    "Snapshot": all_of(name=NAME, world=TEXT, clock=referred("Clock"), bytes=WHOLE, lasting=TRUTH),
    "SnapshotFile": {"type": "object", "description": "A whole world, to be sent back as it came.",
                     "required": ["clock", "seed", "draws", "settings", "vendors", "tables"]},
    "Table": all_of(name=TEXT, vendor=null_or(TEXT), count=WHOLE),
    "Documents": all_of(name=TEXT, vendor=null_or(TEXT), count=WHOLE, found=WHOLE, skip=WHOLE, limit=WHOLE,
                        documents=listed(all_of(id=TEXT, doc={"type": "object"}))),
    "Exchange": all_of(
        id=WHOLE, at=MOMENT, method=TEXT, target=TEXT, vendor=null_or(TEXT), operation=null_or(TEXT),
        caller=null_or(TEXT), status=null_or(WHOLE), fault=null_or(TEXT), answered_by=null_or(TEXT),
        failed=TRUTH, diagnosis=listed(TEXT),
        seconds=NUMBER,
        request=MESSAGE, response=MESSAGE),
    "OutgoingCall": all_of(
        id=WHOLE, vendor=TEXT, kind=TEXT, about=TEXT, attempt=COUNT, state={"enum": list(STATES)}, created=MOMENT,
        due=MOMENT, ended=null_or(MOMENT), by=null_or(TEXT), method=TEXT, url=TEXT, status=null_or(WHOLE),
        error=null_or(TEXT), seconds=NUMBER, request=MESSAGE, response=MESSAGE),
    "ImportFile": some_of({"name": TEXT, "text": TEXT, "table": TEXT}, ("name", "text")),
    "Imported": all_of(imported={"type": "object", "additionalProperties": WHOLE}),
    "Importable": all_of(table=TEXT, about=TEXT, single=TRUTH),
    "OwnData": {"type": "object", "description": "Tables by vendor.", "additionalProperties": {"type": "object"}},
    "Archive": {"type": "object", "description": "HTTP Archive 1.2.", "required": ["log"]},
    "Expectation": {
        "description": "How often the exchanges that it aims at should be there, or in which order.",
        "oneOf": [
            some_of({**WANTED, **dict.fromkeys(("exactly", "at_least", "at_most"), WHOLE), "never": TRUTH}),
            all_of(in_order=listed(some_of(WANTED)))]},
    "Verdict": all_of(ok=TRUTH, account=null_or(TEXT), nearest=listed(
        all_of(id=WHOLE, missed=listed(all_of(where=TEXT, expected=TEXT, got=TEXT))))),
    "Fault": FAULT,
}
