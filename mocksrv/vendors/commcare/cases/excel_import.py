"""The import of cases from a spreadsheet, row by row.

commcare-hq corehq/apps/case_importer/do_import.py and exceptions.py (titles and texts of row errors).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from mocksrv.vendors.commcare.cases.v2.views import system_form
from mocksrv.vendors.commcare.django import dates, spreadsheets
from mocksrv.vendors.commcare.django.spreadsheets import Sheet
from mocksrv.vendors.commcare.form_processor import casexml, processing
from mocksrv.vendors.commcare.form_processor.stores import owned

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]

CHUNK = 100
XMLNS = "http://commcarehq.org/case"
DEVICE = "corehq.apps.case_importer.do_import.do_import"
SEARCH_FIELDS = ("case_id", "external_id")
RESERVED = ("type", "closed", "parent_ref")
NEVER = "---"  # how exports write a missing value

# Row errors: name -> title, description.
ERRORS = {
    "owner_name": ("Invalid Owner Name", "Owner name was used in the mapping but there were errors when uploading "
                                         "because of these values."),
    "owner": ("Invalid Owner", "Owners were provided in the mapping but there were errors when uploading because of "
                               "these values. Make sure the owners in this column are users, case sharing groups, or "
                               "locations."),
    "parent": ("Invalid Parent ID", "An invalid or unknown parent case was specified for the uploaded case."),
    "blank": ("Blank External ID", "Blank external ids were found in these rows causing as error when importing "
                                   "cases."),
    "import": ("Import Error", "Problems in importing cases. Please check the Excel file."),
    "matches": ("Too Many Matches", "These rows matched more than one case at the same time - this means that there "
                                    "are cases in your system with the same external ID."),
    "name": ("Name Too Long", "The case name cannot be longer than 255 characters"),
    "external_id": ("External ID Too Long", "The external id cannot be longer than 255 characters"),
    "location": ("Duplicated Location Name", "Owner ID was used in the mapping, but there were errors when uploading "
                                             "because of these values. There are multiple locations with this same "
                                             "name, try using site-code instead."),
    "block": ("Case Generation Error", "These rows failed to generate cases for unknown reasons"),
}


class ImportFailed(Exception):
    """The import stops as a whole."""


class RowError(Exception):
    """One row cannot be imported; the others can."""

    def __init__(self, name: str, column: str | None = None, description: str | None = None) -> None:
        super().__init__(name)
        self.title, self.description = ERRORS[name]
        self.description = description or self.description
        self.column = column


class Plan(NamedTuple):
    """How to import a sheet."""

    sheet: Sheet
    case_type: str
    search_field: str
    search_column: str
    name_column: str
    create: bool


@dataclass
class Import:
    """One import into a domain, by one user."""

    world: World
    domain: str
    caller: Any
    outcomes: dict[tuple[int, int], str] = field(default_factory=dict)  # sheet, row -> created, updated or failed
    errors: dict[tuple[str, str | None], dict[str, Any]] = field(default_factory=dict)
    chunks: int = 0
    sheets: int = 0
    waiting: list[tuple[tuple[int, int], dict[str, Any]]] = field(default_factory=list)
    uncreated: set[str] = field(default_factory=set)

    def result(self) -> dict[str, Any]:
        counts = [list(self.outcomes.values()).count(kind) for kind in ("updated", "created")]
        return {"match_count": counts[0], "created_count": counts[1], "num_chunks": self.chunks,
                "errors": list(self.errors.values())}

    def sheet(self, plan: Plan) -> None:
        """Import all rows of a sheet; errors name rows by Excel's numbers. Raises ImportFailed."""
        self.sheets += 1
        columns = plan.sheet.rows[0]
        if plan.search_column not in columns:
            raise ImportFailed(f"the spreadsheet has no column {plan.search_column!r}")
        for number, values in enumerate(plan.sheet.rows[1:], start=2):
            key = (self.sheets, number)
            try:
                self.row(plan, key, dict(zip(columns, values, strict=True)))
            except RowError as error:
                self.fail(key, error)
        self.commit()

    def fail(self, key: tuple[int, int], error: RowError) -> None:
        self.outcomes[key] = "failed"
        entry = self.errors.setdefault((error.title, error.column), {
            "title": error.title, "description": error.description, "column": error.column, "rows": []})
        if key[1] not in entry["rows"]:
            entry["rows"].append(key[1])

    def row(self, plan: Plan, key: tuple[int, int], raw: dict[str, Any]) -> None:
        """One row becomes a case block. Raises RowError and ImportFailed."""
        search_id = search_id_of(raw[plan.search_column])
        fields = fields_of(plan, raw)
        if not any(fields.values()):
            return
        row = Row(self, plan, search_id, fields)
        if self.uncreated & {search_id, row.parent_id, row.parent_external_id}:
            self.commit()  # the row's case, or its parent, is among those not yet submitted
        existing = row.existing()
        if existing is None and not plan.create:
            return
        block = row.create() if existing is None else row.update(existing)
        if existing is None and row.new_external_id():
            self.uncreated.add(row.new_external_id())
        self.outcomes[key] = "created" if existing is None else "updated"
        self.waiting.append((key, block))
        if len(self.waiting) >= CHUNK:
            self.commit()

    def commit(self) -> None:
        """Submit the pending case blocks as one form; if it fails, all their rows fail."""
        if not self.waiting:
            return
        form = system_form(self.world, [block for _, block in self.waiting], XMLNS, self.caller, DEVICE)
        outcome = processing.store(self.world, self.domain, form, user_id=self.caller.user_id)
        if outcome.kind != "normal":
            for key, _ in self.waiting:
                self.fail(key, RowError("import"))
        self.chunks += 1
        self.waiting, self.uncreated = [], set()

    # --- owners ---------------------------------------------------------------------------------------------

    def check_owner(self, owner_id: str, column: str) -> str:
        """An id that may own cases. Raises RowError."""
        user = owned(self.world, "commcare.users", owner_id, self.domain)
        web = self.world.table("commcare.web_users").peek(owner_id)
        group = owned(self.world, "commcare.groups", owner_id, self.domain)
        place = owned(self.world, "commcare.locations", owner_id, self.domain)
        if user or (web and self.domain in web["memberships"]) or (group and group["case_sharing"]):
            return owner_id
        if place and self.shares_cases(place):
            return owner_id
        raise RowError("owner", column)

    def shares_cases(self, place: Doc) -> bool:
        kind = self.world.table("commcare.location_types").peek(str(place["type_id"]))
        return kind is not None and bool(kind["shares_cases"])

    def owner_by_name(self, name: str) -> str:
        """A user, else a group, else a location. Raises RowError."""
        full = name if "@" in name else f"{name}@{self.domain}.commcarehq.org"
        for table in ("commcare.users", "commcare.web_users"):
            if found := self.world.table(table).first("by_username", full.lower()):
                return self.check_owner(found, "owner_name")
        if group := self.world.table("commcare.groups").first("by_name", (self.domain, name)):
            return self.check_owner(group, "owner_name")
        places = [place["location_id"] for place in self.world.table("commcare.locations").all()
                  if place["domain"] == self.domain and name in (place["name"], place["site_code"])]
        if len(places) > 1:
            raise RowError("location")
        if not places:
            raise RowError("owner_name", "owner_name")
        return self.check_owner(places[0], "owner_name")


