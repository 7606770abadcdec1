"""Device reports: what phones log about themselves. They come in like forms, and end as rows of `device-log`.

commcare-hq corehq/ex-submodules/phonelog/utils.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.form_processor import casexml, phone_dates, xform
from mocksrv.vendors.commcare.form_processor.processing import Outcome, Submission

if TYPE_CHECKING:
    from mocksrv.world import World

XMLNS = casexml.DEVICE_REPORT


def store(world: World, sent: Submission) -> Outcome:
    """Keep a report's lines; the report itself is not kept as a form."""
    form_id = xform.instance_id(sent.form) or world.uuid()
    user: xform.Form = next(entries(sent.form, "user_subreport", "user"), {})
    for line in entries(sent.form, "log_subreport", "log"):
        try:
            date = phone_dates.hqs_form(phone_dates.iso8601(line.get("@date")))
        except (ValueError, OverflowError):
            continue
        id = world.hex()
        world.table("commcare.device_logs").insert(id, {
            "id": id, "domain": sent.domain, "date": date, "type": xform.text_of(line.get("type")),
            "msg": xform.text_of(line.get("msg")), "user_id": xform.text_of(user.get("user_id")) or sent.user_id,
            "username": xform.text_of(user.get("username")) or None, "xform_id": form_id,
            "device_id": xform.text_of(sent.form.get("device_id")),
            "app_version": xform.text_of(sent.form.get("app_version"))})
    return Outcome("normal", form_id)


def entries(form: xform.Form, part: str, name: str) -> Any:
    """The items of a part of a report as a list, whether there are none, one or many."""
    held = form.get(part)
    for group in held if isinstance(held, list) else [held]:
        found = group.get(name) if isinstance(group, dict) else None
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, dict):
                yield item
