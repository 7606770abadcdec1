"""Multipart bodies: plain fields and files, as Django hands them to HQ's views."""

from __future__ import annotations

from io import BytesIO
from typing import Any, NamedTuple

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django.error_pages import BAD_REQUEST
from mocksrv.vendors.commcare.errors import Text


class File(NamedTuple):
    filename: str
    content_type: str
    data: bytes


def in_memory(*_: Any, **__: Any) -> BytesIO:
    return BytesIO()


def is_multipart(call: Call) -> bool:
    return call.header("content-type").startswith("multipart/form-data")


def parse(call: Call) -> tuple[dict[str, str], dict[str, File]]:
    """The body's fields and files by name; of repeated names the last counts, and parts without one do not.

    Raises Refusal. Django source, django/http/multipartparser.py.
    """
    kind, options = parse_options_header(call.header("content-type"))
    parser = FormDataParser(in_memory, silent=False, max_form_memory_size=call.max_body)
    try:
        _, fields, files = parser.parse(BytesIO(call.body), kind, len(call.body), options)
    except (ValueError, RequestEntityTooLarge) as error:
        # Django's own answer to a body that its parser cannot read.
        raise Refusal(400, Text(BAD_REQUEST), diagnosis=f"the body is not multipart: {error}") from None
    last = {name: values[-1] for name, values in fields.lists() if name is not None}
    return last, {name: File((held[-1].filename or "").replace("\\", "/").rpartition("/")[2],
                             held[-1].content_type or "application/octet-stream", held[-1].stream.read())
                  for name, held in files.lists() if name is not None}
