"""`python -m bench [SCENARIO ...] [--quick] [--peers roomwire,tutorial,socketio] [--in-flight 10]`."""

import argparse
import resource
import signal
import sys
import time
from dataclasses import asdict

from bench import machine, report, table
from bench.rows import COLUMNS
from bench.suite import TITLES, Choice, measure
from devtools.process import ServiceError


def main() -> None:
    choice = _choice()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # As an exception, so that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    facts, began = machine.facts(), time.monotonic()
    try:
        results, left_out = measure(choice)
    except ServiceError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    path = report.write(
        {
            "machine": facts,
            "options": asdict(choice),
            "seconds": round(time.monotonic() - began),
            "left_out": left_out,
            "goals": report.goals(results),
            "results": results,
        }
    )
    if choice.quick:
        print("A quick run, with a tenth of the load: it shows that the bench works, and nothing else.\n")  # noqa: T201
    for line in (*table.lines(results, TITLES, left_out), "", report.summary(facts), str(path)):
        print(line)  # noqa: T201


def _choice() -> Choice:
    parser = argparse.ArgumentParser(prog="bench", description="Measure Roomwire beside what else could be built.")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(TITLES))
    parser.add_argument("--quick", action="store_true", help="a tenth of the load, to see that it works")
    parser.add_argument("--peers", default=",".join(COLUMNS), help="comma-separated; by default all of them")
    parser.add_argument("--in-flight", type=int, default=10, help="messages that each sender of P3 has in flight")
    options = parser.parse_args()
    scenarios = [name.upper() for name in options.scenarios] or list(TITLES)
    peers = options.peers.split(",")
    if unknown := {*scenarios} - {*TITLES} | {*peers} - {*COLUMNS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return Choice(scenarios, peers, options.quick, options.in_flight)


if __name__ == "__main__":
    main()
