"""JavaScript that the sources of views are composed of: conditions, helper functions, and the longest map functions."""

from __future__ import annotations

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
