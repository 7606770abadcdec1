"""Case transactions, version 2: the case blocks of a form, and cases as the fold of their forms.

Everything in here is a pure function of forms and cases. Rules and error names: commcare-hq
casexml/apps/case/xform.py, casexml/apps/case/xml/parser.py and form_processor/backends/sql/update_strategy.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mocksrv.vendors.commcare.form_processor import phone_dates
from mocksrv.vendors.commcare.form_processor.xform import Form, text_of

Case = dict[str, Any]

NAMESPACE = "http://commcarehq.org/case/transaction/v2"
DEVICE_REPORT = "http://code.javarosa.org/devicereport"
ACTIONS = ("create", "update", "index", "close", "attachment")  # the order in which blocks of one case are applied
# What a case has besides its properties: HQ's name -> tag, in the order in which HQ looks at them.
KNOWN = {"name": "case_name", "external_id": "external_id", "type": "case_type", "owner_id": "owner_id",
         "opened_on": "date_opened", "user_id": "user_id"}
RELATIONSHIPS = ("child", "extension")
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
    modified: str  # as the phone wrote it
    outdated: bool = False  # of version 1, without a namespace
    referral: bool = False
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
    found = list(blocks(form))
    for block in found:
        check_date(block.get("@date_modified"))
    return sorted(map(read, found), key=lambda update: (update.case_id, update.order))


def check_date(modified: str | None) -> None:
    """HQ looks at all dates before it reads the first block."""
    if modified:
        try:
            phone_dates.iso8601(modified)
        except ValueError:
            raise CaseError("PhoneDateValueError", repr(modified)) from None


def case_ids(form: Form) -> list[str]:
    """The cases that a form touches, sorted."""
    return sorted({text_of(block.get("@case_id", block.get("case_id"))) for block in blocks(form)})


def read(block: dict[str, Any]) -> Update:
    """A case block. Raises CaseError."""
    xmlns = block.get("@xmlns")
    if xmlns and xmlns != NAMESPACE:
        raise CaseCrash("CaseGenerationException",
                        f"{xmlns} not a valid case xmlns. We don't know how to handle this version.")
    name, kind = ("@case_id", "attribute found in v2") if xmlns else ("case_id", "element found in v1")
    if name not in block:
        raise CaseCrash("CaseGenerationException", f"No case_id {kind} case block, this is a required property.")
    present = [number for number, name in enumerate(ACTIONS) if block.get(name) or (name == "close" and name in block)]
    return Update(
        case_id=block[name] if xmlns else text_of(block[name]),
        user_id=block.get("@user_id", ""),
        modified=block.get("@date_modified", ""),
        outdated=not xmlns,
        referral=bool(block.get("referral")),
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
    return {"case_id": value.get("#text", ""), "case_type": value["@case_type"],
            "relationship": value.get("@relationship") or "child"}


def blank(case_id: str, domain: str) -> Case:
    """A case before its first form."""
    return {"case_id": case_id, "domain": domain, "case_type": "", "case_name": "", "owner_id": "", "external_id": None,
            "opened_by": None, "closed_by": None, "user_id": None, "date_opened": None, "date_modified": None,
            "server_date_opened": None, "server_date_modified": None, "closed": False, "date_closed": None,
            "indices": {}, "properties": {}, "xform_ids": [], "indexed_on": None}


def apply(case: Case | None, update: Update, source: Source) -> Case:
    """The case after one more block; the case given is not changed. Raises CaseError."""
    if not update.case_id:
        raise CaseError("IllegalCaseId", "case_id must not be empty")
    if update.referral:
        raise CaseError("UsesReferrals", "Sorry, referrals are no longer supported!")
    if update.outdated:
        raise CaseCrash("VersionNotSupported", f"a case block has no xmlns; it must be {NAMESPACE}")
    case = dict(case) if case else blank(update.case_id, source.domain)
    user_id = update.user_id or source.user_id or ""
    modified_on = _modified(update, source)
    case["properties"], case["indices"] = dict(case["properties"]), dict(case["indices"])
    _set_known(case, update.create)
    _set_known(case, update.update)
    _set_properties(case, update.update)
    if update.close:
        case |= {"closed": True, "date_closed": modified_on, "closed_by": user_id}
    for name, index in update.index.items():
        if not index["case_id"]:
            case["indices"].pop(name, None)
        elif index["relationship"] not in RELATIONSHIPS:
            raise CaseCrash("KeyError", repr(index["relationship"]))
        else:
            case["indices"][name] = index
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


def _modified(update: Update, source: Source) -> str:
    try:
        return phone_dates.loosely(update.modified, source.received_on) if update.modified else source.received_on
    except ValueError:
        raise CaseCrash("ParserError", f"dateutil cannot read {update.modified!r}, as iso8601 can") from None


def _set_known(case: Case, part: dict[str, Any]) -> None:
    """Set what a case has besides its properties; an empty value clears it.

    HQ stores whatever value it finds: an element with attributes, or a repeated one, becomes the text of a Python dict
    or list.
    """
    for name, tag in KNOWN.items():
        value = part.get(tag)
        if value is None:
            continue
        if name == "opened_on":
            case[tag] = _moment(value)
        elif name != "user_id" and len(value) > LONGEST:
            raise wrong_value(name, f"Value exceeds allowed length: {LONGEST}")
        else:
            case[tag] = str(value)


def _moment(value: Any) -> str:
    try:
        return phone_dates.hqs_form(phone_dates.iso8601(value))
    except ValueError as error:
        raise wrong_value("opened_on", str(error)) from None
    except OverflowError:
        raise CaseCrash("OverflowError", "date value out of range") from None


def wrong_value(name: str, problem: str) -> CaseError:
    return CaseError("CaseValueError", f"Error processing case update: Field: {name}, Error: {problem}")


def _set_properties(case: Case, part: dict[str, Any]) -> None:
    """Set the properties: texts, or objects where an element has attributes or children."""
    for name, item in part.items():
        value = last(item)
        if name == "name":
            case["case_name"] = str(value)
        elif name not in RESTRICTED:
            case["properties"][name] = value
        if name == "hq_user_id":
            case["external_id"] = str(value)


def last(value: Any) -> Any:
    """Of a repeated element the last one counts."""
    return value[-1] if isinstance(value, list) and value else value


def by_case(form: Form) -> dict[str, list[Update]]:
    """The form's case blocks by the case that they are of. Raises CaseError."""
    found: dict[str, list[Update]] = {}
    for update in updates(form):
        found.setdefault(update.case_id, []).append(update)
    return found


def fold(forms: Iterable[tuple[Source, Iterable[Update]]]) -> Case | None:
    """The case that its blocks in a sequence of forms make, without `indexed_on`; None if there are none."""
    case: Case | None = None
    for source, found in forms:
        for update in found:
            case = apply(case, update, source)
    return case


def check_indices(cases: Iterable[Case], exists: Callable[[str], bool]) -> None:
    """Every index must lead to a case of the same domain; circles are allowed. Raises CaseError."""
    for case in cases:
        for index in case["indices"].values():
            if not exists(index["case_id"]):
                raise CaseError("InvalidCaseIndex",
                                f"Case '{case['case_id']}' references non-existent case '{index['case_id']}'")


def check_columns(cases: Iterable[Case]) -> None:
    """The texts of HQ's database hold up to 255 characters. Raises CaseCrash."""
    for case in cases:
        texts = [case["case_id"], case["user_id"], case["opened_by"], case["closed_by"]]
        texts += [case[tag] for name, tag in KNOWN.items() if name != "opened_on"]
        for name, index in case["indices"].items():
            texts += [name, index["case_id"], index["case_type"]]
        if any(len(text or "") > LONGEST for text in texts):
            raise CaseCrash("DataError", f"value too long for type character varying({LONGEST})")
