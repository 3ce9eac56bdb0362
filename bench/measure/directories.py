# SPDX-License-Identifier: MIT
"""Many directories with many objects each: does listing one cost a look at all?"""

import os
import time

from .targets import SHM, Failed

PART = 'directories'
TARGETS = ('native', 'passthrough', 'bindfs')
# Listing them all may take very long; then it is projected from some.
SECONDS = 10


def make(session, target, directories, objects):
    for number in range(directories):
        name = f'd{number}'
        os.mkdir(target.child(name))
        session.tool('objects', 'make', SHM, target.native_prefix(name) + 'o', objects)


def small_directory(target):
    os.mkdir(target.child('small'))
    with open(target.child('small/one'), 'wb'):
        pass


def list_times(target, names):
    """Of the names, as many as there is time for, and one at least."""
    times = []
    end = time.monotonic() + SECONDS
    for name in names:
        start = time.monotonic()
        os.listdir(target.child(name))
        times.append(time.monotonic() - start)
        if time.monotonic() > end:
            break
    return times


def one(session, target, directories, objects):
    def put(work, unit, value):
        row = session.results.row(f'{PART}, {directories} of {objects} objects', work, unit, False)
        row.values.setdefault(target.name, []).append(value)

    make(session, target, directories, objects)
    times = list_times(target, [f'd{number}' for number in range(directories)])
    put('list all', 's', sum(times) * directories / len(times))
    small_directory(target)
    times = list_times(target, ['small'] * 20)
    put('list one of a single object', 'ms', sorted(times)[len(times) // 2] * 1000)
    start = time.monotonic()
    os.stat(target.child(f'd{directories - 1}/o0000000'))
    put('stat one object', 'ms', (time.monotonic() - start) * 1000)


def measure(session):
    directories, objects = session.size.many
    if not session.wants(PART, PART):
        return
    for target in session.targets.working():
        if target.name not in TARGETS:
            continue
        session.say(f'{PART}: {target.name}')
        try:
            one(session, target, directories, objects)
        except (Failed, OSError) as error:
            session.results.row(f'{PART}, {directories} of {objects} objects', 'list all', 's',
                                False).reasons[target.name] = str(error)
        session.tidy()
