# SPDX-License-Identifier: MIT
"""The mounts of a soak run, and what /proc tells of their daemons."""

import ctypes
import os
import re
import subprocess
import time

SHM = '/dev/shm'
MS_NOSUID, MS_NODEV, MS_REMOUNT = 2, 4, 32

libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """Something is not as it must be: a line for the summary."""


def wait_for(condition, what, patience=60):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f'waited in vain: {what}')
        time.sleep(0.02)


def field(path, key):
    with open(path, encoding='ascii', errors='replace') as file:
        found = re.search(rf'^{key}:\s+(\d+)', file.read(), re.M)
    return int(found[1]) if found else 0


class Mount:
    """One daemon in the foreground, and its mount."""

    def __init__(self, shmfuse, path, options):
        self.path = path
        self.name = os.path.basename(path)
        self.samples = []
        self.said = open(path + '.said', 'w+', encoding='utf-8', errors='replace')
        os.mkdir(path)
        self.daemon = subprocess.Popen(
            [shmfuse, '-f', '-o', options, path], stdin=subprocess.DEVNULL,
            stdout=self.said, stderr=self.said)
        wait_for(lambda: os.path.ismount(path) or self.daemon.poll() is not None, f'{path} mounted')
        if self.daemon.poll() is not None:
            raise Failed(f'shmfuse -o {options}: {self.words()}')

    def words(self):
        self.said.seek(0)
        return self.said.read().strip()

    def check_alive(self):
        if self.daemon.poll() is not None:
            raise Failed(f'{self.name}: the daemon ended with {self.daemon.returncode}: '
                         f'{self.words()}')

    def forget(self):
        """A remount changes nothing, but has the kernel drop the entries of this
        file system alone (shrink_dcache_sb() in its reconfigure_super())."""
        flags = MS_REMOUNT | MS_NOSUID | MS_NODEV
        if libc.mount(None, self.path.encode(), None, ctypes.c_ulong(flags), None) != 0:
            raise Failed(f'{self.name}: remount: {os.strerror(ctypes.get_errno())}')

    def cpu_ticks(self):
        with open(f'/proc/{self.daemon.pid}/stat', encoding='ascii') as file:
            words = file.read().rpartition(')')[2].split()
        return int(words[11]) + int(words[12])

    def settle(self):
        """Until it has nothing to do: FORGETs come late, objects are held for a second."""
        quiet_since, before = time.monotonic(), self.cpu_ticks()
        deadline = quiet_since + 60
        while time.monotonic() - quiet_since < 1.5 and time.monotonic() < deadline:
            time.sleep(0.1)
            now = self.cpu_ticks()
            if now != before:
                quiet_since, before = time.monotonic(), now

    def sample(self):
        """At a quiet point."""
        self.check_alive()
        self.forget()
        self.settle()
        pid = self.daemon.pid
        self.samples.append({
            'rss': field(f'/proc/{pid}/status', 'VmRSS'),
            'pss': field(f'/proc/{pid}/smaps_rollup', 'Pss'),
            'descriptors': len(os.listdir(f'/proc/{pid}/fd')),
            'threads': field(f'/proc/{pid}/status', 'Threads'),
        })
        return self.samples[-1]

    # The first one, one for SIGUSR1, and up to ten workers, which are made as they are
    # needed, and kept. Waits for locks, and what is held for a second, have threads of
    # their own meanwhile.
    MOST_THREADS = 12
    # KiB. The allocator keeps some of what it had.
    MARGIN = 1024
    FEWEST_ROUNDS = 6

    def check_rest(self):
        """What a daemon without work must be back to at once."""
        first, last = self.samples[0], self.samples[-1]
        if last['descriptors'] > first['descriptors']:
            raise Failed(f'{self.name}: {last["descriptors"]} descriptors; there were '
                         f'{first["descriptors"]} at the start')
        if last['threads'] > self.MOST_THREADS:
            raise Failed(f'{self.name}: {last["threads"]} threads')

    def growth(self):
        """Where the memory after each of the last rounds is more than after any of the
        first, but for the very first."""
        samples = self.samples[2:]
        third = len(samples) // 3
        if len(samples) < self.FEWEST_ROUNDS:
            return
        for key in ('rss', 'pss'):
            first = max(sample[key] for sample in samples[:third])
            last = min(sample[key] for sample in samples[-third:])
            if last > first + self.MARGIN:
                yield f'{self.name}: {key} grew from {first} to {last} KiB'

    def end(self):
        subprocess.run(['umount', self.path], check=True)
        try:
            status = self.daemon.wait(60)
        except subprocess.TimeoutExpired:
            raise Failed(f'{self.name}: the daemon does not end') from None
        if status != 0 or self.words():
            raise Failed(f'{self.name}: the daemon ended with {status} and said: {self.words()}')

    def kill(self):
        """After a failure."""
        if self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
