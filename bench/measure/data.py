# SPDX-License-Identifier: MIT
"""Content: fio on the same files through each target."""

import json
import os

from .session import in_turn
from .targets import SHM, Failed, run

PART = 'data'
ENGINES = ('psync', 'mmap', 'io_uring')
SIZES = ('4k', '64k', '1m')
ACCESSES = ('read', 'randread', 'write', 'randwrite')
JOBS = (1, 4)
DEPTH = 8  # of io_uring; the others have one request at a time
MIB = 1 << 20
WARM_UP = 'warm-up'

# What --quick does: one job, each engine, the ends of the range.
QUICK = {('psync', access, size, 1) for access in ACCESSES for size in SIZES}
QUICK |= {('mmap', access, '4k', 1) for access in ACCESSES}
QUICK |= {('io_uring', access, '4k', 1) for access in ('randread', 'randwrite')}


def cases(session):
    for engine in ENGINES:
        for access in ACCESSES:
            for size in SIZES:
                for jobs in JOBS:
                    case = (engine, access, size, jobs)
                    if case in QUICK or session.size.fio_all:
                        yield case


def part_name(engine):
    return f'{PART}, {engine}'


def work_name(access, size, jobs):
    return f'{access} {size} x{jobs}'


def lay_out(session):
    """Without holes, so that no target has to make pages."""
    block = os.urandom(MIB)
    for number in range(max(JOBS)):
        with open(os.path.join(SHM, f'fio.{number}'), 'wb') as file:
            for _ in range(session.size.fio_mib):
                file.write(block)


def fio(session, case, targets):
    """One fio for all targets, one after another: it takes longer to start
    than a slice lasts. Returns bytes per second of each."""
    engine, access, size, jobs = case
    command = ['fio', '--output-format=json', '--thread', '--group_reporting', '--time_based',
               f'--ioengine={engine}', f'--rw={access}', f'--bs={size}', f'--numjobs={jobs}',
               f'--size={session.size.fio_mib}m', '--filename_format=fio.$jobnum']
    if engine == 'io_uring':
        command.append(f'--iodepth={DEPTH}')
    # The first of a fio is slower, whatever it is: that is nobody's.
    command += [f'--name={WARM_UP}', '--runtime=100ms', f'--directory={SHM}']
    for target in targets:
        command += [f'--name={target.name}', '--stonewall', f'--directory={target.path}',
                    f'--runtime={int(session.size.fio_slice * 1000)}ms']
    direction = 'read' if 'read' in access else 'write'
    rates = {}
    # Messages about single files come before the JSON.
    output = run(*command, cwd=SHM)
    for job in json.loads(output[output.index('{'):])['jobs']:
        if job['error']:
            raise Failed(f'fio: {os.strerror(job["error"])}')
        if job['jobname'] != WARM_UP:
            rates[job['jobname']] = job[direction]['bw_bytes']
    return rates


def usable(session, row, engine):
    for target in session.targets.working():
        if engine == 'mmap' and session.why_no_mmap(target):
            row.reasons[target.name] = session.why_no_mmap(target)
        else:
            yield target


def measure_case(session, case):
    engine, *rest = case
    row = session.results.row(part_name(engine), work_name(*rest), 'B/s')
    targets = list(usable(session, row, engine))
    for number in range(session.size.fio_rounds):
        try:
            rates = fio(session, case, in_turn(targets, number))
        except Failed as failed:
            row.reasons.update({t.name: str(failed) for t in targets})
            return
        for name, rate in rates.items():
            row.values.setdefault(name, []).append(rate)


def measure(session):
    wanted = [case for case in cases(session)
              if session.wants(part_name(case[0]), work_name(*case[1:]))]
    if not wanted:
        return
    lay_out(session)
    for case in wanted:
        session.say(f'{part_name(case[0])}: {work_name(*case[1:])}')
        measure_case(session, case)
