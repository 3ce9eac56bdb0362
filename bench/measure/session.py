# SPDX-License-Identifier: MIT
"""What all parts of the benchmark share: targets, tools, sizes, results."""

import fnmatch
import json
import os
import sys

from .results import Results
from .targets import SHM, Failed, run


class Size:
    """How much is measured: below half an hour of it."""

    rounds = 5
    slice = 0.2                # seconds of one target in one round
    names = 10000              # of each process
    directories = 2000
    entries = 1000             # of a directory that is listed
    fio_rounds = 3
    fio_slice = 0.25
    fio_mib = 32               # of each job
    fio_all = True             # else a few of the cases
    memory_mib = 64
    tree = 100000
    tree_rounds = 2
    scale = (0, 10000, 100000, 1000000)
    many = (1000, 1000)        # directories, and objects in each
    idle = 10                  # seconds

    def as_json(self):
        return {name: getattr(self, name) for name in dir(Size)
                if not name.startswith('_') and name != 'as_json'}


class Quick(Size):
    """Enough for a look."""

    rounds = 2
    slice = 0.1
    names = 1000
    directories = 300
    fio_rounds = 1
    fio_slice = 0.15
    fio_all = False
    memory_mib = 16
    tree = 5000
    tree_rounds = 1
    scale = (0, 10000)
    many = (20, 1000)
    idle = 2


class Smoke(Quick):
    """Enough to see that it works."""

    rounds = 1
    slice = 0.01
    names = 20
    directories = 20
    entries = 20
    fio_rounds = 1
    fio_slice = 0.05
    fio_mib = 1
    memory_mib = 1
    tree = 50
    scale = (0, 200)
    many = (2, 20)
    idle = 0.2


def in_turn(targets, number):
    """Another order each round: who is first meets other caches."""
    first = number % len(targets) if targets else 0
    turned = targets[first:] + targets[:first]
    return turned[::-1] if number % 2 else turned


class Session:
    def __init__(self, targets, tools, size, wanted):
        self.targets = targets
        self.tools = tools
        self.size = size
        self.wanted = wanted
        self.results = Results()
        # Others at work on the machine are part of the result.
        self.load_before = os.getloadavg()[0]
        self.mmap_reasons = {}  # target -> why it has no shared mappings, or None

    def why_no_mmap(self, target):
        if target.name not in self.mmap_reasons:
            self.mmap_reasons[target.name] = target.why_no_mmap()
        return self.mmap_reasons[target.name]

    def wants(self, part, work):
        """Parts and works may be asked for by name or by pattern."""
        return not self.wanted or any(
            fnmatch.fnmatch(name, pattern)
            for pattern in self.wanted for name in (part, part.split(',')[0], work))

    def tool(self, name, *arguments):
        """The JSON that one of our programs prints."""
        return json.loads(run(os.path.join(self.tools, name), *map(str, arguments)))

    def interleaved(self, row, rounds, targets, measure):
        """measure(target) of each target in turn, so that the noise of the
        machine meets all alike."""
        for number in range(rounds):
            for target in in_turn(targets, number):
                if target.name in row.reasons:
                    continue
                try:
                    value = measure(target)
                except Failed as failed:
                    row.reasons[target.name] = str(failed)
                    continue
                row.values.setdefault(target.name, []).append(value)

    def say(self, text):
        """What is being done now; the table comes at the end."""
        if sys.stderr.isatty():
            sys.stderr.write(f'\r\033[K{text}')
            sys.stderr.flush()

    @staticmethod
    def tidy():
        """Each part begins without objects, whatever the one before has left."""
        for entry in list(os.scandir(SHM)):
            if entry.is_dir(follow_symlinks=False):
                run('rm', '-rf', entry.path)
            else:
                os.unlink(entry.path)
