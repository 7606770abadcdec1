"""Replay of recorded exchanges that must come again to the letter.

Two answers agree when status, headers and text are equal, the order of keys too, once ids, times and the server's own
address are put aside. An id that the recorded server made stands, from then on, for the one at the same place of ours.
"""

import json
import re

from contract_tests.replay import Replay

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
COMPARED = ("Content-Type", "Location", "Vary", "Allow", "WWW-Authenticate")  # also where they were not recorded


class ExactReplay(Replay):
    """One run against a world; `login` are headers of all requests, `absent` keys that the recorded server had not."""

    def __init__(self, host, port, prefix, login, absent=()):
        super().__init__(host, port)
        self.prefix, self.login = prefix, {"Host": f"{host}:{port}"} | login
        self.absent = [re.compile(rf'"{key}": "[^"]*", ') for key in absent]

    def play(self, line):
        """Send the request of a line; what differs in the answer, as texts."""
        status, headers, text = self.send(line["request"])
        recorded = line["response"]
        if recorded.get("hidden"):
            return []
        for key in self.absent:
            text = key.sub("", text)
        self.learn(parsed(recorded["body"]), parsed(text))
        theirs, ours = dict(recorded["headers"]), dict(headers)
        for one, other in zip(*(ID.findall(side.get("Location", "")) for side in (theirs, ours)), strict=False):
            self.names.setdefault(one, other)
        problems = [] if status == recorded["status"] else [f"status {recorded['status']}, not {status}"]
        problems += [f"header {name} {theirs.get(name)!r}, not {ours.get(name)!r}" for name in {*theirs, *COMPARED}
                     if self.plain(theirs.get(name, "")) != self.plain(ours.get(name, ""))]
        if self.plain(recorded["body"]) != self.plain(text):
            problems.append(f"text {recorded['body']!r}, not {text!r}")
        return problems

    def send(self, request):
        return super().send(request | {"path": self.prefix + request["path"],
                                       "headers": self.login | request["headers"]})

    def learn(self, theirs, ours, owner=None):
        """Take in the ids at the same places of two answers."""
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for key in theirs.keys() & ours.keys():
                self.learn(theirs[key], ours[key])
        elif isinstance(theirs, list) and isinstance(ours, list):
            for one, other in zip(theirs, ours, strict=False):
                self.learn(one, other)
        elif isinstance(theirs, str) and isinstance(ours, str) and ID.fullmatch(theirs) and ID.fullmatch(ours):
            self.names.setdefault(theirs, ours)

    def translate(self, text):
        return ID.sub(lambda found: self.names.get(found[0], found[0]), text)

    def plain(self, text):
        """A text without ids, times, and where the server is."""
        text = text.replace("{host}", f"{self.host}:{self.port}").replace(self.prefix, "")
        return TIME.sub("<time>", ID.sub("<id>", text))


def parsed(text):
    """A body as JSON; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None
