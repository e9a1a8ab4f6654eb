#!/usr/bin/env python3
"""What the engine lets through and what it costs people: simulated traffic of several seeds, replayed.

    cargo build --release
    python3 benches/engine.py            # the whole table, with the model and without it: worst seed of five, on seeds that
                                         # the shipped model was not trained on, with and without delivery reports
    python3 benches/engine.py --curve    # leak against challenge, for limits of 0.6 to 1.5 times the shipped ones
    python3 benches/engine.py --first-sight   # who is asked at the first request for each number, and by the look alone
    python3 benches/engine.py --scenarios quiet,fakers --seeds 2 --with-reports --prior none

Traces go to a temporary directory and are deleted; nothing is sent anywhere.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor

SENDWALL = os.environ.get("SENDWALL", "target/release/sendwall")
CONFIG = """
upstream = "http://127.0.0.1:3000"
mode = "enforce"

[[endpoint]]
name = "login"
send = "POST /api/login/send-code"
verify = "POST /api/login/verify"
verified_if = "status == 200"
default_region = "GB"
"""
# Scenario, rows of its report that count, goals: leaked, lost, challenged, in percent.
GOALS = [
    ("quiet", ["quiet"], None, 0.02, 0.3),
    ("shared-address", ["shared-address"], None, 0.1, 3),
    ("campaign", ["campaign"], None, 0.2, 5),
    ("new-market", ["new-market"], None, 0.1, 2),
    ("office-morning", ["office-morning"], None, 0.1, 2),
    ("travellers", ["travellers"], None, 0.1, 2),
    ("outage", ["outage"], None, 0.1, 5),
    ("burst-address", ["burst-address"], 0.5, 0.05, 0.8),
    ("rotating", ["rotating"], 0.5, 0.05, 0.8),
    ("home-range", ["home-range"], 0.5, 0.05, 0.8),
    ("ipv6-48", ["ipv6-48"], 0.5, 0.05, 0.8),
    ("app-emulation", ["app-emulation"], 0.5, 0.05, 0.8),
    ("few-hosts", ["few-hosts"], 0.5, 0.05, 0.8),
    ("distributed", ["distributed"], 1, 0.05, 0.8),
    ("mimics", ["mimics"], 1, 0.05, 0.8),
    ("mimics-slow", ["mimics-slow"], 5, 0.05, 0.8),
    ("captcha-farm", ["captcha-farm"], 1, 0.05, 0.8),
    ("fakers", ["fakers"], 1, 0.05, 0.8),
    ("low-and-slow", ["low-and-slow"], 5, 0.05, 0.8),
    ("frozen-cookie", ["frozen-cookie"], 0.5, 0.05, 0.8),
    ("headless-bomber", ["headless-bomber"], 20, 0.05, 0.8),
    ("market-abuse", ["market-abuse"], None, 0.05, 0.8),
    ("market-abuse", ["market-abuse known users"], None, 0, 0.3),
    ("mid-attack", ["mid-attack"], 0.5, 0.3, None),
]
# Every key with its default; a test holds it to that.
REFERENCE = os.path.join(os.path.dirname(__file__), "../tests/cases/config/good/full.toml")
# What the curve shows unless it is told, and of which rows it shows something else than leaked and challenged.
CURVED = [
    "fakers", "captcha-farm", "headless-bomber", "low-and-slow", "distributed", "mimics", "market-abuse",
    "market-abuse known users",
]
CURVES = {
    "office-morning": ("challenged",), "market-abuse known users": ("challenged",), "mid-attack": ("leaked", "lost"),
}
SEEN_FIRST = ["quiet", "scripts", "frozen-cookie", "headless-bomber"]


def configuration(directory, prior, factor=None):
    """A file of it; with `factor` every kind's limit is scaled, but the phone's."""
    limits = shipped_limits() if factor else {}
    name = os.path.join(directory, f"engine-{prior}-{factor}.toml")
    with open(name, "w") as file:
        file.write(f'prior = "{prior}"\n' + CONFIG)
        file.writelines(f"\n[cells.{kind}]\nlimit = {limit * factor:.3f}\n" for kind, limit in limits.items())
    return name


def shipped_limits():
    """Of every kind but the phone."""
    with open(REFERENCE, "rb") as file:
        cells = tomllib.load(file)["cells"]
    return {kind: cell["limit"] for kind, cell in cells.items() if kind not in ("memory", "phone")}


def simulated(directory, scenario, seed):
    """A file with the trace, which is made once."""
    trace = os.path.join(directory, f"{scenario}.{seed}.jsonl")
    if not os.path.exists(trace):
        made = trace + ".part"
        subprocess.run([SENDWALL, "simulate", scenario, "--seed", str(seed), "--out", made], check=True,
                       stderr=subprocess.DEVNULL)
        os.rename(made, trace)
    return trace


def run(directory, scenario, seed, config, feed):
    trace = simulated(directory, scenario, seed)
    report = f"{trace}.{feed}.{abs(hash(config))}.json"
    command = [SENDWALL, "replay", trace, "--config", config, "--report", report]
    subprocess.run(command + ([] if feed else ["--no-delivery-feed"]), check=True, stdout=subprocess.DEVNULL)
    with open(report) as file:
        rows = {row["scenario"]: row for row in json.load(file)["scenarios"]}
    return scenario, seed, rows


def percent(value):
    return "-" if value is None else f"{100 * value:.2f}"


def worst(results, scenario, names, measure):
    values = [rows[name][measure] for found, _, rows in results if found == scenario
              for name in names if name in rows and rows[name][measure] is not None]
    return max(values, default=None)


def measure(directory, scenarios, seeds, config, feeds):
    jobs = [(directory, scenario, seed, config, feed) for scenario in scenarios for seed in seeds for feed in feeds[:1]]
    jobs_later = [(directory, scenario, seed, config, feed) for scenario in scenarios for seed in seeds
                  for feed in feeds[1:]]
    results = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for batch in (jobs, jobs_later):
            for index, result in enumerate(pool.map(lambda job: run(*job), batch)):
                results.append(result)
                if sys.stderr.isatty():
                    print(f"\r{index + 1}/{len(batch)}", end="", file=sys.stderr)
    return results


def table(directory, args):
    wanted = [goal for goal in GOALS if not args.scenarios or goal[0] in args.scenarios.split(",")]
    scenarios = list(dict.fromkeys(goal[0] for goal in wanted))
    results = []
    for prior in args.prior.split(","):
        config = configuration(directory, prior)
        results.append(measure(directory, scenarios, seeds(args), config, [True] if args.with_reports else [True, False]))
    reports = "with" if args.with_reports else "with and without"
    last = args.first_seed + args.seeds - 1
    print(f"Worst of seeds {args.first_seed} to {last}, {reports} delivery reports, percent: prior = "
          + ", then ".join(f'"{prior}"' for prior in args.prior.split(",")) + "; goals in brackets.\n")
    print("| traffic | messages leaked | real users lost | real users challenged |")
    print("|---|---|---|---|")
    for scenario, names, leak, lost, challenged in wanted:
        def cell(name, goal):
            values = [worst(result, scenario, names, name) for result in results]
            if values[0] is None:
                return "-"
            missed = [goal is not None and 100 * value > goal for value in values]
            texts = [f"**{percent(value)}**" if miss else percent(value) for value, miss in zip(values, missed)]
            return ", ".join(texts) + (f" ({goal:g})" if goal is not None else "")
        print(f"| {names[0]} | {cell('leaked', leak)} | {cell('lost', lost)} | {cell('challenged', challenged)} |", flush=True)


def curve(directory, args):
    shown = curved(args)
    print("| limits | prior | quiet: challenged | "
          + " | ".join(f"{row}: {', '.join(what)}" for row, (_, what) in shown.items()) + " |")
    print("|---|---|---|" + "---|" * len(shown))
    scenarios = dict.fromkeys(["quiet"] + [scenario for scenario, _ in shown.values()])
    for factor in (0.6, 0.8, 1.0, 1.25, 1.5):
        for prior in args.prior.split(","):
            config = configuration(directory, prior, factor)
            results = measure(directory, scenarios, seeds(args), config, [True])
            cells = [percent(worst(results, "quiet", ["quiet"], "challenged"))]
            cells += [", ".join(percent(worst(results, scenario, [row], name)) for name in what)
                      for row, (scenario, what) in shown.items()]
            print(f"| x {factor} | {prior} | " + " | ".join(cells) + " |", flush=True)


def curved(args):
    """Rows of reports with their scenarios and what is shown of them."""
    names = args.scenarios.split(",") if args.scenarios else CURVED
    rows = {row: scenario for scenario, rows, *_ in GOALS for row in rows}
    return {name: (rows[name], CURVES.get(name, ("leaked", "challenged"))) for name in names}


def first_sight(directory, args):
    """Of the first request for each number, how many are asked for something, in percent: by the engine, and by the look; of all
    seeds together, and from the lowest seed to the highest."""
    print("| traffic | first requests | asked | by the look alone |")
    print("|---|---|---|---|")
    config = configuration(directory, args.prior.split(",")[0])
    for scenario in args.scenarios.split(",") if args.scenarios else SEEN_FIRST:
        found = [first_requests(directory, scenario, seed, config) for seed in seeds(args)]
        first = sum(counts[0] for counts in found)
        cells = []
        for index in (1, 2):
            shares = [100 * counts[index] / counts[0] for counts in found]
            cells.append(f"{100 * sum(counts[index] for counts in found) / first:.2f} ({min(shares):.2f} to {max(shares):.2f})")
        print(f"| {scenario} | {first} | " + " | ".join(cells) + " |", flush=True)


def first_requests(directory, scenario, seed, config):
    """Of an attack, or where there is none of people: how many, how many were asked, and how many by the look alone."""
    trace = simulated(directory, scenario, seed)
    decisions = trace + ".decisions"
    subprocess.run([SENDWALL, "replay", trace, "--config", config, "--decisions", decisions], check=True,
                   stdout=subprocess.DEVNULL)
    with open(trace) as file:
        sends = [event for event in map(json.loads, file) if event["event"] == "send"]
    attacks = [event for event in sends if event["truth"]["label"] == "attack"]
    # The last one to be put under a number is the first one that asked for it.
    first = {event["phone"]: event["id"] for event in reversed(attacks or sends)}
    wanted = set(first.values())
    with open(decisions) as file:
        first = [decision for decision in map(json.loads, file) if decision["id"] in wanted]
    asked = sum(decision["verdict"] in ("challenge", "block") for decision in first)
    look = sum(any(reason.startswith("the client looks wrong (1.") for reason in decision["reasons"])
               for decision in first)
    return len(first), asked, look


def seeds(args):
    return range(args.first_seed, args.first_seed + args.seeds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=2, help="the shipped model was trained on seed 1")
    parser.add_argument("--prior", default="model,weights", help="model, weights, none, with commas between")
    parser.add_argument("--scenarios", default="", help="names, with commas between")
    parser.add_argument("--with-reports", action="store_true", help="only with delivery reports")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--first-sight", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        (curve if args.curve else first_sight if args.first_sight else table)(directory, args)


if __name__ == "__main__":
    main()
