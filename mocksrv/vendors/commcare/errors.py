"""CommCare HQ's refusals. How each is rendered is in `rendering.py`.

    Refusal
    ├── Denied          401 and 403 of the checks before the resource; digest clients get a challenge
    └── Locked          401 of an account with too many bad passwords, which comes before any check

The body of a Refusal: None (empty), a dict or list (JSON), or a `Text` (any content type).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.django.error_pages import SERVER_ERROR

CANNED = {"error_message": "Sorry, this request could not be processed. Please try again later."}


class Text(NamedTuple):
    """A body that is not JSON."""

    body: str
    content_type: str = "text/html; charset=utf-8"


class Denied(Refusal):
    """No access."""


class Locked(Refusal):
    """No access, whatever the password is."""


def escape(text: str) -> str:
    """Tastypie escapes error texts for HTML, but leaves quotes alone."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def bad_request(text: str, diagnosis: str | None = None) -> Refusal:
    """Tastypie's BadRequest."""
    return Refusal(400, {"error": escape(text)}, diagnosis=diagnosis)


def absent(diagnosis: str | None = None) -> Refusal:
    """A resource's object that does not exist: an empty 404."""
    return Refusal(404, headers=[("Vary", "Accept")], diagnosis=diagnosis)


def no_id(model: str, diagnosis: str) -> Refusal:
    """Tastypie's ApiFieldError about an empty document, which HQ shows instead of a missing one."""
    return bad_request(f"The object '{model}()' has an empty attribute 'get_id' and doesn't allow a default or null "
                       "value.", diagnosis)


def not_found(diagnosis: str | None = None) -> Refusal:
    """Tastypie's NotFound, raised inside a resource: the canned body."""
    return Refusal(404, CANNED, diagnosis=diagnosis)


def failed(why: str, body: Mapping[str, str] = CANNED) -> Refusal:
    """An exception that HQ does not handle: the canned body, unless it has another for this one."""
    return Refusal(500, body, diagnosis=f"CommCare HQ itself answers 500 here: {why}")


def invalid(*messages: str) -> Refusal:
    """Django's ValidationError, of which tastypie sends the list of messages as Python writes it."""
    return bad_request(str(list(messages)))


def view_failed(why: str) -> Refusal:
    """An exception that a function view of HQ does not handle: Django's own page."""
    return Refusal(500, Text(SERVER_ERROR), diagnosis=f"CommCare HQ itself answers 500 here: {why}")


def view_error(status: int, text: str, diagnosis: str | None = None) -> Refusal:
    """A function view's error."""
    return Refusal(status, {"error": text}, diagnosis=diagnosis)
