# SPDX-License-Identifier: MIT
"""What a soak run does at the same time. A work is a function of a scene: it
does its thing in places of its own until the scene's time is over, removes what
it made, and raises where something is not as it must be."""

import errno
import fcntl
import mmap
import os
import random
import shutil
import signal
import struct
import subprocess
import time

from . import shared
from .mounts import SHM, Failed, wait_for


class Scene:
    """Of one work in one round."""

    def __init__(self, soak, name, seed, deadline):
        self.soak = soak
        self.name = name
        self.seed = seed
        self.rng = random.Random(seed)
        self.deadline = deadline
        self.mounts = soak.whole_mounts()  # of all objects
        self.plain = os.path.join(soak.directory, f'plain-{name}')
        self.turns = 0

    def time_is_left(self):
        """Always so the first time that a process asks, however busy the machine."""
        self.turns += 1
        return self.turns == 1 or time.monotonic() < self.deadline

    def shares_memory(self, path):
        """Whether mappings of files in path are the objects' memory."""
        return self.soak.passthrough and not path.startswith(self.soak.mounts['mapped'].path) \
            or path.startswith(SHM)

    def sides(self):
        """A directory of the work's own: on each mount, and natively, each as a prefix
        of paths."""
        return [f'{mount}/{self.name}/' for mount in self.mounts] + [f'{SHM}/{self.name}%']

    def run(self, *command):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors='replace', check=False)
        if done.returncode != 0:
            raise Failed(f'{" ".join(command)}: exit status {done.returncode}: '
                         f'{(done.stdout + done.stderr)[-6000:]}')

    def fork(self, function, *arguments):
        """A process of the work; its exit status is 0 if the function returns."""
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                function(*arguments)
                status = 0
            except BaseException as error:  # pylint: disable=broad-except
                os.write(2, f'{self.name}: {type(error).__name__}: {error}\n'.encode())
            os._exit(status)
        return pid

    def crew(self, count, function):
        pids = [self.fork(function, number, random.Random(f'{self.seed} {number}'))
                for number in range(count)]
        if any([os.waitpid(pid, 0)[1] for pid in pids]):
            raise Failed(f'{self.name}: see the message above')


def differential(scene):
    """In a view, against a tmpfs."""
    view = scene.soak.mounts['view']
    shared_too = ['--shared'] if scene.soak.passthrough else []
    os.mkdir(scene.plain)
    while scene.time_is_left():
        scene.run(scene.soak.tools['differential'], '--seed', str(scene.rng.randrange(1 << 32)),
                  '--calls', '2000', '--no-atime', '--tolerate', 'statfs: numbers', *shared_too,
                  view.path, scene.plain)
    os.rmdir(scene.plain)


def fio(scene):
    """Writes and reads back; by mmap too where it is shared."""
    turns = [(mount, engine) for mount in scene.mounts for engine in ('psync', 'mmap')
             if engine == 'psync' or scene.shares_memory(mount)]
    while scene.time_is_left():
        mount, engine = turns[scene.turns % len(turns)]
        directory = f'{mount}/{scene.name}'
        os.mkdir(directory)
        scene.run('fio', '--name=soak', f'--directory={directory}', '--size=2m', '--bs=4k',
                  '--rw=randwrite', '--verify=crc32c', '--verify_fatal=1', '--fallocate=none',
                  '--verify_state_save=0', '--numjobs=2', f'--ioengine={engine}')
        shutil.rmtree(directory)


