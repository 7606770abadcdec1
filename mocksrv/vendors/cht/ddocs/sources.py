"""The JavaScript sources that design documents show of their views. The server never runs them; a test compares their
results with those of `views`. The text is our own, names and results are CHT's.
"""

from __future__ import annotations

from typing import Any

CONTACT = "['district_hospital', 'health_center', 'clinic', 'person', 'contact'].indexOf(doc.type) >= 0"
REPORT = "doc.type === 'data_record' && doc.form"
VALID = "(!doc.errors || doc.errors.length === 0)"
TYPE = "(doc.type === 'contact' ? doc.contact_type : doc.type)"
# Helper functions.
LINEAGE = """
  function up(level, visit) {
    for (var depth = 0; level; depth++, level = level.parent) {
      if (level._id) { visit(level._id, depth); }
    }
  }"""
RANK = f"""
  var kind = {TYPE};
  var place = ['district_hospital', 'health_center', 'clinic', 'person'].indexOf(kind);
  var rank = place < 0 ? kind : place;
  var name = doc.name && doc.name.toLowerCase();"""
ORDER = RANK + "\n  var order = [!!doc.date_of_death, !!doc.muted, rank, name].map(String).join(' ');"
TASKS = """
  function tasks(visit) {
    (doc.tasks || []).forEach(visit);
    (doc.scheduled_tasks || []).forEach(visit);
  }
  function ready(message) { return message.uuid && message.to && message.message; }
  function last(task) { return task.state_history && task.state_history[task.state_history.length - 1]; }"""
MUTED = "['muted', 'cleared', 'denied', 'duplicate'].indexOf(task.state) >= 0"


def function(body: str) -> str:
    return f"function(doc) {{{body}\n}}"


def when(condition: str, *statements: str, before: str = "") -> str:
    lines = "".join(f"\n    {one}" for one in statements)
    return function(f"{before}\n  if ({condition}) {{{lines}\n  }}")


def of_reports(key: str) -> str:
    return when(REPORT, f"emit([{key}], doc.reported_date);")


def freetext(condition: str, sources: str, skipped: str, emitted: str, before: str = "", after: str = "") -> str:
    return when(condition, sources, after, before=f"""
  var seen = {{}};
  function add(token) {{
    if (token.length > 2 && !seen['$' + token]) {{ seen['$' + token] = true; {emitted} }}
  }}
  function read(fields) {{
    Object.keys(fields).forEach(function(name) {{
      var value = fields[name], key = name.toLowerCase();
      if (!key || !value || /_date$/.test(key) || ['_id', '_rev', 'type', 'refid', '{skipped}'].indexOf(key) >= 0) {{
        return;
      }}
      if (typeof value === 'string') {{ value = value.toLowerCase(); value.split(/\\s+/).forEach(add); }}
      if (typeof value === 'string' || typeof value === 'number') {{ add(key + ':' + value); }}
    }});
  }}""" + before)


def by_period(name: str, other: str) -> str:
    return when(
        f"{REPORT} && doc.contact && doc.contact.parent && doc.fields && doc.fields.year && doc.reported_date && "
        f"(doc.fields.{name} || doc.fields.{other})",
        f"emit([doc.form, doc.fields.year, doc.fields.{name} || doc.fields.{other}, doc.contact.parent._id, "
        "doc.reported_date]);")


REPLICATION_KEY = function(LINEAGE + """
  var common = ['resources', 'branding', 'partners', 'service-worker-meta', 'zscore-charts', 'settings',
    'privacy-policies'];
  var fields = doc.fields || {}, contact = doc.contact || {}, value = { type: doc.type };
  function lost() {
    return doc.contact && (doc.errors || []).length && doc.errors.some(function(error) {
      return ['registration_not_found', 'invalid_patient_id'].indexOf(error.code) >= 0;
    });
  }
  function recipient() {
    var task = doc.tasks && doc.tasks[0], message = task && task.messages && task.messages[0];
    return message && message.contact && message.contact._id;
  }
  function subject() {
    if (doc.form) {
      return lost() ? contact._id : doc.patient_id || fields.patient_id || doc.place_id || fields.place_id ||
        fields.patient_uuid || contact._id;
    }
    return doc.sms_message ? contact._id : doc.kujua_message && recipient();
  }
  if (common.indexOf(doc._id) >= 0 || doc.type === 'form' || doc.type === 'translations') {
    emit('_all', {});
  } else if (doc.type === 'data_record') {
    value.subject = subject() || '_unassigned';
    if (doc.form && doc.contact) { value.submitter = contact._id; }
    if (fields.private) { value.private = true; }
    if (fields.needs_signoff && doc.contact) { value.needs_signoff = true; }
    emit(value.subject, value);
    if (value.needs_signoff) {
      up(doc.contact, function(id) { if (id !== value.subject) { emit(id, value); } });
    }
  } else if (doc.type === 'task') {
    emit(doc.user, value);
  } else if (doc.type === 'target') {
    emit(doc.owner, value);
  } else if (""" + CONTACT + """) {
    emit(doc._id, value);
  }""")
