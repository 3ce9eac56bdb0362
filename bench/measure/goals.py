# SPDX-License-Identifier: MIT
"""The goals that this project has set itself, and whether they are met."""

from . import data, metadata
from .report import layout, short
from .results import NATIVE, PEER

LARGE = ('64k', '1m')


def data_rows(session, engines, accesses, sizes):
    for engine in engines:
        for row in session.results.of_part(data.part_name(engine)):
            access, size, _ = row.work.split()
            if access in accesses and size in sizes:
                yield row


def names_rows(session, works):
    for processes in metadata.PROCESSES:
        for work in works:
            row = session.results.find(metadata.part_name(processes), work)
            if row:
                yield row


def rows_of(session, part, *works):
    return [row for row in session.results.rows.values()
            if row.part.split(',')[0] == part and (not works or row.work.startswith(works))]


def ratio_goals(session):
    """(what, target, base, at least, rows)"""
    def io(engines, accesses, sizes):
        return list(data_rows(session, engines, accesses, sizes))

    everything = data.ACCESSES
    yield ('psync of 64 KiB and more', 'passthrough', NATIVE, 0.97,
           io(('psync',), everything, LARGE))
    yield 'io_uring engine, same', 'passthrough', NATIVE, 0.97, io(('io_uring',), everything, LARGE)
    yield 'mmap of any kind', 'passthrough', NATIVE, 0.97, io(('mmap',), everything, data.SIZES)
    yield ('page faults, loads, stores', 'passthrough', NATIVE, 0.97,
           rows_of(session, 'memory', 'write-fault', 'read-fault', 'load', 'store'))
    yield 'futex ping-pong', 'passthrough', NATIVE, 0.97, rows_of(session, 'memory', 'ping-pong')
    yield '4 KiB random read', 'passthrough', NATIVE, 0.9, io(('psync',), ('randread',), ('4k',))
    yield '4 KiB random write', 'passthrough', NATIVE, 0.85, io(('psync',), ('randwrite',), ('4k',))
    for peer in (PEER, 'bindfs-strict'):
        yield ('4 KiB random read and write', 'mapped', peer, 3,
               io(('psync',), ('randread', 'randwrite'), ('4k',)))
        yield '1 MiB sequential read', 'mapped', peer, 2, io(('psync',), ('read',), ('1m',))
        yield '1 MiB sequential write', 'mapped', peer, 10, io(('psync',), ('write',), ('1m',))
    for target, least in (('passthrough', 2), ('io_uring', 3)):
        # What bindfs answers from its cache needs no request at all.
        yield ('stat of known names', target, 'bindfs-strict', least,
               list(names_rows(session, ('stat-hot',))))
        for peer in (PEER, 'bindfs-strict'):
            for work in ('stat-cold', 'open', 'create', 'unlink'):
                yield work, target, peer, least, list(names_rows(session, (work,)))
    for target in ('passthrough', 'io_uring'):
        yield ('readdir with attributes', target, NATIVE, 0.5,
               rows_of(session, 'tree', 'readdir'))


def most(rows, target):
    values = [row.median(target) for row in rows if row.median(target) is not None]
    return max(values) if values else None


def per_object_growth(session, work):
    """The time per object with the most objects, against that with 10,000."""
    rows = rows_of(session, 'scale', f'{work},')
    values = [row.median('passthrough') for row in rows]
    values = [value for value in values if value is not None]
    return values[-1] / values[0] if len(values) > 1 else None


def given_back(session):
    """What stays of the memory for known objects after FORGET."""
    empty = most(rows_of(session, 'scale', 'resident, 0 '), 'passthrough')
    known = most(rows_of(session, 'scale', 'resident,'), 'passthrough')
    after = most(rows_of(session, 'scale', 'after FORGET'), 'passthrough')
    if None in (empty, known, after) or known <= empty:
        return None
    return max(after - empty, 0) / (known - empty)


def limit_goals(session):
    """(what, at most, measured), of the default transport."""
    def descriptors():
        counts = [row.median('passthrough') for row in rows_of(session, 'scale', 'descriptors')]
        counts = [count for count in counts if count is not None]
        return counts[-1] - counts[0] if counts else None

    yield 'daemon, bytes per known object', 200, most(
        rows_of(session, 'scale', 'daemon,')[-1:], 'passthrough')
    yield 'part of it kept after FORGET', 0.1, given_back(session)
    yield 'descriptors more than without objects', 0, descriptors()
    for work in ('list', 'look up'):
        yield f'{work}: time per object, most to 10,000', 1.3, per_object_growth(session, work)
    yield 'idle: wake-ups', 0, most(rows_of(session, 'idle', 'wake-ups'), 'passthrough')
    yield 'idle: resident KiB', 8192, most(rows_of(session, 'idle', 'resident'), 'passthrough')


def verdict(ratios, least):
    met = sum(ratio >= least for ratio in ratios)
    if met == len(ratios):
        return 'met'
    return 'not met' if met == 0 else f'met in {met} of {len(ratios)}'


def table(session):
    lines = [['work', 'target', 'goal', 'measured', 'verdict']]
    for what, target, base, least, rows in ratio_goals(session):
        ratios = [r for r in (row.ratio(target, base) for row in rows) if r is not None]
        goal = f'>= {least} x {base}'
        if not ratios:
            lines.append([what, target, goal, '-', 'not measured'])
            continue
        spread = f'{min(ratios):.2f}' + (f' .. {max(ratios):.2f}' if len(ratios) > 1 else '')
        lines.append([what, target, goal, spread, verdict(ratios, least)])
    for what, limit, value in limit_goals(session):
        state = 'not measured' if value is None else 'met' if value <= limit else 'not met'
        lines.append([what, 'passthrough', f'<= {limit}', short(value), state])
    return lines


def print_goals(session):
    print('\ngoals')
    for line in layout(table(session)):
        print(f'  {line}')
