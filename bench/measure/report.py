# SPDX-License-Identifier: MIT
"""The results as a table, and as JSON."""

import datetime
import json
import os
import platform

from .results import NATIVE, PEER

BUSY = 0.5  # load average above which numbers are not to be trusted
PEERS = (PEER, 'bindfs-strict')


def short(value):
    """Three digits of it."""
    if value is None:
        return '-'
    for limit, unit in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if abs(value) >= limit:
            value /= limit
            return f'{value:.3g}{unit}' if abs(value) < 999.5 else f'{value:.0f}{unit}'
    if 0 < abs(value) < 0.01:
        return f'{value:.1e}'
    return f'{value:.3g}' if abs(value) < 999.5 else f'{value:.0f}'


def cell(row, target):
    ratio = row.ratio(target)
    text = short(row.median(target))
    return text if target == NATIVE or ratio is None else f'{text} {ratio:6.2f}'


def layout(table):
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for line in table:
        first = line[0].ljust(widths[0])
        yield '  '.join([first] + [text.rjust(w) for text, w in zip(line[1:], widths[1:])]).rstrip()


def part_table(rows, targets):
    """Columns without any value are left out."""
    shown = [t for t in targets if any(t in row.values for row in rows)]
    head = ['', *shown]
    peer = NATIVE in shown and PEER in shown
    if peer:
        head.append('to bindfs')
    table = [head]
    for row in rows:
        line = [f'{row.work} ({row.unit})', *(cell(row, t) for t in shown)]
        if peer:
            best = [row.ratio(t, PEER) for t in shown if t not in (NATIVE, *PEERS)]
            line.append(' '.join('-' if r is None else f'{r:.2f}' for r in best))
        table.append(line)
    return layout(table)


def notes(session):
    """The foot: why there is no value where there is none."""
    for target, reason in session.targets.missing().items():
        yield f'{target}: {reason}'
    seen = {}
    for row in session.results.rows.values():
        for target, reason in row.reasons.items():
            seen.setdefault((row.part, target, reason), []).append(row.work)
    for (part, target, reason), works in seen.items():
        some = ', '.join(works[:3]) + (f' and {len(works) - 3} more' if len(works) > 3 else '')
        yield f'{part}, {some}: {target}: {reason}'


def print_table(session):
    targets = [t.name for t in session.targets.all]
    print('Medians; behind them, how many times as good as native (above 1: better).')
    print('"to bindfs": the same of shmfuse\'s columns, in their order, against bindfs.')
    for part in session.results.parts():
        print(f'\n{part}')
        for line in part_table(session.results.of_part(part), targets):
            print(f'  {line}')
    if session.load_before > BUSY:
        print(f'\nThe machine was busy at the start (load {session.load_before:.1f}): '
              'measure again on an idle one.')
    foot = list(notes(session))
    if foot:
        print('\nmissing')
        for line in foot:
            print(f'  {line}')


def cpu_model():
    with open('/proc/cpuinfo', encoding='ascii', errors='replace') as file:
        for line in file:
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    return platform.machine()


def machine(libfuse):
    return {
        'kernel': platform.release(),
        'architecture': platform.machine(),
        'cpu': cpu_model(),
        'cpus': len(os.sched_getaffinity(0)),
        'memory_mib': os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') >> 20,
        'libfuse': libfuse,
        'date': datetime.date.today().isoformat(),
    }


def write_json(session, path, described):
    document = {
        'machine': described,
        'load_before': session.load_before,
        'size': session.size.as_json(),
        'targets': [t.name for t in session.targets.all],
        'missing': session.targets.missing(),
        'rows': [row.as_json() for row in session.results.rows.values()],
    }
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(document, file, indent=1)
        file.write('\n')
