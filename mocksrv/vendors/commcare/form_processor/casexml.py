"""Case transactions, version 2: the case blocks of a form, and cases as the fold of their forms.

Everything in here is a pure function of forms and cases. Rules and error names: commcare-hq
casexml/apps/case/xform.py, casexml/apps/case/xml/parser.py and form_processor/backends/sql/update_strategy.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mocksrv.vendors.commcare.form_processor.xform import Form, text_of, zulu

Case = dict[str, Any]

NAMESPACE = "http://commcarehq.org/case/transaction/v2"
DEVICE_REPORT = "http://code.javarosa.org/devicereport"
ACTIONS = ("create", "update", "index", "close", "attachment")  # the order in which blocks of one case are applied
KNOWN = {"case_type": "type", "case_name": "name", "external_id": "external_id", "owner_id": "owner_id"}
# An update cannot set these as properties of their own.
RESTRICTED = {"case_id", "@case_id", "date_modified", "case_type", "case_name", "date_opened", "@xmlns",
              "external_id", "owner_id", "user_id", "name", "location_id", "supply_point_location_id"}
LONGEST = 255


class CaseError(Exception):
    """A known error in a form's cases: the form is kept as a failed one, and the answer contains `problem`."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.problem = f"{kind}: {text}"


class CaseCrash(CaseError):
    """An error that HQ does not expect: the form is kept as a failed one, and the answer is HQ's own 500."""


@dataclass
class Update:
    """One case block of a form."""

    case_id: str
    user_id: str
    modified_on: str | None
    create: dict[str, Any] = field(default_factory=dict)
    update: dict[str, Any] = field(default_factory=dict)
    close: bool = False
    index: dict[str, dict[str, str]] = field(default_factory=dict)
    order: int = 1


class Source(NamedTuple):
    """The facts about a form that its cases keep."""

    form_id: str
    domain: str
    received_on: str
    user_id: str | None


def blocks(data: Any) -> Iterator[dict[str, Any]]:
    """All case blocks of a form, at any depth; the inside of a block is not searched."""
    if isinstance(data, list):
        for item in data:
            yield from blocks(item)
    elif isinstance(data, dict) and data.get("@xmlns") != DEVICE_REPORT:
        for key, value in data.items():
            if key != "case":
                if type(value) in (dict, list):
                    yield from blocks(value)
                continue
            for block in value if isinstance(value, list) else [value]:
                if isinstance(block, dict) and ("@case_id" in block or "case_id" in block):
                    yield block


def updates(form: Form) -> list[Update]:
    """The form's case blocks: by case, and for one case creations first. Raises CaseError."""
    found = [read(block) for block in blocks(form)]
    return sorted(found, key=lambda update: (update.case_id, update.order))


def case_ids(form: Form) -> list[str]:
    """The cases that a form touches, sorted."""
    return sorted({text_of(block.get("@case_id", block.get("case_id"))) for block in blocks(form)})


def read(block: dict[str, Any]) -> Update:
    """A case block. Raises CaseError."""
    modified = block.get("@date_modified")
    if modified and zulu(modified) is None:
        raise CaseError("PhoneDateValueError", repr(modified))
    xmlns = block.get("@xmlns")
    if xmlns and xmlns != NAMESPACE:
        raise CaseCrash("CaseGenerationException",
                        f"{xmlns} not a valid case xmlns. We don't know how to handle this version.")
    if not xmlns:
        raise CaseCrash("VersionNotSupported", f"a case block has no xmlns; it must be {NAMESPACE}")
    if "@case_id" not in block:
        raise CaseCrash("CaseGenerationException",
                        "No case_id attribute found in v2 case block, this is a required property.")
    if not block["@case_id"]:
        raise CaseError("IllegalCaseId", "case_id must not be empty")
    if len(block["@case_id"]) > LONGEST:
        raise CaseCrash("DataError", f"value too long for type character varying({LONGEST})")
    if block.get("referral"):
        raise CaseError("UsesReferrals", "Sorry, referrals are no longer supported!")
    present = [number for number, name in enumerate(ACTIONS) if block.get(name) or (name == "close" and name in block)]
    return Update(
        case_id=block["@case_id"],
        user_id=block.get("@user_id", ""),
        modified_on=zulu(modified) if modified else None,
        create=_part(block, "create"),
        update=_part(block, "update"),
        close="close" in block,
        index={name: _index(value) for name, value in _part(block, "index").items()},
        order=min(present, default=ACTIONS.index("update")),
    )


