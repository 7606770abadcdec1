"""The releases of CHT that tests are about, and that servers run."""

from mocksrv.operation import in_release
from mocksrv.vendors.cht import vendor

RELEASES = list(vendor.releases)  # of a new world, unless told otherwise, the first


def from_to(since="", until=""):
    """The releases from one on, and before another."""
    return [one for one in RELEASES if in_release(one, since, until)]


def of_version(version):
    """The release that a server of that version is tested as: the newest that is no newer."""
    older = [one for one in RELEASES if in_release(version.partition("-")[0], one)]
    return older[-1] if older else RELEASES[0]
