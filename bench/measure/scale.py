# SPDX-License-Identifier: MIT
"""Up to a million objects in the top level: what listing and looking up cost
each, and what the daemon needs to know them all."""


from . import daemon
from .targets import SHM, Failed

PART = 'scale'
TARGETS = ('native', 'passthrough', 'io_uring', 'bindfs')
# tmpfs and FUSE both have an inode and a directory entry for each.
BYTES_PER_OBJECT = 4000


def memory_is_enough(count):
    available = daemon.of_status('/proc/meminfo', 'MemAvailable') * 1024
    return available > count * BYTES_PER_OBJECT


class Scale:
    def __init__(self, session):
        self.session = session
        self.empty = {}  # target -> resident KiB without objects

    def put(self, work, count, unit, target, value):
        row = self.session.results.row(PART, f'{work}, {count} objects', unit,
                                       more_is_better=False)
        row.values.setdefault(target.name, []).append(value)

    def times(self, target, count):
        listed = self.session.tool('objects', 'list', target.path)
        if listed['count'] != count:
            raise Failed(f'{listed["count"]} of {count} objects listed')
        self.put('list', count, 'us each', target, listed['seconds'] / count * 1e6)
        known = self.session.tool('objects', 'stat', target.path, 'o', count)
        self.put('look up', count, 'us each', target, known['seconds'] / count * 1e6)

    def memory(self, target, count):
        daemon.settle(target)
        resident = daemon.resident_kib(target.pid)
        self.put('resident', count, 'KiB', target, resident)
        self.put('proportional', count, 'KiB', target, daemon.proportional_kib(target.pid))
        self.put('descriptors', count, 'open', target, daemon.descriptors(target.pid))
        if count == 0:
            self.empty[target.name] = resident
        elif target.name in self.empty:
            more = max(resident - self.empty[target.name], 0)
            self.put('daemon', count, 'bytes each', target, more * 1024 / count)

    def after_forget(self, target, count):
        with open('/proc/sys/vm/drop_caches', 'w', encoding='ascii') as file:
            file.write('2')
        daemon.settle(target)
        self.put('after FORGET', count, 'KiB', target, daemon.resident_kib(target.pid))

    def one(self, target, count):
        # A daemon of its own for each: what it had before would count.
        target.restart()
        if count:
            self.times(target, count)
        if target.pid is not None:
            self.memory(target, count)
            if count:
                self.after_forget(target, count)

    def all(self):
        have = 0
        for count in self.session.size.scale:
            if not memory_is_enough(count):
                self.session.results.row(PART, f'list, {count} objects', 'us each', False) \
                    .reasons['all targets'] = 'too little memory'
                return
            if have:
                self.session.tool('objects', 'remove', SHM, 'o', have)
            self.session.tool('objects', 'make', SHM, 'o', count)
            have = count
            for target in self.session.targets.working():
                if target.name in TARGETS:
                    self.session.say(f'{PART}: {count} objects, {target.name}')
                    self.guarded(target, count)

    def guarded(self, target, count):
        try:
            self.one(target, count)
        except (Failed, OSError) as error:
            row = self.session.results.row(PART, f'look up, {count} objects', 'us each', False)
            row.reasons[target.name] = str(error)


def measure(session):
    if session.wants(PART, PART):
        Scale(session).all()
