# SPDX-License-Identifier: MIT
"""The ratios as bars, by gnuplot, into an SVG."""

import subprocess

from . import data, metadata
from .results import NATIVE
from .targets import Failed

COLOURS = {'passthrough': '#1b6ca8', 'io_uring': '#5fb3e4', 'mapped': '#e08a1e',
           'ac': '#2a9d5c', 'io_uring-ac': '#8fd6a8',
           'bindfs': '#9a9a9a', 'bindfs-strict': '#555555'}


def bars(rows, targets, base):
    """Rows that have the base, and the targets with any value in them."""
    rows = [row for row in rows if row.median(base)]
    shown = [t for t in targets if any(row.median(t) for row in rows)]
    return rows, shown


def table(name, rows, shown, base):
    lines = [f'${name} << EOD']
    for row in rows:
        ratios = [row.ratio(target, base) for target in shown]
        cells = ' '.join('NaN' if ratio is None else f'{ratio:.4f}' for ratio in ratios)
        lines.append(f'"{row.work}" {cells}')
    return lines + ['EOD']


def panel(name, title, shown, settings):
    """One set of axes; each target is a column of the table."""
    columns = ', \\\n'.join(
        f"${name} using {number + 2}:xtic(1) title '{target}' linecolor rgb '{COLOURS[target]}'"
        for number, target in enumerate(shown))
    return [f"set title '{title}'", *settings, f'plot {columns}']


def script(session, path):
    targets = [t for t in COLOURS]
    panels = (
        ('content', 'Content: rate, native tmpfs = 1 (fio psync, one job; mapped memory)',
         NATIVE, content_rows(session), ['unset logscale y', 'set yrange [0:1.5]']),
        ('names', 'Calls on names, one process: rate, as coherent a bindfs = 1',
         'bindfs-strict', session.results.of_part(metadata.part_name(1)),
         ['set logscale y', 'set yrange [0.1:100]']),
    )
    drawn = [(name, title, base, *bars(rows, targets, base), settings)
             for name, title, base, rows, settings in panels]
    drawn = [panel for panel in drawn if panel[3] and panel[4]]
    if not drawn:
        raise Failed('nothing to plot: it needs the parts data, memory or metadata')
    lines = [f"set terminal svg size 1100,{430 * len(drawn)} font 'sans-serif,12' "
             "background rgb 'white'",
             f"set output '{path}'",
             'set style data histograms', 'set style histogram clustered gap 1',
             'set style fill solid border rgb "white"', 'set grid ytics linecolor rgb "#dddddd"',
             'set xtics rotate by -35 scale 0 noenhanced', 'set key outside top right noenhanced',
             'set border 3', 'set tics nomirror']
    for name, _, base, rows, shown, _ in drawn:
        lines += table(name, rows, shown, base)
    lines.append(f'set multiplot layout {len(drawn)},1')
    for name, title, _, _, shown, settings in drawn:
        lines += panel(name, title, shown, settings)
    return '\n'.join([*lines, 'unset multiplot', ''])


def content_rows(session):
    rows = [row for row in session.results.of_part(data.part_name('psync'))
            if row.work.endswith(' x1')]
    return rows + session.results.of_part('memory')


def write(session, path):
    text = script(session, path.replace("'", "''"))
    try:
        subprocess.run(['gnuplot'], input=text, text=True, check=True, capture_output=True)
    except FileNotFoundError as error:
        raise Failed('gnuplot is not installed') from error
    except subprocess.CalledProcessError as error:
        raise Failed(f'gnuplot: {error.stderr.strip()}') from error
