"""Queries as Express' `qs` reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.node import querystring


@pytest.mark.parametrize(("query", "parsed"), [
    ("a=1&a=2", {"a": ["1", "2"]}), ("a[b][0][c]=x&a[b][1][c]=y", {"a": {"b": [{"c": "x"}, {"c": "y"}]}}),
    ("a[]=1&a[]=2", {"a": ["1", "2"]}), ("a[21]=x", {"a": {"21": "x"}}), ("a[1]=x&a[0]=y", {"a": ["y", "x"]}),
    ("a[b]=1&c", {"a": {"b": "1"}, "c": ""}), ("a=1&a[b]=2", {"a": ["1", {"b": "2"}]}), ("[a]=1", {"a": "1"}),
    ("a[b][c][d][e][f][g]=1", {"a": {"b": {"c": {"d": {"e": {"f": {"[g]": "1"}}}}}}}), ("a[b=1", {"a[b": "1"}),
    # of the tests of qs 6.13 itself
    ("a[>=]=23", {"a": {">=": "23"}}), ("a[<=>]==23", {"a": {"<=>": "=23"}}), ("foo=c++", {"foo": "c  "}),
    (" foo = bar = baz ", {" foo ": " bar = baz "}), ("a=b&a[]=c", {"a": ["b", "c"]}), ("a[]=b&a=c", {"a": ["b", "c"]}),
    ("a[0]=b&a=c", {"a": ["b", "c"]}), ("a=b&a[0]=c", {"a": ["b", "c"]}), ("a[1]=b&a=c", {"a": ["b", "c"]}),
    ("a[12b]=c", {"a": {"12b": "c"}}), ("he%3Dllo=th%3Dere", {"he=llo": "th=ere"}), ("a[b%20c]=d", {"a": {"b c": "d"}}),
    ("foo[0]=bar&foo[bad]=baz", {"foo": {"0": "bar", "bad": "baz"}}),
    ("foo[bad]=baz&foo[0]=bar", {"foo": {"0": "bar", "bad": "baz"}}),
    ("foo[bad]=baz&foo=bar", {"foo": {"bad": "baz", "bar": True}}), ("foo[]=bar&foo[bad]=baz", {
        "foo": {"0": "bar", "bad": "baz"}}), ("foo[0][a]=a&foo[0][b]=b&foo[1][a]=aa&foo[1][b]=bb", {
            "foo": [{"a": "a", "b": "b"}, {"a": "aa", "b": "bb"}]}),
    ("a[]=b&a[t]=u&a[hasOwnProperty]=c", {"a": {"0": "b", "t": "u", "hasOwnProperty": "c"}}),
    ("a[t]=u&a[]=b&a[x]=y", {"a": {"0": "b", "t": "u", "x": "y"}}), ("a[10]=1&a[2]=2", {"a": ["2", "1"]}),
    ("a[20]=a", {"a": ["a"]}), ("a[1][b][2][c]=1", {"a": [{"b": [{"c": "1"}]}]}), ("a[2]=b&a[99999999]=c", {
        "a": {"2": "b", "99999999": "c"}}), ("{%:%}=", {"{%:%}": ""}), ("%E9=%zz", {"%E9": "%zz"}),
    ("2[a]=x&2=y", {"2": ["y", {"a": "x"}]}), ("1[]=a&1=b&0=c", {"0": "c", "1": ["b", "a"]}),
    ("a[]=x&a=", {"a": ["x"]}), ("a[b]=x&a", {"a": {"b": "x"}}), ("a=&a[]=x", {"a": ["", "x"]}),
    ("[]=a&[1]=b", {"0": "a", "1": "b"}), ("&a=1&&b=2&", {"a": "1", "b": "2"}), ("=a&b=1", {"b": "1"}),
    ("a[__proto__]=1&__proto__[b]=2", {"a": {}}), ("a[[b]]=c", {"a[": {"b": "c"}}), ("a[b]c=d", {"a": {"b": "d"}}),
    ("&".join(f"a[]={number}" for number in range(25)), {"a": [str(number) for number in range(25)]}),
])
def test_nested_queries(query, parsed):
    assert querystring.parse(Call(method="GET", path="/", target=f"/?{query}", headers={})) == parsed


@given(st.lists(st.tuples(st.text("ab[]01"), st.text("xy[]", max_size=3)), max_size=6))
def test_any_query_is_read(pairs):
    target = "/?" + "&".join(f"{key}={value}" for key, value in pairs)
    assert isinstance(querystring.parse(Call(method="GET", path="/", target=target, headers={})), dict)
