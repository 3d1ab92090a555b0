#!/usr/bin/env python3
"""verdict.py INDEX.json AGENT TABLE.md

Judges a run of all 517 cases, prints the totals and writes the table. Exit 0 only when exactly 517 cases ran, three of
them the ones that the suite calls INFORMATIONAL, and all others are OK: in what was done and in how the connection was
closed. NON-STRICT, UNCLEAN, WRONG CODE, UNIMPLEMENTED and FAILED are failures.
"""
import collections
import json
import sys

CASES = 517
# The suite says of these only what it saw: data after a close frame, and close codes 5000 and 65535.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}
GROUPS = {
    "1": "framing", "2": "pings and pongs", "3": "reserved bits", "4": "opcodes", "5": "fragmentation",
    "6": "UTF-8", "7": "closing", "9": "limits and performance", "10": "auto-fragmentation",
    "12": "compression", "13": "compression, every combination of parameters",
}


def key(case):
    return [int(number) for number in case.split(".")]


def problem(case, result):
    wanted = "INFORMATIONAL" if case in INFORMATIONAL else "OK"
    if result["behavior"] != wanted:
        return "%s is %s, not %s" % (case, result["behavior"], wanted)
    if result["behaviorClose"] not in ("OK", "INFORMATIONAL"):
        return "%s closed %s" % (case, result["behaviorClose"])
    return None


def table(results):
    behaviors = collections.Counter(result["behavior"] for result in results.values())
    totals = ", ".join("%d %s" % (count, name) for name, count in behaviors.most_common())
    lines = [
        "# Conformance",
        "",
        "The Autobahn test suite's cases against `wsecho`, a plain echo client on WSClient: %d cases, %s." % (
            len(results), totals),
        "`make conformance` runs them, writes this page, and fails unless each is OK but the three which the suite calls",
        "INFORMATIONAL. The suite's own report, with every frame, is then in `.build-conformance/index.html`.",
    ]
    group = None
    for case in sorted(results, key=key):
        if case.split(".")[0] != group:
            group = case.split(".")[0]
            lines += ["", "## %s: %s" % (group, GROUPS.get(group, "")), "", "| case | result | closing | close code |",
                      "|---|---|---|---|"]
        result = results[case]
        lines.append("| %s | %s | %s | %s |" % (
            case, result["behavior"], result["behaviorClose"], result["remoteCloseCode"] or ""))
    return "\n".join(lines) + "\n"


def main():
    index, agent, target = sys.argv[1:]
    with open(index) as file:
        results = json.load(file).get(agent, {})
    with open(target, "w") as file:
        file.write(table(results))
    for field, words in (("behavior", "results"), ("behaviorClose", "closing")):
        counts = collections.Counter(result[field] for result in results.values())
        print("conform: %s: %s" % (words, ", ".join("%d %s" % (count, name) for name, count in counts.most_common())))
    problems = [text for text in (problem(case, results[case]) for case in sorted(results, key=key)) if text]
    if len(results) != CASES:
        problems.append("%d cases ran, not %d" % (len(results), CASES))
    for text in problems:
        print("conform: " + text, file=sys.stderr)
    seconds = sum(result["duration"] for result in results.values()) / 1000
    print("conform: %d cases in %d s" % (len(results), seconds))
    return 1 if problems else 0


sys.exit(main())
