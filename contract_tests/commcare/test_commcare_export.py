"""commcare-export from PyPI, unmodified, as a subprocess: all resources, both logins, small pages, checkpoints."""

import csv
import io
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

KEY = "0123456789abcdef0123456789abcdef01234567"
LOGINS = {"apikey": KEY, "password": "password"}
SOURCE = "d5c4b3a2918070605040302010f0e0d0"
FIELDS = {
    "form": ["id", "form.@name", "metadata.userID", "received_on", "form.meta.commcare_version",
             "form.meta.app_build_version", "form.meta.geo_point"],
    "case": ["id", "properties.case_type", "properties.case_name", "server_date_modified", "closed"],
    "user": ["id", "username", "user_data.commcare_location_id"],
    "location": ["location_id", "name", "site_code", "parent"],
    "application": ["id", "name", "version"],
    "web-user": ["id", "username", "role"],
    "messaging-event": ["id", "status", "source.name"],
    "ucr": ["doc_id", "name", "visits"],
}
NEW = """<data xmlns="http://openrosa.org/formdesigner/new"><case case_id="new-case"
 date_modified="2026-01-01T00:00:00Z" user_id="u" xmlns="http://commcarehq.org/case/transaction/v2"><create>
 <case_type>household</case_type><case_name>New</case_name></create></case><meta
 xmlns="http://openrosa.org/jr/xforms"><instanceID>new-form</instanceID></meta></data>"""
SIMPLE = ("user", "location", "application", "web-user", "ucr")
pytestmark = pytest.mark.mock_only


def query(path: Path, resources) -> Path:
    """An export's definition: one sheet for each resource."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for resource in resources:
        sheet = book.create_sheet(resource)
        sheet.append(["Data Source", "Field", "Source Field", "Filter Name", "Filter Value"])
        for number, field in enumerate(FIELDS[resource]):
            row = [resource if number == 0 else None, field.replace("@", ""), field]
            filters = ["data_source_id", SOURCE] if resource == "ucr" and number == 0 else [None, None]
            sheet.append(row + filters)
    book.save(path)
    return path


class Exporter:
    def __init__(self, url, folder):
        self.url, self.folder = url, folder

    def run(self, *options, mode="apikey", page=1000):
        """Run the tool; its output, after checking that it ended well."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "commcare_export.cli", "--commcare-hq", self.url,
             "--project", "demo", "--username", "brudolph@dimagi.com", "--password", LOGINS[mode],
             "--auth-mode", mode, "--batch-size", str(page), "--no-logfile", *options],
            cwd=self.folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def rows(self, resources, **options):
        """The number of different rows of each exported table."""
        out = self.folder / "out.zip"
        out.unlink(missing_ok=True)
        self.run("--query", str(query(self.folder / "query.xlsx", resources)), "--output-format", "csv",
                 "--output", str(out), **options)
        found = {name: list(csv.reader(io.StringIO(text)))[1:] for name, text in tables(out).items()}
        return {name: (len(rows), len({row[0] for row in rows})) for name, rows in found.items()}


def tables(path):
    """The CSV tables of an export."""
    with zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".csv"): archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def exporter(mocksrv, tmp_path):
    return Exporter(mocksrv.url, tmp_path)


def counts(hq):
    """What the world holds, as the lists count it."""
    found = {name: hq.get(f"v0.5/{name}/").json()["meta"]["total_count"]
             for name in ("form", "case", "user", "location", "application", "web-user")}
    for name, params in (("messaging-event", {}), ("ucr", {"data_source_id": SOURCE})):
        found[name] = len(hq.get(f"v0.5/{name}/", limit=1000, **params).json()["objects"])
    return {name: (count, count) for name, count in found.items()}


@pytest.mark.parametrize(("mode", "page"), [("apikey", 7), ("apikey", 1000), ("password", 1000)])
def test_all_resources(hq, exporter, mode, page):
    expected = counts(hq)
    assert min(count for count, _ in expected.values()) > 1
    assert exporter.rows(FIELDS, mode=mode, page=page) == expected


