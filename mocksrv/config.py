"""The configuration of a server: one table of settings. A flag beats MOCKSRV_* beats the file beats the default."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from mocksrv import plugins
from mocksrv.people import locales
from mocksrv.shards import WHOLE, Shard

# The number of main records (enquiries, cases, contacts) that a named size stands for; the rest scales along.
SIZES = {"empty": 0, "small": 50, "medium": 1_000, "large": 100_000}
MOST = 10**9  # that a vendor's setting takes where it is a number
VENDORS = ("carehq", "commcare", "cht")  # mocksrv's own


def all_vendors() -> tuple[str, ...]:
    """Mocksrv's own and those of other packages. The last one takes the paths that nobody claims."""
    *first, last = VENDORS
    return (*first, *(name for name in plugins.names() if name not in VENDORS), last)


log = logging.getLogger("mocksrv")


class ConfigError(Exception):
    """A setting that cannot be used: what is wrong and what to do, in one line."""


@dataclass(frozen=True)
class Setting:
    """A switch that one vendor alone has; set with `--set vendor.name=value`, or in one world alone."""

    name: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    check: Callable[[Any], None] | None = None  # raises ValueError with what would be right
    aliases: Mapping[str, str] = field(default_factory=dict)  # words of older versions for some of the choices

    def parse(self, value: Any) -> Any:
        """The value in the type of the default, parsed from text where necessary.

        Raises ValueError with what would be right.
        """
        parsed = self.typed(value)
        if self.check is not None:
            self.check(parsed)
        return parsed

    def typed(self, value: Any) -> Any:
        if self.choices:
            if isinstance(value, str) and value in self.aliases:
                warn_of_alias(self.name, value, self.aliases[value])
                return self.aliases[value]
            if value not in self.choices:
                raise ValueError(f"one of {', '.join(self.choices)}")
            return value
        if isinstance(self.default, bool):
            word = str(value).lower()
            if word not in TRUTH:
                raise ValueError("true or false")
            return TRUTH[word]
        if isinstance(self.default, int | float):
            kind = type(self.default)
            try:
                number = kind(value)
            except (TypeError, ValueError, OverflowError):
                number = -1
            if not 0 <= number <= MOST:
                raise ValueError(f"a {'whole ' * (kind is int)}number from 0 to {MOST}")
            return number
        if not isinstance(value, type(self.default)):
            raise ValueError(f"a {type(self.default).__name__}")
        return value


@lru_cache
def warn_of_alias(setting: str, old: str, new: str) -> None:
    """Log that a word is deprecated, the first time that it is met."""
    log.warning("setting %s: %s is deprecated and will go in version 1.0, use %s", setting, old, new)


TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass
class Config:
    """All settings of a server."""

    host: str = field(default="127.0.0.1", metadata={"help": "address to listen on"})
    port: int = field(default=8080, metadata={"help": "port to listen on; 0 takes a free one"})
    vendor: tuple[str, ...] = field(default_factory=all_vendors, metadata={"help": "serve these vendors only"})
    seed: int = field(default=1, metadata={"help": "number that all made-up data comes from"})
    size: int = field(default=SIZES["small"], metadata={"help": f"{', '.join(SIZES)}, or a number of records"})
    locale: str = field(default="", metadata={
        "help": "Faker locale of made-up people, such as ne_NP; each vendor's own unless set"})
    data: Path | None = field(default=None, metadata={"help": "file that keeps the default world"})
    limits: bool = field(default=True, metadata={"help": "whether rate limits hold"})
    log: str = field(default="off", metadata={"help": "what to log of each request: off, text or json"})
    token: str = field(default="", metadata={"help": "token that opens the control plane beyond loopback"})
    control: str = field(default="auto", metadata={
        "help": "who may use the control plane: callers with the token, loopback without one, or off: nobody; auto is "
                "token where there is one or the server listens beyond loopback, else loopback"})
    tls: Path | None = field(default=None, metadata={"help": "folder of the CA; makes the server speak TLS"})
    url_file: Path | None = field(default=None, metadata={"help": "file that has the base URL while the server serves"})
    worlds: int = field(default=1_000, metadata={"help": "most worlds at a time; idle ones make room"})
    idle: float = field(default=3600.0, metadata={"help": "seconds without a request after which a world may go"})
    memory: int = field(default=1024, metadata={"help": "MB that worlds and snapshots may take beside the seeded data"})
    kept_body: int = field(default=64 * 1024, metadata={
        "help": "bytes up to which the journal keeps a request's body whole, to be verified"})
    shard: Shard = field(default=WHOLE, metadata={
        "help": "which of how many processes this is, such as 2/4, when a balancer spreads the worlds"})
    imports: tuple[str, ...] = field(default=(), metadata={
        "help": "files of own data that every new world begins with: TOML, JSON, JSON lines or CSV"})
    deliver_to: tuple[str, ...] = field(default=(), metadata={
        "help": "hosts, with or without a port, that what the services send may go to beside this machine"})
    set: dict[str, str] = field(default_factory=dict, metadata={"help": "vendor.setting = value"})

    @property
    def controlled_by(self) -> str:
        """What the control plane asks for: token, loopback or off."""
        if self.control != "auto":
            return self.control
        return "token" if self.token or not is_loopback(self.host) else "loopback"


def parse_size(value: Any) -> int:
    """The number of main records that a size stands for."""
    if value in SIZES:
        return SIZES[value]
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number <= 1_000_000:
        raise ConfigError(f"size {value!r}: use {', '.join(SIZES)} or a number from 0 to 1000000")
    return number


