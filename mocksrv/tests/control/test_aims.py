"""Aims at exchanges: what names nothing that there is is refused, with the nearest names."""

import pytest


def refusal(answer):
    assert (answer.status_code, answer.json["type"]) == (400, "about:mocksrv#unknown-name")
    return answer.json["detail"]


MISSPELT = [
    ({"operation": "put_thng"}, "there is no operation 'put_thng': the nearest: put_thing"),
    ({"operation": "PUT_THING"}, "the nearest: put_thing"),
    ({"vendor": "shp"}, "there is no vendor 'shp': the nearest: shop"),
    ({"vendor": "shop", "operation": "get_person"}, "there is no operation 'get_person'"),
    ({"method": "get"}, "there is no method 'get': the nearest: GET"),
    ({"method": "DELTE"}, "the nearest: DELETE"),
    ({"status": "4x"}, "status '4x' is not valid: use 100 to 599, or a class such as 4xx"),
    ({"status": "999"}, "status '999' is not valid"),
    ({"failed": "maybe"}, "failed 'maybe' is not valid: use true or false"),
]


@pytest.mark.parametrize(("aim", "said"), MISSPELT)
def test_a_misspelt_aim_is_told_instead_of_never_met(shop, aim, said):
    shop.get("/v1/things")
    assert said in refusal(shop.post("/_mocksrv/journal/verify", json=aim | {"never": True}))
    assert said in refusal(shop.post("/_mocksrv/journal/verify", json={"in_order": [{"method": "GET"}, aim]}))
    assert said in refusal(shop.get("/_mocksrv/journal", query_string=aim))
    assert said in refusal(shop.get("/_mocksrv/journal.har", query_string=aim))


@pytest.mark.parametrize(("aim", "said"), [pair for pair in MISSPELT if not pair[0].keys() & {"status", "failed"}])
def test_so_are_aims_of_faults(shop, aim, said):
    answer = shop.post("/_mocksrv/faults", json=aim | {"status": 503})
    assert (answer.status_code, answer.json["type"]) == (400, "about:mocksrv#bad-fault")
    assert said in answer.json["detail"]
    assert shop.get("/_mocksrv/faults").json == []


@pytest.mark.parametrize("aim", [{"vendor": "shop", "operation": "put_thing"}, {"method": "PATCH"}, {"status": 404},
                                 {"status": "4xx"}, {"failed": "true"}, {"caller": "whoever"}, {"path": "/nothing/*"}])
def test_what_is_known_may_well_not_be_there(shop, aim):
    assert shop.post("/_mocksrv/journal/verify", json=aim | {"never": True}).json == {
        "ok": True, "account": None, "nearest": []}
    assert shop.get("/_mocksrv/journal", query_string=aim).json == []


def test_a_method_that_somebody_made_up_is_known_then(shop):
    shop.open("/v1/things", method="GRAB")
    assert shop.post("/_mocksrv/journal/verify", json={"method": "GRAB", "exactly": 1}).json["ok"] is True
    assert "the nearest: GRAB" in refusal(shop.get("/_mocksrv/journal?method=GRABB"))
