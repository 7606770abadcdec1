"""Everything that a vendor's OpenAPI document declares, called by schemathesis: what fits the document and what does
not, one call at a time and one after the other.

`python -m contract_tests.fuzz carehq cht --max-examples=50` for more than the test suite does; see --help.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from mocksrv.app import create_app
from mocksrv.config import VENDORS, Config
from mocksrv.described.openapi import document
from mocksrv.serving.server import Server
from mocksrv.vendors.cht.couch import documents

HOOKS = Path(__file__).with_name("fuzz_hooks.py")
CHECKS = ("no_failure_of_ours", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
# CHT answers credentials that it cannot read with 400, as recorded, where the check expects a 401.
HEEDING = ("carehq", "commcare")
REJECTING = ("carehq",)  # refuse all that the document does not allow; the others read what they can
CREDENTIALS = {
    "carehq": [],  # signs each request: see the hooks
    "commcare": ["--header", "Authorization: ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"],
    "cht": ["--auth", "admin:pass"],
}
# CHT refuses who is no online user with a 500 here, as recorded (BULK_DELETE_REFUSALS): 401 or 403 is wanted.
REFUSED_WITH_500 = ("bulk_delete",)
TABLES = {  # of CommCare's resources, by the path
    "application": "commcare.apps", "case": "commcare.cases", "form": "commcare.forms", "user": "commcare.users",
    "group": "commcare.groups", "web-user": "commcare.web_users", "lookup_table": "commcare.lookup_tables",
    "lookup_table_item": "commcare.lookup_rows", "fixture": "commcare.lookup_rows", "ucr_data_source":
    "commcare.data_sources", "simplereportconfiguration": "commcare.reports", "configurablereportdata":
    "commcare.reports", "det_export_instance": "commcare.exports",
}
WAITING = ("feed", "heartbeat", "timeout")  # parameters of answers that take their time
# One call of these takes away what all others need.
LEFT_OUT = {"cht": ("couch_delete_database", "couch_copy_document")}  # OpenAPI has no method COPY


def declared(app, name):
    """The document with each operation under the first of its paths, and with ids that the server knows."""
    vendor, world = app.vendors[name], app.worlds["default"]
    made = document(vendor, release=vendor.running(world))
    names = {operation.name for operation in vendor.operations if operation.simulated}
    names -= set(LEFT_OUT.get(name, ()))
    paths = {path: {method: one for method, one in item.items() if one["operationId"] in names}
             for path, item in made["paths"].items()}
    for path, item in paths.items():
        for one in item.values():
            if one["operationId"] in REFUSED_WITH_500:
                one["security"] = []
            one["parameters"] = [each for each in one["parameters"] if each["name"] not in WAITING]
            for parameter in one["parameters"]:
                if parameter["in"] == "path" and (known := values(vendor, world, path, parameter["name"])):
                    parameter["schema"] = {"enum": known}
    inline = [answer for item in paths.values() for one in item.values() for answer in one["responses"].values()]
    for answer in [*inline, *made["components"]["responses"].values()]:
        if "links" in answer:
            answer["links"] = {target: link for target, link in answer["links"].items() if target in names}
    return made | {"paths": {path: item for path, item in paths.items() if item}}


def values(vendor, world, path, parameter):
    """What a path parameter may be so that there is something behind it."""
    if parameter in vendor.examples:
        return [vendor.examples[parameter]]
    if vendor.name == "cht":
        return documents.database(world, "medic").all_ids()[:4] if parameter in ("id", "uuid") else None
    table = f"carehq.{path.split('/')[2]}" if vendor.name == "carehq" else TABLES.get(path.split("/")[-3])
    return sorted(world.table(table).ids())[:4] if table in {spec.name for spec in vendor.tables} else None


def counts(app):
    """How often each operation answered with each status."""
    family = next(family for family in app.meter.collect() if family.name == "mocksrv_answer_seconds")
    found = {}
    for sample in family.samples:
        if sample.name.endswith("_count") and sample.labels["operation"]:
            found.setdefault(sample.labels["operation"], {})[int(sample.labels["status"])] = int(sample.value)
    return found


def run(name, *options):
    """Whether schemathesis or the server found a failure, their report, and what was answered, for one vendor."""
    app = create_app(Config(port=0, vendor=(name,), size=60, limits=False, log="off"))
    with Server(app) as server, failures() as failed, tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"{name}.json")
        file.write_text(json.dumps(declared(app, name)))
        Path(folder, "schemathesis.toml").touch()  # or it takes one from a folder above
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", file, "--url", server.url, "--no-color",
             "--checks", ",".join([*CHECKS, *["negative_data_rejection"] * (name in REJECTING),
                                    *["ignored_auth"] * (name in HEEDING)]),
             "--max-redirects", "0", "--warnings", "off",
             "--generation-with-security-parameters", "false", *CREDENTIALS[name], *options],
            env=os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS), "MOCKSRV_FUZZ": name},
            capture_output=True, text=True, cwd=folder)
    app.worlds.close()
    return bool(done.returncode or failed), "\n".join([done.stdout, done.stderr, *failed]), counts(app)


@contextmanager
def failures():
    """What the server logs as an error: a connection that it had to cut is no answer that could be looked at."""
    found, handler = [], logging.Handler(logging.ERROR)
    handler.emit = lambda record: found.append(handler.format(record))
    logging.getLogger("mocksrv").addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger("mocksrv").removeHandler(handler)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0],
                                     epilog="All other options are those of `schemathesis run`, as --name=value.")
    parser.add_argument("vendors", nargs="*", default=VENDORS, metavar="vendor", help=f"of {', '.join(VENDORS)}")
    given, options = parser.parse_known_args()
    if unknown := set(given.vendors) - set(VENDORS):
        parser.error(f"no vendor: {', '.join(sorted(unknown))}; write options as --name=value")
    failed = False
    for name in given.vendors:
        found, report, answers = run(name, *options)
        print(report)
        called = sum(any(200 <= status < 300 for status in found) for found in answers.values())
        print(f"{name}: {sum(sum(found.values()) for found in answers.values())} answers of {len(answers)} operations, "
              f"{called} of which succeeded at least once\n")
        failed |= found
    sys.exit(failed)


if __name__ == "__main__":
    main()
