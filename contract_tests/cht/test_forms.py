"""Forms: the JSON list, the OpenRosa list, definitions, and the check of a new form."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote, unquote

import pytest
from lxml import etree
from urllib3.util import SKIP_HEADER

from mocksrv import fixtures

FORMS = "/api/v1/forms"
VALIDATE = "/api/v1/forms/validate"
OPENROSA = {"X-OpenRosa-Version": "1.0", "Accept": "*/*"}
XFORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
  <h:head>{title}<model><instance><{tag} {attributes}><a/></{tag}></instance></model></h:head><h:body/>
</h:html>"""
# The OpenRosa form list, as its specification describes an `xform`.
SCHEMA = etree.RelaxNG(etree.fromstring(b"""
<element name="xforms" ns="http://openrosa.org/xforms/xformsList" xmlns="http://relaxng.org/ns/structure/1.0"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <zeroOrMore><element name="xform"><interleave>
    <element name="formID"><data type="anyURI"/></element>
    <element name="name"><text/></element>
    <optional><element name="version"><text/></element></optional>
    <element name="hash"><data type="string"><param name="pattern">md5:[0-9a-f]{32}</param></data></element>
    <element name="downloadUrl"><data type="anyURI"/></element>
  </interleave></element></zeroOrMore>
</element>"""))
NS = {"x": "http://openrosa.org/xforms/xformsList"}


def xform(title="<h:title>Stock take</h:title>", tag="stock", attributes='id="STOCK" version="2024-06-05"'):
    return XFORM.format(title=title, tag=tag, attributes=attributes).encode()


def upload(api, id, data, *, collect=True, name="xml", internal=None, kind="application/xml"):
    """Store a form the way cht-conf does: as a document with its definition attached."""
    doc = {"_id": f"form:{id}", "type": "form", "internalId": internal or id, "title": id,
           "context": {"collect": collect}, "_attachments": {name: {
               "content_type": kind, "data": base64.b64encode(data).decode()}}}
    old = api.get(f"/medic/form%3A{id}")
    if old.ok:
        doc["_rev"] = old.json()["_rev"]
    answer = api.put(f"/medic/form%3A{id}", doc)
    assert answer.status_code == 201, answer.text


@pytest.fixture
def bare(strict, target):
    """A strict server without forms."""
    if target == "live":
        pytest.skip("needs a server without forms")
    for name in strict.get(FORMS).json():
        id = f"/medic/form%3A{name.removesuffix('.xml')}"
        assert strict.delete(f"{id}?rev={strict.get(id).json()['_rev']}").ok
    return strict


@pytest.mark.mock_only
def test_no_forms(bare):
    assert bare.get(FORMS).text == "[]"
    assert bare.get(FORMS, headers=OPENROSA).text == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<xforms xmlns="http://openrosa.org/xforms/xformsList"/>')


@pytest.mark.mock_only
def test_the_openrosa_list_byte_for_byte(bare):
    upload(bare, "b-stock", xform())
    upload(bare, "a-plain", xform("", "plain", ""), name="plain.xml")
    upload(bare, "c-amp", xform("<h:title>A &amp; B &lt;C></h:title>", "amp", 'version="2"'))
    upload(bare, "app", xform(), collect=False)
    upload(bare, "model", xform(), name="model.xml")
    answer = bare.get(FORMS, headers=OPENROSA | {"X-Forwarded-Proto": "https", "Host": "host.example"})
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    hashes = [hashlib.md5(data).hexdigest() for data in (
        xform("", "plain", ""), xform(), xform("<h:title>A &amp; B &lt;C></h:title>", "amp", 'version="2"'))]
    prefix = bare.url.split("/", 3)[3:]
    base = "/".join(["https://host.example", *prefix])
    assert answer.text == f"""<?xml version="1.0" encoding="UTF-8"?>
<xforms xmlns="http://openrosa.org/xforms/xformsList">
  <xform>
    <formID>plain</formID>
    <hash>md5:{hashes[0]}</hash>
    <downloadUrl>{base}/api/v1/forms/plain.xml</downloadUrl>
  </xform>
  <xform>
    <name>Stock take</name>
    <formID>STOCK</formID>
    <version>2024-06-05</version>
    <hash>md5:{hashes[1]}</hash>
    <downloadUrl>{base}/api/v1/forms/STOCK.xml</downloadUrl>
  </xform>
  <xform>
    <name>A &amp; B &lt;C&gt;</name>
    <formID>amp</formID>
    <version>2</version>
    <hash>md5:{hashes[2]}</hash>
    <downloadUrl>{base}/api/v1/forms/amp.xml</downloadUrl>
  </xform>
</xforms>"""
    assert bare.get(FORMS).json() == ["a-plain.xml", "app.xml", "b-stock.xml", "c-amp.xml"]


