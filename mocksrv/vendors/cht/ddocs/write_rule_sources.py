"""JavaScript sources that design documents show beside their views: `validate_doc_update`, and rewrites."""

from __future__ import annotations

from typing import Any

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
