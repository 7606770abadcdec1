"""cht-conf, the tool that deploys projects, unmodified against the API: what it uploads is there afterwards."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from mocksrv.tests.snippets import Place, snippets
from mocksrv.tests.waiting import until

pytestmark = [pytest.mark.writes, pytest.mark.side_by_side]

VERSION = "6.6.1"
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da63"
                      "fcff1f0002eb01f5ce7c5dee0000000049454e44ae426082")
Run = Callable[..., str]


@pytest.fixture(scope="session")
def cht_conf(npm: Callable[[str, str], Path]) -> Path:
    """The program."""
    return npm("cht-conf", VERSION) / "node_modules/.bin/cht"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project, with its forms as spreadsheets."""
    files: dict[str, Any] = {
        "app_settings.json": {"locale": "en", "locales": [{"code": "en", "name": "English"}],
                              "contact_types": [], "transitions": {}},
        "package.json": {"name": "small-project", "version": "1.0.0"},
        "resources.json": {"icon-baby": "baby.png"},
        "branding.json": {"title": "Kisumu Health", "resources": {"logo": "baby.png", "favicon": "baby.png"}},
        "forms/app/visit.properties.json": {"title": "Visit", "icon": "icon-baby",
                                            "context": {"person": True, "place": False}},
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    for folder in ("resources", "branding", "translations", "csv", "forms/contact"):
        (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / "resources/baby.png").write_bytes(PIXEL)
    (tmp_path / "branding/baby.png").write_bytes(PIXEL)
    (tmp_path / "translations/messages-en.properties").write_text("greeting = Habari\n")
    workbook(tmp_path / "forms/app/visit.xlsx", "visit")
    workbook(tmp_path / "forms/contact/clinic-create.xlsx", "contact:clinic:create")
    return tmp_path


def workbook(path: Path, form: str) -> None:
    """A form of two questions as an XLSForm."""
    from openpyxl import Workbook

    book = Workbook()
    survey = book.active
    survey.title = "survey"
    for row in (
        ("type", "name", "label", "relevant", "calculation"),
        ("begin group", "inputs", "Inputs", "false()", None),
        ("hidden", "source", "Source", None, None),
        ("end group", None, None, None, None),
        ("begin group", "clinic", "Clinic", None, None),
        ("text", "name", "Name", None, None),
        ("calculate", "external_id", "External id", None, "''"),
        ("end group", None, None, None, None),
    ):
        survey.append(row)
    settings = book.create_sheet("settings")
    settings.append(("form_title", "form_id", "version", "default_language"))
    settings.append((form.title(), form, "1", "en"))
    book.save(path)


@pytest.fixture
def run(api: Any, each_release: str, cht_conf: Path, project: Path) -> Run:
    """Run actions on the project; the output, of which a failure shows all."""
    def act(*actions: str, extra: tuple[str, ...] = ()) -> str:
        assert api.auth is not None
        url = api.url.replace("://", "://{}:{}@".format(*api.auth)) + "/"
        command = [str(cht_conf), f"--url={url}", "--skip-dependency-check", "--skip-git-check", "--force",
                   "--skip-version-check", "--skip-validate", *actions, *(("--", *extra) if extra else ())]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120,
                              env=os.environ | {"NO_UPDATE_NOTIFIER": "1"}, check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return act


def test_settings_translations_and_pictures(api: Any, run: Run) -> None:
    run("upload-app-settings", "upload-resources", "upload-branding", "upload-custom-translations")
    assert api.ok("GET", "/api/v1/settings")["locale"] == "en"
    assert api.doc("resources")["resources"] == {"icon-baby": "baby.png"}
    assert api.doc("branding")["title"] == "Kisumu Health"
    assert api.get("/medic/resources/baby.png").content == PIXEL
    assert api.doc("messages-en")["custom"] == {"greeting": "Habari"}
    again = run("upload-resources")
    assert "no changes found" in again


def test_forms_from_spreadsheets(api: Any, run: Run, project: Path) -> None:
    run("convert-app-forms", "convert-contact-forms", "validate-app-forms", "upload-app-forms",
        "upload-contact-forms")
    assert (project / "forms/app/visit.xml").exists()
    visit = api.doc("form:visit")
    assert (visit["title"], visit["icon"], visit["internalId"]) == ("Visit", "icon-baby", "visit")
    assert "visit.xml" in api.ok("GET", "/api/v1/forms")
    assert "contact:clinic:create.xml" in api.ok("GET", "/api/v1/forms")
    form = api.get("/api/v1/forms/visit.xml", headers={"X-OpenRosa-Version": "1.0"})
    assert b"<h:title>" in form.content
    for id in ("form:visit", "form:contact:clinic:create"):  # deleted before the API has done its part, they conflict
        until(lambda id=id: "form.html" in api.doc(id)["_attachments"])
    run("delete-all-forms")
    assert api.get("/medic/form:visit").status_code == 404


def test_contacts_out_of_csv(api: Any, run: Run, project: Path, unique: str) -> None:
    tables = {
        "place.district_hospital": ("name,reference_id", f"Siaya {unique},1", f"Vihiga {unique},2"),
        "place.health_center": ("name,parent:GET place WHERE reference_id=COL_VAL", f"Yala {unique},1"),
        "person": ("name,phone,parent:GET place WHERE name=COL_VAL",
                   f"Achieng {unique},+254712000111,Yala {unique}"),
    }
    for name, lines in tables.items():
        (project / f"csv/{name}.csv").write_text("\n".join(lines) + "\n")
    run("csv-to-docs", "upload-docs")
    made = {doc["name"].split()[0]: doc for path in project.glob("json_docs/*.doc.json")
            if (doc := json.loads(path.read_text(encoding="utf-8")))}
    person = api.ok("GET", f"/api/v1/person/{made['Achieng']['_id']}?with_lineage=true")
    assert person["parent"]["parent"]["name"] == f"Siaya {unique}"

    clear(project)
    run("move-contacts", extra=(f"--contacts={made['Yala']['_id']}", f"--parent={made['Vihiga']['_id']}"))
    run("upload-docs")
    person = api.ok("GET", f"/api/v1/person/{made['Achieng']['_id']}?with_lineage=true")
    assert person["parent"]["parent"]["name"] == f"Vihiga {unique}"

    clear(project)
    (project / "csv/contact.csv").write_text(f"documentID,occupation\n{made['Achieng']['_id']},Nurse\n")
    run("edit-contacts", "upload-docs", extra=("--columns=occupation", "--files=contact.csv"))
    assert api.ok("GET", f"/api/v1/person/{made['Achieng']['_id']}")["occupation"] == "Nurse"

    clear(project)
    run("delete-contacts", extra=(f"--contacts={made['Yala']['_id']}",))
    run("upload-docs")
    for name in ("Yala", "Achieng"):
        assert api.get(f"/medic/{made[name]['_id']}").status_code == 404


def clear(project: Path) -> None:
    """Forget the documents of the last action."""
    for path in project.glob("json_docs/*"):
        path.unlink()


def test_users_and_messages_out_of_csv(api: Any, run: Run, project: Path, places: Any, unique: str) -> None:
    name = unique.replace("-", "_")
    (project / "users.csv").write_text(
        "username,password,roles,phone,contact,place\n"
        f"{name},Kisumu_2024,chw,+254712345678,{places.person},{places.area}\n")
    (project / "sms.csv").write_text(f"from,message,sent_timestamp\n+254712000222,hello {unique},1700000000000\n")
    run("create-users", "upload-sms-from-csv")
    assert any(user["username"] == name for user in api.ok("GET", "/api/v1/users"))
    found = api.ok("POST", "/medic/_find", {"selector": {"sms_message.message": f"hello {unique}"}})
    assert [doc["from"] for doc in found["docs"]] == ["+254712000222"]


@pytest.mark.mock_only
def test_the_command_of_the_documentation(mocksrv_url: str, cht_conf: Path, project: Path) -> None:
    (command,) = [one for one in snippets() if one.text.startswith("cht ")]
    place = Place(project, mocksrv_url)
    for _ in range(2):
        place.run("bash", "-euc", place.here(command.text), PATH=f"{cht_conf.parent}:{os.environ['PATH']}")
    settings = requests.get(f"{mocksrv_url}/~mine/api/v1/settings", auth=("admin", "pass"), timeout=30).json()
    assert settings["locales"] == [{"code": "en", "name": "English"}]