def whole(name: str, low: int, high: int, more: str = "") -> Callable[[Any], int]:
    """A parser for a whole number in a range."""
    def parse(value: Any) -> int:
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = low - 1
        if not low <= number <= high:
            raise ConfigError(f"{name} {value!r}: use a whole number from {low} to {high}{more}")
        return number

    return parse


parse_seed = whole("seed", 0, 2**64 - 1)


def parse_idle(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1
    if not seconds >= 0:
        raise ConfigError(f"idle {value!r}: use a number of seconds")
    return seconds


def parse_locale(value: Any) -> str:
    try:
        locales.check(str(value))
    except ValueError as error:
        raise ConfigError(f"locale {str(value)[:40]!r}: use {error}") from None
    return str(value)


def parse_vendors(value: Any) -> tuple[str, ...]:
    names = tuple(value.replace(",", " ").split()) if isinstance(value, str) else tuple(value)
    for name in names:
        if name not in VENDORS and name not in plugins.names():
            raise ConfigError(f"vendor {name!r} is not known: use {', '.join(all_vendors())}")
    return tuple(dict.fromkeys(names)) or all_vendors()


HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+|[0-9a-fA-F:]+:[0-9a-fA-F:.]*)(:\d{1,5})?", re.ASCII)


def parse_hosts(value: Any) -> tuple[str, ...]:
    names = tuple(value.replace(",", " ").split()) if isinstance(value, str) else tuple(value)
    for name in names:
        if not isinstance(name, str) or not HOST.fullmatch(name):
            raise ConfigError(f"deliver_to {name!r}: use a host's name or address, such as openfn.test or "
                              "10.0.0.7:8080, without http://")
    return names


def parse_log(value: Any) -> str:
    if value not in ("off", "text", "json"):
        raise ConfigError(f"log {value!r}: use off, text or json")
    return str(value)


def parse_control(value: Any) -> str:
    if value not in ("auto", "token", "loopback", "off"):
        raise ConfigError(f"control {value!r}: use auto, token, loopback or off")
    return str(value)


def parse_shard(value: Any) -> Shard:
    try:
        return Shard.parse(str(value))
    except ValueError as error:
        raise ConfigError(f"shard {str(value)[:40]!r}: {error}") from None


def parse_token(value: Any) -> str:
    if not str(value).isascii() or any(char <= " " for char in str(value)):
        raise ConfigError("token: use ASCII letters, digits and signs without spaces, since it travels in a header")
    return str(value)


def is_loopback(host: str) -> bool:
    """Whether a host is a name or an address of this machine alone."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def parse_truth(value: Any) -> bool:
    word = str(value).lower()
    if word not in TRUTH:
        raise ConfigError(f"limits {value!r}: use true or false")
    return TRUTH[word]


NEXT_PAIR = re.compile(r"[\s,;]+(?=\w+\.\w+=)")


def parse_pairs(value: Any) -> dict[str, Any]:
    """`vendor.setting=value` pairs: from a list of such texts, from one text with commas, semicolons or white space
    between them, or from nested tables. A value may have all of these too: a pair ends where the next one begins."""
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        for key, inner in value.items():
            flat |= {f"{key}.{name}": x for name, x in inner.items()} if isinstance(inner, Mapping) else {key: inner}
        return flat
    pairs = {}
    for text in NEXT_PAIR.split(value.strip(" ,;\n\t")) if isinstance(value, str) else value:
        key, equals, word = text.partition("=")
        if not equals or "." not in key:
            raise ConfigError(f"setting {text!r}: use vendor.setting=value, such as cht.conformance=server")
        pairs[key.strip()] = word.strip()
    return pairs


PARSERS: dict[str, Callable[[Any], Any]] = {
    "port": whole("port", 0, 65535, "; 0 takes a free port"), "worlds": whole("worlds", 1, 100_000), "idle": parse_idle,
    "memory": whole("memory", 1, 1_000_000), "kept_body": whole("kept_body", 0, 16 * 1024 * 1024),
    "vendor": parse_vendors, "seed": parse_seed, "size": parse_size, "locale": parse_locale, "log": parse_log,
    "imports": lambda value: tuple(value.split(os.pathsep) if isinstance(value, str) else map(str, value)),
    "deliver_to": parse_hosts, "limits": parse_truth, "set": parse_pairs,
    "data": lambda value: Path(value) if value else None,
    "tls": lambda value: Path(value).expanduser() if value else None,
    "url_file": lambda value: Path(value) if value else None,
    "host": str, "token": parse_token, "control": parse_control, "shard": parse_shard,
}


def load(flags: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None) -> Config:
    """The settings from options, environment and file. Raises ConfigError."""
    found: dict[str, Any] = {}
    if file is not None:
        found |= read_file(file)
    found |= {name: environ[key] for name in PARSERS if (key := f"MOCKSRV_{name.upper()}") in environ}
    found |= {name: value for name, value in flags.items() if value is not None}
    return Config(**{name: PARSERS[name](value) for name, value in found.items()})


def read_file(path: Path) -> dict[str, Any]:
    """The settings of a TOML file; a `[set.vendor]` table holds a vendor's own."""
    import tomllib

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the settings file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file {path} is not TOML: {error}") from None
    known = {item.name for item in fields(Config)}
    for name in data:
        if name not in known:
            raise ConfigError(f"the settings file {path} has {name!r}; known are {', '.join(sorted(known))}")
    return data
