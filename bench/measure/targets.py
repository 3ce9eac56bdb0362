# SPDX-License-Identifier: MIT
"""What is measured: each target is a directory over the same objects."""

import errno
import mmap
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

SHM = '/dev/shm'
URING_SWITCH = '/sys/module/fuse/parameters/enable_uring'
# The daemon and a mount have so long to come and to go.
PATIENCE = 10


class Failed(Exception):
    """It cannot be measured; the text says why, for the foot of the table."""


def run(*command, timeout=600, **options):
    """The output of a command; Failed with its last line where it failed."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, check=False, **options)
    except FileNotFoundError as error:
        raise Failed(f'{command[0]} is not installed') from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f'{os.path.basename(command[0])} did not end') from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Failed(lines[-1] if lines else f'{command[0]}: exit status {done.returncode}')
    return done.stdout


def wait_until(condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class Target:
    """The shm file system itself; and what the mounts of it have in common."""

    name = 'native'
    separator = '/'  # between a directory and its objects, natively
    pid = None       # of the daemon
    path = SHM
    reason = None    # why it is missing

    def start(self):
        pass

    def stop(self):
        pass

    def restart(self):
        """As after a start: nothing known, nothing left of earlier work."""
        self.stop()
        try:
            self.start()
        except Failed as failed:
            self.reason = str(failed)
            raise

    def child(self, name):
        return os.path.join(self.path, name)

    def native_prefix(self, directory):
        """What stands natively before the objects of a directory of the target."""
        return directory + self.separator

    def cpu_seconds(self):
        """The CPU time of the daemon, exact: the clock of another process, as
        clock_getcpuclockid(3) makes it."""
        if self.pid is None:
            return None
        return time.clock_gettime((~self.pid << 3) | 2)

    def why_no_mmap(self):
        """None where shared mappings work."""
        path = self.child('mmap-probe')
        with open(path, 'w+b') as file:
            try:
                file.truncate(mmap.PAGESIZE)
                mmap.mmap(file.fileno(), mmap.PAGESIZE).close()
                return None
            except OSError as error:
                return f'shared mappings: {errno.errorcode[error.errno]}'
            finally:
                os.unlink(path)


class Mount(Target):
    """A FUSE mount with a daemon of its own, in the foreground: so its process
    is ours to see and to end."""

    def __init__(self, name, command, options=()):
        self.name = name
        self.command = command
        self.options = options
        self.process = None
        self.errors = None

    def arguments(self):
        raise NotImplementedError

    def start(self):
        self.path = tempfile.mkdtemp(prefix='shmfuse-bench-')
        # Not a pipe: nobody reads it while the daemon works.
        self.errors = tempfile.TemporaryFile(mode='w+')
        if not shutil.which(self.command):
            self.stop()
            raise Failed(f'there is no program {self.command}')
        # It ends with us, even if we are killed.
        command = ['setpriv', '--pdeathsig', 'TERM', *self.arguments()]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.errors)
        if not wait_until(lambda: self.process.poll() is not None or os.path.ismount(self.path)) \
                or self.process.poll() is not None:
            reason = self.last_error()
            self.stop()
            raise Failed(reason)
        self.pid = self.process.pid

    def last_error(self):
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        return lines[-1] if lines else 'it did not mount'

    def stop(self):
        if self.process and self.process.poll() is None:
            # Lazily: what still works in the mount must not keep it.
            subprocess.run(['umount', '-l', self.path], stderr=subprocess.DEVNULL, check=False)
            self.end_process()
        self.process = self.pid = None
        if self.errors:
            self.errors.close()
            self.errors = None
        if os.path.isdir(self.path) and not os.path.ismount(self.path) and self.path != SHM:
            os.rmdir(self.path)
            self.path = SHM

    def end_process(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                self.process.wait(PATIENCE)
                return
            except subprocess.TimeoutExpired:
                self.process.send_signal(number)
        self.process.wait()


class Shmfuse(Mount):
    separator = '%'
    transport = 'off'

    def knows_uring(self):
        return 'io_uring' in run(self.command, '--help')

    def arguments(self):
        options = list(self.options)
        if self.knows_uring():
            # Never what it would choose by itself: that depends on the machine.
            options.append(f'io_uring={self.transport}')
        return [self.command, '-f', '-o', ','.join(options), self.path]


class Uring(Shmfuse):
    """Needs a switch of the kernel, which is put back."""

    transport = 'on'
    before = None

    def start(self):
        if not self.knows_uring():
            raise Failed('this shmfuse has no option io_uring')
        try:
            with open(URING_SWITCH, encoding='ascii') as file:
                before = file.read().strip()
        except OSError as error:
            raise Failed('the kernel has no FUSE over io_uring') from error
        if before != 'Y':
            self.switch('Y')
            self.before = before
        super().start()

    def stop(self):
        super().stop()
        if self.before is not None:
            self.switch(self.before)
            self.before = None

    @staticmethod
    def switch(value):
        try:
            with open(URING_SWITCH, 'w', encoding='ascii') as file:
                file.write(value)
        except OSError as error:
            raise Failed(f'fuse.enable_uring cannot be set: {error.strerror}') from error


class Bindfs(Mount):
    def arguments(self):
        options = ['-o', ','.join(self.options)] if self.options else []
        return [self.command, '-f', *options, SHM, self.path]


def all_targets(shmfuse):
    """In the order of the columns."""
    return [
        Target(),
        Shmfuse('passthrough', shmfuse, ('data=passthrough',)),
        Shmfuse('mapped', shmfuse, ('data=mapped',)),
        Uring('io_uring', shmfuse, ('data=passthrough',)),
        Shmfuse('ac', shmfuse, ('data=passthrough', 'ac')),
        Uring('io_uring-ac', shmfuse, ('data=passthrough', 'ac')),
        Bindfs('bindfs', 'bindfs'),
        # As coherent as bindfs gets: alike is compared with alike.
        Bindfs('bindfs-strict', 'bindfs',
               ('attr_timeout=0', 'entry_timeout=0', 'negative_timeout=0', 'direct_io')),
    ]


# Worth a look where names are looked at; measured if they are named.
ONLY_NAMED = ('ac', 'io_uring-ac')


class Targets:
    """All that can be had, started; stopped at the end, whatever happens."""

    def __init__(self, shmfuse, names=None):
        self.all = [t for t in all_targets(shmfuse)
                    if (t.name not in ONLY_NAMED if names is None else t.name in names)]

    def __enter__(self):
        try:
            for target in self.all:
                try:
                    target.start()
                except Failed as failed:
                    target.reason = str(failed)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for target in reversed(self.all):
            target.stop()

    def working(self):
        return [t for t in self.all if t.reason is None]

    def named(self, name):
        return next((t for t in self.working() if t.name == name), None)

    def missing(self):
        return {t.name: t.reason for t in self.all if t.reason}


def libfuse_version(shmfuse):
    found = re.search(r'libfuse\D*([\d.]+)', run(shmfuse, '--version'))
    return found[1] if found else 'unknown'
