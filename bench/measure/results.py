# SPDX-License-Identifier: MIT
"""The values of all rounds. A row is one work, a column one target."""

import statistics

NATIVE = 'native'
PEER = 'bindfs'


class Row:
    def __init__(self, part, work, unit, more_is_better):
        self.part = part
        self.work = work
        self.unit = unit
        self.more_is_better = more_is_better
        self.values = {}   # target -> one number a round
        self.reasons = {}  # target -> why there is none

    def median(self, target):
        values = self.values.get(target)
        return statistics.median(values) if values else None

    def ratio(self, target, base=NATIVE):
        """How many times as good as the base: above 1 is better, whatever the unit."""
        value, against = self.median(target), self.median(base)
        if not value or not against:
            return None
        return value / against if self.more_is_better else against / value

    def as_json(self):
        cells = {}
        for target, values in self.values.items():
            cells[target] = {
                'median': self.median(target), 'min': min(values), 'max': max(values),
                'rounds': len(values), 'ratio_to_native': self.ratio(target),
                'ratio_to_bindfs': self.ratio(target, PEER),
            }
        for target, reason in self.reasons.items():
            cells.setdefault(target, {'missing': reason})
        return {'part': self.part, 'work': self.work, 'unit': self.unit,
                'more_is_better': self.more_is_better, 'targets': cells}


class Results:
    def __init__(self):
        self.rows = {}  # (part, work) -> Row

    def row(self, part, work, unit, more_is_better=True):
        key = (part, work)
        if key not in self.rows:
            self.rows[key] = Row(part, work, unit, more_is_better)
        return self.rows[key]

    def find(self, part, work):
        return self.rows.get((part, work))

    def of_part(self, part):
        return [row for row in self.rows.values() if row.part == part]

    def parts(self):
        return list(dict.fromkeys(row.part for row in self.rows.values()))
