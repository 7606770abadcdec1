"""The headers of an answer that are facts about the API, without generated values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from mocksrv.drift.formats import key_name, text_format
from mocksrv.drift.generated_values import erase

Own = frozenset[str]
BASE = "base"
URL = re.compile(r"[a-zA-Z][a-zA-Z+.-]{0,30}://\S+")


def as_it_is(value: str, own: Own) -> str:
    return ", ".join(URL.sub("<url>", part.strip()) for part in value.split(","))


def kind(value: str, own: Own) -> str:
    return text_format(value)


def present(value: str, own: Own) -> str:
    return "present" if value else "empty"


def content_type(value: str, own: Own) -> str:
    return re.sub(r"(boundary=).*", r"\1<made>", value)


def challenge(value: str, own: Own) -> str:
    """`Basic realm="..."`: the values of other parameters, such as nonces, are made up."""
    value = re.sub(r'((?!realm)\b\w+)="[^"]*"', r'\1="<made>"', value)
    return re.sub(r'realm="([^"]*)"', lambda found: f'realm="{erase(found[1], own)}"', value)


def location(value: str, own: Own) -> str:
    """`<base>/a/<uuid>/b?next=<value>`: the server's own name is data, and so are ids. See `from_base`."""
    try:
        parts = urlsplit(value)
    except ValueError:  # such as http://[
        return "<broken>"
    path = "/".join(segment and segment_name(segment, own) for segment in parts.path.split("/"))
    query = "&".join(f"{key_name(pair.partition('=')[0], own)}=<value>" for pair in parts.query.split("&") if pair)
    host = "<base>" if parts.netloc == BASE else "<host>" if parts.netloc else ""
    return host + path + (f"?{query}" if query else "") + ("#" if parts.fragment else "")


def segment_name(segment: str, own: Own) -> str:
    shown = key_name(segment, own)
    return shown if shown != segment or re.fullmatch(r"[a-z._-]+|v\d(?:\.\d)?", segment) else "<name>"


def etag(value: str, own: Own) -> str:
    """`W/"<size>-<hash>"`, `"<revision>"`: weak or strong, and of what kind."""
    weak, tag = ("W/", value[2:]) if value.startswith("W/") else ("", value)
    quoted = tag[:1] == tag[-1:] == '"' and len(tag) > 1
    inner = tag[1:-1] if quoted else tag
    form = "size-hash" if re.fullmatch(r"[0-9a-f]+-[\w+/]{27}", inner) else text_format(inner)
    return f'{weak}"<{form}>"' if quoted else f"{weak}<{form}>"


def cookie(value: str, own: Own) -> str:
    """Name and attributes; `Expires` and `Domain` without their values."""
    pair, *attributes = (part.strip() for part in value.split(";"))
    name, _, content = pair.partition("=")
    shown = [attribute if "=" not in attribute or attribute.lower().startswith(("path=/", "max-age=", "samesite="))
             else attribute.partition("=")[0] for attribute in attributes]
    full = "<value>" if content.strip('"') else ""
    return "; ".join([f"{key_name(name, own)}={full}", *shown])


def disposition(value: str, own: Own) -> str:
    """`attachment; filename=reports-<digits>.csv`; a file name that is not a plain word is left out."""
    def shown(found: re.Match[str]) -> str:
        stem, dot, extension = found[3].rpartition(".")
        blanked = erase(re.sub(r"\d{2,}", "<digits>", stem), own)
        plain = re.fullmatch(r"(?:[a-z_-]|<\w+>)+", blanked) is not None
        return f"{found[1]}{found[2]}{blanked if plain else '<name>'}{dot}{extension}{found[2]}"
    return re.sub(r"""(filename\*?=(?:UTF-8'')?)("?)([^";]+)\2""", shown, value)


FACTS: dict[str, Callable[[str, Own], str]] = {
    "content-type": content_type,
    "www-authenticate": challenge,
    "location": location,
    "etag": etag,
    "set-cookie": cookie,
    "content-disposition": disposition,
    "retry-after": kind,
    "last-modified": kind,
    "expires": kind,
    "content-security-policy": present,
    "link": present,
    **dict.fromkeys(("allow", "vary", "cache-control", "pragma", "content-language", "accept-ranges", "x-frame-options",
                     "x-content-type-options", "x-openrosa-version", "x-openrosa-accept-content-length",
                     "logout-authorization"), as_it_is),
}
FAMILIES: tuple[tuple[str, Callable[[str, Own], str]], ...] = (
    ("x-carehq-ratelimit-", kind), ("access-control-", as_it_is))


def header_facts(headers: Iterable[Sequence[str]], own: Own = frozenset(), base: str = "") -> dict[str, object]:
    """The headers that count as facts: names in lower case, sorted; cookies as a list, by name."""
    facts: dict[str, object] = {}
    for name, value in sorted((name.lower(), value) for name, value in headers):
        reduce = FACTS.get(name) or next((reduce for start, reduce in FAMILIES if name.startswith(start)), None)
        if reduce is None:
            continue
        reduced = reduce(from_base(value.strip(), base), own)
        if name == "set-cookie":
            facts[name] = sorted({*_list(facts.get(name)), reduced})
        elif name in facts:
            facts[name] = f"{facts[name]}, {reduced}"
        else:
            facts[name] = reduced
    return facts


def from_base(value: str, base: str) -> str:
    """A location or cookie as if the service's paths began at the server's root, at a server named BASE."""
    prefix = urlsplit(base).path.rstrip("/")
    if base and value.startswith(base):
        return f"//{BASE}{value[len(base):]}"
    if prefix and re.match(rf"{re.escape(prefix)}(?![\w.~-])", value):
        return value[len(prefix):]
    return re.sub(rf"(?<=path=){re.escape(prefix)}(?:/|(?=;|$))", "/", value, flags=re.IGNORECASE) if prefix else value


def _list(value: object) -> list[str]:
    return value if isinstance(value, list) else []
