"""What every operation of CHT may answer besides its success, for the OpenAPI document.

The API's own errors are JSON or text, as the client prefers; those of the database behind it are always JSON.
"""

from __future__ import annotations

from mocksrv.operation import PARAMETER, Content, Operation
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.described import response_schemas

JSON, PLAIN, HTML = "application/json", "text/plain", "text/html"
REDIRECT: Content = {PLAIN: response_schemas.TEXT, HTML: response_schemas.TEXT}
COUCH_STATUSES = (400, 401, 403, 404, 406, 409, 412, 415, 416, 500)


def of(operation: Operation) -> dict[int, Content]:
    """By status; an operation's own refusals are among them."""
    error = {JSON: response_schemas.any_of(operation.schema("errors"), response_schemas.API_ERROR) if operation.errors
             else response_schemas.API_ERROR, PLAIN: response_schemas.TEXT}
    found: dict[int, Content] = dict.fromkeys(common(operation), error)
    own: Content = {} if operation.errors is response_schemas.NO_BODY else error
    found |= {status: own for status in operation.statuses if status >= 400}
    moved: Content = {} if of_couch(operation) and operation.traits.get("anonymous") is not True else REDIRECT
    found |= {status: moved for status in operation.statuses if 300 <= status < 400}
    if 503 in operation.statuses and not of_couch(operation):
        found[503] = {HTML: response_schemas.TEXT}
    if closed(operation) and not operation.traits.get("prompt"):
        found[302] = REDIRECT  # clients that look like browsers are sent to the login page
    if operation.method == "GET":
        found[304] = {}
    if of_couch(operation):
        either = response_schemas.any_of(response_schemas.COUCH_ERROR, response_schemas.API_ERROR)
        found |= {status: {JSON: either, **({PLAIN: response_schemas.TEXT} if status in (400, 401, 403, 500) else {})}
                  for status in (*COUCH_STATUSES, *(one for one in operation.statuses if one >= 500))}
    return found


def of_couch(operation: Operation) -> bool:
    """Whether CouchDB answers."""
    return operation.path.startswith(("/{db}", "/_"))


def closed(operation: Operation) -> bool:
    """Whether only signed-in callers are admitted."""
    return operation.traits.get("anonymous") in (None, auth.CHECKED)


def common(operation: Operation) -> set[int]:
    """The statuses of the checks that come before an operation's own (see `vendor.admit`)."""
    traits = operation.traits
    found = {429}  # callers with Basic credentials may have failed too often before
    if closed(operation):
        found |= {400, 401}  # credentials that cannot be read, and wrong or none
    if operation.permission or traits.get("firewall") or traits.get("online"):
        found.add(403)
    if traits.get("json"):
        found |= {413, 500}  # a body that is not JSON
    if traits.get("json") in ("strict", "csv"):
        found.add(400)  # another content type
    if any(PARAMETER.search(path) for path in operation.paths):
        found.add(500)  # a broken escape in the path
    if operation.method != "GET":
        found.add(413)
    return found
