"""What a replay proves: which operations gave the recorded answers again, and what is wrong with the replay."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from mocksrv.described import proof
from mocksrv.described.proof import finding
from mocksrv.operation import Operation

MOST_DIFFERENCES = 0.02  # of the compared answers


@dataclass
class Outcome:
    """A recorded answer, the operation of ours that was asked for it, and what differed."""

    line: str  # where it stands: "area:number"
    what: str
    operation: Operation | None
    status: int
    date: str  # of the recording
    problems: list[str] = field(default_factory=list)


def complaints(outcomes, reviewed):
    """What is wrong with a replay, in words. `reviewed`: {"lines": [...], "reason": "..."} for known differences."""
    different = {one.line: one for one in outcomes if one.problems}
    known = [line for entry in reviewed for line in entry["lines"]]
    found = [f"{line} ({one.what}) differs: {'; '.join(one.problems)}"
             for line, one in different.items() if line not in known]
    found += [f"{line} is reviewed twice" for line, count in Counter(known).items() if count > 1]
    found += [f"{line} is reviewed as different, but is not: strike it out" for line in known if line not in different]
    found += [f"no reason is given for {', '.join(entry['lines'])}" for entry in reviewed
              if not entry.get("reason", "").strip()]
    share = len(different) / max(len(outcomes), 1)
    if share > MOST_DIFFERENCES:
        found.append(f"{len(different)} of {len(outcomes)} answers differ: {share:.1%}, reviewed or not; "
                     f"at most {MOST_DIFFERENCES:.0%} may")
    return found


def findings(outcomes, version):
    """What the replay proves: operation -> Finding."""
    of = defaultdict(list)
    for one in outcomes:
        if one.operation is not None:
            of[one.operation].append(one)
    found = {}
    for operation, own in of.items():
        agreed = [one for one in own if not one.problems]
        recorded = max((one.date for one in agreed), default="")
        found[operation.name] = finding(operation, version, recorded, [one.status for one in agreed],
                                        len(own) - len(agreed), refusals=True)
    return {name: one for name, one in found.items() if one}


def check(vendor, version, outcomes, reviewed, write, level="recorded"):
    """Assert that a replay shows nothing but reviewed differences, and proves what proof.json has; or `write` that.

    `level` may name a release: "recorded 5.2.0".
    """
    assert not (found := complaints(outcomes, reviewed)), "\n".join(found)
    proved = findings(outcomes, version)
    if write:
        proof.replace(vendor, level, proved)
    written = proof.read(vendor).get(level, {})
    wrong = sorted(name for name in proved.keys() | written.keys() if proved.get(name) != written.get(name))
    assert not wrong, (f"fixtures/{vendor}/proof.json is not what this replay found of {', '.join(wrong)}: "
                       "write it with `make proof`, never by hand")
