"""The pytest plugin, in a pytest of its own."""

import urllib.error
import urllib.request

import pytest

from mocksrv.tests.snippets import PLAIN_PYTEST
from mocksrv.tests.tools import NOBODY

TESTS = """
import json
import urllib.request

import pytest

@pytest.mark.parametrize("number", range(3))
def test_own_world(mocksrv, number):
    assert mocksrv.journal() == []
    with urllib.request.urlopen(f"{mocksrv.url}/api/info") as answer:
        assert answer.status == 200
    assert len(mocksrv.journal(vendor="cht")) == 1
    assert mocksrv.clock.freeze("2024-01-01T00:00:00Z")["now"] == "2024-01-01T00:00:00.000000Z"
    assert mocksrv.clock.advance(60)["now"] == "2024-01-01T00:01:00.000000Z"
    mocksrv.fault(status=503, times=1)
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{mocksrv.url}/api/info")
    mocksrv.reset()
    assert mocksrv.clock.read()["frozen"] is False
    urllib.request.urlopen(f"{mocksrv.url}/api/info").close()

def test_settings_and_size(mocksrv):
    mocksrv.plant(size=0, cht_conformance="server")
    assert mocksrv.control("GET", "/settings")["cht.conformance"] == "server"
    mocksrv.set(cht_conformance="page")
    assert mocksrv.control("GET", "/settings")["cht.conformance"] == "page"
    assert mocksrv.credentials("cht")[0]["username"] == "admin"

def test_a_moment_for_the_records(mocksrv):
    mocksrv.plant(size=3, at="2028-02-29T12:00:00Z")
    state = {"now": "2028-02-29T12:00:00.000000Z", "frozen": True, "skew": 0.0, "rate": 1.0}
    assert mocksrv.clock.read() == state
    with pytest.warns(UserWarning, match="the clock of this world, which stood at 2028-02-29T12:00:00.000Z, is the"):
        mocksrv.plant(size=3)
    assert mocksrv.clock.read()["frozen"] is False

def test_a_refusal_of_the_control_plane(mocksrv):
    from mocksrv.remote import ControlFailure
    with pytest.raises(ControlFailure, match="set takes an ISO 8601 time"):
        mocksrv.clock.set("soon")
"""


@pytest.fixture(autouse=True)
def plain_pytest(monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", PLAIN_PYTEST)


@pytest.mark.parametrize("options", [[], ["-n", "2"]])
def test_each_test_has_a_world_of_its_own(pytester, options):
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess(*options)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["mocksrv: 1 operation used*"])


def test_each_vendor_has_a_ready_client(pytester):
    pytester.makepyfile("""
        def test_carehq(carehq):
            assert carehq.client("GET", "care-enquiries")["item_count"] > 10
            carehq.world.verify(operation="list_care_enquiries", exactly=1)

        def test_commcare(commcare):
            users = commcare.client.get(f"{commcare.url}/a/exi-training/api/v0.5/user/").json()
            assert users["meta"]["total_count"] == 1

        def test_cht(cht):
            assert cht.client.get(f"{cht.url}/api/v1/person?type=person").json()["data"]
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["mocksrv: 3 operations used*"])


def test_below_a_test_that_fails_stands_what_was_refused(pytester):
    pytester.makepyfile("""
        import requests

        def test_wrong_password(cht):
            answer = requests.get(f"{cht.url}/medic", auth=("admin", "no"), headers={"Accept": "application/json"})
            assert answer.ok

        def test_without_a_world():
            assert False
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*what mocksrv refused last*", "GET /~*/medic/ -> 401", "    *password*"])
    assert result.stdout.str().count("refused last") == 1


def test_a_server_that_is_not_there_is_told_in_one_line(pytester):
    pytester.makepyfile("def test_it(cht): pass")
    result = pytester.runpytest_subprocess("--mocksrv-url", NOBODY)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"--mocksrv-url: no answer from {NOBODY} (*: start one with `mocksrv serve`*"])
    assert "Traceback" not in result.stdout.str()


