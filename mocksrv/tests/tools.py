"""Programs that some tests need beside Python: where one is missing they are skipped, with what to install.

With CI=true a missing one is an error, so that tests are not lost in silence.
"""

import os
import shutil

import pytest

SHIFTED = "FAKETIME"  # set where the tests run on another day; no registry is reached then, for certificates are over
INSTALL = {  # by the program that is looked for: Debian's name, which tells other systems enough
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "node": "nodejs",
    "npm": "npm",
    "javac": "default-jdk-headless",  # `java` runs a source file with the compiler of the JDK
}


def program(name):
    """The path of a program; ends the test, or all that use the fixture, where there is none."""
    if SHIFTED in os.environ:
        pytest.skip("programs that are not Python keep to the machine's clock")
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
