# SPDX-License-Identifier: MIT
"""Process-shared mutexes and semaphores of the C library, in memory that some
have mapped through a mount and some natively."""

import ctypes
import mmap
import os

from .mounts import Failed, libc

PTHREAD_PROCESS_SHARED = 1
MUTEX_SIZE = 64  # glibc's has 40 bytes
SEMAPHORE_SIZE = 32


def check(result, call):
    if result != 0:
        raise Failed(f'{call}: {os.strerror(result if result > 0 else ctypes.get_errno())}')


class Mapped:
    """size bytes of a file, as memory."""

    def __init__(self, path, size, oflag=os.O_RDWR):
        fd = os.open(path, oflag, 0o600)
        if oflag & os.O_CREAT:
            os.ftruncate(fd, size)
        self.map = mmap.mmap(fd, size)
        os.close(fd)
        self.bytes = (ctypes.c_char * size).from_buffer(self.map)

    def address(self, off=0):
        return ctypes.c_void_p(ctypes.addressof(self.bytes) + off)

    def word(self, off):
        return ctypes.c_uint64.from_buffer(self.map, off)


class Mutex:
    """A mutex, and a number that it guards."""

    SIZE = 4096

    def __init__(self, path, make=False):
        self.memory = Mapped(path, self.SIZE,
                             os.O_RDWR | (os.O_CREAT | os.O_EXCL if make else 0))
        self.number = self.memory.word(MUTEX_SIZE)
        if make:
            attr = ctypes.create_string_buffer(64)
            libc.pthread_mutexattr_init(attr)
            libc.pthread_mutexattr_setpshared(attr, PTHREAD_PROCESS_SHARED)
            check(libc.pthread_mutex_init(self.memory.address(), attr), 'pthread_mutex_init')

    def add_one(self):
        check(libc.pthread_mutex_lock(self.memory.address()), 'pthread_mutex_lock')
        self.number.value += 1
        check(libc.pthread_mutex_unlock(self.memory.address()), 'pthread_mutex_unlock')


libc.sem_open.restype = ctypes.c_void_p


def semaphore_make(name):
    """Natively: sem_open(3) knows no other way."""
    semaphore = libc.sem_open(name.encode(), os.O_CREAT | os.O_EXCL, 0o600, 0)
    if not semaphore:
        raise Failed(f'sem_open {name}: {os.strerror(ctypes.get_errno())}')
    return ctypes.c_void_p(semaphore)


def semaphore_wait(semaphore):
    while libc.sem_wait(semaphore) != 0:
        if ctypes.get_errno() != 4:
            check(-1, 'sem_wait')


def semaphore_post_at(memory):
    check(libc.sem_post(memory.address()), 'sem_post')