def test_names_that_there_are_not_are_told_the_nearest(pytester):
    pytester.makepyfile("""
        import pytest
        from mocksrv.remote import ControlFailure

        @pytest.mark.parametrize(("call", "said"), [
            (lambda world: world.account("commcar"), "there is no vendor 'commcar': the nearest: commcare"),
            (lambda world: world.set(cht_conformanc="page"), "the nearest: cht.conformance"),
            (lambda world: world.fault(staus=503), "staus: there is no field 'staus': the nearest: status"),
            (lambda world: world.fault(answer={"jsn": 1}), "answer.jsn: there is no field 'jsn': the nearest: json"),
            (lambda world: world.clock.advance("1d"), "advance takes a number of seconds"),
        ])
        def test_it(mocksrv, call, said):
            with pytest.raises((ControlFailure, ValueError), match=said):
                call(mocksrv)

        def test_short(mocksrv):
            mocksrv.set(release="5.2")
            assert mocksrv.control("GET", "/settings")["cht.release"] == "5.2"
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=6)


def test_the_network_can_be_blocked(pytester):
    pytester.makepyfile("""
        import socket, pytest, requests

        ELSEWHERE = ("192.0.2.1", 80)  # TEST-NET-1: reaches nobody, so a hole in the guard is a time-out

        def tcp():
            made = socket.socket()
            made.settimeout(1)
            return made

        def udp(family=socket.AF_INET):
            return socket.socket(family, socket.SOCK_DGRAM)

        @pytest.mark.parametrize("reach", [
            lambda: socket.create_connection(ELSEWHERE, timeout=1),
            lambda: tcp().connect(ELSEWHERE),
            lambda: tcp().connect_ex(ELSEWHERE),  # asyncio's and selectors' way
            lambda: udp().sendto(b"x", ELSEWHERE),
            lambda: udp().sendto(b"x", 0, ELSEWHERE),
            lambda: udp().sendmsg([b"x"], [], 0, ELSEWHERE),
            lambda: udp().connect(ELSEWHERE),
            lambda: udp(socket.AF_INET6).sendto(b"x", ("2001:db8::1", 80, 0, 0)),
            lambda: socket.getaddrinfo("api.carehq.test", 443),
            lambda: socket.getaddrinfo(host=b"api.carehq.test", port=443),
            lambda: socket.gethostbyname("api.carehq.test"),
            lambda: socket.gethostbyname_ex("127.0.0.1.evil.test"),
            lambda: requests.get("http://api.carehq.test/v1/users", timeout=1),
        ])
        @pytest.mark.filterwarnings("ignore::ResourceWarning")
        def test_blocked(block_network, reach):
            with pytest.raises((ConnectionRefusedError, requests.ConnectionError), match="loopback only, not "):
                reach()

        def test_loopback_is_open(block_network, mocksrv):
            port = int(mocksrv.server.rpartition(":")[2])
            for host in ("127.0.0.1", "localhost", "LOCALHOST"):
                assert requests.get(f"http://{host}:{port}/_mocksrv/health").ok
            with socket.socket() as one:
                assert one.connect_ex(("127.0.0.1", port)) == 0
            with udp() as one, udp() as other:
                other.bind(("127.0.0.1", 0))
                one.sendto(b"x", other.getsockname())
                one.connect(other.getsockname())
                one.sendmsg([b"y"])
                assert (other.recv(9), other.recv(9)) == (b"x", b"y")
            left, right = socket.socketpair()
            left.sendmsg([b"x"])
            assert right.recv(9) == b"x"
            left.close(), right.close()
            assert socket.getaddrinfo(None, port)
            assert socket.getaddrinfo("::1", port)

        def test_open_again():
            assert "guard" not in repr(socket.socket.connect) + repr(socket.getaddrinfo)
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=15)


