"""Replay of recorded exchanges: the same requests in the same order at the same times, and how the answers compare.

Ids, revisions, tokens and cookies that the recorded server made are learnt from our answers and put into later
requests. Two answers agree when status and headers are equal, error texts are equal, and data has the same shape:
the same keys in the same order, types, numbers of elements and texts; text the same lines; both but for what servers
make up, times and numbers.
"""

import base64
import gzip
import http.client
import json
import re
from collections import Counter
from urllib.parse import quote

from mocksrv.drift.compare import of_nodes
from mocksrv.drift.generated_values import MADE, VOLATILE, blank
from mocksrv.drift.json_shape import Reading, node

OPAQUE = {"bookmark", "derived_key", "last_seq"}  # members whose text means something to its server alone
ID = re.compile(r"(?<![0-9a-f-])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f-])")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EARLIEST = 1e8  # smaller numbers are no times
EXPIRY = re.compile(r"Expires=\w+, \d\d[ -]\w{3}[ -]20[2-9]\d [\d:]+ GMT")
SHORTCODE = re.compile(r"[0-9]{5}")
METRICS = "version=0.0.4"  # in the content type
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])")


class Replay:
    """One run against a server; `names` holds what the recorded server made, and what ours made instead."""

    def __init__(self, host, port, ignored_headers=()):
        self.host, self.port = host, port
        self.ignored_headers = {"content-type", "set-cookie", *ignored_headers}  # the first two are compared apart
        self.met = set()  # those that did differ
        self.sent = 0
        self.names = {}
        self.unnamed = []  # ids that are new in our answer to the last such request whose recorded answer is left out
        self.seen = set()  # ids in our answers
        self.opaque = {}  # recorded text that means something to its server alone -> ours
        self.revisions = {}  # (document, recorded revision) -> ours: documents of equal content share a revision

    def play(self, line):
        """Send the request of a line; what differs in the answer, as texts."""
        # Failed logins are limited by address, and the recording came from many; but for the limit's own lines.
        self.sent += not line["name"].startswith("rate limit")
        status, headers, body = self.send(line["request"])
        recorded, found = line["response"], ID.findall(body)
        fresh = [one for one in found if one not in self.seen]
        self.seen.update(found)
        if recorded.get("hidden"):
            self.unnamed = fresh or self.unnamed
            return []
        kind, text = content_type(recorded["headers"]), text_of(recorded)
        if recorded["status"] != status:
            return [f"status {recorded['status']}, not {status} {body[:200]}"]
        for theirs, ours in zip(cookies(recorded["headers"]), cookies(headers), strict=False):
            self.learn_text(theirs, ours)
        problems = self.differing_headers(recorded["headers"], headers)
        if line["request"]["method"] == "HEAD" or text is None:
            return problems
        if kind.startswith("application/json") and text:
            theirs, ours = json.loads(text), json.loads(body)
            self.learn(theirs, ours)
            return problems + (self.equal(theirs, ours) if status >= 400
                               else shape("", theirs, ours) or formats(theirs, ours))
        self.learn_text(text, body)
        if status >= 400 and blank(text) != blank(body):
            problems.append(f"text {text!r}, not {body!r}")
        if status < 400:
            problems += different_lines(*((families(one) if METRICS in kind else one) for one in (text, body)))
        return problems

    def differing_headers(self, recorded, ours):
        """What differs in headers that were recorded; the recording leaves some out that every answer has."""
        problems = []
        if content_type(recorded) != content_type(ours):
            problems.append(f"content type {content_type(recorded)}, not {content_type(ours)}")
        if [blank(one) for one in cookies(recorded)] != [blank(one) for one in cookies(ours)]:
            problems.append(f"cookies {cookies(recorded)}, not {cookies(ours)}")
        found = {name.lower(): value for name, value in ours}
        for name, value in recorded:
            if blank(value) != blank(found.get(name.lower(), "")):
                if name.lower() not in self.ignored_headers:
                    problems.append(f"header {name} {value!r}, not {found.get(name.lower())!r}")
                self.met.add(name.lower())
        return problems

    def send(self, request):
        path = request["path"] + (f"?{request['query']}" if request["query"] is not None else "")
        for made in ID.findall(request["path"]) if self.unnamed else ():
            if made not in self.names:  # what the answer that was left out named
                self.names[made] = self.unnamed.pop(0) if self.unnamed else made
        body, raw = request.get("body"), request.get("body_base64")
        address = f"127.0.{self.sent // 250 % 250}.{self.sent % 250 + 1}"
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60, source_address=(address, 0))
        try:
            connection.putrequest(request["method"], self.translate(path), skip_host=True, skip_accept_encoding=True)
            data = base64.b64decode(raw) if raw else None if body is None else self.translate(body).encode()
            if data is None and request["headers"].get("Content-Length") == "0":
                data = b""
            if made := request.get("body_made"):
                data = (made["before"] + made["between"].join([made["item"]] * made["count"]) + made["after"]).encode()
            for name, value in request["headers"].items():
                if name.lower() not in ("content-length", "accept-encoding"):
                    connection.putheader(name, self.translate(value))
            if data is not None:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def translate(self, text):
        """A recorded piece of a request in the words of our server."""
        document = re.search(r'"_id": ?"([^"]+)"|/medic/([^/?]+)', text)
        owner = next((one for one in document.groups() if one), None) if document else None
        for old, new in self.names.items():
            if quote(old, safe="") != old:
                text = text.replace(quote(old, safe=""), quote(new, safe=""))
        for old, new in self.opaque.items():
            text = text.replace(old, new).replace(quote(old, safe=""), quote(new, safe=""))
        return MADE.sub(lambda found: self.revisions.get((owner, found[0])) or self.names.get(found[0], found[0]), text)

    def learn(self, theirs, ours, owner=None):
        """Take in what both servers made at the same places of two answers."""
        if isinstance(theirs, dict) and isinstance(ours, dict):
            owner = next((theirs[key] for key in ("_id", "id") if isinstance(theirs.get(key), str)), owner)
            for key in theirs.keys() & ours.keys():
                self.learn(theirs[key], ours[key], owner)
                if key in OPAQUE and isinstance(theirs[key], str) and isinstance(ours[key], str):
                    self.opaque[theirs[key]] = ours[key]
        elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
            for one, other in zip(theirs, ours, strict=True):
                if blank(json.dumps(one, sort_keys=True)) == blank(json.dumps(other, sort_keys=True)):
                    self.learn(one, other, owner)
        elif isinstance(theirs, str) and isinstance(ours, str):
            self.learn_text(theirs, ours, owner)

    def learn_text(self, theirs, ours, owner=None):
        words, others = MADE.findall(theirs), MADE.findall(ours)
        if len(words) == len(others) and blank(theirs) == blank(ours):
            for word, other in zip(words, others, strict=True):
                self.revisions[owner, word] = other
                if "-" in word[:12] and word[0].isdigit():
                    self.names[word] = other  # the last one seen counts where the document is not known
                else:
                    self.names.setdefault(word, other)

    def equal(self, theirs, ours):
        one, other = (blank(json.dumps(value, sort_keys=True)) for value in (theirs, ours))
        return [] if one == other else [f"error {theirs}, not {ours}"]


