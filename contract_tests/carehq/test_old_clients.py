"""The Python clients that were published before scheme 2.0, each installed apart from the others."""

import fcntl
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mocksrv.tests.tools import lacking

VERSIONS = ("0.0.1", "0.0.2", "0.0.3", "0.0.4", "0.0.5")  # the first three sign JSON, the others concatenate
CACHE = Path(__file__).parents[2] / "build" / "carehq-clients"


def pip_install(version, folder):
    return subprocess.Popen([
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--target", folder / version, f"carehq=={version}"])


@pytest.fixture(scope="session")
def installed():
    """The folder with all versions: installed once, side by side, by the first test worker that comes."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [version for version in VERSIONS if not (CACHE / version).is_dir()]
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            running = {version: pip_install(version, Path(folder)) for version in missing}
            for version, process in running.items():
                if process.wait():
                    lacking(f"carehq {version} from PyPI")
                (Path(folder) / version).rename(CACHE / version)
    return CACHE


@pytest.fixture(scope="module", params=VERSIONS)
def old(request, installed):
    """The old package under a name of its own."""
    name = f"carehq_{request.param.replace('.', '_')}"
    folder = installed / request.param / "carehq"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def client(old, credentials):
    url, account, key, secret = credentials
    return old.APIClient(account, key, secret, api_base_url=url)


def test_it_lists_with_arguments(client):
    groups = client('get', 'groups')
    assert len(groups["items"]) == min(10, groups["item_count"])
    users = client('GET', 'users', {'attributes': 'last_name', 'filters-q': 'a', 'per_page': '3', 'page': None})
    assert all(user.keys() == {"_id", "last_name"} for user in users["items"])
    assert users["per_page"] == 3
    assert client('GET', 'users', {'filters-q': 'Zoë Brontë-O’Hara & Sons = 100%'})["item_count"] == 0


def test_it_sends_lists(old, client):
    wanted = {'attributes': ['last_name', 'first_name']}
    if old.__name__ == "carehq_0_0_2":  # it turned a list into its Python text, which is one value and no attribute
        with pytest.raises(sys.modules[f"{old.__name__}.exceptions"].InvalidRequest) as refused:
            client('GET', 'users', wanted)
        assert refused.value.arg_errors == {"attributes": ["Not a valid choice."]}
    else:
        users = client('GET', 'users', wanted)["items"]
        assert all(user.keys() == {"_id", "first_name", "last_name"} for user in users)


@pytest.mark.writes
def test_it_writes(client):
    # All values are texts: version 0.0.1 signs a number as such, but cannot send it as anything but text.
    channel = client('GET', 'groups', {'filters-group_type': 'sales_channel'})["items"][0]["_id"]
    made = client('PUT', 'care-enquiries', data={
        'first_name': 'José', 'last_name': "O'Neil & Sons", 'funding_type': 'private', 'service': 'residential_home',
        'sales_channel': channel, 'care_requirements': 'Line 1\nLine 2 = 100%', 'given_age': '84', 'phone': ''})
    path = f'care-enquiries/{made["_id"]}'
    assert client('PATCH', path, data={'dementia': 'True'})["dementia"] is True
    assert client('DELETE', path) == {}


def test_it_raises_its_exceptions(old, client):
    exceptions = sys.modules[f"{old.__name__}.exceptions"]
    with pytest.raises(exceptions.InvalidRequest) as bad:
        client('GET', 'users', {'page': '0'})
    assert bad.value.arg_errors == {"page": ["Number must be at least 1."]}
    with pytest.raises(exceptions.NotFound):
        client('GET', 'users/0')


@pytest.mark.mock_only
def test_it_is_told_that_its_signatures_are_switched_off(old, client, world):
    exceptions = sys.modules[f"{old.__name__}.exceptions"]
    world.set(carehq_legacy_signatures=False)
    with pytest.raises(exceptions.Unauthorized) as off:
        client('GET', 'users')
    assert off.value.hint == "Unknown signature version; accepted: 2.0."


def test_it_reads_the_rate_limit(client):
    client('GET', 'users')
    assert client.rate_limit == 10
    assert 0 <= client.rate_limit_remaining <= 10
