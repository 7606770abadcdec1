"""The OpenRosa library that a CHT makes its form list with, unmodified: it reads our forms, our list is its list."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from typing import Any

import pytest
from lxml import etree

LIBRARY, VERSION = "@medic/openrosa-formlist", "1.0.1"
FORMS = "/api/v1/forms"
OPENROSA = {"X-OpenRosa-Version": "1.0", "Accept": "*/*"}
ENTRY = re.compile(r"\s*<xform>.*?</xform>", re.DOTALL)
NS = {"x": "http://openrosa.org/xforms/xformsList"}
SCRIPT = f"""
const formList = require('{LIBRARY}');
const {{Readable}} = require('stream');
const {{forms, options}} = JSON.parse(require('fs').readFileSync(0));
const sources = forms.map(form => form.startsWith('http') ? form : Readable.from([Buffer.from(form)]));
formList(sources, options, (error, xml) => {{
  if (error) {{ console.error(error); process.exit(1); }}
  process.stdout.write(xml);
}});
"""
HEAD = '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head>{}</h:head></h:html>'
MODEL = "<model><instance>{}</instance></model>"
ODD = {  # what a definition may look like, and what the list then says
    "plain": HEAD.format('<h:title>Stock</h:title>' + MODEL.format('<s id="STOCK" version="2"><a/></s>')),
    "model-first": HEAD.format(MODEL.format('<s id="LATER"/>') + "<h:title>Title after</h:title>"),
    "no-title": HEAD.format(MODEL.format('<s id="NONE"/>')),
    "empty-title": HEAD.format("<h:title/>" + MODEL.format('<s id="EMPTY"/>')),
    "blank-title": HEAD.format("<h:title>  </h:title>" + MODEL.format('<s id="BLANK"/>')),
    "tag": HEAD.format("<h:title>By its tag</h:title>" + MODEL.format("<stock-take/>")),
    "empty-attributes": HEAD.format("<h:title>E</h:title>" + MODEL.format('<e id="" version=""/>')),
    "zero": HEAD.format("<h:title>0</h:title>" + MODEL.format('<z id="0" version="0"/>')),
    "escapes": HEAD.format("<h:title>A &amp; B &lt;C&gt; &quot;D&quot; &#233; &#13;</h:title>"
                           + MODEL.format('<e id="A&amp;B" version="&lt;1&gt;"/>')),
    "already-escaped": HEAD.format("<h:title>&amp;amp; &amp;lt;</h:title>" + MODEL.format('<e id="TWICE"/>')),
    "comment": HEAD.format("<h:title>One<!-- x -->Two</h:title>" + MODEL.format('<c id="COMMENT"/>')),
    "cdata": HEAD.format("<h:title><![CDATA[Hidden]]></h:title>" + MODEL.format('<c id="CDATA"/>')),
    "text-and-cdata": HEAD.format("<h:title>Seen <![CDATA[not]]></h:title>" + MODEL.format('<c id="BOTH"/>')),
    "markup": HEAD.format("<h:title>Bold <b>in</b> it</h:title>" + MODEL.format('<c id="MARKUP"/>')),
    "two-titles": HEAD.format("<h:title>First</h:title><h:title>Second</h:title>" + MODEL.format('<t id="TWO"/>')),
    "two-instances": HEAD.format("<h:title>I</h:title><model><instance><a id='A1'/></instance>"
                                 "<instance id='x'><b id='B1' version='9'/></instance></model>"),
    "other-prefix": HEAD.replace("h:", "x:").format("<x:title>Unseen</x:title>" + MODEL.format('<s id="PREFIX"/>')),
    "scripts": HEAD.format("<h:title>Ziara ya mjamzito \u0926\u0947\u0935</h:title>"
                           + MODEL.format('<s id="\u0926"/>')),
    "lines": "<?xml version='1.0'?>\r\n" + HEAD.format("<h:title>Two\nlines</h:title>\r\n" + MODEL.format(
        '\n<s id="LINES"\r\n\tversion="1"/>\n')),
    "instruction": HEAD.format("<h:title>One<?x y?>Two</h:title>" + MODEL.format('<p id="PI"/>')),
    "long": HEAD.format("<h:title>" + "ab&amp;" * 5_000 + "</h:title>" + MODEL.format('<l id="LONG"/>')),
    "single-$": HEAD.format("<h:title>$</h:title>" + MODEL.format('<s id="A$B"/>')),
}


@pytest.fixture
def library(npm):
    """The list that the library makes of forms: their texts, or the addresses that it is to read them from."""
    modules = npm(LIBRARY, VERSION)

    def run(forms: list[str], **options: Any) -> str:
        done = subprocess.run(["node", "-e", SCRIPT], cwd=modules, capture_output=True, text=True, timeout=60,
                              input=json.dumps({"forms": forms, "options": options}), check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_it_reads_the_forms_of_the_list(api, library, target):
    """Every form is read over the network by the address that our list has; what comes out is our list."""
    ours = api.get(FORMS, headers=OPENROSA).text
    links = etree.fromstring(ours.encode()).xpath("//x:downloadUrl/text()", namespaces=NS)
    names, name, password = api.get(FORMS).json(), *api.auth
    # A link has the definition's own id. On a server only the document's leads to it.
    found = [target == "mock" or link.rpartition("/")[2] in names for link in links]
    links = [link for link, leads in zip(links, found, strict=True) if leads]
    entries = [entry for entry, leads in zip(ENTRY.findall(ours), found, strict=True) if leads]
    theirs = library([link.replace("://", f"://{name}:{password}@", 1) for link in links],
                     downloadUrl=f"{api.url}{FORMS}/${{formId}}.xml")
    assert ENTRY.findall(theirs) == entries
    assert ours == theirs or not all(found)


@pytest.mark.mock_only
def test_it_lists_odd_forms_as_we_do(strict, library):
    for name in strict.get(FORMS).json():
        doc = strict.doc(f"form:{name.removesuffix('.xml')}")
        assert strict.delete(f"/medic/{doc['_id']}?rev={doc['_rev']}").ok
    for id, text in ODD.items():
        file = {"content_type": "application/xml", "data": base64.b64encode(text.encode()).decode()}
        strict.ok("PUT", f"/medic/form:{id}", {"type": "form", "internalId": id, "context": {"collect": True},
                                               "_attachments": {"xml": file}})
    ours = strict.get(FORMS, headers=OPENROSA).text
    theirs = library([ODD[id] for id in sorted(ODD)], downloadUrl=f"{strict.url}{FORMS}/${{formId}}.xml")
    assert dict(zip(sorted(ODD), ours.split("<xform>")[1:], strict=True)) == dict(
        zip(sorted(ODD), theirs.split("<xform>")[1:], strict=True))
    assert ours == theirs