def text_of(recorded):
    """The body of a recorded answer; None where the recording leaves it out."""
    if "body_omitted" in recorded:
        return None
    if "body_base64" in recorded:
        raw = base64.b64decode(recorded["body_base64"])
        return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    return recorded.get("body") or ""


def different_lines(theirs, ours):
    """Lines that only one of two texts has, in whatever order, but for what servers make up, times and numbers."""
    one, other = (Counter(NUMBER.sub("<number>", line) for line in blank(text).splitlines()) for text in (theirs, ours))
    return ([f"line {line!r} is missing" for line in one - other]
            + [f"line {line!r} is too much" for line in other - one])


def families(text):
    """The metrics of a Prometheus exposition, without their series: those depend on the traffic so far."""
    return "\n".join(line for line in text.splitlines() if line.startswith("#"))


def content_type(headers):
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def cookies(headers):
    """The cookies that an answer sets; when they end is a second earlier or later, as it happens."""
    return sorted(EXPIRY.sub("Expires=<time>", value) for name, value in headers if name.lower() == "set-cookie")


def shape(where, theirs, ours):
    """Where two JSON values differ in keys, types, numbers of elements or texts."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        keys = [f"{where}/{key} {'is missing' if key in theirs else 'is too much'}"
                for key in theirs.keys() ^ ours.keys() if not MADE.search(key)]
        both = (theirs.keys() & ours.keys()) - OPAQUE
        return keys + [one for key in both for one in shape(f"{where}/{key}", theirs[key], ours[key])]
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(theirs) != len(ours):
            return [f"{where} has {len(theirs)} elements, not {len(ours)}"]
        return [one for pair in zip(*(sorted(side, key=likeness) for side in (theirs, ours)), strict=True)
                for one in shape(f"{where}/*", *pair)]
    names = ["number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
             for value in (theirs, ours)]
    if names[0] != names[1]:
        return [f"{where} is {names[0]}, not {names[1]}"]
    if names[0] == "number":
        same = same_unit(theirs, ours)
    else:
        same = alike(theirs, ours) if isinstance(theirs, str) else theirs == ours
    return [] if same else [f"{where} is {ours!r}, not {theirs!r}"]


def kinds(text):
    """A text with the kinds of what servers make up in place of it: revisions keep their generation, ids and times
    their form."""
    def kind(found):
        made = found[0]
        if re.fullmatch(r"\d+-[0-9a-f]{32}", made):
            return f"<revision {made.partition('-')[0]}>"
        return "<id>" if re.fullmatch("[0-9a-f]{32}", made) else "<uuid>" if UUID.fullmatch(made) else "<made>"

    return VOLATILE.sub(lambda found: "<ms>" if found[0].isdigit() else "<iso>", MADE.sub(kind, text))


def same_unit(theirs, ours):
    """Whether two numbers may be of one unit: a time in seconds is no time in milliseconds."""
    low, high = sorted((abs(theirs), abs(ours)))
    return low < EARLIEST or high < low * 100


def alike(theirs, ours):
    """Whether two texts are equal but for what servers make up."""
    return kinds(theirs) == kinds(ours) or bool(SHORTCODE.fullmatch(theirs) and SHORTCODE.fullmatch(ours))


def formats(theirs, ours):
    """Where keys stand in another order, or numbers and times are of another format."""
    return [f"{where} is {recorded}, not {now}: {kind}"
            for where, kind, now, recorded in of_nodes("", node(ours, Reading()), node(theirs, Reading()))]


def likeness(value):
    """What to sort the elements of a list by, so that those that belong together meet."""
    return NUMBER.sub("<number>", blank(json.dumps(value, sort_keys=True)))
