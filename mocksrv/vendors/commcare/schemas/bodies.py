"""What the bodies of HQ's resources may be. HQ takes more than its pages tell: Python decides what is false, and what
can be gone through.

HQ's own texts and its order of checks are where bodies are read; tests hold that a body is taken when it fits what is
declared here, and refused when it does not. What depends on the project, such as ids that must be there and names that
must not, and what two fields say together, no schema tells.
"""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields

from mocksrv.described.json_schema import Shape, any_of, array, dictionary, record
from mocksrv.vendors.commcare.schemas.requests import said

FALSE: tuple[Any, ...] = (False, 0, "", [], {})  # what Python takes for false, beside None
# Nothing, and anything empty, is an empty object to tastypie.
EMPTY: Shape = {"enum": [None, False, 0, "", []], "description": "read as an empty object"}
TEXT: Shape = {"type": "string"}
SOME_TEXT: Shape = {"type": "string", "minLength": 1}
TRUTH: Shape = {"type": "boolean"}
OBJECT: Shape = {"type": "object"}
LIST: Shape = {"type": "array"}
TEXTS: Shape = {"type": "array", "items": TEXT}
NOT: Shape = {"enum": list(FALSE)}
SET: Shape = {"not": {"type": "null"}}
NEVER: Shape = {"enum": [None]}
SOMETHING: Shape = {"not": {"enum": [None, *FALSE]}}
# Python goes through the letters of a text and the names of an object.
TEXTS_OF_ANY_KIND = any_of(TEXTS, OBJECT, TEXT)


class Value(fields.Raw):
    """A value that fits a JSON Schema, taken as it comes; null as well, if `null` says so."""

    def __init__(self, shape: Shape, *, null: bool = False, about: str = "", **options: Any) -> None:
        told = any_of(shape, {"type": "null"}) if null and {"anyOf", "enum"} & shape.keys() else shape
        super().__init__(allow_none=null, validate=self.check, metadata={**told, **(said(about) if about else {})},
                         **options)
        self.shape = shape

    def check(self, value: Any) -> None:
        from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

        if not Draft202012Validator(dict(self.shape)).is_valid(value):
            raise ValidationError("Invalid value.")


def anything(about: str = "", **options: Any) -> Value:
    return Value({}, null=True, about=about, **options)


def listed(items: Any, **limits: int) -> Shape:
    """The `objects` of a PATCH on a list: these, or nothing."""
    return record({"objects": any_of({**array(items), **limits}, {"enum": ["", {}]})}, closed=False)


class Open(Schema):
    """What is not named here may be there too, and means nothing."""

    class Meta:
        unknown = INCLUDE


# --- mobile workers --------------------------------------------------------------------------------------------------

CONFIRM = "whether the worker is to confirm the account by e-mail, and sets the password then"


class UserFields(Schema):
    """What is told of a worker, new or not."""

    first_name = Value(TEXT, null=True)
    last_name = Value(TEXT, null=True)
    email = Value(TEXT)
    language = Value(TEXT, null=True)
    phone_numbers = Value(TEXTS_OF_ANY_KIND)
    groups = Value(TEXTS_OF_ANY_KIND, about="ids of groups")
    user_data = Value(OBJECT)
    primary_location = anything("one of `locations`")
    locations = anything("ids of locations")


class NewUser(UserFields, Open):
    """A worker with a password. Other fields are dropped in silence, and these two where they cannot be taken."""

    username = Value(TEXT, required=True)
    password = Value(SOME_TEXT, required=True)
    connect_username = Value(NOT, null=True)
    require_account_confirmation = Value(NOT, null=True, about=CONFIRM)
    send_confirmation_email_now = Value(NOT, null=True)
    default_phone_number = anything("a text")
    role = anything("a role of the project")


class UnconfirmedUser(NewUser):
    """A worker who sets the password after an e-mail."""

    password = Value(NOT, null=True)
    email = Value(SOME_TEXT, required=True)
    require_account_confirmation = Value(SOMETHING, required=True, about=CONFIRM)
    send_confirmation_email_now = anything()


class InformedUser(UnconfirmedUser):
    """The same: an e-mail that is to be sent at once is to be answered."""

    require_account_confirmation = anything(CONFIRM)
    send_confirmation_email_now = Value(SOMETHING, required=True)


class UserChange(UserFields):
    password = Value(TEXT, null=True)
    default_phone_number = Value(TEXT)
    role = Value(TEXT, about="a role of the project")
    send_confirmation_email_now = anything("only of a worker who has not confirmed the account")


NEW_USER = any_of(NewUser, UnconfirmedUser, InformedUser)
USER_CHANGE = any_of(UserChange, EMPTY)


# --- groups ----------------------------------------------------------------------------------------------------------

MOMENT: Shape = {**TEXT, "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$"}


class GroupFields(Open):
    case_sharing = Value(TRUTH, null=True)
    reporting = Value(TRUTH, null=True)
    metadata = Value(OBJECT, null=True)
    doc_type = Value(TEXT, null=True, about="another than Group takes the group away")
    last_modified = Value(MOMENT, null=True)
    path = Value(LIST, null=True)
    removed_users = Value(LIST, null=True)


class NewGroup(GroupFields):
    name = Value(SOME_TEXT, required=True)
    users = Value(TEXTS, about="ids of workers, who leave all other groups")
    domain = Value(TEXT, null=True, about="is not looked at")
    _id = Value(TEXT, null=True, about="the id to be")


