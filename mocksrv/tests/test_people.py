"""Made-up people come from Faker: of any locale, from the world's seed; the stored pools are what it gave once."""

import json
import re
import subprocess
import sys
from pathlib import Path

import faker
import phonenumbers
import pytest

from mocksrv.app import create_app
from mocksrv.config import Config, ConfigError, load
from mocksrv.people import locales, names, phones
from mocksrv.vendors.carehq import vendor as carehq
from mocksrv.vendors.carehq.seed import pools as carehq_pools
from mocksrv.vendors.cht import vendor as cht
from mocksrv.vendors.cht.seed import pools as cht_pools
from mocksrv.vendors.commcare import vendor as commcare
from mocksrv.vendors.commcare.seed import pools as commcare_pools
from mocksrv.worlds import Worlds

POOLS = {"carehq": (carehq_pools, carehq_pools.draw), "cht": (cht_pools, cht_pools.make),
         "commcare": (commcare_pools, commcare_pools.draw)}
VENDORS = {"carehq": carehq, "cht": cht, "commcare": commcare}
DRAWN_WITH = re.search(r"Faker ([\d.]+)", (Path(__file__).parents[2] / "fixtures" / "README.md").read_text())[1]
SHOWN_BY = {  # table -> what of its documents shows a name, a phone number
    "carehq": ("carehq.service-user-contacts", "first_name", "mobile"),
    "cht": ("cht.medic", "name", "phone"),
    "commcare": ("commcare.users", "first_name", "default_phone_number"),
}


def planted(name, size=60, seed=1, **config):
    return Worlds([VENDORS[name]], Config(vendor=(name,), size=size, seed=seed, **config)).origin


def documents(world, name):
    table = SHOWN_BY[name][0]
    return {id: dict(world.table(table).peek(id)) for id in world.table(table).ids()}


def shown(name, **config):
    """Names and phone numbers of the made-up people."""
    _, called, phone = SHOWN_BY[name]
    made = [doc for doc in documents(planted(name, **config), name).values()
            if doc.get(phone) and doc["id" if name == "commcare" else "_id"] != "0a1b2c3d4e5f60718293a4b5c6d7e8f9"]
    assert len(made) > 4
    return [doc[called] for doc in made], [doc[phone] for doc in made]


@pytest.mark.parametrize("name", POOLS)
def test_the_stored_pools_are_what_faker_gives(name):
    module, draw = POOLS[name]
    stored, drawn = module.stored(), draw()
    assert drawn is not stored
    if faker.VERSION == DRAWN_WITH:
        assert drawn == stored
    assert drawn.keys() == stored.keys()
    for kind, held in stored.items():  # another release has some more or fewer names of the same locale
        assert len(set(held)) == len(held)
        assert len(set(held) & set(drawn[kind])) > len(held) / 3
    default = next(item.default for item in VENDORS[name].settings if item.name == "locale")
    assert default == module.LOCALE
    assert default in locales.STORED


@pytest.mark.parametrize("name", POOLS)
def test_people_of_another_locale(name):
    called, numbers = shown(name, locale="ne_NP")
    assert all(re.search("[\u0900-\u097f]", one) for one in called)
    for number in numbers:
        parsed = phonenumbers.parse(f"+{number}" if name == "commcare" else number, "NP")
        assert phonenumbers.is_valid_number_for_region(parsed, "NP")


@pytest.mark.parametrize("name", POOLS)
def test_people_come_from_faker(name, monkeypatch):
    POOLS[name][1].cache_clear()
    person = "faker.providers.person.fr_FR.Provider"
    for kind in ("first_name_female", "first_name_male", "last_name"):
        monkeypatch.setattr(f"{person}.{kind}", lambda self: "Zazie")
    called, _ = shown(name, locale="fr_FR")
    POOLS[name][1].cache_clear()
    assert {word for one in called for word in one.split()} == {"Zazie"}


@pytest.mark.parametrize("name", POOLS)
def test_same_seed_and_locale_same_bytes(name):
    clock = {"freeze": True, "set": "2026-03-04T12:00:00Z"}

    def made(seed, locale):
        POOLS[name][1].cache_clear()
        client = create_app(Config(vendor=(name,), size=0)).test_client()
        order = {"name": "w", "seed": seed, "size": 30, "clock": clock, "settings": {f"{name}.locale": locale}}
        assert client.post("/_mocksrv/worlds", json=order).status_code == 201
        return client.application.worlds["w"].dump()["tables"]

    first = json.dumps(made(7, "ar_EG"))
    assert json.dumps(made(7, "ar_EG")) == first
    assert json.dumps(made(8, "ar_EG")) != first
    assert json.dumps(made(7, "fr_FR")) != first


