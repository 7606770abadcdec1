"""Bodies of requests that a new world takes, by operation, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

BUILD = {"build": {"namespace": "medic", "application": "medic", "version": "4.16.0"}}
USER = {"username": "new_nurse-1", "password": "Sup3r-Secret.1", "roles": ["program_officer"]}

BODIES: dict[str, Any] = {
    "bulk_delete": {"docs": [{"_id": "id-of-a-document"}]},
    "couch_put_document": {"type": "note", "text": "anything"},
    "couch_post_document": {"type": "note", "text": "anything"},
    "couch_bulk_docs": {"docs": [{"_id": "note-1", "type": "note"}, {"_id": "note-2", "type": "note"}]},
    "couch_put_local": {"last_seq": 7},
    "couch_all_docs_post": {"keys": ["settings", "resources"]},
    "couch_view_post": {"keys": [["person"]]},
    "couch_changes_post": {"doc_ids": ["settings"]},
    "couch_find": {"selector": {"type": "person"}, "fields": ["_id", "name"], "limit": 5},
    "couch_make_index": {"index": {"fields": ["type"]}, "name": "by-type", "type": "json"},
    "couch_revs_diff": {"settings": ["1-967a00dff5e02add41819138abb3284d"]},
    "couch_missing_revs": {"settings": ["1-967a00dff5e02add41819138abb3284d"]},
    "couch_bulk_get": {"docs": [{"id": "settings"}]},
    "create_places": {"name": "Mount Elgon", "type": "district_hospital"},
    "create_people": {"name": "Hannah", "phone": "+254712345678", "place": {
        "name": "Kapsokwony", "type": "health_center", "parent": {"name": "Mount Elgon", "type": "district_hospital"}}},
    "create_users": USER,
    "create_users_from_csv": [USER],
    "update_user": {"fullname": "Amina Otieno"},
    "post_hydrate": {"doc_ids": ["settings"]},
    "session_post": {"name": "admin", "password": "pass"},
    "login": {"user": "admin", "password": "pass"},
    "post_record_1": {"_meta": {"form": "OFF"}, "patient_id": "12345", "reason": 1},
    "post_record_2": {"_meta": {"form": "OFF"}, "patient_id": "12345", "reason": 1},
    "put_settings": {"date_format": "DD-MM-YYYY"},
    "post_gateway": {"messages": [{"id": "1", "from": "+254712345678", "content": "hello"}], "updates": []},
    "post_upgrade": BUILD,
    "post_stage": BUILD,
}