def content(scene):
    """Reads, writes, truncations and mappings of one file by all sides at once, beside
    a model of its content."""
    os.mkdir(f'{scene.mounts[0]}/{scene.name}')
    sides = scene.sides()
    files = [os.open(side + 'file', os.O_RDWR | os.O_CREAT, 0o600) for side in sides]
    maps_shared = [scene.shares_memory(side) for side in sides]
    expected = bytearray()

    def write(fd, _):
        off, text = scene.rng.randrange(100000), scene.rng.randbytes(scene.rng.randrange(20000))
        os.pwrite(fd, text, off)
        if text:
            expected.extend(bytes(max(0, off + len(text) - len(expected))))
        expected[off:off + len(text)] = text

    def read(fd, _):
        off, size = scene.rng.randrange(100000), scene.rng.randrange(20000)
        if os.pread(fd, size, off) != expected[off:off + size]:
            raise Failed(f'{scene.name}: {size} bytes at {off} are others')

    def truncate(fd, _):
        size = scene.rng.randrange(120000)
        os.ftruncate(fd, size)
        expected[size:] = bytes(max(0, size - len(expected)))

    def use_map(fd, is_shared):
        if not expected:
            return
        with mmap.mmap(fd, len(expected), mmap.MAP_SHARED if is_shared else mmap.MAP_PRIVATE,
                       mmap.PROT_READ | mmap.PROT_WRITE) as view:
            if view[:] != expected:
                raise Failed(f'{scene.name}: a mapping of the file shows other bytes')
            if is_shared:
                off = scene.rng.randrange(len(expected))
                text = scene.rng.randbytes(min(5000, len(expected) - off))
                view[off:off + len(text)] = text
                expected[off:off + len(text)] = text

    def status(fd, _):
        if os.fstat(fd).st_size != len(expected):
            raise Failed(f'{scene.name}: a size of {os.fstat(fd).st_size} instead of '
                         f'{len(expected)}')

    while scene.time_is_left() or scene.turns < 100:
        side = scene.rng.randrange(len(sides))
        do = scene.rng.choice((write, read, truncate, use_map, status))
        do(files[side], maps_shared[side])
    for fd in files:
        os.close(fd)
    os.unlink(sides[0] + 'file')
    os.rmdir(f'{scene.mounts[0]}/{scene.name}')


def names(scene):
    """A storm of creations, links, renames and removals of a few names."""
    os.mkdir(f'{scene.mounts[0]}/{scene.name}')
    sides = scene.sides()

    def storm(_, rng):
        while scene.time_is_left():
            side = rng.choice(sides)
            one, other = (side + rng.choice('abcdefgh') for _ in range(2))
            try:
                rng.choice((
                    lambda: os.close(os.open(one, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)),
                    lambda: os.close(os.open(one, os.O_RDWR | os.O_CREAT, 0o600)),
                    lambda: os.close(os.open(one, os.O_RDONLY)),
                    lambda: os.link(one, other),
                    lambda: os.rename(one, other),
                    lambda: os.unlink(one),
                    lambda: os.chmod(one, 0o644),
                    lambda: os.truncate(one, 100),
                    lambda: os.lstat(one),
                ))()
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EEXIST):
                    raise

    scene.crew(4, storm)
    for name in os.listdir(f'{scene.mounts[0]}/{scene.name}'):
        os.unlink(f'{scene.mounts[0]}/{scene.name}/{name}')
    os.rmdir(f'{scene.mounts[0]}/{scene.name}')


def directories(scene):
    """Directories with content are made, renamed, listed and removed."""
    top = f'{scene.mounts[0]}/{scene.name}'
    os.mkdir(top)

    def storm(number, rng):
        generation = 0
        mine = f'd{number}-0'
        os.makedirs(f'{top}/{mine}/sub')
        for i in range(20):
            os.close(os.open(f'{top}/{mine}/sub/f{i}', os.O_CREAT | os.O_RDWR, 0o600))
        while scene.time_is_left():
            generation += 1
            new = f'd{number}-{generation}'
            mount = rng.choice(scene.mounts)
            os.rename(f'{mount}/{scene.name}/{mine}', f'{mount}/{scene.name}/{new}')
            mine = new
            found = os.listdir(f'{rng.choice(scene.mounts)}/{scene.name}/{mine}/sub')
            if len(found) != 20:
                raise Failed(f'{scene.name}: {len(found)} names instead of 20')
        shutil.rmtree(f'{top}/{mine}')

    scene.crew(3, storm)
    os.rmdir(top)