def test_one_vendor_or_one_world_has_a_locale_of_its_own():
    client = create_app(Config(vendor=("cht",), size=20, locale="fr_FR", set={"cht.locale": "sw"})).test_client()
    assert client.get("/_mocksrv/settings").json["cht.locale"] == "sw"
    client.post("/_mocksrv/worlds", json={"name": "nepal", "settings": {"cht.locale": "ne_NP"}})
    found = client.get("/~nepal/api/v1/person?type=person&limit=5", auth=("admin", "pass"))
    assert any("\u0900" <= letter <= "\u097f" for one in found.json["data"] for letter in one["name"])
    refused = client.post("/_mocksrv/worlds", json={"name": "x", "settings": {"cht.locale": "ne_NO"}})
    assert (refused.status_code, "ne_NP" in refused.json["detail"]) == (400, True)


def test_user_names_mailboxes_and_site_codes_stay_within_ascii():
    world = planted("commcare", locale="ne_NP")
    for user in world.table("commcare.users").all():
        assert re.fullmatch("[a-z0-9.@-]+", user["username"])
        assert re.fullmatch("[a-z0-9.@-]*", user["email"])
    codes = [place["site_code"] for place in world.table("commcare.locations").all()]
    assert all(re.fullmatch("[a-z0-9_]+", code) for code in codes)
    assert len(set(codes)) == len(codes)
    agency = planted("carehq", locale="ne_NP")
    assert all(person["email"].isascii() for person in agency.table("carehq.service-user-contacts").all())


def test_every_locale_has_names_and_valid_numbers():
    draw = iter(range(7, 10**9, 7919))
    for locale in sorted(locales.known()):
        locales.check(locale)
        made = names.draws(locale, 1)
        assert all(made[kind]() for kind in ("female", "male", "last", "place")), locale
        for fixed in (False, True):
            number = phonenumbers.parse(phones.draw(locale, lambda bound: next(draw) % bound, fixed=fixed))
            assert phonenumbers.is_valid_number_for_region(number, locales.region(locale)), locale


@pytest.mark.parametrize(("locale", "person", "address"), [
    ("ar_EG", "ar_AA", "ar_DZ"), ("fr_BE", "fr_BE", "fr_FR"), ("sw", "sw", "en_US"), ("en_AU", "en_US", "en_AU")])
def test_a_locale_without_names_takes_those_of_its_language(locale, person, address):
    assert (locales.nearest(locale, "person"), locales.nearest(locale, "address")) == (person, address)


def test_a_locale_with_first_names_of_no_sex_gives_those_it_has(monkeypatch):
    class Unisex:
        def first_name(self):
            return "Kim "

        def last_name(self):
            return "Lee"

        def city(self):
            return "\u0905town"

    monkeypatch.setattr(names, "seeded", lambda locale, seed: Unisex())
    made = names.draws("ne_NP", 1)
    assert [made[kind]() for kind in ("female", "male", "place")] == ["Kim", "Kim", "Lee"]


@pytest.mark.parametrize(("given", "near"), [
    ("fr-FR", "fr_FR"), ("ne_np", "ne_NP"), ("sw_KE", "sw"), ("x" * 10**6, "fr_FR"), ("", "ne_NP")])
def test_what_is_no_locale_is_refused_with_near_ones(given, near):
    with pytest.raises(ConfigError, match=rf"a locale of Faker, such as .*\b{near}\b"):
        load({"locale": given}, {})


def test_the_locale_is_read_from_its_three_places(tmp_path):
    file = tmp_path / "mocksrv.toml"
    file.write_text('locale = "sw"\n')
    assert load({}, {}, file).locale == "sw"
    assert load({}, {"MOCKSRV_LOCALE": "fr_FR"}, file).locale == "fr_FR"
    assert load({"locale": "ar_EG"}, {"MOCKSRV_LOCALE": "fr_FR"}, file).locale == "ar_EG"


def test_a_server_of_the_stored_locales_loads_no_faker():
    script = ("import sys; from mocksrv.app import create_app; from mocksrv.config import Config; "
              "create_app(Config(set={'cht.locale': 'en_KE'})); print('faker' in sys.modules); "
              "create_app(Config(locale='fr_FR')); print('faker' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["False", "True"]
