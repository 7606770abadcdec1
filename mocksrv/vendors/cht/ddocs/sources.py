"""The JavaScript sources that design documents show of their views. The server never runs them; a test compares their
results with those of `views`. The text is our own, names and results are CHT's.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.ddocs.source_parts import (
    BY_CONTACT_DATE,
    BY_STATE,
    CONTACT,
    DEVICES,
    IS_VISIT,
    LINEAGE,
    MUTED,
    ORDER,
    QUEUE,
    RANK,
    REPLICATION_KEY,
    REPORT,
    SUMMARIES,
    TASKS,
    TYPE,
    VALID,
    VISITED,
    by_period,
    freetext,
    function,
    of_reports,
    when,
)
from mocksrv.vendors.cht.ddocs.write_rule_sources import MORE

MAPS: dict[str, dict[str, str]] = {
    "medic": {
        "contacts_by_depth": when(
            CONTACT, "var code = doc.patient_id || doc.place_id;",
            "up(doc, function(id, depth) { emit([id], code); emit([id, depth], code); });", before=LINEAGE),
        "doc_summaries_by_id": SUMMARIES,
        "docs_by_replication_key": REPLICATION_KEY,
        "docs_by_shortcode": function("\n  [doc.place_id, doc.patient_id, doc.case_id].forEach(function(code) {"
                                      "\n    if (code) { emit(code); }\n  });"),
        "messages_by_state": BY_STATE,
        "reports_by_form_and_parent": when(
            f"{REPORT} && doc.contact && doc.contact.parent",
            "emit([doc.form, doc.contact.parent._id], typeof doc.reported_date === 'number' ? doc.reported_date : 0);"),
        "reports_by_form_year_month_parent_reported_date": by_period("month", "month_num"),
        "reports_by_form_year_week_parent_reported_date": by_period("week", "week_number"),
        "tasks_in_terminal_state": when(
            "doc.type === 'task' && ['Cancelled', 'Completed', 'Failed'].indexOf(doc.state) >= 0 && doc.emission",
            "emit(doc.emission.endDate);"),
    },
    "medic-admin": {
        "contacts_by_dhis_orgunit": when(
            f"doc.dhis && {CONTACT}", "[].concat(doc.dhis).forEach(function(unit) { emit(unit.orgUnit); });"),
        "message_queue": QUEUE,
    },
    "medic-client": {
        "contacts_by_freetext": freetext(CONTACT, "read(doc);", "geolocation", "emit([token], order);", ORDER),
        "contacts_by_last_visited": when(
            IS_VISIT, VISITED, "emit(doc.fields.visited_contact_uuid, typeof visited === 'number' && visited || 0);",
            f"}} else if ({CONTACT}) {{", "emit(doc._id, 0);"),
        "contacts_by_parent": when(f"{CONTACT} && doc.parent && doc.parent._id", f"emit([doc.parent._id, {TYPE}]);"),
        "contacts_by_phone": when(f"doc.phone && {CONTACT}", "emit(doc.phone);"),
        "contacts_by_place": when(CONTACT, "up(doc.parent, function(id) { emit([id], rank + ' ' + name); });",
                                  before=LINEAGE + RANK),
        "contacts_by_reference": when(
            f"doc.type === 'national_office' || {CONTACT}",
            "[doc.place_id, doc.patient_id].forEach(function(code) {",
            "  if (code) { emit(['shortcode', String(code)], doc.reported_date); }", "});",
            "if (doc.rc_code) { emit(['external', String(doc.rc_code).toUpperCase()], doc.reported_date); }"),
        "contacts_by_type_freetext": freetext(CONTACT, "read(doc);", "geolocation", "emit([kind, token], order);",
                                              ORDER),
        "contacts_by_type": when(CONTACT, "emit([kind], order);", before=ORDER),
        "data_records_by_type": when("doc.type === 'data_record'", "emit(doc.form ? 'report' : 'message');"),
        "doc_by_type": when("doc.type === 'translations'",
                            "emit(['translations', doc.enabled], { code: doc.code, name: doc.name });",
                            "} else {", "emit([doc.type]);"),
        "docs_by_id_lineage": when(
            CONTACT, "walk(doc, 0);", f"}} else if ({REPORT}) {{", "emit([doc._id, 0]);", "walk(doc.contact, 1);",
            before="\n  function walk(level, depth) {\n    for (; level && level._id; level = level.parent) {"
                   "\n      emit([doc._id, depth++], { _id: level._id });\n    }\n  }"),
        "messages_by_contact_date": BY_CONTACT_DATE,
        "registered_patients": when(
            f"{REPORT} && !(doc.errors && doc.errors.length)", "['patient_id', 'place_id'].forEach(function(name) {",
            "  var code = doc[name] || (doc.fields && doc.fields[name]);", "  if (code) { emit(String(code)); }",
            "});"),
        "reports_by_date": of_reports("doc.reported_date"),
        "reports_by_form": of_reports("doc.form"),
        "reports_by_freetext": freetext(
            REPORT, "read(doc);", "content", "emit([token], doc.reported_date);",
            after="if (doc.fields) { read(doc.fields); }\n    if (doc.contact && doc.contact._id) {"
                  "\n      add('contact:' + doc.contact._id.toLowerCase());\n    }"),
        "reports_by_place": when(
            REPORT, "up(doc.contact && doc.contact.parent, function(id) { emit([id], doc.reported_date); });",
            before=LINEAGE),
        "reports_by_subject": when(
            REPORT, "put(doc, ['patient_id', 'place_id', 'case_id']);", "if (doc.fields) {",
            "  put(doc.fields, ['patient_id', 'place_id', 'case_id', 'patient_uuid', 'place_uuid']);", "}",
            before="\n  function put(holder, names) {\n    names.forEach(function(name) {"
                   "\n      if (holder[name]) { emit(holder[name], doc.reported_date); }\n    });\n  }"),
        "reports_by_validity": of_reports(VALID),
        "reports_by_verification": of_reports("doc.verified"),
        "tasks_by_contact": when(
            "doc.type === 'task'", "var owner = doc.owner || '_unassigned';",
            "if (['Cancelled', 'Completed', 'Failed'].indexOf(doc.state) < 0) { emit('owner-' + owner); }",
            "if (doc.requester) { emit('requester-' + doc.requester); }",
            "emit(['owner', 'all', owner], { state: doc.state });"),
        "total_clinics_by_facility": when(
            "doc.type === 'clinic' || (doc.type === 'contact' && district)",
            "var head = [district, doc.parent && doc.parent._id, doc._id], number = 2;",
            "emit(head.concat(0));",
            "if (doc.contact && doc.contact._id) { emit(head.concat(1), { _id: doc.contact._id }); }",
            "up(doc.parent, function(id) { emit(head.concat(number++), { _id: id }); });",
            before=LINEAGE + "\n  var district = doc.parent && doc.parent.parent && doc.parent.parent._id;"),
        "visits_by_date": when(IS_VISIT, VISITED, "emit(visited, doc.fields.visited_contact_uuid);",
                               "emit([doc.fields.visited_contact_uuid, visited]);"),
    },
    "medic-conflicts": {"conflicts": when("doc._conflicts", "emit(doc._conflicts);")},
    "medic-scripts": {
        "data_records_by_ancestor": when("doc.type === 'data_record'",
                                         "up(doc.contact, function(id) { emit(id); });", before=LINEAGE),
        "data_records": when(
            "doc.type === 'data_record'", "emit([date]);",
            "if (doc.form) { emit([valid, doc.form, date]); emit([valid, '*', date]); }",
            "up(doc.contact, function(id) {", "  emit([id, date]);",
            "  if (doc.form) { emit([valid, id, doc.form, date]); emit([valid, id, '*', date]); }", "});",
            before=LINEAGE + f"\n  var date = doc.reported_date, valid = {VALID};"),
        "places_by_contact": when(f"{CONTACT} && doc.type !== 'person' && doc.contact && doc.contact._id",
                                  "emit(doc.contact._id);"),
        "places_by_type_parent_id_name": when(
            f"doc.type === 'national_office' || (doc.type !== 'person' && {CONTACT})",
            "emit([doc.type, doc.parent ? doc.parent._id : null, doc.name], { name: doc.name });"),
    },
    "medic-sms": {
        "gateway_messages_by_state": function(TASKS + """
  tasks(function(task) {
    if (task.messages && task.gateway_ref) {
      task.messages.filter(ready).forEach(function(message) {
        emit(task.state, { id: message.uuid, gateway_ref: task.gateway_ref });
      });
    }
  });"""),
        "messages_by_gateway_ref": function(TASKS + """
  function put(ref, uuid) { if (ref) { emit(ref, uuid); } }
  tasks(function(task) {
    (task.messages || []).forEach(function(message) { put(task.gateway_ref, message.uuid); });
  });
  if (doc.type === 'data_record' && doc.sms_message) { put(doc.sms_message.gateway_ref, doc.sms_message.uuid); }"""),
        "messages_by_last_updated_state": function(TASKS + f"""
  tasks(function(task) {{
    var ended = ['sent', 'delivered', 'failed'].indexOf(task.state) >= 0;
    var group = task.state === 'scheduled' ? 'scheduled' : ended ? 'final' : {MUTED} ? 'muted' : 'pending';
    var history = last(task);
    var time = history && history.timestamp || task.timestamp || doc.reported_date;
    emit([group, new Date(time).getTime(), task.state]);
  }});"""),
        "messages_by_uuid": function(TASKS + """
  tasks(function(task) {
    (task.messages || []).forEach(function(message) { if (message.uuid) { emit(message.uuid); } });
  });"""),
    },
    "users": {
        "users_by_field": function("""
  ['contact_id', 'oidc_username'].forEach(function(name) { if (doc[name]) { emit([name, doc[name]]); } });
  [].concat(doc.facility_id || []).forEach(function(id) { emit(['facility_id', id]); });"""),
    },
    "logs": {
        "connected_users": when("doc.timestamp > 7 * 60 * 60 * 1000", "emit(doc.user, doc.timestamp);"),
        "replication_limit": when("doc.count > 10000", "emit(doc.user);"),
    },
    "sentinel": {"outbound_push_tasks": when("doc.type === 'task:outbound'", "emit(doc.created);")},
    "users-meta": {
        "device_by_user": DEVICES,
        "feedback_by_date": when("doc.type === 'feedback'", "emit(doc.meta && doc.meta.time);"),
    },
}
LATEST = """function(keys, values) {{
  return values.reduce(function(latest, value) {{
    return value.date > latest.date ? value : latest;
  }}, {{ date: {first} }});
}}"""
REDUCES = {
    "contacts_by_last_visited": "_stats", "reports_by_form_and_parent": "_stats", "data_records_by_type": "_count",
    "message_queue": "_count", "conflicts": "_count", "reports_by_form": "function() {\n  return true;\n}",
    "messages_by_contact_date": LATEST.format(first="0"), "device_by_user": LATEST.format(first="'0000-00-00'"),
}
# Views of releases that know primary contacts (releases.PRIMARY_CONTACTS), which are run as those of clients are.
NAMING_PRIMARY_CONTACTS = {
    "contacts_by_depth": when(
        CONTACT, "var about = { _id: doc._id, shortcode: doc.patient_id || doc.place_id,",
        "  primary_contact: (doc.contact && doc.contact._id) || doc.contact };",
        "up(doc, function(id, depth) { emit([id], about); emit([id, depth], about); });", before=LINEAGE),
    "contacts_by_primary_contact": when(
        f"doc.contact && {CONTACT}", "emit(typeof doc.contact === 'object' ? doc.contact._id : doc.contact);"),
}
COUNTED_LATER = ("contacts_by_type", "reports_by_form")  # views of medic-client that reduce to a count from 5.0 on


def document(design: str) -> dict[str, Any]:
    """The functions of a design document: `views`, and others."""
    views = {name: {"map": text} | ({"reduce": REDUCES[name]} if name in REDUCES else {})
             for name, text in MAPS.get(design, {}).items()}
    return {"views": views, **MORE.get(design, {})}
