#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""storm.py MINE THEIRS DIRECTORY

Makes, links, renames and removes objects whose names begin with MINE, while the
other side does the same with THEIRS. Nothing of theirs may be seen or reached, by
whatever name; DIRECTORY is the name of their directory on the machine.
"""

import os
import random
import signal
import sys

SHM = '/dev/shm/'
CHANGES = 3000
SECONDS = 40


def attempts(theirs, directory, n):
    """Names by which one might think to reach the other side's objects."""
    name = f'{theirs}{n}'
    yield from (name, f'{directory}/{name}', f'../{directory}/{name}', f'{directory}%',
                f'{directory}%{name}', f'%{name}', f'../shm/../{name}')


def may_not_exist(path):
    for call in (os.stat, os.unlink, lambda p: os.open(p, os.O_RDWR), os.listdir,
                 lambda p: os.link(p, SHM + 'caught')):
        try:
            call(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        sys.exit(f'{path} is there')


def change(rng, mine):
    paths = [f'{SHM}{mine}{rng.randrange(50)}' for _ in range(2)]
    call = rng.choice((
        lambda a, b: os.close(os.open(a, os.O_RDWR | os.O_CREAT, 0o666)),
        lambda a, b: os.close(os.open(a, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)),
        os.link, os.rename, lambda a, b: os.unlink(a)))
    try:
        call(*paths)
    except (FileNotFoundError, FileExistsError):
        pass


def look(rng, mine, theirs, directory):
    for name in os.listdir(SHM):
        if not name.startswith(mine):
            sys.exit(f'{name} is listed')
    for name in attempts(theirs, directory, rng.randrange(50)):
        may_not_exist(SHM + name)


def main():
    mine, theirs, directory = sys.argv[1:]
    signal.alarm(SECONDS)
    rng = random.Random(mine)
    for n in range(CHANGES):
        change(rng, mine)
        if n % 20 == 0:
            look(rng, mine, theirs, directory)
    for name in os.listdir(SHM):
        os.unlink(SHM + name)


if __name__ == '__main__':
    main()
