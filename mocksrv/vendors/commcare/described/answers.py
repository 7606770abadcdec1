"""What every operation of CommCare HQ may answer besides its success, for the OpenAPI document.

Resources answer in JSON and XML, views in JSON; refusals by Django itself are HTML.
"""

from __future__ import annotations

from mocksrv.described.json_schema import TEXT, any_of, array, dictionary, record, titled
from mocksrv.operation import PARAMETER, Content, Operation

JSON, XML, HTML, PLAIN = "application/json", "application/xml", "text/html", "text/plain"
ERROR = titled("Error", record({"error": TEXT}, {"form_id": TEXT}))
CANNED = record({"error_message": TEXT})  # of exceptions, and some validation
ERRORS = record({"errors": array(any_of(TEXT, array(TEXT), dictionary(array(TEXT))))})
REFUSED = titled("Refusal", any_of(ERROR, CANNED, ERRORS))
PAGE: Content = {HTML: TEXT}


def of(operation: Operation) -> dict[int, Content]:
    """By status; an operation's own refusals are among them."""
    error: Content = {JSON: any_of(operation.schema("errors"), REFUSED) if operation.errors else REFUSED}
    found: dict[int, Content] = {}
    for status in {*common(operation), *(status for status in operation.statuses if status >= 400)}:
        if status in (413, 429):
            found[status] = PAGE
        elif status == 401:
            found[status] = {JSON: ERROR, **PAGE, PLAIN: TEXT}
        else:
            found[status] = {**error, **PAGE, **({XML: None} if status == 400 or of_resource(operation) else {}),
                             **({PLAIN: TEXT} if status == 400 else {})}
    if of_resource(operation) and operation.traits.get("formats") is None and operation.produces:
        found |= {status: {XML: None} for status in operation.statuses if status < 300 and status != 204}
    return found


def of_resource(operation: Operation) -> bool:
    return bool(operation.traits["kind"] == "resource")


def common(operation: Operation) -> set[int]:
    """The statuses of the checks that come before an operation's own (see `checks`)."""
    traits = operation.traits
    found = {404} if PARAMETER.search(operation.paths[0]) else set()  # a name that matches no URL
    if traits.get("auth") != "none":
        found |= {400, 401}  # credentials that cannot be read, that are wrong
        if operation.permission:
            found.add(403)
        if traits.get("throttled", True):
            found.add(429)
    if of_resource(operation) and not traits.get("plain"):
        found.add(401)  # a domain whose plan has no API
    if of_resource(operation):
        found |= {400, 500}  # a malformed Accept header; whatever a resource fails on
    if operation.method != "GET":
        found |= {413, 500}
        if of_resource(operation):
            found.add(415)
    return found
