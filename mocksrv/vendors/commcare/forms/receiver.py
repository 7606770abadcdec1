"""The receiver: forms that phones and integrations submit, and the OpenRosa answers to them.

commcare-hq corehq/apps/receiverwrapper/views.py (URLs, logins), couchforms/getters.py (bodies),
form_processor/submission_post.py and couchforms/openrosa_response.py (answers).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from email.header import Header
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.access import authentication, domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates, multipart
from mocksrv.vendors.commcare.django.multipart import File
from mocksrv.vendors.commcare.errors import Denied, Text, view_failed
from mocksrv.vendors.commcare.form_processor import casexml, device_reports, phone_dates, processing, xform
from mocksrv.vendors.commcare.form_processor.processing import Attachment, Outcome, Submission
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.tastypie import throttle
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

FORM_FIELD = "xml_submission_file"
SUCCESS, ERROR, FAILURE = "submit_success", "submit_error", "processing_failure"
RECEIVED = "   √   "
IGNORED = "√ (this submission was ignored)"
BLOCKED = ("This submission was blocked because of an unusual volume of submissions from this project space.  "
           "Please contact support to resolve.")
DEMO_USER = "demo_user"

# authtype in the query -> how the caller logs in
AUTHTYPES = {"digest": "digest", "basic": "basic", "noauth": None, "api_key": "apikey", "oauth2": "bearer"}

MAX_FORM = 10 * 1024 * 1024
MAX_ATTACHMENT = 15 * 1024 * 1024
# couchforms/const.py; a file is taken by its name or by its type.
EXTENSIONS = ("jpg", "jpeg", "png", "pdf", "3ga", "mp3", "wav", "amr", "qcp", "ogg",
              "3gpp", "3gp", "3gp2", "3g2", "mp4", "mpg4", "mpeg4", "m4v", "mpg", "mpeg")
MEDIA_TYPES = re.compile(r"(audio|image|video)/.*|application/(octet-stream|pdf)")

NO_FILE = ("If you use multipart/form-data, please name your file xml_submission_file.\n"
           "You may also do a normal (non-multipart) post with the xml submission as the request body instead.\n")
EMPTY_FILE = ("If you use multipart/form-data, the file xml_submission_file must not have an empty payload\n")
EMPTY_BODY = "Post may not have an empty body\n"
NOT_XML = ("If you use multipart/form-data, please use xml file only for submitting form xml. You may also do a normal "
           "(non-multipart) with the xml submission as the request body instead\n")
BAD_ATTACHMENT = ("If you use multipart/form-data, please use the following supported file extensions for attachments: "
                  f"{', '.join(EXTENSIONS)}\n")
FORM_TOO_LARGE = "Form exceeds 10MB size limit\n"
ATTACHMENT_TOO_LARGE = "Attachment exceeds 15MB size limit\n"
STRAY_FIELDS = "Received a submission with POST.keys()"

SOURCE = "commcare-hq corehq/apps/receiverwrapper/views.py"
APP_ID = r"{app_id:[\w-]+}"
DECLARED: dict[str, Any] = {
    "method_error": "empty", "consumes": "text/xml", "produces": "text/html", "proof": "source", "source": SOURCE,
    "statuses": (201, 400, 401, 403, 413, 422, 429, 500, 509),
}


# --- operations ---------------------------------------------------------------------------------------------


@vendor.view("POST", f"/a/{DOMAIN}/receiver/api/", permission="edit_data", plain=True, throttled=False,
             login_first=True, **DECLARED)
def submit_form_api(world: World, call: Call) -> Any:
    """Submit a form through the API: with a login, and the permissions edit_data and access_api."""
    domain_of(world, call)
    return receive(world, call)


@vendor.view("POST", f"/a/{DOMAIN}/receiver/", f"/a/{DOMAIN}/receiver", f"/a/{DOMAIN}/receiver/submission/",
             f"/a/{DOMAIN}/receiver/submission", f"/a/{DOMAIN}/receiver/{APP_ID}/", auth="none", **DECLARED)
def submit_form(world: World, call: Call) -> Any:
    """Submit a form; a login is asked for if the domain demands secure submissions."""
    domain_of(world, call)
    if domains.listed(world, "open_submissions", call.params["domain"]):
        return receive(world, call)
    return submit_form_secure(world, call)


@vendor.view("POST", f"/a/{DOMAIN}/receiver/secure/", f"/a/{DOMAIN}/receiver/secure/{APP_ID}/", auth="none",
             anonymous=False, **DECLARED)
def submit_form_secure(world: World, call: Call) -> Any:
    """Submit a form with a login: Basic unless `authtype` or the Authorization header says otherwise."""
    domain_of(world, call)
    scheme = scheme_of(call)
    if scheme is None:
        return submit_without_login(world, call)
    call.caller = authentication.authenticate(world, call, scheme=scheme)
    if scheme == "apikey":
        authentication.require_member(world, call, mobile=False, permission="edit_data", html=True)
    elif call.caller.membership(call.params["domain"]) is None:
        raise Denied(403, diagnosis=f"{call.caller.username} is not a member of {call.params['domain']!r}")
    return receive(world, call)


def domain_of(world: World, call: Call) -> Mapping[str, Any]:
    domain = domains.find(world, call.params["domain"])
    if domain is None:
        raise Refusal(400, Text(f"No domain with name {call.params['domain']}"))
    return domain


def scheme_of(call: Call) -> str | None:
    """How the caller logs in; None for a submission that waives the login."""
    asked = call.arg("authtype")
    if not asked:
        scheme = authentication.scheme_of(call, default="basic")
        return scheme if scheme in AUTHTYPES.values() else "basic"
    if asked not in AUTHTYPES:
        raise Refusal(400, Text(f"authtype must be one of: {','.join(AUTHTYPES)}"))
    return AUTHTYPES[asked]


def submit_without_login(world: World, call: Call) -> Any:
    """With `authtype=noauth` only the demo user's forms and device reports come in."""
    try:
        form = converted(read(call)[0])
        updates = casexml.updates(form)
    except BadSubmission as bad:
        if bad.stray:
            raise view_failed("fields beside the files, in a submission without a login") from None
        raise Refusal(400, Text(bad.text)) from None
    except casexml.CaseError as error:
        raise view_failed(error.problem) from None
    fit = (is_demo(form) or form.get("@xmlns") == device_reports.XMLNS) and all(
        may_be_anybodys(world, call.params["domain"], update) for update in updates)
    if not fit and not demo_mode(call):
        raise Refusal(403, diagnosis=f"noauth takes new cases and forms of {DEMO_USER}, and device reports")
    return receive(world, call)


