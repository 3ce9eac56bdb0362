#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""peer.py first|second PREFIX

Two processes that meet in a multiprocessing.shared_memory block and share a
multiprocessing.Lock. The lock goes the way in which multiprocessing hands one to
a spawned process: by the name of its semaphore. Each has workers of its own, too.
"""

import multiprocessing
import signal
import sys
import time
from multiprocessing import resource_tracker, shared_memory, synchronize

ADDITIONS = 2000
WORKERS = 2
SIZE = 1 << 20
SECONDS = 40


def number(block, at):
    return int.from_bytes(block.buf[at:at + 8], 'little')


def put_number(block, at, value):
    block.buf[at:at + 8] = value.to_bytes(8, 'little')


def add(block, lock):
    for _ in range(ADDITIONS):
        with lock:
            put_number(block, 0, number(block, 0) + 1)


def worker(name, lock):
    block = shared_memory.SharedMemory(name)
    add(block, lock)
    block.close()


def block_of_other(name):
    while True:
        try:
            return shared_memory.SharedMemory(name)
        except (FileNotFoundError, ValueError):  # ValueError: no size yet
            time.sleep(0.002)


def lock_of_other(name):
    """As multiprocessing makes one in a spawned process."""
    lock = object.__new__(synchronize.Lock)
    lock._semlock = synchronize._multiprocessing.SemLock._rebuild(
        0, synchronize.SEMAPHORE, 1, name)
    lock._make_methods()
    return lock


def run_workers(context, name, lock):
    workers = [context.Process(target=worker, args=(name, lock)) for _ in range(WORKERS)]
    for process in workers:
        process.start()
    for process in workers:
        process.join()
        assert process.exitcode == 0, process.exitcode


def wait_for(block, at, value):
    while number(block, at) != value:
        time.sleep(0.001)


def first(context, prefix):
    block = shared_memory.SharedMemory(prefix + 'block', create=True, size=SIZE)
    multiprocessing.current_process()._config['semprefix'] = f'/{prefix}mp'
    lock = context.Lock()
    name = lock._semlock.name.removeprefix('/' + prefix).encode()
    block.buf[64:64 + len(name)] = name
    block.buf[SIZE - 5:SIZE] = b'first'
    put_number(block, 8, len(name))
    run_workers(context, prefix + 'block', lock)
    add(block, lock)
    wait_for(block, 16, 1)
    assert number(block, 0) == 2 * (WORKERS + 1) * ADDITIONS, number(block, 0)
    assert bytes(block.buf[SIZE - 6:SIZE]) == b'second'
    block.close()
    block.unlink()


def second(context, prefix):
    # Before 3.13 (track=False), Python removes at its end the blocks to which it
    # merely attached, unless they were never registered.
    resource_tracker.register = lambda name, rtype: None
    block = block_of_other(prefix + 'block')
    while number(block, 8) == 0:
        time.sleep(0.001)
    name = bytes(block.buf[64:64 + number(block, 8)]).decode()
    lock = lock_of_other('/' + prefix + name)
    assert bytes(block.buf[SIZE - 5:SIZE]) == b'first'
    block.buf[SIZE - 6:SIZE] = b'second'
    run_workers(context, prefix + 'block', lock)
    add(block, lock)
    put_number(block, 16, 1)
    block.close()


def main():
    signal.alarm(SECONDS)
    role, prefix = sys.argv[1:]
    if role == 'first':
        first(multiprocessing.get_context('spawn'), prefix)
    else:
        second(multiprocessing.get_context('fork'), prefix)


if __name__ == '__main__':
    main()
