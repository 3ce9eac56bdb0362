# SPDX-License-Identifier: MIT
"""Calls on names, by one process and by four; and what they cost the daemon."""

from .targets import SHM

PART = 'metadata'
CPU = 'daemon CPU'
WORKS = ('create', 'stat-hot', 'stat-cold', 'stat-below', 'miss', 'open', 'open-below', 'chmod',
         'readdir', 'readdir-stat', 'rename', 'unlink', 'mkdir', 'rmdir')
DIRECTORIES = ('mkdir', 'rmdir')
# These make what they need through the daemon, at its cost.
PREPARED_BY_DAEMON = ('stat-below', 'open-below', 'rmdir')
PROCESSES = (1, 4)


def part_name(processes):
    return f'{PART}, {processes} process' + ('es' if processes > 1 else '')


def names_for(session, work, processes):
    if work in DIRECTORIES:
        return session.size.directories // processes
    if work.startswith('readdir'):
        # Short, since a listing is begun in time but never cut off.
        return session.size.entries // processes
    return session.size.names


class Caller:
    """One work with a number of processes, and the CPU time that went with it."""

    def __init__(self, session, work, processes):
        self.session = session
        self.work = work
        self.processes = processes
        self.spent = {}  # target -> [calls, CPU seconds of the daemon]

    def __call__(self, target):
        before = target.cpu_seconds()
        done = self.session.tool(
            'calls', '-p', self.processes, '-n', names_for(self.session, self.work, self.processes),
            '-s', self.session.size.slice, '-N', SHM, self.work, target.path)
        if before is not None:
            spent = self.spent.setdefault(target.name, [0, 0.0])
            spent[0] += done['calls']
            spent[1] += target.cpu_seconds() - before
        return done['calls'] / done['seconds']

    def record_cpu(self):
        if self.work in PREPARED_BY_DAEMON or not self.spent:
            return
        row = self.session.results.row(CPU, f'{self.work}, {self.processes}',
                                       's per million calls', more_is_better=False)
        for name, (calls, seconds) in self.spent.items():
            row.values[name] = [seconds / calls * 1e6]


def measure(session):
    for processes in PROCESSES:
        part = part_name(processes)
        for work in WORKS:
            if not session.wants(part, work):
                continue
            session.say(f'{part}: {work}')
            caller = Caller(session, work, processes)
            unit = 'entries/s' if work.startswith('readdir') else '/s'
            row = session.results.row(part, work, unit)
            session.interleaved(row, session.size.rounds, session.targets.working(), caller)
            caller.record_cpu()