SUMMARIES = function(LINEAGE + """
  function ids(level) { var found = []; up(level, function(id) { found.push(id); }); return found; }
  var fields = doc.fields || {}, contact = doc.contact;
  function subject() {
    var found = {}, name = doc.fields && fields.patient_name;
    var reference = doc.patient_id || fields.patient_id || fields.patient_uuid || doc.place_id || fields.place_id;
    var needed = ['patient_id', 'patient_uuid', 'patient_name', 'place_id'];
    if (name) { found.name = name; }
    if (reference || name) {
      found.value = reference || name;
      found.type = reference ? 'reference' : 'name';
    } else if (doc.errors) {
      doc.errors.forEach(function(error) {
        if (error.code === 'sys.missing_fields' && error.fields && needed.some(function(one) {
          return error.fields.indexOf(one) >= 0;
        })) { found.type = 'unknown'; }
      });
    }
    return found;
  }
  if (""" + REPORT + """) {
    emit(doc._id, { _rev: doc._rev, from: doc.from || doc.sent_by, phone: contact && contact.phone, form: doc.form,
      read: doc.read, valid: """ + VALID + """, verified: doc.verified, reported_date: doc.reported_date,
      contact: contact && contact._id, lineage: ids(contact && contact.parent), subject: subject(),
      case_id: doc.case_id || (doc.fields && doc.fields.case_id) });
  } else if (""" + CONTACT + """) {
    emit(doc._id, { _rev: doc._rev, name: doc.name || doc.phone, phone: doc.phone, type: doc.type,
      contact_type: doc.contact_type, contact: contact && contact._id, lineage: ids(doc.parent),
      date_of_death: doc.date_of_death, muted: doc.muted });
  }""")
BY_STATE = function(TASKS + """
  tasks(function(task) {
    var due = task.due || task.timestamp || doc.reported_date;
    if (typeof due === 'string') { due = Date.parse(due); }
    if (!task.messages) { emit([task.state, due], {}); }
    (task.messages || []).filter(ready).forEach(function(message) {
      var value = { content: message.message, to: message.to, id: message.uuid };
      emit([task.state, due], value);
      if (task.state === 'pending' || task.state === 'forwarded-to-gateway') {
        emit(['pending-or-forwarded', due], value);
      }
    });
  });""")
QUEUE = function(TASKS + f"""
  tasks(function(task) {{
    var due = new Date(task.due || task.timestamp || doc.reported_date).getTime();
    var groups = [task.state === 'scheduled' ? 'scheduled' : {MUTED} ? 'muted' : 'due'];
    if (task.state === 'sent' || task.state === 'delivered') {{ groups.push('delivered'); }}
    if (task.state === 'failed') {{ groups.push('failed'); }}
    var told = {{ state_history: last(task), state: task.state, group: task.group,
      translation_key: task.translation_key, type: task.type }};
    function put(value) {{ groups.forEach(function(group) {{ emit([group, due], value); }}); }}
    if (!task.messages) {{
      put({{ scheduled_sms: {{ translation_key: task.message_key, recipient: task.recipient, content: task.message }},
        task: told, due: due }});
    }}
    (task.messages || []).filter(ready).forEach(function(message) {{
      put({{ sms: {{ message: message.message, to: message.to }}, task: told, due: due }});
    }});
  }});""")
BY_CONTACT_DATE = function("""
  function put(contact, phone) {
    emit([contact && contact._id || phone || doc._id, doc.reported_date],
      { id: doc._id, date: doc.reported_date, contact: contact && contact._id });
  }
  if (doc.type === 'data_record' && !doc.form) {
    if (doc.kujua_message && doc.tasks) {
      doc.tasks.forEach(function(task) {
        var message = task.messages && task.messages[0];
        if (message) { put(message.contact, message.to); }
      });
    } else if (doc.sms_message) {
      put(doc.contact, doc.from);
    }
  }""")