def locks(scene):
    """Many count in one file below a lock: the sum must be that of all."""
    os.mkdir(f'{scene.mounts[0]}/{scene.name}')
    os.mkdir(scene.plain)
    sides = scene.sides()
    kinds = {'flock': (lambda fd: fcntl.flock(fd, fcntl.LOCK_EX),
                       lambda fd: fcntl.flock(fd, fcntl.LOCK_UN)),
             'record': (lambda fd: fcntl.lockf(fd, fcntl.LOCK_EX),
                        lambda fd: fcntl.lockf(fd, fcntl.LOCK_UN))}
    for kind in kinds:
        with open(sides[-1] + kind, 'wb') as file:
            file.write(bytes(8))

    def count(number, rng):
        done = dict.fromkeys(kinds, 0)
        while scene.time_is_left():
            kind = rng.choice(list(kinds))
            fd = os.open(rng.choice(sides) + kind, os.O_RDWR)
            for _ in range(rng.randrange(1, 20)):
                kinds[kind][0](fd)
                value, = struct.unpack('q', os.pread(fd, 8, 0))
                os.pwrite(fd, struct.pack('q', value + 1), 0)
                done[kind] += 1
                if rng.random() < 0.9:
                    kinds[kind][1](fd)
            os.close(fd)
        with open(f'{scene.plain}/{number}', 'w', encoding='ascii') as file:
            file.write(f'{done["flock"]} {done["record"]}')

    scene.crew(6, count)
    sums = [0, 0]
    for name in os.listdir(scene.plain):
        with open(f'{scene.plain}/{name}', encoding='ascii') as file:
            sums = [a + int(b) for a, b in zip(sums, file.read().split())]
    for kind, total in zip(kinds, sums):
        with open(sides[-1] + kind, 'rb') as file:
            value, = struct.unpack('q', file.read())
        if value != total:
            raise Failed(f'{scene.name}: {kind}: {value} instead of {total}')
        os.unlink(sides[0] + kind)
    os.rmdir(f'{scene.mounts[0]}/{scene.name}')
    shutil.rmtree(scene.plain)


def trees(scene):
    """cp, rsync, diff and rm of a tree."""
    source = f'{scene.plain}/source'
    for number in range(40):
        os.makedirs(f'{source}/{number % 4}/{number % 3}', exist_ok=True)
        with open(f'{source}/{number % 4}/{number % 3}/{number}', 'wb') as file:
            file.write(scene.rng.randbytes(scene.rng.randrange(20000)))
    while scene.time_is_left():
        here, there = (f'{scene.rng.choice(scene.mounts)}/{scene.name}-{i}' for i in range(2))
        scene.run('cp', '-a', source, here)
        scene.run('diff', '-r', source, here)
        scene.run('rsync', '-a', f'{here}/', there)
        scene.run('diff', '-r', source, there)
        scene.run('rm', '-r', here, there)
    shutil.rmtree(scene.plain)


def listings(scene):
    """What is there all the time is in each listing, once, whatever else comes and goes."""
    top = f'{scene.mounts[0]}/{scene.name}'
    os.mkdir(top)
    kept = {f'kept{i}' for i in range(100)}
    for name in kept:
        os.close(os.open(f'{top}/{name}', os.O_CREAT | os.O_RDWR, 0o600))

    def come_and_go(rng):
        while scene.time_is_left():
            path = f'{rng.choice(scene.sides())}gone{rng.randrange(50)}'
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            os.unlink(path)

    def look(number, rng):
        if number == 0:
            return come_and_go(rng)
        while scene.time_is_left():
            found = os.listdir(f'{rng.choice(scene.mounts)}/{scene.name}')
            if len(found) != len(set(found)) or not kept <= set(found):
                raise Failed(f'{scene.name}: a listing lacks a name, or has it twice')
        return None

    scene.crew(3, look)
    shutil.rmtree(top)


