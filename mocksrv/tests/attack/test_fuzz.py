"""Strange requests to every operation: no failure of ours, no hang, no memory that stays."""

import json
import logging
import resource
import signal
import subprocess
import sys

import pytest

from mocksrv.tests.attack import fuzz
from mocksrv.tests.attack.conftest import times


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(1, times(metafunc.config, 1, 10) + 1))


def test_every_operation_answers_whatever_comes(seed, amount):
    count = amount(2_000, 100_000)
    found = fuzzed(seed, count, cpu=amount(120, 1200))
    print(found)
    assert found["failures"] == {}
    assert found["requests"] == count
    assert found["as"].keys() == {"all", "offline", "nobody"}
    assert found["operations"] > 350
    assert found["megabytes"] < 400


def fuzzed(seed, count, cpu):
    """What a process of its own finds, with limits on its seconds of CPU time and its memory."""
    process = subprocess.Popen([sys.executable, "-m", "mocksrv.tests.attack.fuzz", "--seed", str(seed),
                                "--count", str(count)], stdout=subprocess.PIPE, text=True)
    resource.prlimit(process.pid, resource.RLIMIT_CPU, (cpu, cpu))
    resource.prlimit(process.pid, resource.RLIMIT_AS, (3 * 1024**3,) * 2)
    return json.loads(process.communicate()[0])


def test_who_interrupts_it_is_told_what_was_found(monkeypatch, capsys):
    """As Ctrl-C does, after twenty requests, one of which has failed."""
    send = fuzz.Fuzzer.send

    def interrupted(self, environ):
        send(self, environ)
        if self.statuses.total() == 20:
            self.fail(fuzz.Wrong("made up"))
            raise KeyboardInterrupt

    monkeypatch.setattr(fuzz.Fuzzer, "send", interrupted)
    monkeypatch.setattr(fuzz, "TOLD", 0)
    monkeypatch.setattr(fuzz, "ROUND", 10)
    monkeypatch.setattr(sys, "argv", ["fuzz", "--count", "1000000"])
    monkeypatch.setattr(logging.getLogger(), "handlers", [*logging.getLogger().handlers])
    before = signal.getsignal(signal.SIGALRM)
    try:
        with pytest.raises(SystemExit) as ended:
            fuzz.main()
    finally:
        signal.signal(signal.SIGALRM, before)
    shown = capsys.readouterr()
    assert ended.value.code == 1
    assert json.loads(shown.out)["requests"] == 20
    assert "10 of 1,000,000 requests" in shown.err
