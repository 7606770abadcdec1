"""Revision ids are those of CouchDB."""

import pytest

from mocksrv.vendors.cht.couch import revisions


@pytest.mark.parametrize(("body", "previous", "deleted", "expected"), [
    ({}, None, False, "1-967a00dff5e02add41819138abb3284d"),
    ({"a": 1}, None, False, "1-23202479633c2b380f79507a776743d5"),
    # Recorded from CouchDB 3.3.3.
    ({"type": "data_record", "form": "BD", "reported_date": 1}, None, False, "1-542c2cbd695e30419597ed58bc13ad13"),
    ({"type": "data_record", "form": "BD", "reported_date": 1}, "1-542c2cbd695e30419597ed58bc13ad13", True,
     "2-3a37372162d20124870ccfa513e43a51"),
])
def test_revisions_are_couchdbs_own(body, previous, deleted, expected):
    assert revisions.digest(body, previous, deleted) == expected
