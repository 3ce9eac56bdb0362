# SPDX-License-Identifier: MIT
"""Mapped memory: page faults, loads and stores, and a futex between the
target and the native name."""

from .targets import SHM

PART = 'memory'
WORKS = {
    'write-fault': 'pages/s',
    'read-fault': 'pages/s',
    'map': '/s',
    'load': 'B/s',
    'store': 'B/s',
    'ping-pong': 'round trips/s',
}


def measure_work(session, work):
    def once(target):
        files = [target.child('memory')]
        if work == 'ping-pong':
            files.insert(0, f'{SHM}/memory')
        done = session.tool('memory', '-m', session.size.memory_mib, '-s', session.size.slice,
                            work, *files)
        return done['count'] / done['seconds']

    row = session.results.row(PART, work, WORKS[work])
    targets = session.targets.working()
    for target in targets:
        reason = session.why_no_mmap(target)
        if reason:
            row.reasons[target.name] = reason
    session.interleaved(row, session.size.rounds, targets, once)


def measure(session):
    for work in WORKS:
        if session.wants(PART, work):
            session.say(f'{PART}: {work}')
            measure_work(session, work)
