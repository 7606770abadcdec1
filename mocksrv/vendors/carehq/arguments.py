"""From the pairs of a request to values: every argument is checked, and all errors are reported together."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError, fields, validate

from mocksrv.vendors.carehq import errors
from mocksrv.vendors.carehq.fields import an_id
from mocksrv.vendors.carehq.signatures import grouped

if TYPE_CHECKING:
    from mocksrv.vendors.carehq.call import Call
    from mocksrv.world import World

MOST = 1_000  # arguments of one request
NAMES_SHOWN, NAME_SHOWN = 5, 80  # unknown names in a diagnosis, and characters of each


@dataclass
class Given:
    """The arguments of a request: values by name, and what was wrong."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)  # for the diagnosis

    def refuse(self, name: str, text: str, advice: str = "") -> None:
        texts = self.errors.setdefault(name, [])
        if text not in texts:
            texts.append(text)
        if advice and len(self.advice) < NAMES_SHOWN:
            self.advice.append(advice)

    def check(self) -> None:
        """Raise the refusal that names all errors, if there are any."""
        if self.errors:
            raise errors.bad_arguments(self.errors, self.advice)


def read(world: World, call: Call, known: Mapping[str, fields.Field[Any]], *, silent: Iterable[str] = (),
         lenient: bool = False) -> Given:
    """The call's arguments, read by the fields of that name.

    Empty text becomes None, or an empty list. Names in `silent` are known but ignored. With `lenient`, unknown names
    are ignored under `carehq.unknown_arguments=mixed`.
    """
    given = Given()
    groups = grouped(call.pairs)
    if len(call.pairs) > MOST:
        for name in groups:
            given.refuse(printable(name), errors.TOO_MANY.format(limit=MOST))
        return given
    policy = world.setting("carehq.unknown_arguments")
    unknown = []
    for sent, texts in groups.items():
        name = sent if "." not in sent or sent.startswith("filters") else sent.replace(".", "-", 1)
        if not well_formed(given, sent, texts):
            continue
        if wanted := known.get(name) or known.get(f"{name.partition('-')[0]}-*"):
            value(given, name, sent, wanted, texts, policy)
        elif sent not in silent:
            unknown.append(sent)
            if policy == "refuse" or (policy == "mixed" and not lenient):
                given.refuse(sent, errors.UNKNOWN)
    if unknown:
        advise(call, unknown, known)
    return given


def well_formed(given: Given, name: str, texts: list[str]) -> bool:
    """Whether name and values are text that can be stored."""
    fine = True
    for text in (name, *texts):
        if "\0" in text:
            given.refuse(printable(name), errors.NULL_CHARACTER)
            fine = False
        elif not text.isascii() and not encodable(text):
            given.refuse(printable(name), errors.NOT_TEXT)
            fine = False
    return fine


def encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def value(given: Given, name: str, sent: str, known: fields.Field[Any], texts: list[str], policy: str) -> None:
    """Read one argument into `given`."""
    try:
        if isinstance(known, fields.List):
            given.values[name] = known.deserialize([text for text in texts if text])
        elif len(texts) > 1 and policy != "ignore":
            given.refuse(sent, errors.REPEATED)
        else:
            given.values[name] = known.deserialize(texts[0]) if texts[0] else None
    except ValidationError as error:
        for text in flat(error.messages):
            given.refuse(sent, text, choices_of(sent, known, texts) if text == errors.NOT_A_CHOICE else "")


def choices_of(name: str, known: fields.Field[Any], texts: list[str]) -> str:
    """The options of an argument that has fixed ones, those most like the value first."""
    inner = known.inner if isinstance(known, fields.List) else known
    options = next((list(v.choices) for v in inner.validators if isinstance(v, validate.OneOf)), None)
    if options is None:
        return f"{name} takes ids of 24 lower-case hexadecimal characters" if getattr(inner, "read",
                                                                                      None) is an_id else ""
    wrong = next((text for text in texts if text not in options), texts[0])
    near = difflib.get_close_matches(wrong[:NAME_SHOWN], options, 1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{name} takes {', '.join(options)}{meant}"


def flat(messages: Any) -> Iterable[str]:
    """The texts of marshmallow's messages as one flat list."""
    if isinstance(messages, dict):
        for inner in messages.values():
            yield from flat(inner)
    else:
        yield from messages


def demand(given: Given, known: Mapping[str, fields.Field[Any]]) -> None:
    """Add an error for each required argument that is missing or empty."""
    for name, wanted in known.items():
        if wanted.required and name not in given.errors and given.values.get(name) in (None, []):
            given.refuse(name, errors.REQUIRED)


def advise(call: Call, unknown: list[str], known: Iterable[str], what: str = "no argument here") -> None:
    """Tell the developer of names that CareHQ does not know, with those most alike."""
    for name in unknown[:NAMES_SHOWN]:
        near = difflib.get_close_matches(name, list(known), 2)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        call.diagnose(f"{name[:NAME_SHOWN]} is {what}{meant}")
    if len(unknown) > NAMES_SHOWN:
        call.diagnose(f"and {len(unknown) - NAMES_SHOWN} more unknown names")
