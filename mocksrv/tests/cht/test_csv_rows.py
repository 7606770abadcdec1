"""The CSV grammar of POST /api/v2/users."""

from __future__ import annotations

from typing import Any

import pytest

from mocksrv.vendors.cht.users import csvrows


def one(text: str) -> csvrows.Row:
    (row,) = csvrows.parse(text)
    return row


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("username,password\nx1,Secret_123", {"username": "x1", "password": "Secret_123"}),
        ("username,password\r\nx1,Secret_123\r\n", {"username": "x1", "password": "Secret_123"}),
        ("username,password\n\n\nx1,Secret_123\n", {"username": "x1", "password": "Secret_123"}),
        ('username,password\n"x2","Sec,ret_123"', {"username": "x2", "password": "Sec,ret_123"}),
        ("username,password\nx3", {"username": "x3"}),
        ("username,note\n x1 ,", {"username": "x1", "note": ""}),
        ("username,token_login,known\nx1,TRUE,FALSE", {"username": "x1", "token_login": True, "known": False}),
        ("username,token_login\nx1,true", {"username": "x1", "token_login": "true"}),
        ("username,phone\nx1,2868917046", {"username": "x1", "phone": "2868917046"}),
        ('username,fullname\nx1,"say ""hi"""', {"username": "x1", "fullname": 'say ""hi""'}),
        ("contact.name,contact.meta.created_by\nA,B", {"contact": {"name": "A", "meta": {"created_by": "B"}}}),
        (" contact . name \nA", {"contact": {}}),
        ("username , ,note:excluded,note:EXCLUDED\nx1,a,b,c", {"username": "x1"}),
        ("place,place.name\nhc-1,ignored", {"place": "hc-1"}),
        ("import.status:excluded,username\nerror,x1", {"import": {}, "username": "x1"}),
        ("\ufeffusername\nx1", {"username": "x1"}),
        ("a,b\n\"x,y", {"a": '"x'.removeprefix('"'), "b": "y"}),
    ],
)
def test_row(text: str, data: dict[str, Any]) -> None:
    assert one(text).data == data


def test_header_alone_has_no_rows() -> None:
    assert csvrows.parse("username,password\n") == []


def test_too_many_cells_keep_what_was_read() -> None:
    row = one("username,password,type\nx1,Secret_123,program_officer,EXTRA")
    assert row.data == {"username": "x1", "password": "Secret_123", "type": "program_officer"}
    assert row.error == "Cannot read properties of undefined (reading 'toLowerCase')"


@pytest.mark.parametrize(
    ("column", "error"),
    [
        (" contact .name", "Cannot set properties of undefined (setting 'name')"),
        (" contact .meta.by", "Cannot read properties of undefined (reading 'meta')"),
    ],
)
def test_spaces_in_a_path_lose_their_way(column: str, error: str) -> None:
    row = one(f"username,{column}\nx1,A")
    assert (row.data, row.error) == ({"username": "x1", "contact": {}}, error)


def test_too_few_cells_are_no_error() -> None:
    assert one("username,password,type\nx1").error is None


@pytest.mark.parametrize(
    ("status", "ignored"),
    [("imported", True), ("SKIPPED", True), ("error", False), ("", False), (" imported", False)],
)
def test_import_status(status: str, ignored: bool) -> None:
    header = "import.status:excluded,Import.Message:Excluded,username"
    row = one(f"{header}\n{status},prev ok,skipme")
    assert (row.ignored, row.message) == (ignored, "prev ok")
    assert row.data == {"import": {}, "username": "skipme"}


def test_quotes_in_the_header_do_not_count() -> None:
    assert one('"a,b",c\n1,2,3').data == {'"a': "1", 'b"': "2", "c": "3"}
