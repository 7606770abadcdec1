"""A world is the same on any machine: language, time zone and the order of sets there do not show."""

import os
import subprocess
import sys

import pytest

CODE = """
import hashlib, json
from datetime import UTC, datetime
from mocksrv.app import create_app
from mocksrv.clock import Clock
from mocksrv.config import Config

clock = Clock()
clock.freeze()
clock.set(datetime(2028, 2, 29, 23, 50, tzinfo=UTC))
worlds = create_app(Config(size=0)).worlds
print(hashlib.sha256(json.dumps(worlds.plant(7, 60, clock=clock).dump(), sort_keys=True).encode()).hexdigest())
"""
HERE = {"PYTHONHASHSEED": "1", "TZ": "UTC"}
MACHINES = {
    "hash": {"PYTHONHASHSEED": "2"},
    "Kathmandu": {"TZ": "Asia/Kathmandu"},
    "St John's": {"TZ": "America/St_Johns"},
    "no language": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


def planted(machine):
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False, timeout=120,
                          env=os.environ | HERE | machine)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def here():
    return planted({})


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_the_same_seed_at_the_same_moment_gives_the_same_world(here, machine):
    assert planted(machine) == here
