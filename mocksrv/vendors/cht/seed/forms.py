"""The forms of a seeded world: XForms as documents, and text message forms in the app settings."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from mocksrv import fixtures
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

# id, file, title, whether Medic Collect offers it
FORMS = (
    ("anc_registration", "anc_registration.xml", "Registration with LMP", True),
    ("anc_visit", "anc_visit.xml", "Visit", True),
    ("assessment", "assessment.xml", "Assessment of a child", False),
    ("contact:clinic:create", "contact-clinic-create.xml", "New area", False),
    ("off", "off.xml", "Stop", True),
)
UPLOADED = 1_717_545_600_000  # 2024-06-05, the version that the definitions state
JSON_TOO = "off"  # the form that has a definition in JSON as well, as on the documentation page


def plant(world: World) -> None:
    sms_forms = json.loads(fixtures.path("cht", "sms_forms.json").read_bytes())
    app_settings.update(world, {"forms": sms_forms}, "merge")
    medic = documents.database(world)
    for id, file, title, collect in FORMS:
        data = fixtures.path("cht", "forms", file).read_bytes()
        files = {"xml": attachment("application/xml", data)}
        if id == JSON_TOO:
            definition = json.dumps(sms_forms[id.upper()], ensure_ascii=False)
            files["json"] = attachment("application/json", definition.encode())
        medic.put({
            "_id": f"form:{id}", "type": "form", "internalId": id, "title": title, "context": {"collect": collect},
            "xmlVersion": {"time": UPLOADED, "sha256": hashlib.sha256(data).hexdigest()},
            "_attachments": files,
        })


def attachment(content_type: str, data: bytes) -> dict[str, Any]:
    return {"content_type": content_type, "data": base64.b64encode(data).decode()}
