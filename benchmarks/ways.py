"""How often one request leads from one file of mocksrv to another: POST /api/v2/users with a login link.

A figure of how the code is cut, not of time: whoever reads on changes file as often. A test keeps it from growing.
Run: python benchmarks/ways.py [--most 30]
"""

from __future__ import annotations

import argparse

from mocksrv.tests import ways


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--most", type=int, default=30, help="pairs of files to show")
    chosen = options.parse_args()
    found = ways.of_new_user()
    print(f"{found.changes} changes of file, {found.files} files")
    for (here, there), count in found.pairs.most_common(chosen.most):
        print(f"{count:5}  {here} -> {there}")


if __name__ == "__main__":
    main()
