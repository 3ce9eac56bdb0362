# SPDX-License-Identifier: MIT
"""The usual tools on one directory with many objects."""

import os
import subprocess
import time

from .session import in_turn
from .targets import SHM, Failed

PART = 'tree'
# mapped is the same as passthrough where there is no data.
TARGETS = ('native', 'passthrough', 'io_uring', 'bindfs')
# The first finds what the kernel has not looked up yet.
COMMANDS = {
    'ls -l': ('ls', '-l'),
    'find': ('find',),
    'du': ('du', '-s'),
    'readdir + stat': None,  # a tool of ours
    'rm -r': ('rm', '-r'),
}


def timed(command, path):
    start = time.monotonic()
    done = subprocess.run([*command, path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, env=dict(os.environ, LC_ALL='C'),
                          check=False, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr.strip().splitlines()[0] if done.stderr else command[0])
    return time.monotonic() - start


def one_tree(session, target, rows):
    directory = target.child('tree')
    os.mkdir(directory)
    session.tool('objects', 'make', SHM, target.native_prefix('tree') + 'o', session.size.tree)
    for name, command in COMMANDS.items():
        if name not in rows and name != 'rm -r':
            continue
        if command:
            seconds = timed(command, directory)
        else:
            seconds = session.tool('objects', 'walk', directory)['seconds']
        if name in rows:
            rows[name].values.setdefault(target.name, []).append(seconds)


def measure(session):
    part = f'{PART}, {session.size.tree} objects'
    rows = {name: session.results.row(part, name, 's', more_is_better=False)
            for name in COMMANDS if session.wants(part, name)}
    if not rows:
        return
    targets = [t for t in session.targets.working() if t.name in TARGETS]
    for number in range(session.size.tree_rounds):
        for target in in_turn(targets, number):
            session.say(f'{part}: {target.name}')
            try:
                one_tree(session, target, rows)
            except (Failed, OSError) as error:
                for row in rows.values():
                    row.reasons[target.name] = str(error)
                session.tidy()
