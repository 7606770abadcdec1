"""Secrets in what is shown of requests and answers: found by what a field is called, not by one spelling of it.

A text is read once from front to back: each name is looked at,
and what follows a secret's name is its value, whether the
text is JSON (whole, cut, or within another JSON text), a form or query, XML, a multipart form or a header. So the time
grows with the length of the text alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from string import digits as DIGITS
from urllib.parse import unquote

REDACTED = "(redacted)"
# The ends of names without case, underscores and the like; "passwordConfirm" and "password2" count as well.
ENDS = ("password", "passwd", "passphrase", "passcode", "secret", "token", "apikey", "accesskey", "privatekey",
        "secretkey", "authorization", "signature", "otp", "derivedkey", "passwordsha")
WHOLE = frozenset(("pwd", "pass", "auth", "salt", "cookie", "setcookie", "pin"))
AROUND = re.compile(r"^(?:new|old|confirm)|(?:confirm(?:ation)?|repeat|again|old|new)$")
# A letter, digit, dot, dash or underscore: as itself, %-encoded, or escaped as in JSON.
ENCODED = r"(?:[46][1-9A-Fa-f]|[57][0-9Aa]|3[0-9]|2[DdEe]|5[Ff])"
PERCENT = "%(?:25)*+"  # the sign itself, however often a text was encoded
NAME = re.compile(rf"(?:[A-Za-z0-9_.-]|{PERCENT}{ENCODED}|\\u00{ENCODED})+|{PERCENT}[0-9A-Fa-f]{{2}}")
ESCAPE = re.compile(r"\\u00([0-9A-Fa-f]{2})")
ENCODED_SIGN = re.compile("%(?:25)+")
ODD = re.compile(r"[^a-z0-9]")

COLON = re.compile(r"""\\*["']?\s*:\s*""")
EQUALS = re.compile(rf"""(?:{PERCENT}2[27]|["'])?(?:(=)|{PERCENT}3[Dd])\s*""")
PLAIN_FORM = re.compile(r"""[^&\s;"'<>]*""")
ENCODED_FORM = re.compile(r"""(?:[^&\s;"'<>%]|%(?!(?:25)*+26))*""")
QUOTED = re.compile(r"""(\\*)(["'])""")
BARE = re.compile(r"[^\r\n,}\]&]*")
CONSTANT = re.compile(r"(?:null|true|false)\b")
TAG_REST = re.compile(r"[^<>]*>")
CDATA = "<![CDATA["
MULTIPART = re.compile(r"""name=(?:"|'|)$""")
PART_HEADERS = re.compile(r"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n")
BOUNDARY = re.compile(r"\r?\n--")
LOGIN_LINK = re.compile(r"""(/login/token/)([^/?#\s"'\\<>]+)""", re.IGNORECASE)  # of CHT
HOOK = "africastalking"
USERINFO = re.compile(r"(\w://)([^/@\s]+)(?=@)")
WORD = re.compile(r"[^\s\"'\[\]{}(),:;&=<>\\]{6,200}+")  # of a secret value
MOST_WORDS = 100
# The body as a whole is the secret: CHT's and CouchDB's credentials.
SECRET_BODIES = re.compile(r"/api/v\d+/credentials/|/_config/")


def is_secret(name: str) -> bool:
    """Whether a field, parameter or header of that name holds a secret."""
    plain = ODD.sub("", name.lower())
    inner = AROUND.sub("", plain.rstrip(DIGITS))
    return plain in WHOLE or plain.endswith(ENDS) or inner in WHOLE or inner.endswith(ENDS)


def is_key_or_secret(name: str) -> bool:
    return name.lower() == "key" or is_secret(name)


def redact(text: str, hook: bool = False) -> str:
    """The text with what follows secrets' names replaced, and the secrets in URLs.

    Africa's Talking is known by a key in its query: `hook` says that this is one, where the text itself does not.
    """
    text = "".join(pieces(text, is_key_or_secret if hook or HOOK in text.lower() else is_secret))
    return LOGIN_LINK.sub(rf"\1{REDACTED}", USERINFO.sub(rf"\1{REDACTED}", text))


def pieces(text: str, secret: Callable[[str], bool]) -> Iterator[str]:
    """The text in parts, values of secrets replaced."""
    end = 0
    for start, stop in values(text, secret):
        yield text[end:start]
        yield REDACTED
        end = stop
    yield text[end:]


def values(text: str, secret: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    """Where the values of secrets begin and end, one after the other."""
    end = 0
    for found in NAME.finditer(text):
        if found.start() < end or not secret(decoded(found[0])):
            continue
        span = value_of(text, found.start(), found.end())
        if span is not None and span[0] < span[1]:
            yield span
            end = span[1]


def decoded(name: str) -> str:
    return unquote(ENCODED_SIGN.sub("%", ESCAPE.sub(lambda found: chr(int(found[1], 16)), name)))


def redactor(target: str, *texts: str) -> Callable[[str], str]:
    """What takes the secrets of a request's target and other parts out of what is said about it: they are quoted where
    one is wrong.
    """
    parts, plain = segments(target)
    named = [(target, is_key_or_secret if HOOK in plain else is_secret), *((text, is_secret) for text in texts)]
    words = {unquote(word[0]) for text, secret in named for start, end in values(text, secret)
             for word in WORD.finditer(text, start, end)}
    words |= {unquote(word[0]) for number in login_tokens(plain) for word in WORD.finditer(parts[number])}
    known = sorted((word for word in words if not is_secret(word)), key=len, reverse=True)[:MOST_WORDS]
    if not known:
        return str
    either = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)")
    return lambda text: either.sub(REDACTED, text)


