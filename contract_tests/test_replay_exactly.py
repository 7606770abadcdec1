"""When a replayed answer is the recorded one to the letter, and when not."""

import pytest

from contract_tests.replay_exactly import ExactReplay

ID, OTHER = "0" * 31 + "a", "0" * 31 + "b"
JSON = ("Content-Type", "application/json")


def replay(ours, absent=()):
    """A replay whose server gives these answers, (status, headers, text), in turn; and what it was asked."""
    made, asked = ExactReplay("nowhere", 1, "/~w", {"Authorization": "x"}, absent), []
    made.send = lambda request: asked.append(made.translate(request["path"])) or ours[len(asked) - 1]
    return made, asked


def line(status, headers, text, path="/a"):
    return {"request": {"path": path}, "response": {"status": status, "headers": [list(one) for one in headers],
                                                    "body": text}}


@pytest.mark.parametrize(("recorded", "ours"), [
    ((200, [JSON], '{"a": 1}'), (200, [JSON, ("X-Own", "1")], '{"a": 1}')),
    ((201, [JSON, ("Location", f"http://{{host}}/a/{ID}/")], f'{{"id": "{ID}"}}'),
     (201, [JSON, ("Location", f"http://nowhere:1/~w/a/{OTHER}/")], f'{{"id": "{OTHER}"}}')),
    ((200, [JSON], '"2026-11-28T12:12:59.401380"'), (200, [JSON], '"2027-01-01 00:00:00Z"')),
])
def test_the_same_but_for_ids_times_and_the_server(recorded, ours):
    assert replay([ours])[0].play(line(*recorded)) == []


@pytest.mark.parametrize(("recorded", "ours", "said"), [
    ((200, [JSON], "{}"), (201, [JSON], "{}"), "status 200, not 201"),
    ((200, [JSON], '{"a": 1, "b": 2}'), (200, [JSON], '{"b": 2, "a": 1}'),
     """text '{"a": 1, "b": 2}', not '{"b": 2, "a": 1}'"""),
    ((204, [("Vary", "Accept")], ""), (204, [JSON, ("Vary", "Accept")], ""),
     "header Content-Type None, not 'application/json'"),
    ((405, [("Allow", "GET")], ""), (405, [("Allow", "GET, PUT")], ""), "header Allow 'GET', not 'GET, PUT'"),
])
def test_anything_else_differs(recorded, ours, said):
    assert replay([ours])[0].play(line(*recorded)) == [said]


def test_an_id_stands_for_the_one_at_the_same_place_from_then_on():
    run, asked = replay([(200, [], f'{{"objects": [{{"id": "{OTHER}"}}]}}'), (200, [], "")])
    run.play(line(200, [], f'{{"objects": [{{"id": "{ID}"}}]}}'))
    run.play(line(200, [], "", f"/a/{ID}/"))
    assert asked == ["/a", f"/a/{OTHER}/"]


def test_what_was_left_out_is_sent_and_not_compared():
    run, asked = replay([(500, [], "")])
    assert run.play({"request": {"path": "/a"}, "response": {"hidden": True}}) == []
    assert asked == ["/a"]


def test_keys_that_the_recorded_server_had_not_are_passed_over():
    run, _ = replay([(200, [], '{"a": "1", "new": "x", "z": "2"}')], absent=["new"])
    assert run.play(line(200, [], '{"a": "1", "z": "2"}')) == []
