"""What a kept request holds, read as far as somebody asks for it: query, headers, form, JSON, XML."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from mocksrv.journal import LARGEST, Entry
from mocksrv.journal.redaction import text_of

if TYPE_CHECKING:
    from lxml.etree import _ElementTree

AUTOMATIC = 32 + zlib.MAX_WBITS  # zlib looks whether it is gzip or deflate
Fields = dict[str, list[str]]  # all values of each name, in order


class Unreadable(Exception):
    """The request does not hold such a thing; the text says why."""


class Unknown(Exception):
    """Nobody knows any more what the request held; the text says why."""


class Contents:
    """One request. What it does not hold raises Unreadable, and what was not kept of it Unknown."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    @cached_property
    def query(self) -> Fields:
        return fields(parse_qsl(urlsplit(self.entry.target).query, keep_blank_values=True))

    @cached_property
    def headers(self) -> Fields:
        """By their names in lower case."""
        return fields(self.entry.headers.items())

    @property
    def sent(self) -> bytes:
        """The body as it came."""
        entry, headers = self.entry, self.entry.headers
        kept = entry.request_body  # once: another request may cut it meanwhile
        if len(kept) < entry.request_size:
            raise Unknown(f"of its body of {entry.request_size} bytes the first {len(kept)} are kept: use body_sha256, "
                          "start the server with a larger --kept-body, or clear the journal before what you verify, if "
                          f"it was full ({LARGEST // 2**20} MB)")
        if not entry.request_size and ("transfer-encoding" in headers or headers.get("content-length", "0") != "0"):
            raise Unknown("it was answered before its body was read")
        return kept

    @property
    def sha256(self) -> str:
        """The hash of the whole body, as it came, in hexadecimal digits; it is known of cut ones, too."""
        return self.entry.request_sha256 or hashlib.sha256(self.sent).hexdigest()

    @cached_property
    def body(self) -> bytes:
        """The body without its Content-Encoding."""
        encoding = self.entry.headers.get("content-encoding", "identity").strip().lower()
        return self.sent if encoding == "identity" else decoded(self.sent, encoding)

    @property
    def text(self) -> str:
        return text_of(self.body)

    @property
    def kind(self) -> str:
        """The media type of the body."""
        return self.entry.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def form(self) -> Fields:
        """Of a form in either encoding; a file is the text that it holds."""
        if self.kind == "application/x-www-form-urlencoded":
            return fields(parse_qsl(self.text, keep_blank_values=True))
        if self.kind == "multipart/form-data":
            return self._multipart()
        raise Unreadable(f"its body is no form ({self.kind or 'no content type'})")

    def _multipart(self) -> Fields:
        from werkzeug.formparser import MultiPartParser
        from werkzeug.http import parse_options_header

        boundary = parse_options_header(self.entry.headers["content-type"])[1].get("boundary", "")
        parser = MultiPartParser(stream_factory=lambda *_, **__: io.BytesIO(), max_form_memory_size=None)
        try:
            plain, files = parser.parse(io.BytesIO(self.body), boundary.encode("ascii", "replace"), len(self.body))
        except ValueError as error:
            raise Unreadable(f"its body is no multipart form ({error})") from None
        texts = ((name, text_of(file.read())) for name, file in files.items(multi=True))
        return fields([*plain.items(multi=True), *texts])

    @cached_property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"its body is no JSON ({reason(error)})" if self.body else "it has no body") from None

    @cached_property
    def xml(self) -> _ElementTree[Any]:
        """The body's, or that of the first field or file of a form which begins like XML."""
        from lxml import etree

        data = self.body
        if self.kind == "multipart/form-data":
            texts = (text for values in self.form.values() for text in values if text.lstrip().startswith("<"))
            data = next(texts, "").encode()
        parser = etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False, no_network=True,
                                 load_dtd=False)
        try:
            return etree.fromstring(data, parser).getroottree()
        except etree.XMLSyntaxError as error:
            raise Unreadable(f"its body is no XML ({error.msg})" if data else "it has no XML") from None
        except ValueError as error:  # an encoding that there is not
            raise Unreadable(f"its body is no XML ({reason(error)})") from None


def fields(pairs: Iterable[tuple[str, str]]) -> Fields:
    found: Fields = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def decoded(data: bytes, encoding: str) -> bytes:
    """What was compressed. Raises Unreadable, and Unknown for more than a request may hold."""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unreadable(f"its content encoding {encoding} is not known")
    unpacker = zlib.decompressobj(AUTOMATIC)
    try:
        found = unpacker.decompress(data, LARGEST)
    except zlib.error as error:
        raise Unreadable(f"its body is not {encoding} ({error})") from None
    if unpacker.unconsumed_tail:
        raise Unknown(f"without its encoding the body has more than {LARGEST // 2**20} MB")
    if not unpacker.eof:
        raise Unreadable(f"its {encoding} ends too early")
    return found


def reason(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