def test_the_meta_of_forms(hq, exporter):
    """What HQ's index makes of a form's versions is exported, of seeded forms too."""
    exporter.rows(["form"])
    meta = {form["id"]: form["form"]["meta"] for form in hq.get("form/v1/", limit=1000).json()["objects"]}
    exported = list(csv.DictReader(io.StringIO(tables(exporter.folder / "out.zip")["form"])))
    assert "2.53.0" in {row["form.meta.commcare_version"] for row in exported}
    for row in exported:
        for name in ("commcare_version", "app_build_version"):
            assert row[f"form.meta.{name}"] == str(meta[row["id"]][name] or "")


@pytest.mark.parametrize("mode", LOGINS)
def test_pages_of_one(hq, exporter, mode):
    """By offset and cursor; pages by date need two rows, as the first one repeats the last."""
    expected = counts(hq)
    assert exporter.rows(SIMPLE, mode=mode, page=1) == {name: expected[name] for name in SIMPLE}


def test_waits_when_it_asks_too_much(hq, mocksrv, exporter):
    expected = counts(hq)
    mocksrv.set(commcare_throttle="every", commcare_throttle_every=3)
    assert exporter.rows(["user", "case"], page=30) == {name: expected[name] for name in ("user", "case")}
    assert [entry["status"] for entry in mocksrv.journal(vendor="commcare")].count(429) >= 1


@pytest.mark.parametrize("mode", LOGINS)
def test_incremental_to_sql(hq, mocksrv, exporter, mode):
    """A second run with the checkpoints of the first asks only for what is new, and gets it."""
    database = exporter.folder / "oracle.db"  # the tool tells databases by their URL, and has none for SQLite
    definition = query(exporter.folder / "query.xlsx", ["form", "case", "messaging-event"])
    options = ("--query", str(definition), "--output-format", "sql", "--output", f"sqlite:///{database}",
               "--checkpoint-database-url", f"sqlite:///{exporter.folder / 'checkpoints.db'}")  # each has its writer
    exporter.run(*options, page=20, mode=mode)
    first = table_counts(database)
    expected = {name: count for name, (count, _) in counts(hq).items() if name in first}
    assert first == expected

    assert hq.call("POST", "receiver/api/", data=NEW, headers={"Content-Type": "text/xml"}).status_code == 201
    asked = len(mocksrv.journal(vendor="commcare", operation="list_cases", limit=1000))
    exporter.run(*options, page=20, mode=mode)
    assert table_counts(database) == {"form": expected["form"] + 1, "case": expected["case"] + 1,
                                      "messaging-event": expected["messaging-event"]}
    assert len(mocksrv.journal(vendor="commcare", operation="list_cases", limit=1000)) - asked <= 2


def table_counts(database):
    connection = sqlite3.connect(database)
    try:
        return {name: connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
                for name in ("form", "case", "messaging-event")}
    finally:
        connection.close()


def test_users_and_locations(hq, exporter):
    """The built-in tables, which join locations and their types by URL."""
    expected = counts(hq)
    exporter.run("--users", "--locations", "--output-format", "csv", "--output", "out.zip")
    rows = {name: list(csv.DictReader(io.StringIO(text))) for name, text in tables(exporter.folder / "out.zip").items()}
    assert len(rows["commcare_users"]) == expected["user"][0]
    assert len(rows["commcare_locations"]) == expected["location"][0]
    clinic = next(row for row in rows["commcare_locations"] if row["location_type_code"] == "clinic")
    assert clinic["district"]
    assert clinic["region"]
    assert clinic["country"] == rows["commcare_locations"][0]["location_id"]


def test_wrong_key_ends_with_a_hint(exporter):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "commcare_export.cli", "--commcare-hq", exporter.url, "--project",
         "demo", "--username", "brudolph@dimagi.com", "--password", "0" * 40, "--auth-mode", "apikey",
         "--no-logfile", "--users", "--output-format", "markdown"],
        cwd=exporter.folder, capture_output=True, text=True, timeout=60)
    assert "Please ensure that your CommCare HQ credentials are correct" in done.stderr + done.stdout
