"""Templates: what they may say, and that nothing in them loops, reaches out or grows."""

import time

import pytest

from mocksrv.templates import Templates, Unfit
from mocksrv.templates.members import LONGEST, Provider

NAMES = ("n", "faker", "request", "world")
LONG = "x" * 1_000_000
GIVEN = {"n": 3, "request": {"json": {"a": {"items": [1, None]}, "s": "é", "p": 10**9, "list": [0] * 300_000},
                           "text": LONG}}


def filled(text, given=GIVEN):
    return Templates(NAMES).fill(text, given)


@pytest.mark.parametrize(("text", "value"), [
    ("{{ n }}", 3), ("number {{ n }}\n", "number 3\n"), ("a\r\nb {{ n }}", "a\r\nb 3"), ("{{ n | string }}", "3"),
    ("{{ request.json.a }}", {"items": [1, None]}), ("{{ request.json.a.items[1] }}", None),
    ("{{ request['json']['s'] | upper }}", "É"), ("as JSON: {{ request.json.a }}", 'as JSON: {"items": [1, null]}'),
    ("it is {{ n == 3 }}", "it is true"), ("{{ request.json.none | default('other') }}", "other"),
    ("{% raw %}{{ n }}{% endraw %}", "{{ n }}"), ("{{ 'two' if n > 2 else 'one' }}", "two"),
    ("no template", "no template"), ("{{- n }}", 3), ("{{+ n -}}", 3), ("{{ -n }}", -3),
])
def test_what_a_template_becomes(text, value):
    assert filled(text) == value


@pytest.mark.parametrize(("text", "why"), [
    ("{% for i in range(10**9) %}x{% endfor %}", "line 1: a template does not loop"),
    ("a\n{% macro a() %}{{ a() }}{% endmacro %}", "line 2: a template has no macros"),
    ("{% include '/etc/passwd' %}", "does not read files"), ("{% import 'os' as os %}", "does not read files"),
    ("{{ 'a' * 10**9 }}", "does not multiply"), ("{{ 9**9**9 }}", "does not multiply"),
    ("{{ '%999999999d' % n }}", "only n has a remainder"), ("{{ n % 0 }}", "only n has a remainder"),
    ("{{ 'x'.ljust(9) }}", "can be called"), ("{{ request.text.upper() }}", "can be called"),
    ("{{ ''.__class__ }}", "members are those of faker, request, world"), ("{{ request.json.__class__ }}", "__class__"),
    ("{{ 'x' | attr('y') }}", "No filter named"), ("{{ 'x' | center(9999) }}", "No filter named"),
    ("{{ config }}", "there is no 'config': use faker, n, request, world"), ("{{ n", "unexpected end of template"),
    ("{{ request.json.none }}", "has no attribute 'none'"), ("{{ 1 | round(10000, 'ceil') }}", "at most 15 digits"),
    ("{{ 1 | round(request.json.p, 'ceil') }}", "at most 15 digits"),
    ("{{" + "(" * 4000 + "1" + ")" * 4000 + "}}", "nested too deeply"),
    ("{{" + "not " * 2000 + "1}}", "nested too deeply"),
    ("{{ n" + " + n" * 50 + " }}", "at most 50 names and filters"),
    ("x" * LONGEST + "{{ n }}", "at most 10000 characters"),
    ("{{ request.text" + " ~ request.text" * 40 + " }}", "is too large"),
    ("{{ request.text" + " | title" * 200 + " }}", "at most 50 names and filters"),
    ("{{ " + "-" * 150 + "n }}", "nested too deeply"), ("{{ request" + ".a" * 150 + " }}", "nested too deeply"),
    ("{{ request.text | trim(request.text) }}", "trim takes at most 100 characters"),
    ("{{ request.json.list" + " + request.json.list" * 20 + " }}", "is too large"),
])
def test_what_it_may_not_hold_is_told_with_the_reason(text, why):
    began = time.monotonic()
    with pytest.raises(Unfit) as caught:
        filled(["fine", {"inner": text}])
    assert why in str(caught.value)
    assert caught.value.path == (1, "inner")
    assert time.monotonic() - began < 5


def test_what_many_templates_make_together_is_limited():
    with pytest.raises(Unfit, match="too large") as caught:
        filled(["{{ request.text }}"] * 10)
    assert caught.value.path == (3,)
    with pytest.raises(Unfit, match="more than 2 templates"):
        Templates(("n",), most=2).check([f"{{{{ n + {number} }}}}" for number in range(3)])


def test_few_compiled_templates_are_kept(monkeypatch):
    monkeypatch.setattr("mocksrv.templates.KEPT", 3)
    templates = Templates(("n",))
    assert templates.fill([f"{{{{ n + {number} }}}}" for number in range(10)], {"n": 1}) == list(range(1, 11))
    assert len(templates._made) <= 3


@pytest.mark.parametrize("text", [
    "{{ faker.parse('{{name}}') }}", "{{ faker.format('binary') }}", "{{ faker.json() }}", "{{ faker.zip }}",
    "{{ faker.pystr(max_chars=request.json.p) }}", "{{ faker.pydecimal(left_digits=faker.random_int(99999, 99999)) }}",
    "{{ faker.name.upper }}", "{{ faker._faker }}", "{{ faker.bothify(request.text) }}",
    "{{ faker.pylist(5, value_types=['zip']) | length }}", "{{ faker.pydict(2, true, ['seed_instance']) }}",
    "{{ faker.sentence(10000, ext_word_list=[request.text]) }}", "{{ faker.words(10000, [request.text]) }}",
    f"{{{{ faker.sentence(10000, ext_word_list=['{'x' * 1000}']) }}}}",
])
def test_faker_makes_neither_files_nor_more_than_anybody_means(shop_app, text):
    world = shop_app().worlds["default"]
    with pytest.raises(Unfit):
        filled(text, GIVEN | {"faker": Provider(world)})


def test_the_time_of_a_template_is_limited_within_it(shop_app, monkeypatch):
    monkeypatch.setattr("mocksrv.templates.PATIENCE", 0.3)
    world = shop_app().worlds["default"]
    began = time.monotonic()
    with pytest.raises(Unfit, match=r"take longer than 0\.3 s"):
        filled("{{ faker.pylist(2000)" + " ~ faker.pylist(2000)" * 40 + " }}", {"faker": Provider(world)})
    assert time.monotonic() - began < 5


def test_faker_draws_with_the_seed_of_the_world(shop_app):
    worlds = [shop_app(seed=seed).worlds["default"] for seed in (1, 1, 2)]
    drawn = [filled("{{ faker.name }}", {"faker": Provider(world)}) for world in worlds]
    assert drawn[0] == drawn[1] != drawn[2]
