"""The views of the server's design documents: database, design document and view -> `View`.

The names, keys and values are those of CHT 4.15.0, as recorded. The JavaScript that a view shows is in `sources`.
"""

from __future__ import annotations

from mocksrv.vendors.cht.couch.view_index import View
from mocksrv.vendors.cht.ddocs import contact_views as contacts
from mocksrv.vendors.cht.ddocs import freetext_views as freetext
from mocksrv.vendors.cht.ddocs import message_views as messages
from mocksrv.vendors.cht.ddocs import report_views as reports
from mocksrv.vendors.cht.ddocs import usage_views as usage
from mocksrv.vendors.cht.ddocs.mapping import KINDS, has_no_errors
from mocksrv.vendors.cht.ddocs.replication_keys import docs_by_replication_key

CONTACTS, REPORTS, TASKS = KINDS, frozenset(("data_record",)), frozenset(("task",))
BOTH, REFERRED = CONTACTS | REPORTS, CONTACTS | set(contacts.REFERRED)

VIEWS: dict[tuple[str, str], dict[str, View]] = {
    ("medic", "medic"): {
        "contacts_by_depth": View(contacts.contacts_by_depth, types=CONTACTS),
        "doc_summaries_by_id": View(reports.doc_summaries_by_id, types=BOTH),
        "docs_by_replication_key": View(docs_by_replication_key),
        "docs_by_shortcode": View(contacts.docs_by_shortcode),
        "messages_by_state": View(messages.messages_by_state),
        "reports_by_form_and_parent": View(reports.reports_by_form_and_parent, "_stats", REPORTS),
        "reports_by_form_year_month_parent_reported_date": View(reports.by_period("month", "month_num"), types=REPORTS),
        "reports_by_form_year_week_parent_reported_date": View(reports.by_period("week", "week_number"), types=REPORTS),
        "tasks_in_terminal_state": View(reports.tasks_in_terminal_state, types=TASKS),
    },
    ("medic", "medic-admin"): {
        "contacts_by_dhis_orgunit": View(contacts.contacts_by_dhis_orgunit, types=CONTACTS),
        "message_queue": View(messages.message_queue, "_count"),
    },
    ("medic", "medic-client"): {
        "contacts_by_freetext": View(freetext.contacts_by_freetext, types=CONTACTS),
        "contacts_by_last_visited": View(reports.contacts_by_last_visited, "_stats", BOTH),
        "contacts_by_parent": View(contacts.contacts_by_parent, types=CONTACTS),
        "contacts_by_phone": View(contacts.contacts_by_phone, types=CONTACTS),
        "contacts_by_place": View(contacts.contacts_by_place, types=CONTACTS),
        "contacts_by_reference": View(contacts.contacts_by_reference, types=REFERRED),
        "contacts_by_type_freetext": View(freetext.contacts_by_type_freetext, types=CONTACTS),
        "contacts_by_type": View(contacts.contacts_by_type, types=CONTACTS),
        "data_records_by_type": View(reports.data_records_by_type, "_count", REPORTS),
        "doc_by_type": View(usage.doc_by_type),
        "docs_by_id_lineage": View(reports.docs_by_id_lineage, types=BOTH),
        "messages_by_contact_date": View(messages.messages_by_contact_date, "latest", REPORTS),
        "registered_patients": View(reports.registered_patients, types=REPORTS),
        "reports_by_date": View(reports.reports_by(lambda doc: doc.get("reported_date")), types=REPORTS),
        "reports_by_form": View(reports.reports_by(lambda doc: doc["form"]), "true", REPORTS),
        "reports_by_freetext": View(freetext.reports_by_freetext, types=REPORTS),
        "reports_by_place": View(reports.reports_by_place, types=REPORTS),
        "reports_by_subject": View(reports.reports_by_subject, types=REPORTS),
        "reports_by_validity": View(reports.reports_by(has_no_errors), types=REPORTS),
        "reports_by_verification": View(reports.reports_by(lambda doc: doc.get("verified")), types=REPORTS),
        "tasks_by_contact": View(reports.tasks_by_contact, types=TASKS),
        "total_clinics_by_facility": View(contacts.total_clinics_by_facility, types=CONTACTS),
        "visits_by_date": View(reports.visits_by_date, types=REPORTS),
    },
    ("medic", "medic-conflicts"): {"conflicts": View(usage.conflicts, "_count", conflicts=True)},
    ("medic", "medic-scripts"): {
        "data_records_by_ancestor": View(reports.data_records_by_ancestor, types=REPORTS),
        "data_records": View(reports.data_records, types=REPORTS),
        "places_by_contact": View(contacts.places_by_contact, types=CONTACTS),
        "places_by_type_parent_id_name": View(contacts.places_by_type_parent_id_name, types=REFERRED),
    },
    ("medic", "medic-sms"): {
        "gateway_messages_by_state": View(messages.gateway_messages_by_state),
        "messages_by_gateway_ref": View(messages.messages_by_gateway_ref),
        "messages_by_last_updated_state": View(messages.messages_by_last_updated_state),
        "messages_by_uuid": View(messages.messages_by_uuid),
    },
    ("_users", "users"): {"users_by_field": View(usage.users_by_field)},
    ("medic-logs", "logs"): {
        "connected_users": View(usage.connected_users),
        "replication_limit": View(usage.replication_limit),
    },
    ("medic-sentinel", "sentinel"): {"outbound_push_tasks": View(usage.outbound_push_tasks)},
    ("medic-users-meta", "users-meta"): {
        "device_by_user": View(usage.device_by_user, "latest", frozenset(("telemetry",))),
        "feedback_by_date": View(usage.feedback_by_date, types=frozenset(("feedback",))),
    },
}
