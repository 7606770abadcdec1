"""Laws of reading: no bytes break the reader, and how they are cut into portions makes no difference."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mocksrv.serving.http1 import RequestReader, Unreadable, environ_of

LINES = [b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"Host: h\r\n", b"Content-Length: "]
LINES += [b"Transfer-Encoding: chunked\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"Expect: 100-continue\r\n"]
WORDS = b"GET POST PRI CONNECT / * http:// ? % 0 3 ; : , \x00 \xff".split(b" ")
PARTS = st.sampled_from([*LINES, *WORDS, b" "])
NOISE = st.lists(PARTS | st.binary(max_size=3), max_size=30).map(b"".join)
TARGETS = st.sampled_from(["/", "/a%20b?c=%2F", "//x", "*", "http://h:1/p?q"])
HEADERS = st.lists(
    st.tuples(st.sampled_from(["X-a", "Cookie", "accept"]), st.text("abc é", max_size=9).map(str.strip)), max_size=4
)


@st.composite
def requests(draw):
    """The bytes of a request and what should be read out of them."""
    method, target = draw(st.sampled_from(["GET", "POST", "DELETE"])), draw(TARGETS)
    headers, body = [("Host", "h"), *draw(HEADERS)], draw(st.binary(max_size=40))
    framing = draw(st.sampled_from(["length", "chunked", "upgrade"] if body else ["none"]))
    extra = []
    if framing in ("length", "upgrade"):
        extra = [("Content-Length", str(len(body)))]
    if framing == "upgrade":
        extra += [("Connection", "Upgrade"), ("Upgrade", "h2c")]
    if framing == "chunked":
        extra = [("Transfer-Encoding", "chunked")]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers + extra), "", ""]
    data = body
    if framing == "chunked":
        cut = draw(st.integers(0, len(body)))
        chunks = [chunk for chunk in (body[:cut], body[cut:]) if chunk]
        data = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        data += b"0\r\nTrailer: ignored\r\n\r\n"
    kept = [pair for pair in headers + extra if pair[0] != "Upgrade"]
    return "\r\n".join(lines).encode("latin-1") + data, (method, target, kept, body)


@st.composite
def damaged(draw):
    """A request with a piece of it replaced, and another after it."""
    first, second = draw(requests())[0], draw(requests())[0]
    start = draw(st.integers(0, len(first)))
    end = draw(st.integers(start, min(start + 6, len(first))))
    return first[:start] + draw(PARTS | st.binary(max_size=3)) + first[end:] + second


def portions(data, cuts):
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges) if start < end]


@given(NOISE | damaged(), st.lists(st.integers(0, 1000), max_size=4))
@settings(max_examples=500)
def test_no_bytes_break_the_reader(data, cuts):
    reader = RequestReader()
    for portion in portions(data, cuts):
        if reader.error is None:
            reader.feed(portion)
    assert reader.error is None or isinstance(reader.error, Unreadable)
    for request in reader.ready:
        with suppress(Unreadable):
            assert environ_of(request, {})["PATH_INFO"][0] in "/*"


@given(st.lists(requests(), min_size=1, max_size=4), st.lists(st.integers(0, 1000), max_size=6))
def test_requests_are_read_the_same_however_they_come(sent, cuts):
    reader = RequestReader()
    for portion in portions(b"".join(data for data, _ in sent), cuts):
        reader.feed(portion)
    assert reader.error is None
    assert not reader.started
    read = [(one.method, one.target.decode(), one.headers, one.body.read()) for one in reader.ready]
    assert read == [expected for _, expected in sent]
    assert all(one.keep_alive for one in reader.ready)