def converted(xml: bytes) -> xform.Form:
    """A form where HQ does not expect that it is none. Raises HQ's 500."""
    try:
        return xform.convert(xml)
    except xform.BadXML as error:
        raise view_failed(f"{error}, which is not expected here") from None


def is_demo(form: xform.Form) -> bool:
    meta = form.get("meta", {})
    if not isinstance(meta, dict):
        raise view_failed("the metadata is no object")
    return bool(meta.get("userID") == DEMO_USER)


def demo_mode(call: Call) -> bool:
    return call.arg("submit_mode") == "demo"


def may_be_anybodys(world: World, domain: str, update: casexml.Update) -> bool:
    """Whether a case block gives no case to a user, and touches none that somebody has; HQ looks at parents, too."""
    allowed = (DEMO_USER, "demo_user_group_id", None)
    named = (update.create.get("user_id"), update.create.get("owner_id"), update.update.get("owner_id"))
    ids = (update.case_id, *(index["case_id"] for index in update.index.values()))
    cases = (owned(world, "commcare.cases", id, domain) for id in ids)
    return all(name in allowed for name in named) and not any(
        case["owner_id"] or case["user_id"] not in allowed for case in cases if case is not None)


# --- what comes in ------------------------------------------------------------------------------------------


class BadSubmission(Exception):
    """The request holds no form."""

    def __init__(self, status: int, text: str, stray: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.stray = stray  # there are fields beside the files

    def refusal(self) -> Refusal:
        if self.stray:
            return Refusal(self.status, Text(self.text, "text/plain"), diagnosis="a submission has files only")
        return Refusal(self.status, Text(envelope(self.text, FAILURE) if self.status == 422 else self.text))


def read(call: Call) -> tuple[bytes, dict[str, Attachment]]:
    """The form's XML and its attachments. Raises BadSubmission."""
    if not multipart.is_multipart(call):
        if not call.body:
            raise BadSubmission(400, EMPTY_BODY)
        return call.body, {}
    fields, files = multipart.parse(call)
    if fields:
        raise BadSubmission(400, STRAY_FIELDS, stray=True)
    form = files.pop(FORM_FIELD, None)
    if form is None:
        raise BadSubmission(400, NO_FILE)
    if len(form.data) > MAX_FORM:
        raise BadSubmission(413, FORM_TOO_LARGE)
    if not form.filename.endswith(".xml"):
        raise BadSubmission(422, NOT_XML)
    for item in files.values():
        check_attachment(item)
    if not form.data:
        raise BadSubmission(400, EMPTY_FILE)
    return form.data, {name: Attachment(item.content_type, item.data) for name, item in files.items()}


def check_attachment(item: File) -> None:
    if len(item.data) > MAX_ATTACHMENT:
        raise BadSubmission(413, ATTACHMENT_TOO_LARGE)
    _, dot, extension = item.filename.rpartition(".")
    if not (dot and extension in EXTENSIONS) and not MEDIA_TYPES.fullmatch(item.content_type):
        raise BadSubmission(422, BAD_ATTACHMENT)


def receive(world: World, call: Call) -> Reply:
    """Take a submission from a caller who may submit."""
    throttle.check_submission(world, call)
    try:
        xml, attachments = read(call)
    except BadSubmission as bad:
        raise bad.refusal() from None
    if demo_mode(call) and not is_demo(converted(xml)):
        return openrosa(IGNORED, SUCCESS, 201)
    if domains.listed(world, "blocked", call.params["domain"]):
        return openrosa(BLOCKED, ERROR, 509)
    received_on = submit_time(world, call)
    try:
        form = xform.parse(xml)
    except xform.BadXML as error:
        return broken(world, call, xml, error)
    app_id, build_id = app_ids(world, call.params["domain"], call.params.get("app_id"))
    sent = Submission(
        domain=call.params["domain"], form=form, xml=xml, attachments=attachments, received_on=received_on,
        user_id=call.caller.user_id if call.caller else None, app_id=app_id, build_id=build_id,
        submit_ip=call.remote_addr, is_phone_submission=bool(call.header("x-openrosa-version")))
    store = device_reports.store if form.get("@xmlns") == device_reports.XMLNS else processing.submit
    return answer(call, store(world, sent))


def submit_time(world: World, call: Call) -> str | None:
    """The time of receipt that the header X-Submit-Time of a forwarding server states, or None. Raises HQ's 500."""
    stated = call.header("x-submit-time")
    try:
        return phone_dates.loosely(stated, dates.now(world)) if stated else None
    except ValueError:
        raise view_failed(f"dateutil cannot read X-Submit-Time: {stated!r}") from None


def app_ids(world: World, domain: str, app_id: str | None) -> tuple[str | None, str | None]:
    """The ids of application and build for the id in the URL, which may be either."""
    app = world.table("commcare.apps").peek(app_id or "")
    if app is None or app["domain"] != domain or not app["built_from_app_id"]:
        return app_id, None
    return app["built_from_app_id"], app_id


# --- what goes out ------------------------------------------------------------------------------------------


def answer(call: Call, outcome: Outcome) -> Reply:
    """The OpenRosa answer, by the version that the phone speaks."""
    version3 = call.header("x-openrosa-version") == "3.0"
    if outcome.kind == "crash":
        raise view_failed(outcome.problem or "")
    if outcome.problem:
        call.diagnose(outcome.problem)
    headers = [("Location", call.base_url), ("X-CommCareHQ-FormID", header_value(outcome.form_id))]
    if outcome.kind == "normal" or (outcome.kind == "duplicate" and version3):
        return openrosa(RECEIVED, SUCCESS, 201, headers)
    if version3:
        return openrosa(outcome.problem, FAILURE, 422, headers)
    return openrosa(outcome.before_3 or outcome.problem, ERROR, 201, headers)


def header_value(form_id: str) -> str:
    """An id as Django writes it into a header; one with a line end is stored, but breaks the answer."""
    if "\n" in form_id or "\r" in form_id:
        raise view_failed("the instanceID has a line end in it")
    try:
        form_id.encode("latin-1")
    except UnicodeEncodeError:
        return Header(form_id, "utf-8", maxlinelen=sys.maxsize).encode()
    return form_id


def broken(world: World, call: Call, body: bytes, error: Exception) -> Reply:
    """The answer to what is not an XForm, whatever the version."""
    processing.keep_broken(world, call.params["domain"], body, str(error))
    return openrosa(f"There was an error processing the form: {error}", ERROR, 500)


def openrosa(text: str | None, nature: str, status: int, headers: list[tuple[str, str]] | None = None) -> Reply:
    return Reply(Text(envelope(text or "", nature)), status, headers or [])


def envelope(text: str, nature: str) -> str:
    """The OpenRosa envelope: HQ writes no XML declaration, and declares the type as HTML."""
    safe = escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", text))
    return (f'<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message nature="{nature}">{safe}</message>'
            "</OpenRosaResponse>")