@pytest.mark.mock_only
def test_one_malformed_form_breaks_the_list(bare):
    upload(bare, "broken", b"<h:html><a></h:html>")
    answer = bare.get(FORMS, headers=OPENROSA)
    assert (answer.status_code, answer.text) == (500, "Server error")
    assert bare.get(FORMS).json() == ["broken.xml"]


def test_the_list_is_what_openrosa_clients_read(strict, target):
    """Every form of the list: valid by the schema, downloadable by its link, and as its hash says."""
    answer = strict.get(FORMS, headers=OPENROSA)
    document = etree.fromstring(answer.content)
    SCHEMA.assertValid(document)
    links = document.xpath("//x:downloadUrl/text()", namespaces=NS)
    hashes = document.xpath("//x:hash/text()", namespaces=NS)
    assert links or target == "live"
    names = strict.get(FORMS).json()
    for link, hashed in zip(links, hashes, strict=True):
        name = unquote(link.rpartition("/")[2])
        definition = strict.get(f"{FORMS}/{quote(name)}")
        if name not in names:  # the link has the definition's own id, but only the document's leads to it
            assert definition.status_code == 404
            continue
        assert definition.status_code == 200
        assert f"md5:{hashlib.md5(definition.content).hexdigest()}" == hashed


@pytest.mark.mock_only
def test_each_link_leads_to_a_form_unless_the_mock_is_to_be_like_the_server(api):
    answer = api.get(FORMS, headers=OPENROSA)
    links = etree.fromstring(answer.content).xpath("//x:downloadUrl/text()", namespaces=NS)
    assert links
    assert [link for link in links if not link.startswith(api.url) or not api.get(link.removeprefix(api.url)).ok] == []


@pytest.mark.mock_only
@pytest.mark.parametrize("file", sorted(path.name for path in fixtures.path("cht", "forms").glob("*.xml")))
def test_pyxform_reads_the_shipped_forms(file):
    from pyxform.xform2json import create_survey_element_from_xml

    text = fixtures.path("cht", "forms", file).read_text(encoding="utf-8")
    survey = create_survey_element_from_xml(text)
    ns = {"f": "http://www.w3.org/2002/xforms", "h": "http://www.w3.org/1999/xhtml"}
    form = etree.fromstring(text.encode())
    (root,) = form.xpath("//f:model/f:instance[1]/*", namespaces=ns)
    assert survey.id_string == root.get("id")
    assert survey.title == form.findtext(".//h:title", namespaces=ns)
    questions = {element.name for element in survey.iter_descendants() if element.name not in ("meta", "instanceID")}
    assert questions - {survey.name} == {
        etree.QName(node).localname for node in root.iterdescendants()} - {"meta", "instanceID"}


@pytest.mark.mock_only
def test_an_upload_shows_at_once(bare):
    upload(bare, "visit", xform("<h:title>One</h:title>"))
    first = bare.get(FORMS, headers=OPENROSA).text
    upload(bare, "visit", xform("<h:title>Two</h:title>"))
    second = bare.get(FORMS, headers=OPENROSA).text
    assert "<name>One</name>" in first
    assert "<name>Two</name>" in second
    assert "<name>One</name>" not in second


@pytest.mark.mock_only
@pytest.mark.parametrize("encoded", ["contact:person:create", "contact%3Aperson%3Acreate"])
def test_a_definition_comes_as_it_was_stored(bare, encoded):
    upload(bare, "contact-person-create", xform(), internal="contact:person:create", kind="application/octet-stream")
    answer = bare.get(f"{FORMS}/{encoded}.xml")
    assert answer.content == xform()
    assert answer.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.mock_only
@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("visit", 400, 'Invalid form name (form="", format="visit")'),
        (".xml", 400, 'Invalid form name (form="", format="xml")'),
        ("visit.json", 400, 'Invalid file format (format="json")'),
        ("visit.xls", 400, 'Invalid file format (format="xls")'),
        ("missing.xml", 404, "Form not found: missing (xml)"),
        ("a.b.xml", 404, "Form not found: a.b (xml)"),
        ("Visit.xml", 404, "Form not found: Visit (xml)"),
        ("STOCK.xml", 404, "Form not found: STOCK (xml)"),
        ("nodata.xml", 404, "Form not found: nodata (xml)"),
    ],
)
def test_definitions_that_there_are_not(bare, name, status, message):
    upload(bare, "visit", xform())
    upload(bare, "nodata", b"x", name="image.png")
    assert bare.get(f"{FORMS}/{name}").json() == {"code": status, "error": message}
    plain = bare.taking("*/*").get(f"{FORMS}/{name}")
    assert (plain.status_code, plain.text, plain.headers["Content-Type"]) == (status, message, "text/plain")