DEVICES = when("doc.type === 'telemetry' && doc.metadata && doc.metadata.user && doc.metadata.deviceId && "
               "doc.metadata.year && doc.metadata.month && doc.metadata.day",
               "emit([doc.metadata.user, doc.metadata.deviceId], {",
               "  date: [doc.metadata.year, two(doc.metadata.month), two(doc.metadata.day)].join('-'), id: doc._id,",
               "  device: { userAgent: doc.device && doc.device.userAgent, versions: {",
               "    apk: info && info.app && info.app.version,",
               "    android: info && info.software && info.software.androidVersion,",
               "    cht: versions && versions.app, settings: versions && versions.settings } } });",
               before="\n  function two(number) { return (String(number).length < 2 ? '0' : '') + number; }"
                      "\n  var info = doc.device && doc.device.deviceInfo;"
                      "\n  var versions = doc.metadata && doc.metadata.versions;")
VISITED = ("var visited = doc.fields.visited_date ? Date.parse(doc.fields.visited_date) : doc.reported_date;")
IS_VISIT = f"{REPORT} && doc.fields && doc.fields.visited_contact_uuid"

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
ADMIN = """
  function has(list, one) { return (list || []).indexOf(one) >= 0; }
  var admins = secObj.admins || {};
  var admin = has(userCtx.roles, '_admin') || has(admins.names, userCtx.name) ||
    userCtx.roles.some(function(role) { return has(admins.roles, role); });
  function refuse(why) { throw({ forbidden: why }); }"""
OWN_PLACE = """
  if (!admin && [].concat(userCtx.facility_id || []).indexOf(newDoc._id) >= 0) {
    refuse('You are not authorized to edit your own place');
  }"""
AUTHORITY = "function(newDoc, oldDoc, userCtx, secObj) {" + ADMIN + """
  function guarded(doc) {
    return doc && (String(doc._id).indexOf('_design/') === 0 ||
      has(['form', 'translations', 'token_login'], doc.type) ||
      has(['resources', 'service-worker-meta', 'zscore-charts', 'settings', 'branding', 'partners', 'privacy-policies',
        'extension-libs'], doc._id));
  }
  if (newDoc.purged) { refuse('Purged documents should not be written to CouchDB!'); }
  if (!userCtx.name) { refuse('You must be logged in to edit documents'); }
  if (!admin && (guarded(newDoc) || guarded(oldDoc))) { refuse('You are not authorized to edit admin only docs'); }
""" + OWN_PLACE.lstrip("\n") + "\n}"
STRUCTURE = "function(newDoc, oldDoc, userCtx, secObj) {" + ADMIN + """
  var id = newDoc._id, example;
  if (admin) { return; }""" + OWN_PLACE + """
  if (newDoc.type === 'form') {
    example = 'e.g. "form:registration"';
    if (id.indexOf('form:') !== 0) { refuse('_id property must be prefixed with "form:". ' + example); }
    if (id === 'form:') { refuse('_id property must define a value after "form:". ' + example); }
    if (id !== id.toLowerCase()) { refuse('_id property must be lower case. ' + example); }
  }
  if (newDoc.type === 'user-settings') {
    example = 'e.g. "org.couchdb.user:sally"';
    if (id.indexOf('org.couchdb.user:') !== 0) { refuse('_id must be prefixed with "org.couchdb.user:". ' + example); }
    if (id === 'org.couchdb.user:') { refuse('_id must define a value after "org.couchdb.user:". ' + example); }
    if (id !== id.toLowerCase()) { refuse('_id must be lower case. ' + example); }
    if (id !== "org.couchdb.user:" + newDoc.name) {
      refuse("name property must be equivalent to username. " + example);
    }
    if (newDoc.known !== undefined && typeof newDoc.known !== 'boolean') { refuse('known is not a boolean.'); }
    if (typeof newDoc.roles !== 'object') { refuse('roles is a required array'); }
    if (!oldDoc) { refuse('You are not authorized to create user-settings'); }
    if (String(oldDoc.roles) !== String(newDoc.roles)) { refuse('You are not authorized to edit roles'); }
  }
}"""
MORE: dict[str, dict[str, Any]] = {
    "medic": {"rewrites": [{"from": "/manifest.appcache", "to": "manifest.appcache"}],
              "validate_doc_update": AUTHORITY},
    "medic-client": {"validate_doc_update": STRUCTURE},
}


COUNTED_LATER = ("contacts_by_type", "reports_by_form")  # views of medic-client that reduce to a count from 5.0 on


def document(design: str) -> dict[str, Any]:
    """The functions of a design document: `views`, and others."""
    views = {name: {"map": text} | ({"reduce": REDUCES[name]} if name in REDUCES else {})
             for name, text in MAPS.get(design, {}).items()}
    return {"views": views, **MORE.get(design, {})}
