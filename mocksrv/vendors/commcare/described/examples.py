"""Bodies of requests that a new world takes, by operation, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

OWNER = "b8a1f4f2c1d94f27a4d2b6f0a5d7c3e1"  # of the ready-made accounts
CASE = {"case_type": "patient", "case_name": "Elizabeth Harmon", "owner_id": OWNER, "external_id": "bh-1",
        "properties": {"sport": "chess"}}

BODIES: dict[str, Any] = {
    "create_case_v2": CASE,
    "bulk_fetch_cases_v2": {"case_ids": ["id-of-a-case"], "external_ids": ["bh-1"]},
    "create_user": {"username": "jdoe", "password": "Qwer1234!x", "first_name": "John", "last_name": "Doe",
                    "phone_numbers": ["+50253311399"], "language": "en"},
    "create_group": {"name": "Nurses", "reporting": True, "case_sharing": False, "metadata": {"district": "2"}},
    "create_groups": {"objects": [{"name": "Team A"}, {"name": "Team B"}]},
    "create_location": {"name": "Kenya", "location_type_code": "country"},
    "write_locations": {"objects": [{"name": "Uganda", "location_type_code": "country"}]},
    "create_lookup_table": {"tag": "fruit", "is_global": True,
                            "fields": [{"field_name": "name", "properties": []}]},
    "invite": {"email": "new@example.org", "role": "App Editor"},
}
