"""Files and folders as express.static answers for them. Recorded from 4.15.0 and 5.2.0."""

from __future__ import annotations

from mocksrv.call import Headers, Reply
from mocksrv.clock import http_date
from mocksrv.vendors.cht import releases, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.setup import builds

POLICY = "Content-Security-Policy"
FOLDER = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Redirecting</title>
</head>
<body>
<pre>Redirecting to {}/</pre>
</body>
</html>
"""


def file(call: Call, text: str, kind: str) -> Reply:
    """A file: of the day of the installation, with a tag made of size and time."""
    data = text.encode()
    tag = f'W/"{len(data):x}-{builds.FIRST:x}"'
    stored: Headers = [("Accept-Ranges", "bytes"), ("Cache-Control", "public, max-age=0"),
                       ("Last-Modified", http_date(builds.FIRST // 1000)), ("ETag", tag)]
    if rendering.is_fresh(call, 200, tag):
        return rendering.Rendered(b"", 304, [*rendering.guard(call), *stored])
    sized = [("Content-Type", file_type(call, kind)), ("Content-Length", str(len(data)))]
    return rendering.Rendered(data, 200, [*rendering.guard(call), *stored, *sized, rendering.VARY])


def file_type(call: Call, kind: str) -> str:
    """The content type of a file in the release's Express."""
    if not releases.FILE_TYPES.holds(call):
        return f"{kind}; charset=UTF-8"
    return f"{kind.replace('application/javascript', 'text/javascript')}; charset=utf-8"


def folder(call: Call) -> Reply:
    """The redirect to a folder's path with a slash; it has a strict Content-Security-Policy of its own."""
    data = FOLDER.format(call.path).encode()
    guard = [(name, "default-src 'none'" if name == POLICY else value)
             for name, value in rendering.guard(call)]
    place = [("Content-Type", "text/html; charset=UTF-8"), ("Content-Length", str(len(data))),
             ("Location", f"{call.prefix}{call.path}/")]
    return rendering.Rendered(data, 301, [*guard, *place, rendering.VARY])
