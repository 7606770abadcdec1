"""Requests that nobody would send: made by chance out of an API's own words and ids and a vendor's examples.

Half of what is made fits what an operation declares, for what is refused at the door tests little behind it.
"""

import ast
import io
import json
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

import openpyxl
from marshmallow import Schema, fields

import mocksrv
from mocksrv.operation import PARAMETER

TEXTS = (
    "", " ", "\0", "a\0b", "\ud83d", "\udc00x", "é", "\u2028", "😀", "../../x", "%00", "%", "'\"><b>", "y" * 400,
    "__proto__", "NaN", "-Infinity", "1e999", "8" * 500, "0x1f", "true", "null", "{}", "[", "2023-02-31",
    "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00+14:00", "-0044-03-15", "12024-01-01", "٤", "²", "\ufeff",
    "a\r\nX-Made-Up: 1", "\t",
    "(x+)+$", "(?P<", "*", "a|b", "=1+1", "org.couchdb.user:admin", "_design/medic", "_local/1", "\x85", "İ", "ß",
    "1_0",    "1,5", "+1", ".5", "-0",
)
NUMBERS = (0, -1, 1, 7, 2**31, 2**53 + 1, 2**63, -(2**64), 10**40, 10**500, 1e308, -0.0, 0.1, 5e-324,
           float("nan"), float("inf"), float("-inf"))
MOMENTS = ("2024-02-29", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z", 1709208000000)
NESTED = (50, 900, 1100, 20_000)  # levels
PARAMETERS = {
    "cht": ("limit skip startkey endkey start_key key keys include_docs descending reduce group group_level since rev "
            "revs open_revs attachments conflicts att_encoding_info atts_since new_edits update stale style filter "
            "doc_ids selector q cursor type freetext with_lineage options filters[search] filters[date][from] timeout "
            "heartbeat"),
    "carehq": "page per_page attributes filters-q filters-status q sort order_by",
    "commcare": ("limit offset order_by _search query format fields exclude case_type owner_id external_id cursor "
                 "xmlns indexed_on.gt received_on_start properties.a indices.parent code__in site_code__iregex id "
                 "last_modified__range name__regex latitude__gt external_id__isnull parent_location_id"),
}
ARGUMENTS = ('"a"', '["a","b"]', '{"a":1}', "0", "1", "50", "-1", "true", "false", "9" * 30, "5e3", "[", "null",
             '"\\ud800"', "a:b", "2024-01-01", "not(", "name = 'x' and (", "selected(a, 'b')", "match-all()",
             "subcase-exists('parent', a = 'b')", "(" * 400, "not(" * 300 + "a='b'" + ")" * 300,
             "[" * 3000 + "]" * 3000)
HEADERS = {
    "HTTP_ACCEPT": ("", "*/*", "application/xml", "application/json;q=0", "text/html;q=x", ",;="),
    "HTTP_ACCEPT_ENCODING": ("gzip", "gzip;q=x", "br, *;q=0", "deflate"),
    "HTTP_ACCEPT_LANGUAGE": ("xx-yy", "*", ";;"),
    "HTTP_COOKIE": ("AuthSession=abc", "AuthSession=YWRtaW46NjU6", "a=b; AuthSession=%%", "=;=", "login=1; userCtx={"),
    "HTTP_CONTENT_ENCODING": ("gzip", "deflate", "br", "identity", "x"),
    "HTTP_DESTINATION": ("copy", "copy?rev=1", "%zz", "/medic/x", "http://a/b"),
    "HTTP_IF_MATCH": ('"1-a"', "*", "W/"), "HTTP_IF_NONE_MATCH": ('"1-a"', "*"),
    "HTTP_IF_MODIFIED_SINCE": ("yesterday", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "HTTP_RANGE": ("bytes=0-", "bytes=-1", "bytes=5-2", "bytes=0-1,3-4", "bytes=" + "9" * 30 + "-", "lines=1-2"),
    "HTTP_X_HTTP_METHOD_OVERRIDE": ("PUT", "DELETE", "X"), "HTTP_X_OPENROSA_VERSION": ("1.0", "x"),
    "HTTP_ORIGIN": ("null", "http://a.example"), "HTTP_AUTHORIZATION": ("Basic", "Basic %%%", "Basic YQ==", "Bearer x",
                                                                        "ApiKey a", "Digest username=\"a", "\xff"),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "COPY", "BREW")
TYPES = ("application/json", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "text/xml",
         "text/csv", "multipart/form-data", "multipart/form-data; boundary=b", "text/plain; charset=nope", "",
         "t" * 600)
FORM = """<data xmlns="http://openrosa.org/formdesigner/x" xmlns:jrm="http://dev.commcarehq.org/jr/xforms" name="N"
version="1" uiVersion="1"><a>{}</a>
<case xmlns="http://commcarehq.org/case/transaction/v2" case_id="{}" date_modified="{}" user_id="{}">
<create><case_type>{}</case_type><case_name>{}</case_name><owner_id>{}</owner_id></create><update><b>{}</b></update>
<index><parent case_type="t">{}</parent></index></case>
<meta xmlns="http://openrosa.org/jr/xforms"><timeStart>{}</timeStart>
<timeEnd>{}</timeEnd><username>u</username><userID>{}</userID><instanceID>{}</instanceID></meta></data>"""
FITTING = ("n", "c1", MOMENTS[1], "u", "t", "n", "o", "v", "p", MOMENTS[1], MOMENTS[1], "u", "i1")
LAUGHS = ('<!DOCTYPE l [<!ENTITY a "ha">' + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip(
    "abcdefg", "bcdefgh", strict=True)) + "]><data>&h;</data>")
OUTSIDE = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><data>&a;</data>'


class Verbatim(str):
    """JSON as it is: Python's own writer goes no 900 levels down."""


def vocabulary(vendor):
    """All short texts in a vendor's code: names of fields, types, views, functions."""
    found = set()
    for file in Path(mocksrv.__file__).parent.joinpath("vendors", vendor).rglob("*.py"):
        found |= {node.value for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                  if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) <= 40
                  and not any(map(str.isspace, node.value))}
    return sorted(found)


