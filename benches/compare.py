#!/usr/bin/env python3
"""Compares the rows of `cargo bench --bench langgraph` with LangGraph's, in turn and on one core each.

    python benches/compare.py LANGGRAPH_BENCH [--python PYTHON] [--ours BINARY] [--only PREFIX,..] [--seconds S]

LANGGRAPH_BENCH is a script that runs LangGraph's suite: `--only REGEX` says which rows (those of the synchronous API end
in `_sync`), `--detail FILE` takes JSON with `cpu_median` and `median` in seconds per row under `benches`. PYTHON is the
interpreter that has langgraph installed. Without BINARY the bench is built first.

Groups of rows are run one after the other, first there, then here, so that both see the same machine. The figure is the
CPU time of one run (median); LangGraph's is that of its quicker API. Exits with 1 if a row misses its bar.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

GROUPS = [
    "fanout_to_subgraph",
    "react_agent",
    "wide_state",
    "wide_dict",
    "pydantic_state",
    "sequential",
    "chain_1000_nocheckpoint",
    "chain_1000_memory",
    "chain_1000_sqlite",
    "chain_100_",
    "loop_1000_nocheckpoint",
    "loop_1000_memory",
    "loop_1000_sqlite",
    "fan_in",
    "growing_log_500",
]

# The first that matches is the bar: how many times the CPU time of a run must fit into LangGraph's.
BARS = [
    (r"(chain|loop)_1000_nocheckpoint", 1000),
    (r".*_sqlite_durability_sync", 10),
    (r"(fanout|react|wide|pydantic).*_checkpoint", 5),
    (r"(fanout_to_subgraph|react_agent)_\d+x|(wide|pydantic)_\w+_\d+x\d+|sequential_\d+", 50),
]


def main():
    arguments = read_arguments()
    binary = arguments.ours or build()
    groups = [group for group in GROUPS if not arguments.only or any(map(group.startswith, arguments.only.split(",")))]
    rows, ours = {}, {}
    for group in groups:
        print(f"{group} ...", file=sys.stderr, flush=True)
        rows.update(run_langgraph(arguments, group))
        ours.update(run_ours(binary, group, arguments.seconds))
    missed = show(rows, ours)
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            json.dump({"langgraph": rows, "medha": ours}, file, indent=1)
    sys.exit(1 if missed else 0)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", help="the script that runs LangGraph's suite")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--ours", help="the compiled bench")
    parser.add_argument("--only", help="groups of rows, by the beginning of their names, with commas between")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a row is measured on each side")
    parser.add_argument("--out", help="a file for all figures, as JSON")
    return parser.parse_args()


def build():
    command = ["cargo", "bench", "--bench", "langgraph", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    built = [json.loads(line) for line in lines if line.startswith("{")]
    return next(one["executable"] for one in built if one.get("target", {}).get("name") == "langgraph" and one.get("executable"))


def run_langgraph(arguments, group):
    handle, path = tempfile.mkstemp(suffix=".json")
    os.close(handle)
    command = [arguments.python, arguments.script, "--full", "--only", f"{group}.*", "--detail", path]
    command += ["--min-runs", "3", "--budget", str(arguments.seconds)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, encoding="utf-8") as file:
        found = json.load(file)["benches"] if os.path.getsize(path) else {}
    os.remove(path)
    rows = {}
    for name, figures in found.items():
        cpu, wall = figures["cpu_median"] * 1e3, figures["median"] * 1e3
        name = name.removesuffix("_sync") if is_sync_api(name, found) else name
        if name not in rows or cpu < rows[name]["cpu_ms"]:
            rows[name] = {"cpu_ms": cpu, "wall_ms": wall}
    return rows


def is_sync_api(name, found):
    """The end `_sync` is also that of a durability."""
    return name.endswith("_sync") and name.removesuffix("_sync") in found


def run_ours(binary, group, seconds):
    command = [binary, "--json", "--only", group, "--seconds", str(seconds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return json.loads(done.stdout)["rows"]


def bar_of(name):
    return next((bar for pattern, bar in BARS if re.fullmatch(pattern, name)), None)


def show(rows, ours):
    missed = 0
    print(f"{'row':46} {'LangGraph':>12} {'medha-graph':>12} {'ratio':>8} {'bar':>6}")
    print(f"{'':46} {'CPU ms':>12} {'CPU ms':>12}")
    for name, there in rows.items():
        if name not in ours:
            print(f"{name:46} {there['cpu_ms']:12.3f} {'-':>12}")
            continue
        here, bar = ours[name]["cpu_ms"], bar_of(name)
        ratio = there["cpu_ms"] / here
        is_met = bar is None or ratio >= bar
        missed += not is_met
        verdict = "" if bar is None else "ok" if is_met else "MISSED"
        print(f"{name:46} {there['cpu_ms']:12.3f} {here:12.4f} {ratio:8.1f} {bar or '':>6} {verdict}")
    for name in ours.keys() - rows.keys():
        print(f"{name:46} {'-':>12} {ours[name]['cpu_ms']:12.4f}")
    return missed


if __name__ == "__main__":
    main()
