# SPDX-License-Identifier: MIT
"""python3 -m measure: see scripts/bench, which calls it in a mount namespace."""

import argparse
import signal
import sys

from . import data, directories, goals, idle, memory, metadata, plot, report, scale, trees
from .session import Quick, Session, Size, Smoke
from .targets import Failed, Targets, libfuse_version

PARTS = (idle, data, memory, metadata, trees, scale, directories)


def arguments():
    parser = argparse.ArgumentParser(prog='scripts/bench')
    parser.add_argument('--shmfuse', required=True, help='the daemon')
    parser.add_argument('--tools', required=True, help='the directory of our programs')
    parser.add_argument('--quick', dest='size', action='store_const', const=Quick, default=Size,
                        help='less of everything')
    parser.add_argument('--smoke', dest='size', action='store_const', const=Smoke,
                        help='as little as there can be')
    parser.add_argument('--json', metavar='FILE', help='write all values there')
    parser.add_argument('--plot', metavar='FILE', help='draw the ratios there, as SVG')
    parser.add_argument('--check-goals', action='store_true',
                        help='say which goals are met')
    parser.add_argument('--targets', metavar='NAME,...', help='these only')
    parser.add_argument('works', nargs='*', metavar='WORK', help='a part or a work; patterns too')
    return parser.parse_args()


def interrupted(*_):
    raise KeyboardInterrupt


def measure(options):
    names = options.targets.split(',') if options.targets else None
    with Targets(options.shmfuse, names) as targets:
        session = Session(targets, options.tools, options.size(), options.works)
        for part in PARTS:
            session.tidy()
            part.measure(session)
        session.say('')
        if not session.results.rows:
            raise Failed(f'no part and no work is called {" or ".join(options.works)}')
        return session


def publish(session, options):
    report.print_table(session)
    if options.check_goals:
        goals.print_goals(session)
    if options.json:
        report.write_json(session, options.json, report.machine(libfuse_version(options.shmfuse)))
    if options.plot:
        plot.write(session, options.plot)


def main():
    options = arguments()
    # A SIGTERM too must unmount.
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    try:
        session = measure(options)
    except Failed as failed:
        sys.exit(f'bench: {failed}')
    except KeyboardInterrupt:
        sys.exit('bench: interrupted; everything is unmounted')
    try:
        publish(session, options)
    except (Failed, OSError) as failed:
        sys.exit(f'bench: {failed}')


if __name__ == '__main__':
    main()