class Row:
    """A row that is not empty."""

    def __init__(self, run: Import, plan: Plan, search_id: str, fields: dict[str, str | None]) -> None:
        self.run = run
        self.plan = plan
        self.search_id = search_id
        self.name = fields.pop("name", None)
        if len(self.name or "") > casexml.LONGEST:
            raise RowError("name", "name")
        self.external_id = fields.pop("external_id", None)
        if len(self.external_id or "") > casexml.LONGEST:
            raise RowError("external_id", "external_id")
        if plan.search_field == "external_id" and not search_id:
            raise RowError("blank")
        self.parent_id = fields.pop("parent_id", None) or ""
        self.parent_external_id = fields.pop("parent_external_id", None) or ""
        self.parent_type = fields.pop("parent_type", plan.case_type) or plan.case_type
        self.relationship = fields.pop("parent_relationship_type", "child") or "child"
        self.identifier = fields.pop("parent_identifier", None)
        self.close = fields.pop("close", None) == "yes"
        self.owner_name = fields.pop("owner_name", None)
        self.owner_id = fields.pop("owner_id", None)
        fields.pop("date_opened", None)
        self.fields = {name: value or "" for name, value in fields.items()}

    def existing(self) -> Doc | None:
        """The case that the row is about, if there is one. Raises RowError."""
        return self.find(self.plan.search_field, self.search_id, self.plan.case_type)

    def find(self, search_field: str, value: str, case_type: str) -> Doc | None:
        world, domain = self.run.world, self.run.domain
        if search_field == "case_id":
            case = owned(world, "commcare.cases", value, domain) if value else None
            return case if case is not None and case["case_type"] == case_type else None
        table = world.table("commcare.cases")
        ids = table.by("by_external_id", (domain, value)) if value else []
        cases = [case for id in ids if (case := table.peek(id)) and case["case_type"] == case_type]
        if len(cases) > 1:
            raise RowError("matches")
        return cases[0] if cases else None

    def new_external_id(self) -> str:
        return (self.search_id if self.plan.search_field == "external_id" else self.external_id) or ""

    def create(self) -> dict[str, Any]:
        run = self.run
        owner = run.owner_by_name(self.owner_name) if self.owner_name else (
            run.check_owner(self.owner_id, "owner_id") if self.owner_id else run.caller.user_id)
        part = {"case_type": self.plan.case_type, "case_name": self.name or "", "owner_id": owner}
        return self.block(run.world.hex(), self.new_external_id(), part)

    def update(self, case: Doc) -> dict[str, Any]:
        run, part = self.run, {}
        if self.owner_name or self.owner_id:
            part["owner_id"] = (run.owner_by_name(self.owner_name) if self.owner_name else
                                run.check_owner(self.owner_id or "", "owner_id"))
        if self.name is not None:
            part["case_name"] = self.name
        block = self.block(case["case_id"], self.external_id or "", None)
        block["update"] = block.get("update", {}) | part
        if self.close:
            block["close"] = ""
        return block

    def block(self, case_id: str, external_id: str, create: dict[str, str] | None) -> dict[str, Any]:
        if twice := next((name for name in create or () if name in self.fields), None):
            raise RowError("block", description=f"Key '{twice}' specified twice")
        now = dates.now(self.run.world)
        block: dict[str, Any] = {"@case_id": case_id, "@date_modified": now, "@user_id": self.run.caller.user_id,
                                 "@xmlns": casexml.NAMESPACE}
        update = dict(self.fields)
        if create is not None:
            block["create"] = create
            update["date_opened"] = now
        if external_id:
            update["external_id"] = external_id
        if update:
            block["update"] = update
        if index := self.index():
            block["index"] = index
        return block

    def index(self) -> dict[str, Any]:
        """The index to the parent that the row names. Raises RowError."""
        for column, search_field, value in (("parent_id", "case_id", self.parent_id),
                                            ("parent_external_id", "external_id", self.parent_external_id)):
            if not value:
                continue
            parent = self.find(search_field, value, self.parent_type)
            if parent is None:
                raise RowError("parent", column)
            if self.relationship == "child":
                return {self.identifier or "parent": {"@case_type": parent["case_type"], "#text": parent["case_id"]}}
            if self.relationship != "extension":
                raise RowError("parent", description="Invalid value for 'parent_relationship_type' column")
            if not self.identifier:
                raise RowError("parent", description="'parent_identifier' column must be provided when "
                                                     "'parent_relationship_type' column is set to 'extension'")
            return {self.identifier: {"@case_type": parent["case_type"], "@relationship": "extension",
                                      "#text": parent["case_id"]}}
        return {}


def search_id_of(value: Any) -> str:
    """The id that a row is looked up by; a number loses its decimals, and what looks like one its zeros."""
    try:
        return str(int(float(value or "")))
    except (ValueError, TypeError, OverflowError):
        return spreadsheets.text(value)


def fields_of(plan: Plan, raw: dict[str, Any]) -> dict[str, str | None]:
    """The properties that a row sets. Raises ImportFailed."""
    fields: dict[str, str | None] = {}
    for column, value in raw.items():
        name = column
        if column == plan.search_column:
            if plan.search_field != "external_id":
                continue
            name = "external_id"
        elif column == plan.name_column:
            name = "name"
        if name in RESERVED:
            raise ImportFailed('Field name "{}" is deprecated. Please use "parent_identifier" instead.'
                               if name == "parent_ref" else f'Field name "{name}" is reserved')
        text = None if value is None else spreadsheets.text(value)
        fields[name] = "" if (text or "").strip() == NEVER else text
    return fields