def workbooks():
    """Good ones, and one whose sheet is long and empty."""
    made = []
    for rows in ([["case_id", "name", "x"], ["", "a", "b"]], [["name"] * 40, ["=1+1"] * 40], []):
        book, file = openpyxl.Workbook(), io.BytesIO()
        for row in rows:
            book.active.append(row)
        book.save(file)
        made.append(file.getvalue())
    return made


class Inputs:
    """Makes requests to one vendor's operations: `random` decides, `ids` are of what there is."""

    def __init__(self, vendor, random, ids):
        self.vendor, self.random, self.ids = vendor, random, ids or ["x"]
        self.words = vocabulary(vendor.name)
        self.parameters = PARAMETERS[vendor.name].split()
        self.workbooks = workbooks()

    def chance(self, share):
        return self.random.random() < share

    def one(self, *of):
        return self.random.choice(of)

    # --- values ---

    def text(self):
        return self.random.choice(self.random.choice((TEXTS, self.words, self.ids, MOMENTS[:3])))

    def name(self):
        if self.chance(0.01):
            return "k" * self.one(300, 70_000)
        return self.random.choice(self.words if self.chance(0.8) else TEXTS)

    def value(self, depth=0):
        kind = self.random.randrange(12 if depth < 4 else 9)
        if kind < 4:
            return self.text()
        if kind < 6:
            return self.random.choice(NUMBERS)
        if kind < 8:
            return self.one(None, True, False, [], {}, [None], [[]], {"": ""})
        if kind < 9:
            return self.random.randint(-3, 3000)
        if kind < 11:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return {self.name(): self.value(depth + 1) for _ in range(self.random.randrange(5))}

    def nested(self):
        levels = self.random.choice(NESTED)
        return Verbatim(self.one("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels))

    def spoilt(self, value):
        """Something like it: members lost, changed and added."""
        if isinstance(value, dict):
            kept = {key: self.spoilt(one) if self.chance(0.4) else one
                    for key, one in value.items() if self.chance(0.95)}
            return kept | {self.name(): self.value() for _ in range(self.random.choice((0, 0, 1, 2)))}
        if isinstance(value, list):
            kept = [self.spoilt(one) if self.chance(0.4) else one for one in value]
            return kept * self.one(1, 1, 1, 2, 40) + [self.value()] * self.one(0, 0, 1)
        return self.value() if self.chance(0.4) else value

    def fitting(self, shape, depth=0):
        """Something that fits a declared shape, marshmallow's or JSON Schema's, more or less."""
        if depth > 4:
            return "x"
        if isinstance(shape, type) and issubclass(shape, Schema):
            shape = shape()
        match shape:
            case Schema():
                return {field.data_key or name: self.fitting(field, depth + 1)
                        for name, field in shape.fields.items() if self.chance(0.8)}
            case fields.Nested():
                inner = self.fitting(shape.schema, depth + 1)
                return [inner] if shape.many else inner
            case fields.List():
                return [self.fitting(shape.inner, depth + 1) for _ in range(self.random.randrange(3))]
            case {"enum": options}:
                return self.random.choice(list(options))
            case {"oneOf": options} | {"anyOf": options}:
                return self.fitting(self.random.choice(list(options)), depth + 1)
            case {"properties": members}:
                return {name: self.fitting(one, depth + 1) for name, one in members.items() if self.chance(0.8)}
            case {"type": "array"}:
                return [self.fitting(shape.get("items", {}), depth + 1) for _ in range(self.random.randrange(3))]
            case {"type": "integer" | "number"} | fields.Number():
                return self.one(0, 1, 50)
            case {"type": "boolean"} | fields.Boolean():
                return self.chance(0.5)
        return self.one("x", self.random.choice(self.ids), self.random.choice(MOMENTS), self.random.choice(self.words))

    # --- the parts of a request ---

    def path(self, operation):
        def fill(found):
            name = found[1]
            if self.chance(0.5) and name in self.vendor.examples:
                text = str(self.vendor.examples[name])
            elif name == "domain" and self.chance(0.9):
                text = "demo"
            elif name == "db" and self.chance(0.9):
                text = self.one("medic", "medic", "_users", "medic-sentinel", "medic-users-meta",
                                "medic-user-chw1-meta")
            elif self.chance(0.8):
                text = self.random.choice(self.ids)
            else:
                text = self.one(self.text(), self.text(), self.text(), "a/" * 2000, "." * 9, "(x+)+" * 90)
            return quote(str(text).encode("utf-8", "surrogatepass"), safe="" if self.chance(0.7) else "/:") or "x"

        return PARAMETER.sub(fill, self.random.choice(operation.paths))

    def query(self, operation):
        if self.chance(0.4):
            return ""
        shape = operation.schema("query")
        if isinstance(shape, type):
            shape = shape()
        declared = [*shape.fields] if isinstance(shape, Schema) else [*(shape or {}).get("properties", ())]
        pairs = []
        for _ in range(self.one(1, 1, 2, 3, 6)):
            name = self.random.choice(declared if declared and self.chance(0.6) else self.parameters)
            if self.chance(0.1):
                name = self.name()[:300]
            if name == "feed":  # an answer that waits
                continue
            value = self.one(self.random.choice(ARGUMENTS), self.random.choice(ARGUMENTS), self.text(),
                             written(self.value()).decode("utf-8", "surrogatepass"))
            if name in ("timeout", "heartbeat"):
                value = self.one("x", "-1", "1")
            pairs.append("=".join(quote(str(part).encode("utf-8", "surrogatepass")) for part in (name, value)))
        return "?" + "&".join(pairs) + self.random.choice(("",) * 30 + ("&", "%", "&%ff=%fe", "#", "?", "&a=b" * 500))

    def body(self, operation):
        """Its media type and its bytes."""
        if operation.method in ("GET", "HEAD", "DELETE") and self.chance(0.9):
            return "", b""
        if self.chance(0.04):
            return self.random.choice(TYPES), self.random.randbytes(self.one(0, 1, 20, 3000))
        if self.chance(0.005):
            return "application/json", self.one(written({f"a{number}": number for number in range(20_000)}),
                                                b'{"a":"' + b"x" * 3_000_000 + b'"}')
        media_type = operation.consumes if self.chance(0.93) else self.random.choice(TYPES)
        content = self.content(operation)
        if "urlencoded" in media_type:
            return media_type, self.form(content)
        if "xml" in media_type:
            return media_type, self.xml()
        if "multipart" in media_type:
            return self.multipart(content)
        if "csv" in media_type:
            rows = ["username,password,roles,place,contact",
                    *(",".join(str(self.text()) for _ in range(5)) for _ in "ab")]
            return media_type, "\n".join(rows).encode("utf-8", "surrogatepass")
        return media_type, written(content)

    def content(self, operation):
        example, shape = self.vendor.example(operation), operation.schema("body")
        if example is not None and self.chance(0.5):
            content = example
        elif "_bulk_docs" in operation.path and self.chance(0.7):
            content = {"new_edits": self.one(False, True), "docs": [self.revision() for _ in range(self.one(0, 1, 3))]}
        elif shape is not None and self.chance(0.7):
            content = self.fitting(shape)
        else:
            content = {self.name(): self.value() for _ in range(self.random.randrange(6))}
        if self.chance(0.75):
            content = self.spoilt(content)
        if isinstance(content, dict) and self.chance(0.01):
            content[self.name()] = self.nested()
        return self.nested() if self.chance(0.005) else content

    def revision(self):
        """A document as a replication writes it."""
        hashes = [f"{self.random.getrandbits(128):032x}" for _ in range(self.one(1, 1, 2, 5))]
        made = {"_id": self.random.choice(self.ids), "_rev": f"{len(hashes)}-{hashes[0]}", "type": self.text(),
                "_revisions": {"start": len(hashes), "ids": hashes}, "_deleted": self.chance(0.2)}
        return self.spoilt(made) if self.chance(0.5) else made

    def form(self, content):
        pairs = [(name, value if isinstance(value, str) else written(value).decode("utf-8", "surrogatepass"))
                 for name, value in (content.items() if isinstance(content, dict) else ())]
        text = "&".join("=".join(quote_from_bytes(str(part).encode("utf-8", "surrogatepass")) for part in pair)
                        for pair in pairs)
        return (text + self.random.choice(("",) * 8 + ("&", "%zz", "&&=", "&%ff"))).encode()

    def xml(self):
        if self.chance(0.03):
            return self.one(LAUGHS, OUTSIDE, "<a>" * 20_000, "<a>" * 900 + "</a>" * 900,
                            "<a " + " ".join(f'b{number}=""' for number in range(5000)) + "/>").encode()
        values = [str(self.text()) if self.chance(0.15) else value for value in FITTING]
        if self.chance(0.85):
            values = [value.replace("&", "&amp;").replace("<", "&lt;") for value in values]
        text = FORM.format(*values)
        if self.chance(0.15):
            at = self.random.randrange(len(text))
            text = text[:at] + self.one("<", ">", "&", '"', "\0", "<!--", "<![CDATA[", "]]>", "<?p?>") + text[at + 9 :]
        return text.encode("utf-8", "surrogatepass")

    def multipart(self, content):
        parts = [(str(name)[:90], "", value if isinstance(value, bytes) else written(value))
                 for name, value in list(content.items())[:8]] if isinstance(content, dict) else []
        for name in ("file", "xml_submission_file", "file-to-upload"):
            file = self.one(self.random.choice(self.workbooks), self.xml(), self.random.randbytes(90),
                            b"PK\3\4" + b"\0" * 50)
            parts.append((name, self.one("a.xlsx", "a.xls", "a.csv", "f.xml", "../../x", ""), file))
        for name, value in (("case_type", b"t"), ("search_field", b"case_id"), ("search_column", b"case_id"),
                            ("create_new_cases", b"on"), ("replace", b"true")):
            parts += [(name, "", value)] if self.chance(0.7) else []
        body = b"".join(
            b'--b\r\nContent-Disposition: form-data; name="' + name.encode("utf-8", "surrogatepass")
            + (f'"; filename="{file}"' if file else '"').encode() + b"\r\n\r\n" + value + b"\r\n"
            for name, file, value in parts) + b"--b--\r\n"
        if self.chance(0.05):
            body = body[: self.random.randrange(len(body))]
        return "multipart/form-data; boundary=" + ("b" if self.chance(0.95) else self.one("", "c" * 300, '"b')), body


def written(value):
    """JSON, what is `Verbatim` as it is, and with names that come twice now and then."""
    verbatim = []

    def plain(one):
        if isinstance(one, Verbatim):
            verbatim.append(one)
            return f"verbatim {len(verbatim)}"
        if isinstance(one, dict):
            return {key: plain(member) for key, member in one.items()}
        return [plain(member) for member in one] if isinstance(one, list) else one

    text = json.dumps(plain(value), ensure_ascii=False)
    for number, one in enumerate(verbatim, 1):
        text = text.replace(f'"verbatim {number}"', one)
    return text.encode("utf-8", "surrogatepass")