def quota(scene):
    """A mount of 8 MiB is filled to its end, again and again."""
    top = f'{scene.soak.mounts["quota"].path}/{scene.name}'
    while scene.time_is_left():
        os.mkdir(top)
        written = 0
        try:
            for number in range(1000):
                fd = os.open(f'{top}/{number}', os.O_CREAT | os.O_RDWR, 0o600)
                try:
                    written += os.write(fd, bytes(100000))
                finally:
                    os.close(fd)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        if not 7 << 20 < written <= 8 << 20:
            raise Failed(f'{scene.name}: {written} bytes fit')
        shutil.rmtree(top)


def mutexes(scene):
    """A mutex and what it guards, mapped by two mounts (where they share memory) and natively."""
    os.mkdir(f'{scene.mounts[0]}/{scene.name}')
    sides = [side for side in scene.sides() if scene.shares_memory(side)]
    shared.Mutex(sides[-1] + 'mutex', make=True)
    turns = 20000

    def count(number, _):
        mutex = shared.Mutex(sides[number % len(sides)] + 'mutex')
        for _ in range(turns):
            mutex.add_one()

    while scene.time_is_left():
        mutex = shared.Mutex(sides[-1] + 'mutex')
        before = mutex.number.value
        scene.crew(4, count)
        if mutex.number.value != before + 4 * turns:
            raise Failed(f'{scene.name}: {mutex.number.value - before} instead of {4 * turns}')
    os.unlink(sides[-1] + 'mutex')
    os.rmdir(f'{scene.mounts[0]}/{scene.name}')


def semaphores(scene):
    """One waits for a native semaphore, another posts it in the memory of the mount's file."""
    native = f'/{scene.name}'
    semaphore = shared.semaphore_make(native)
    path = f'{scene.mounts[0] if scene.soak.passthrough else SHM}/sem.{scene.name}'

    def wait_or_post(number, _):
        memory = shared.Mapped(path, shared.SEMAPHORE_SIZE) if number else None
        for _ in range(2000):
            if number:
                shared.semaphore_post_at(memory)
            else:
                shared.semaphore_wait(semaphore)

    while scene.time_is_left():
        scene.crew(2, wait_or_post)
    shared.libc.sem_close(semaphore)
    os.unlink(path)


def killed(scene):
    """Clients are killed in the midst of locks, waits, writes and renames: what they
    had is free, and nobody else notices."""
    os.mkdir(f'{scene.mounts[0]}/{scene.name}')
    side = f'{scene.rng.choice(scene.mounts)}/{scene.name}/'

    def live(number, rng):
        while True:
            fd = os.open(f'{side}file{rng.randrange(3)}', os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.lockf(fd, fcntl.LOCK_EX)
            os.pwrite(fd, bytes(5000), rng.randrange(100000))
            os.listdir(side)
            os.open(side, os.O_TMPFILE | os.O_RDWR, 0o600)
            os.rename(f'{side}file{rng.randrange(3)}', f'{side}other{number}')
            if rng.random() < 0.5:
                os.close(fd)

    def victim(number, rng):
        while True:
            try:
                live(number, rng)
            except FileNotFoundError:
                pass

    while scene.time_is_left():
        pids = [scene.fork(victim, number, random.Random(scene.rng.random()))
                for number in range(4)]
        time.sleep(scene.rng.random() / 10)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            if os.waitpid(pid, 0)[1] != signal.SIGKILL:
                raise Failed(f'{scene.name}: see the message above')

    for name in os.listdir(side):
        fd = os.open(side + name, os.O_RDWR)
        wait_for(lambda fd=fd: is_lockable(fd), f'the lock of a killed client on {name}')
        os.close(fd)
        os.unlink(side + name)
    os.rmdir(side)


def is_lockable(fd):
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


ALL = (differential, fio, content, names, directories, locks, trees, listings, quota, mutexes,
       semaphores, killed)
