# SPDX-License-Identifier: MIT
"""Daemons that nobody asks for anything: all at the same time."""

import time

from . import daemon
from .targets import Failed

PART = 'idle'


def restarted(session):
    """What a daemon has worked before is not idleness."""
    for target in session.targets.working():
        if target.pid is None:
            continue
        try:
            target.restart()
        except Failed:
            continue
        daemon.settle(target)
        yield target


def measure(session):
    if not session.wants(PART, PART):
        return
    session.say(PART)
    targets = list(restarted(session))
    before = {t.name: daemon.wake_ups(t.pid) for t in targets}
    time.sleep(session.size.idle)
    wakes = session.results.row(PART, f'wake-ups in {session.size.idle} s', 'times', False)
    resident = session.results.row(PART, 'resident', 'KiB', False)
    for target in targets:
        wakes.values[target.name] = [daemon.wake_ups(target.pid) - before[target.name]]
        resident.values[target.name] = [daemon.resident_kib(target.pid)]
