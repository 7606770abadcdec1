from pathlib import Path

import pytest

from mocksrv.config import VENDORS, Config, ConfigError, Setting, load


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path):
    file = tmp_path / "mocksrv.toml"
    file.write_text('port = 1\nseed = 2\nsize = "medium"\n[set.cht]\nconformance = "page"\n')
    config = load({"port": "3"}, {"MOCKSRV_PORT": "4", "MOCKSRV_SEED": "5"}, file)
    assert (config.port, config.seed, config.size, config.host) == (3, 5, 1000, "127.0.0.1")
    assert config.set == {"cht.conformance": "page"}


def test_the_environment_can_say_all():
    config = load({}, {"MOCKSRV_VENDOR": "cht, carehq", "MOCKSRV_LIMITS": "off", "MOCKSRV_DATA": "x.json",
                       "MOCKSRV_SET": "cht.a=1,carehq.b=2"})
    assert config == Config(vendor=("cht", "carehq"), limits=False, data=Path("x.json"),
                            set={"cht.a": "1", "carehq.b": "2"})
    assert load({}, {}).vendor == VENDORS


@pytest.mark.parametrize("between", [",", ", ", ";", "\n", " ", " ;\n"])
def test_several_settings_fit_into_one_variable_and_values_may_have_commas(between):
    text = between.join(["carehq.trusted_proxies=10.0.0.0/8, ::1", "cht.a=x;y z", "commcare.b=", "cht.c=1"])
    assert load({}, {"MOCKSRV_SET": f"{text}{between}"}).set == {
        "carehq.trusted_proxies": "10.0.0.0/8, ::1", "cht.a": "x;y z", "commcare.b": "", "cht.c": "1"}


def test_an_option_is_one_setting_whatever_is_in_its_value():
    assert load({"set": ("cht.a=x, cht.b=y",)}, {}).set == {"cht.a": "x, cht.b=y"}


@pytest.mark.parametrize(("flags", "text"), [
    ({"port": "x"}, "from 0 to 65535"), ({"port": "70000"}, "from 0 to 65535"), ({"seed": "-1"}, "whole number"),
    ({"seed": "1.5"}, "whole number"), ({"size": "huge"}, "empty, small, medium, large"), ({"size": "-3"}, "a number"),
    ({"vendor": ("cht", "nobody")}, "carehq, commcare, cht"), ({"log": "loud"}, "text or json"),
    ({"limits": "maybe"}, "true or false"), ({"token": "schlüssel"}, "ASCII"), ({"token": "a b"}, "without spaces"),
    ({"control": "open"}, "auto, token, loopback or off"), ({"set": ("a=b",)}, "vendor.setting=value"),
    ({"set": ("a.b",)}, "a.b"),
])
def test_a_bad_setting_says_what_to_use(flags, text):
    with pytest.raises(ConfigError, match=text):
        load(flags, {})


@pytest.mark.parametrize(("content", "text"), [
    ("= 1", "is not TOML"), ("colour = 1", "'colour'"), (None, "cannot read"), (b"\xff", "is not TOML"),
])
def test_a_bad_file_says_which(tmp_path, content, text):
    file = tmp_path / "mocksrv.toml"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=text) as caught:
        load({}, {}, file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(("default", "value", "parsed"), [
    (True, "off", False), (False, "YES", True), (5, "12", 12), (1.5, "2", 2.0), ("a", "b", "b"), (False, True, True),
])
def test_a_vendors_setting_takes_the_type_of_its_default(default, value, parsed):
    found = Setting("x", default, "").parse(value)
    assert (found, type(found)) == (parsed, type(parsed))


def refuse_spaces(text):
    if " " in text:
        raise ValueError("a word")


@pytest.mark.parametrize(("setting", "value"), [
    (Setting("x", True, ""), "maybe"), (Setting("x", 1, ""), "1.5"), (Setting("x", 1.5, ""), "x"),
    (Setting("x", "a", "", ("a", "b")), "c"), (Setting("x", "a", ""), 5), (Setting("x", 1, ""), None),
    (Setting("x", 1, ""), -1), (Setting("x", 1, ""), 10**10), (Setting("x", 1.5, ""), "nan"),
    (Setting("x", 1.5, ""), "inf"), (Setting("x", 1.5, ""), -0.1), (Setting("x", "a", "", check=refuse_spaces), "a b"),
])
def test_a_vendors_setting_refuses_the_rest(setting, value):
    with pytest.raises(ValueError):
        setting.parse(value)
