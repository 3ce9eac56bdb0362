#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""picture.py FILE.png WIDTHxHEIGHT X,Y=R,G,B...

Is it a whole PNG of this size with these pixels? (8 bits a channel, no interlacing.)
"""

import struct
import sys
import zlib


def chunks(data):
    assert data[:8] == b'\x89PNG\r\n\x1a\n', 'no PNG'
    at = 8
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        check, = struct.unpack('>I', data[at + 8 + length:at + 12 + length])
        assert zlib.crc32(kind + body) == check, f'the check sum of {kind}'
        yield kind, body
        at += 12 + length


def paeth(a, b, c):
    return min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]


def unfilter(kind, line, above, step):
    for i in range(len(line)):
        a = line[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        line[i] = (line[i] + (0, a, b, (a + b) // 2, paeth(a, b, c))[kind]) & 255
    return line


def lines(raw, width, height, step):
    above = bytearray(width * step)
    for y in range(height):
        at = y * (width * step + 1)
        above = unfilter(raw[at], bytearray(raw[at + 1:at + 1 + width * step]), above, step)
        yield above


def main():
    with open(sys.argv[1], 'rb') as file:
        found = list(chunks(file.read()))
    assert found[-1][0] == b'IEND', 'the end is missing'
    width, height, depth, colours, _, _, interlaced = struct.unpack('>IIBBBBB', found[0][1])
    assert f'{width}x{height}' == sys.argv[2], f'{width}x{height}'
    assert depth == 8 and colours in (2, 6) and not interlaced, (depth, colours, interlaced)
    step = 3 if colours == 2 else 4
    raw = zlib.decompress(b''.join(body for kind, body in found if kind == b'IDAT'))
    picture = list(lines(raw, width, height, step))
    for pixel in sys.argv[3:]:
        place, colour = ([int(n) for n in part.split(',')] for part in pixel.split('='))
        x, y = place
        is_there = list(picture[y][x * step:x * step + 3])
        assert is_there == colour, f'{x},{y} is {is_there}'


if __name__ == '__main__':
    main()