def value_of(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the value of the name at `start` to `end` begins and ends; None if nothing says that it has one."""
    before = text[max(0, start - 32) : start]
    if MULTIPART.search(before) and (headers := PART_HEADERS.match(text, end)):
        closing = BOUNDARY.search(text, headers.end())
        return headers.end(), closing.start() if closing else len(text)
    if re.search(r"<(?:[\w-]+:)?$", before):
        return content_of(text, end)
    if colon := COLON.match(text, end):
        return json_value(text, colon.end())
    if equals := EQUALS.match(text, end):
        if quoted := QUOTED.match(text, equals.end()):
            return equals.end(), closing_quote(text, quoted)
        form = (PLAIN_FORM if equals[1] else ENCODED_FORM).match(text, equals.end())
        return form.span() if form else None
    return None


def content_of(text: str, end: int) -> tuple[int, int] | None:
    """The text of an XML element whose name ends at `end`."""
    tag = TAG_REST.match(text, end)
    if tag is None or tag[0].endswith("/>"):
        return None
    if text.startswith(CDATA, tag.end()):
        closing = text.find("]]>", tag.end())
        return tag.end() + len(CDATA), closing if closing >= 0 else len(text)
    closing = text.find("<", tag.end())
    return tag.end(), closing if closing >= 0 else len(text)


def json_value(text: str, start: int) -> tuple[int, int] | None:
    """A JSON value, or as much of it as there is; also within a JSON text, where quotes have backslashes."""
    if quoted := QUOTED.match(text, start):
        return start, closing_quote(text, quoted)
    if text[start : start + 1] in ("[", "{"):
        return start, closing_bracket(text, start)
    if CONSTANT.match(text, start):
        return None
    bare = BARE.match(text, start)
    return bare.span() if bare else None


def closing_quote(text: str, opening: re.Match[str]) -> int:
    """Where the quoted text that begins with `opening` ends: at a quote behind as many backslashes."""
    depth, quote, at = len(opening[1]), opening[2], opening.end()
    while (at := text.find(quote, at)) >= 0:
        backslashes = at
        while backslashes > opening.end() and text[backslashes - 1] == "\\":
            backslashes -= 1
        if at - backslashes == depth or (depth == 0 and (at - backslashes) % 2 == 0):
            return at + 1
        at += 1
    return len(text)


def closing_bracket(text: str, start: int) -> int:
    """Where the array or object that begins at `start` ends."""
    depth, at = 0, start
    while at < len(text):
        char = text[at]
        if char == '"':
            opening = QUOTED.match(text, at)
            at = closing_quote(text, opening) if opening else at + 1
            continue
        depth += (char in "[{") - (char in "]}")
        at += 1
        if depth == 0:
            return at
    return len(text)


def redact_target(target: str) -> str:
    """A request's target: its query as any text, and the secrets that are a part of the path, in any spelling."""
    _, mark, query = target.partition("?")
    parts, plain = segments(target)
    for number in login_tokens(plain):
        parts[number] = REDACTED
    return redact("/".join(parts)) + mark + redact(query, hook=HOOK in plain)


def segments(target: str) -> tuple[list[str], list[str]]:
    """The segments of a target's path: as they are, and decoded in lower case."""
    parts = target.partition("?")[0].split("/")
    return parts, [unquote(part).lower() for part in parts]


def login_tokens(plain: list[str]) -> list[int]:
    """Which segments of a path are the tokens of CHT's login links."""
    return [number for number in range(2, len(plain)) if plain[number - 2 : number] == ["login", "token"]
            and plain[number]]


def redact_headers(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name, REDACTED if is_secret(name) else redact_value(value)] for name, value in headers]


def redact_value(value: str) -> str:
    """The value of a header, which may be a URL."""
    return redact_target(value) if "/" in value else redact(value)


def is_secret_body(target: str, content_type: str, body: bytes) -> bool:
    """Whether nothing of a request's body is to be shown."""
    path = re.sub("/+", "/", unquote(target.partition("?")[0])).lower()
    if SECRET_BODIES.search(path):
        return True
    if not content_type.strip().lower().startswith("text/csv"):
        return False
    try:
        head = next(csv.reader(io.StringIO(text_of(body), newline="")), [])
    except csv.Error:
        return True
    return any(map(is_secret, head))


def text_of(body: bytes) -> str:
    """A body's first part as text; UTF-16 by its byte order mark."""
    utf16 = body[:2] in (b"\xff\xfe", b"\xfe\xff")
    return body.decode("utf-16" if utf16 else "utf-8", "replace")