@pytest.mark.mock_only
def test_what_the_page_promises_of_forms(api, mocksrv):
    """JSON definitions, and ids in another letter case or as the definition states them."""
    mocksrv.set(cht_conformance="page")
    assert {"anc_visit.xml", "anc_registration.xml", "off.xml", "off.json"} <= set(api.get(FORMS).json())
    assert api.get(f"{FORMS}/off.json").json()["meta"]["code"] == "OFF"
    assert api.get(f"{FORMS}/yyyz.json").json()["meta"]["code"] == "YYYZ"
    assert api.get(f"{FORMS}/nothing.json").status_code == 400
    visit = api.get(f"{FORMS}/anc_visit.xml").content
    for name in ("ANCVisit.xml", "Anc_Visit.xml"):
        assert api.get(f"{FORMS}/{name}").content == visit


@pytest.mark.mock_only
def test_links_of_the_page_are_made_from_the_documents_id(api, mocksrv):
    mocksrv.set(cht_conformance="page")
    text = api.get(FORMS, headers=OPENROSA).text
    assert f"<downloadUrl>{api.url}/api/v1/forms/anc_visit.xml</downloadUrl>" in text
    assert "<formID>ANCVisit</formID>" in text


@pytest.mark.parametrize("agent", [SKIP_HEADER, "Dalvik/2.1.0 (Linux) org.medicmobile.collect.android"])
def test_collect_is_prompted(api, agent):
    answer = api.anonymous().taking("*/*").get(FORMS, headers={"User-Agent": agent})
    assert (answer.status_code, answer.text) == (401, "not logged in")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Medic Web Services"'


@pytest.mark.release(until="4.22")
def test_the_slash_is_sent_away(api):
    answer = api.get(f"{FORMS}/")
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith("/api/v1/forms")


