"""Whose document a request means, as far as a run knows: one that it has made, or one that it was told of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mocksrv.live.sandbox import READ_METHODS, READS, texts_of

if TYPE_CHECKING:
    from mocksrv.call import Call
    from mocksrv.live.forward import Answer

AN_ID = re.compile(r"(?=\D*\d)\S{6,200}")  # and some other texts, which do no harm
MOST = 100_000  # ids that are remembered
MADE, TOLD = "made", "told"


class Ids:
    """What a run has learned from the service's answers."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}  # id -> MADE or TOLD

    def meant(self, own: Iterable[str]) -> str:
        """By what the caller sent: MADE, TOLD, or "" for what it names by itself, or does not name."""
        found = {self._known.get(text, "") for text in own}
        return MADE if MADE in found else TOLD if TOLD in found else ""

    def learn(self, call: Call, answer: Answer, own: Iterable[str]) -> None:
        """Remember the ids in an answer, and those in a request that writes, by what first had them."""
        if answer.status >= 300 or len(self._known) >= MOST:
            return
        origin, named = (TOLD, ()) if reads(call) else (MADE, own)
        for text in filter(AN_ID.fullmatch, (*named, *texts_of(answer.json()))):
            self._known.setdefault(text, origin)


def reads(call: Call) -> bool:
    return call.method in READ_METHODS or (call.operation is not None and call.operation.effect == READS.kind)
