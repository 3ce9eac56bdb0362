# SPDX-License-Identifier: MIT
"""What /proc tells of a daemon."""

import glob
import os
import re
import time


def of_status(path, key):
    with open(path, encoding='ascii', errors='replace') as file:
        found = re.search(rf'^{key}:\s+(\d+)', file.read(), re.M)
    return int(found[1]) if found else 0


def resident_kib(pid):
    return of_status(f'/proc/{pid}/status', 'VmRSS')


def proportional_kib(pid):
    return of_status(f'/proc/{pid}/smaps_rollup', 'Pss')


def descriptors(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))


def wake_ups(pid):
    """How often any of its threads has run. Those that ended are not counted."""
    total = 0
    for path in glob.glob(f'/proc/{pid}/task/*/status'):
        try:
            total += of_status(path, 'voluntary_ctxt_switches')
            total += of_status(path, 'nonvoluntary_ctxt_switches')
        except OSError:
            continue
    return total


def settle(target, quiet=0.3, patience=60):
    """Until the daemon has nothing to do any more: FORGETs come late."""
    deadline = time.monotonic() + patience
    before = target.cpu_seconds()
    while time.monotonic() < deadline:
        time.sleep(quiet)
        now = target.cpu_seconds()
        if now - before < quiet / 100:
            return
        before = now