PAGE_EXAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<xforms xmlns="http://openrosa.org/xforms/xformsList">
<xform><name>Visit</name><formID>ANCVisit</formID><hash>md5:1f0f096602ed794a264ab67224608cf4</hash>
<downloadUrl>http://medic.local/api/v1/forms/anc_visit.xml</downloadUrl></xform>
</xforms>"""
FAILED = 'Error transforming xml. xsltproc returned code "{code}", and signal "null". xsltproc stderr output:\n'
NO_TOOL = "Unknown Error: An error occurred when executing 'xsltproc' command"


@pytest.mark.parametrize("kind", ["application/xml", "application/xml; charset=utf-8", "text/plain", "text/csv"])
@pytest.mark.parametrize("text", [PAGE_EXAMPLE, xform().decode(), "<a/>", "<xml></xml>"])
def test_well_formed_xml_passes(strict, text, kind):
    answer = strict.post(VALIDATE, data=text.encode(), headers={"Content-Type": kind})
    assert (answer.status_code, answer.text) == (200, '{"ok":true}')


@pytest.mark.parametrize(
    ("text", "code", "complaint"),
    [
        ("", 6, "-:1: parser error : Document is empty\n\n^\nunable to parse -\n"),
        ("hello", 6, "-:1: parser error : Start tag expected, '<' not found\nhello\n^\nunable to parse -\n"),
        ("<a><b></a>", 6,
         "-:1: parser error : Opening and ending tag mismatch: b line 1 and a\n<a><b></a>\n          ^\n"
         "-:1: parser error : Premature end of data in tag a line 1\n<a><b></a>\n          ^\nunable to parse -\n"),
        ("<a/><b/>", 6, "-:1: parser error : Extra content at the end of the document\n<a/><b/>\n    ^\n"
                        "unable to parse -\n"),
        ("<a>\n\t<b c=d/>\n</a>", 6,
         "-:2: parser error : AttValue: \" or ' expected\n\t<b c=d/>\n\t     ^\n"
         "-:2: parser error : attributes construct error\n\t<b c=d/>\n\t     ^\n"
         "-:2: parser error : Couldn't find end of Start Tag b line 2\n\t<b c=d/>\n\t     ^\nunable to parse -\n"),
        ("<h:html><h:head/></h:html>", 0,
         "-:1: namespace error : Namespace prefix h on html is not defined\n<h:html><h:head/></h:html>\n       ^\n"
         "-:1: namespace error : Namespace prefix h on head is not defined\n<h:html><h:head/></h:html>\n"
         "               ^\n"),
        ("<a>" + "x" * 100 + "</b>", 6,
         "-:1: parser error : Opening and ending tag mismatch: a line 1 and b\n" + "x" * 76 + "</b>\n" + " " * 79
         + "^\nunable to parse -\n"),
        ("<!-- x", 6, "-:1: parser error : Comment not terminated \n<!-- x\n      ^\n"
                      "-:1: parser error : Start tag expected, '<' not found\n<!-- x\n      ^\nunable to parse -\n"),
    ],
)
def test_malformed_xml_is_shown_as_xsltproc_shows_it(api, text, code, complaint):
    answer = api.post(VALIDATE, data=text.encode(), headers={"Content-Type": "application/xml"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json()["error"].replace("terminated \n", "terminated\n") == (
        FAILED.format(code=code) + complaint).replace("terminated \n", "terminated\n")


@pytest.mark.parametrize("kind", ["application/json", "text/xml", "application/x-www-form-urlencoded", None])
def test_bodies_that_are_not_read(strict, kind):
    answer = strict.post(VALIDATE, data=b"<a/>", headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (400, {"error": NO_TOOL})


@pytest.mark.mock_only
def test_on_the_page_text_xml_is_taken_and_document_types_are_refused(api, mocksrv):
    mocksrv.set(cht_conformance="page")
    assert api.post(VALIDATE, data=b"<a/>", headers={"Content-Type": "text/xml"}).json() == {"ok": True}
    bomb = b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
    answer = api.post(VALIDATE, data=bomb, headers={"Content-Type": "application/xml"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Form XML must not declare a DOCTYPE or external entities.")


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
@pytest.mark.writes
def test_who_may_validate_is_told_in_json(api, unique, accept):
    guest = api.anonymous().taking(accept).post(VALIDATE, data=b"<a/>", headers={"Content-Type": "application/xml"})
    assert (guest.status_code, guest.json()) == (401, {"error": "Not logged in"})
    assert "WWW-Authenticate" not in guest.headers
    assert "logout-authorization" not in guest.headers
    clerk = {"username": unique, "password": "Kisumu_2024", "roles": ["data_entry"]}
    assert api.post("/api/v1/users", clerk).status_code == 200
    answer = api.as_user(unique).taking(accept).post(
        VALIDATE, data=b"<a/>", headers={"Content-Type": "application/xml"})
    assert (answer.status_code, answer.json()) == (403, {"error": "Insufficient privileges"})


# --- what the API makes of a form ---


@pytest.mark.mock_only
def test_a_form_for_enketo_gets_html_and_a_model_in_a_second_revision(strict, mocksrv):
    """A fifth of a second later, on the world's clock."""
    mocksrv.clock.freeze()
    upload(strict, "survey", xform(tag="survey"), collect=False)
    assert strict.doc("form:survey")["_rev"].startswith("1-")
    mocksrv.clock.advance(1)
    doc = strict.doc("form:survey")
    assert doc["_rev"].startswith("2-")
    assert {name: (stub["content_type"], stub["revpos"]) for name, stub in doc["_attachments"].items()} == {
        "xml": ("application/xml", 2), "form.html": ("text/html", 2), "model.xml": ("text/xml", 2)}
    page = strict.get("/medic/form%3Asurvey/form.html").text
    assert "Stock take" in page
    model = etree.fromstring(strict.get("/medic/form%3Asurvey/model.xml").content)
    assert model[0][0].get("version") == "2024-06-05"
    assert strict.get("/medic/form%3Asurvey/xml").content == xform(tag="survey")


@pytest.mark.mock_only
def test_forms_that_stay_as_they_are(strict, mocksrv):
    mocksrv.clock.freeze()
    upload(strict, "collected", xform(), collect=True)
    upload(strict, "broken", b"<h:html>", collect=False)
    strict.put("/medic/form%3Aplain", {"_id": "form:plain", "type": "form"})
    mocksrv.clock.advance(1)
    assert {strict.doc(f"form:{id}")["_rev"][:2] for id in ("collected", "broken", "plain")} == {"1-"}
    upload(strict, "survey", xform(tag="survey"), collect=False)
    mocksrv.clock.advance(1)
    first = strict.doc("form:survey")
    strict.put("/medic/form%3Asurvey", {**first, "title": "Another one"})
    mocksrv.clock.advance(1)
    assert strict.doc("form:survey")["_rev"].startswith("3-")  # both files are right as they are


def test_the_name_of_a_form_keeps_its_letter_case(strict):
    answer = strict.get("/API/V1/FORMS/VALIDATE")
    assert answer.json() == {"code": 400, "error": 'Invalid form name (form="", format="VALIDATE")'}