def test_the_server_and_hosts_that_are_allowed_can_be_reached(pytester):
    pytester.makeini("[pytest]\nmocksrv_allow_hosts = registry.test 2001:db8::9")
    pytester.makeconftest("""
        import socket, pytest

        ADDRESSES = {"mocksrv": ["192.0.2.7", "2001:db8::7"], "registry.test": ["192.0.2.8"],
                     "api.carehq.test": ["192.0.2.9"]}

        @pytest.fixture(autouse=True)
        def network(monkeypatch):
            reached = []
            found = lambda host, *more, **named: [(0, 0, 0, "", (one, 0)) for one in ADDRESSES[host]]
            monkeypatch.setattr(socket, "getaddrinfo", found)
            monkeypatch.setattr(socket, "gethostbyname", lambda host: ADDRESSES[host][0])
            monkeypatch.setattr(socket.socket, "connect", lambda self, address: reached.append(address[0]))
            return reached
    """)
    pytester.makepyfile("""
        import socket, pytest

        def reach(host):
            with socket.socket() as made:
                made.connect((host, 80))

        def test_by_name(network, block_network):
            with pytest.raises(ConnectionRefusedError, match="2001:db8::9, mocksrv only, not 192.0.2.7 "):
                reach("192.0.2.7")  # nobody has asked yet whose it is
            socket.getaddrinfo("mocksrv", 80)
            assert socket.gethostbyname("registry.test") == "192.0.2.8"
            for address in ("192.0.2.7", "2001:db8:0::7%eth0", "192.0.2.8"):
                reach(address)
            assert network == ["192.0.2.7", "2001:db8:0::7%eth0", "192.0.2.8"]

        def test_by_address(network, block_network):
            for address in ("192.0.2.6", "2001:DB8::9"):
                reach(address)
            assert len(network) == 2

        def test_nothing_else(network, block_network):
            for blocked in (lambda: reach("192.0.2.9"), lambda: socket.getaddrinfo("api.carehq.test", 443)):
                with pytest.raises(ConnectionRefusedError, match="--mocksrv-allow-host lets it"):
                    blocked()
            assert network == []
    """)
    result = pytester.runpytest_subprocess("--mocksrv-url", "http://mocksrv:8080", "--mocksrv-allow-host", "192.0.2.6")
    result.assert_outcomes(passed=3)


def test_a_server_that_runs_already(pytester, mocksrv_url):
    pytester.makepyfile(TESTS)
    pytester.runpytest_subprocess("--mocksrv-url", mocksrv_url).assert_outcomes(passed=6)


def test_a_server_in_a_process_of_its_own(pytester):
    pytester.makepyfile("""
        import os, requests

        def test_elsewhere(mocksrv, mocksrv_url):
            assert requests.get(f"{mocksrv.url}/api/v1/person?type=person", auth=("admin", "pass")).json()["data"] == []
            assert mocksrv.journal()[0]["operation"] == "get_people"
            assert [one["name"] for one in mocksrv.control("GET", "/worlds")] == ["default", mocksrv.name]
    """)
    result = pytester.runpytest_subprocess("--mocksrv-subprocess", "--mocksrv-size", "empty")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["mocksrv: 1 operation used*"])
    refused = pytester.runpytest_subprocess("--mocksrv-subprocess", "--mocksrv-size", "huge")
    refused.stdout.fnmatch_lines(["*--mocksrv-subprocess: *size 'huge': use empty, small, medium, large or a number*"])


def test_faults_and_snapshots_of_a_world(mocksrv):
    mocksrv.snapshot("before")
    added = [mocksrv.fault(status=503, nth=1), mocksrv.fault(status=500, times=1)]
    assert [fault["id"] for fault in mocksrv.faults()] == [fault["id"] for fault in added]
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(f"{mocksrv.url}/api/info")
    assert mocksrv.faults()[0]["hits"] == 1
    mocksrv.remove_fault(added[0]["id"])
    assert [fault["status"] for fault in mocksrv.faults()] == [500]
    mocksrv.remove_fault()
    assert mocksrv.faults() == []
    mocksrv.clock.freeze("2031-01-01T00:00:00Z")
    mocksrv.restore("before")
    assert mocksrv.clock.read()["frozen"] is False
    from mocksrv.remote import ControlFailure
    with pytest.raises(ControlFailure, match="no snapshot 'after'"):
        mocksrv.copy_snapshot("elsewhere", "after")


def test_worlds_do_not_pile_up(pytester):
    pytester.makepyfile("""
        import json, urllib.request
        def test_a(mocksrv): mocksrv.clock.freeze()
        def test_b(mocksrv): urllib.request.urlopen(f"{mocksrv.url}/api/info").close()
        def test_c(mocksrv_url):
            with urllib.request.urlopen(f"{mocksrv_url}/_mocksrv/worlds") as answer:
                assert [one["name"] for one in json.load(answer)] == ["default"]
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=3)