class GroupChange(GroupFields):
    """A value that equals the one that is there is not looked at: 0 is as good as false then."""

    name = Value(SOME_TEXT)
    users = Value(any_of({"type": "array", "items": {"not": any_of(LIST, OBJECT)}}, OBJECT, TEXT),
                  about="ids of workers, who replace all members")
    domain = Value(SOME_TEXT, about="that of the group")
    case_sharing = Value(any_of(TRUTH, {"enum": [0, 1]}), null=True)
    reporting = Value(any_of(TRUTH, {"enum": [0, 1]}), null=True)
    _id = Value(SOME_TEXT)


GROUP_CHANGE = any_of(GroupChange, EMPTY)
NEW_GROUPS = listed(NewGroup)


# --- web users -------------------------------------------------------------------------------------------------------

OWN_DATA: Shape = {**OBJECT, "propertyNames": {"not": {"const": "commcare_profile"}}}
TABLEAU_ROLES = ["Explorer", "ExplorerCanPublish", "SiteAdministratorExplorer", "Viewer", "Unlicensed"]


class WebUserFields(Schema):
    role = Value(SOME_TEXT, about="Admin, or a role of the project that is not for mobile workers")
    primary_location_id = Value(any_of(TEXT, NOT), null=True,
                                about="goes with assigned_location_ids; both empty clear them")
    assigned_location_ids = Value(any_of(LIST, NOT), null=True)
    profile = Value(any_of(TEXT, {"enum": [False, 0]}), null=True, about="the name of a profile of users")
    user_data = Value(OWN_DATA, about="is added to what is there")
    tableau_role = Value({"enum": TABLEAU_ROLES}, null=True)
    tableau_groups = anything()


class NewInvitation(WebUserFields):
    email = Value(SOME_TEXT, required=True)
    role = Value(SOME_TEXT, required=True)


WEB_USER_CHANGE = any_of(WebUserFields, EMPTY)


class NewRegistrations(Open):
    app_id = Value(TEXT, required=True)
    users = Value({"type": "array", "items": OBJECT}, required=True, about="objects with phone_number")


# --- locations -------------------------------------------------------------------------------------------------------

DECIMAL = any_of({"type": "number"}, TRUTH, {**TEXT, "pattern": r"^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$"})
PAIRS: Shape = {"type": "array", "items": any_of({"type": "array", "minItems": 2, "maxItems": 2,
                                                 "prefixItems": [{"not": any_of(LIST, OBJECT)}]},
                                                {"type": "string", "minLength": 2, "maxLength": 2})}


class LocationFields(Schema):
    name = Value(any_of(TEXT, NOT), null=True)
    parent_location_id = Value(TEXT)
    site_code = Value({**TEXT, "pattern": r"^[^\x00-,./:-@\[-^`{-\x7f]+\n?$"}, about="letters and digits, - and _")
    latitude = Value(DECIMAL, null=True)
    longitude = Value(DECIMAL, null=True)
    location_data = Value(any_of(OBJECT, PAIRS, {"enum": [""]}), about="names and values, as an object or in pairs")
    location_type_code = Value(any_of(SOME_TEXT, NOT), null=True, about="without one, the only type that there can be")


class NewLocation(LocationFields):
    name = Value(any_of(TEXT, NOT), null=True, required=True)
    location_type_code = Value(any_of(SOME_TEXT, NOT), null=True, required=True)


# Of several locations none is shown, so that HQ does not trip over custom data that is no object.
NOT_SHOWN = Value(SET, about="names and values; anything else is stored, and fails when it is shown")


class OneNewOfSeveral(NewLocation):
    location_data = NOT_SHOWN


class OneKnownOfSeveral(LocationFields):
    location_id = Value(TEXT, required=True, about="which one to change")
    location_data = NOT_SHOWN


LOCATION_CHANGE = any_of(LocationFields, EMPTY)
LOCATIONS = listed(any_of(OneNewOfSeveral, OneKnownOfSeveral), maxItems=100)


# --- lookup tables ---------------------------------------------------------------------------------------------------

ANY_UUID: Shape = {**TEXT, "pattern": "^(urn:|uuid:|[{}-])*([0-9a-fA-F]-*){32}[{}]*$"}  # all that Python's UUID reads
FLAG = any_of(TRUTH, {"enum": [0, 1, "t", "True", "1", "f", "False", "0"]})
WHOLE = any_of(TRUTH, {"type": "number", "minimum": -(2**31 - 1), "maximum": 2**31 - 1},
               {**TEXT, "pattern": r"^\s*[-+]?\d{1,9}\s*$"})


class TableFields(Schema):
    """`tag` is any value, as text."""

    tag = Value(SET, required=True)
    is_global = Value(FLAG)
    fields_ = Value(array(any_of(*(record({name: TEXT}, {"properties": TEXTS}) for name in ("field_name", "name")))),
                    data_key="fields")
    item_attributes = Value(TEXTS)


class NewLookupTable(TableFields):
    id = Value(NEVER, null=True, about="with an id HQ stores the table, and fails")
    pk = Value(NEVER, null=True, about="the same; counts for more than `id`")
    description = Value(SET)
    is_synced = Value(FLAG)


class LookupTableChange(TableFields, Open):
    tag = Value(TEXT, required=True, about="cannot be changed")


class RowFields(Open):
    fields_ = Value(dictionary(record({"field_list": array(any_of(*(
        record({name: TEXT}, {"properties": dictionary(TEXT)}) for name in ("field_value", "value"))))})),
        data_key="fields")
    item_attributes = Value(dictionary(TEXT))


class NewLookupRow(RowFields):
    data_type_id = Value(ANY_UUID, required=True)
    sort_key = anything("is not looked at: a new row is the last one")


class LookupRowChange(RowFields):
    data_type_id = Value(ANY_UUID, null=True, required=True)
    sort_key = Value(WHOLE, null=True)


class OldLookupRowChange(LookupRowChange):
    sort_key = anything("a whole number; without fields and item_attributes not looked at")
