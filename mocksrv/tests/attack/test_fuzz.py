"""Strange requests to every operation: no failure of ours, no hang, no memory that stays."""

import json
import resource
import subprocess
import sys


def test_every_operation_answers_whatever_comes(amount):
    for seed in range(1, amount(2, 11)):
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
