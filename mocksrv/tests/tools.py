"""Programs that some tests need beside Python: where one is missing they are skipped, with what to install.

With CI=true a missing one is an error, so that tests are not lost in silence.
"""

import os
import shutil

import pytest

NOBODY = "http://127.0.0.1:1"  # no server listens there
SHIFTED = "FAKETIME"  # set where the tests run on another day
INSTALL = {  # by the program that is looked for: Debian's name, which tells other systems enough
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "node": "nodejs",
    "npm": "npm",
    "haproxy": "haproxy",
    "nginx": "nginx",
    "javac": "default-jdk-headless",  # `java` runs a source file with the compiler of the JDK
}


def program(name):
    """The path of a program; ends the test, or all that use the fixture, where there is none."""
    on_this_day("programs that are not Python keep to the machine's clock")
    path = shutil.which(name)
    if path is None:
        lacking(f"{name}: apt-get install {INSTALL.get(name, name)}")
    return path


def lacking(what):
    """End a test that needs what this machine does not have."""
    __tracebackhide__ = True
    if os.environ.get("CI") == "true" and SHIFTED not in os.environ:
        pytest.fail(f"in CI nothing may be missing: needs {what}")
    pytest.skip(f"needs {what}")


def optional(name, advice):
    """End a test where there is not that program, which CI need not have either."""
    reaches_a_registry()
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}: {advice}")


def reaches_a_registry():
    on_this_day("no registry is reached on another day: certificates are over")


def on_this_day(reason):
    """End a test that the machine's own clock is for, where it is another day's."""
    if SHIFTED in os.environ:
        pytest.skip(reason)