def _part(block: dict[str, Any], name: str) -> dict[str, Any]:
    value = block.get(name)
    return value if isinstance(value, dict) else {}


def _index(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or "@case_type" not in value:
        raise CaseCrash("CaseGenerationException", "Invalid index, must have a case type attribute.")
    relationship = value.get("@relationship") or "child"
    if relationship not in ("child", "extension"):
        raise CaseCrash("KeyError", repr(relationship))
    return {"case_id": value.get("#text", ""), "case_type": value["@case_type"], "relationship": relationship}


def blank(case_id: str, domain: str) -> Case:
    """A case before its first form."""
    return {"case_id": case_id, "domain": domain, "case_type": "", "case_name": "", "owner_id": "", "external_id": None,
            "opened_by": None, "closed_by": None, "user_id": None, "date_opened": None, "date_modified": None,
            "server_date_opened": None, "server_date_modified": None, "closed": False, "date_closed": None,
            "indices": {}, "properties": {}, "xform_ids": [], "indexed_on": None}


def apply(case: Case | None, update: Update, source: Source) -> Case:
    """The case after one more block; the case given is not changed. Raises CaseError."""
    case = dict(case) if case else blank(update.case_id, source.domain)
    user_id = update.user_id or source.user_id or ""
    modified_on = update.modified_on or source.received_on
    case["properties"], case["indices"] = dict(case["properties"]), dict(case["indices"])
    _set_known(case, update.create)
    _set_known(case, update.update)
    _set_properties(case, update.update)
    if update.close:
        case |= {"closed": True, "date_closed": modified_on, "closed_by": user_id}
    for name, index in update.index.items():
        if index["case_id"]:
            case["indices"][name] = index
        else:
            case["indices"].pop(name, None)
    if user_id:
        case["user_id"] = user_id
    if case["date_modified"] is None or modified_on > case["date_modified"]:
        case["date_modified"] = modified_on
    # A form may update a case before the form that creates it arrives.
    case["date_opened"] = case["date_opened"] or modified_on
    case["opened_by"] = case["opened_by"] or user_id
    case["owner_id"] = case["owner_id"] or user_id
    case["server_date_opened"] = case["server_date_opened"] or source.received_on
    case["server_date_modified"] = max(case["server_date_modified"] or "", source.received_on)
    if source.form_id not in case["xform_ids"]:
        case["xform_ids"] = [*case["xform_ids"], source.form_id]
    return case


def _set_known(case: Case, part: dict[str, Any]) -> None:
    """Set what a case has besides its properties; an empty value clears it.

    HQ takes the text of whatever value it finds: an element with attributes becomes the text of a Python dict.
    """
    for tag, name in KNOWN.items():
        if tag not in part:
            continue
        value = str(last(part[tag]))
        if len(value) > LONGEST:
            raise CaseError("CaseValueError", f"Error processing case update: Field: {name}, "
                                              f"Error: Value exceeds allowed length: {LONGEST}")
        case[tag] = value
    if opened := text_of(part.get("date_opened")):
        moment = zulu(opened)
        if moment is None:
            raise CaseError("CaseValueError", "Error processing case update: Field: opened_on, "
                                              f"Error: Unable to parse date string {opened!r}")
        case["date_opened"] = moment


def _set_properties(case: Case, part: dict[str, Any]) -> None:
    """Set the properties: texts, or objects where an element has attributes or children."""
    for name, item in part.items():
        value = last(item)
        if name == "name":
            case["case_name"] = text_of(value)
        elif name not in RESTRICTED:
            case["properties"][name] = value
        if name == "hq_user_id":
            case["external_id"] = text_of(value)


def last(value: Any) -> Any:
    """Of a repeated element the last one counts."""
    return value[-1] if isinstance(value, list) and value else value


def fold(case_id: str, forms: Iterable[tuple[Source, Form]]) -> Case | None:
    """The case that a sequence of forms makes, without `indexed_on`; None if no form touches it."""
    case: Case | None = None
    for source, form in forms:
        for update in updates(form):
            if update.case_id == case_id:
                case = apply(case, update, source)
    return case


def check_indices(cases: Iterable[Case], exists: Callable[[str], bool]) -> None:
    """Every index must lead to a case of the same domain; circles are allowed. Raises CaseError."""
    for case in cases:
        for index in case["indices"].values():
            if not exists(index["case_id"]):
                raise CaseError("InvalidCaseIndex",
                                f"Case '{case['case_id']}' references non-existent case '{index['case_id']}'")
