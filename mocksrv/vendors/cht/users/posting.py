"""POST users: one object, an array, or the rows of a CSV text.

CHT 4.15 source, api/src/controllers/users.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.described import schemas
from mocksrv.vendors.cht.users import creating, csvrows
from mocksrv.vendors.cht.users.accounts import Data
from mocksrv.vendors.cht.users.upload_log import UploadLog
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

JSON, CSV = "application/json", "text/csv"
CREATE = ("can_edit", "can_create_users")


@vendor.operation("POST", "/api/v1/users", permission=CREATE, json="strict", proof="source",
                  source="CHT 4.15 source, api/src/controllers/users.js; recorded from 4.15.0",
                  body=schemas.NEW_USERS, response=schemas.ONE_OR_MANY, statuses=(200, 400, 401, 403, 404, 409, 500),
                  effect="makes",
                  differences=(Difference.EDIT_PERMISSION, Difference.INCOMPLETE_USERS, Difference.WEAK_PASSWORD,
                               Difference.TOKEN_LOGIN_VALUE, Difference.LOGIN_MESSAGE_TYPE, Difference.LOGIN_LINK_PORT,
                               Difference.UNKNOWN_PARENT))
def create_users(world: World, call: Call) -> Any:
    """Create a user, or one for each element of an array.

    The server answers an array with 200 and each row's error in its place; the page refuses all rows with 400 if one is
    incomplete.
    """
    body = call.json
    if not isinstance(body, list):
        return creating.create(world, call, body)
    creating.check_beforehand(world, body)
    return [result for _, result in creating.create_each(world, call, body)]


@vendor.operation("POST", "/api/v2/users", permission=CREATE, json="csv", proof="source",
                  source="CHT 4.15 source, api/src/controllers/users.js; recorded from 4.15.0", body=schemas.NEW_USERS,
                  response=schemas.ONE_OR_MANY, errors=schemas.FAILED_ROWS, effect="makes",
                  statuses=(200, 400, 401, 403, 404, 409, 500),
                  differences=(Difference.EDIT_PERMISSION, Difference.FAILED_CSV, Difference.WEAK_PASSWORD,
                               Difference.TOKEN_LOGIN_VALUE, Difference.LOGIN_MESSAGE_TYPE, Difference.LOGIN_LINK_PORT,
                               Difference.UNKNOWN_PARENT))
def create_users_from_csv(world: World, call: Call) -> Any:
    """Create a user for each row of a CSV text (or JSON array) and log it in `medic-logs`.

    Where no row succeeds the page answers 400, the server 200.
    """
    log = UploadLog(world, call.caller.name)
    if call.header("content-type") == CSV:
        if not call.body:
            errors.fail(500, "CSV is empty.", diagnosis="the CSV text is empty")
        parsed = read_rows(call.body.decode("utf-8", "replace"), log)
        rows: list[Any] = [row.data for row in parsed]
        ignored = {str(row.data.get("username")): row.message for row in parsed if row.ignored}
    else:
        body = call.json
        if not isinstance(body, list):
            return creating.create(world, call, body)
        rows, ignored = body, {}
    results = save_rows(world, call, rows, ignored, log)
    failed = bool(results) and all("error" in result for result in results)
    return Reply(results, 400) if failed and Difference.FAILED_CSV.as_page(world) else results


def read_rows(text: str, log: UploadLog) -> list[csvrows.Row]:
    """The rows, noted in the log; one that cannot be read to its end still counts with what was read."""
    rows = csvrows.parse(text)
    counts = log.begin("parsing", {"total": len(rows), "failed": 0, "successful": 0})
    for index, row in enumerate(rows):
        counts["failed" if row.error else "successful"] += 1
        log.add(index, row.data, "error" if row.error else "parsed", row.error)
        log.step(index, len(rows))
    log.end("parsed")
    return rows


def save_rows(world: World, call: Call, rows: list[Any], ignored: dict[str, str], log: UploadLog) -> list[Data]:
    """Create the accounts of all rows that are not ignored; one result each."""
    counts = log.begin("saving", {"total": len(rows), "failed": 0, "successful": 0, "ignored": 0})
    creating.check_nulls(world, rows)
    first = releases.SKIPPED_ROWS.holds(world)
    if first:
        rows = sorted(rows, key=lambda row: username(row) not in ignored)
    results = []
    for index, row in enumerate(rows):
        name = username(row)
        if name in ignored:
            counts["ignored"] += 1
            log.add(index, row, "skipped", ignored[name])
            continue
        [(data, result)] = creating.create_each(world, call, [row])
        error = not result or "error" in result
        counts["failed" if error else "successful"] += 1
        log.add(index, data, "error" if error else "imported", result.get("error"))
        skipped = counts["ignored"] if first else 0
        log.step(index - skipped, len(rows) - skipped)
        results.append(result)
    log.end("finished")
    return results


def username(row: Any) -> str:
    return str(row.get("username")) if isinstance(row, dict) else ""


@vendor.operation("POST", "/api/v3/users", permission=CREATE, json="strict", proof="source",
                  source="CHT 4.15 source, api/src/controllers/users.js; recorded from 4.15.0",
                  body=schemas.NewUser, response=schemas.CreatedUser, statuses=(200, 400, 401, 403, 404, 500),
                  effect="makes",
                  differences=(Difference.EDIT_PERMISSION, Difference.WEAK_PASSWORD, Difference.TOKEN_LOGIN_VALUE,
                               Difference.LOGIN_MESSAGE_TYPE, Difference.LOGIN_LINK_PORT))
def create_user_of_places(world: World, call: Call) -> Any:
    """Create a user of one or several existing places and an existing person."""
    body = call.json
    return creating.create_of_places(world, call, body if isinstance(body, dict) else {})
