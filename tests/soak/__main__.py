# SPDX-License-Identifier: MIT
"""Everything at once, for long: see scripts/soak, which runs it in a mount
namespace. Rounds of all works, in which a model of a tree is changed as well.
After each all that the works made is gone, and the daemons must be as they were."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from . import works
from .model import TOP, Model
from .mounts import SHM, Failed, Mount

PATIENCE = 180  # seconds for a work to end after its round


def round_length(seconds):
    """A minute; shorter where there would be few rounds."""
    return max(4, min(55, seconds / 8))


class Soak:
    def __init__(self, options, directory):
        self.tools = {'shmfuse': options.shmfuse, 'differential': options.differential}
        self.directory = directory
        self.rng = random.Random(options.seed)
        self.mounts = {}
        check = subprocess.run([options.shmfuse, '--check'], stdin=subprocess.DEVNULL,
                               capture_output=True, check=False)
        self.passthrough = check.returncode == 0
        if not self.passthrough:
            print('no passthrough here: all mounts are mapped')

    def mount(self, name, options):
        path = os.path.join(self.directory, name)
        self.mounts[name] = Mount(self.tools['shmfuse'], path, options)

    def mount_all(self):
        data = 'data=passthrough' if self.passthrough else 'data=mapped'
        self.mount('main', data)
        self.mount('mapped', 'data=mapped')
        self.mount('ac', f'{data},ac')
        for name in ('view', 'quota'):
            os.mkdir(os.path.join(self.mounts['main'].path, name), 0o755)
        os.chmod(os.path.join(self.mounts['main'].path, 'view'), 0o1777)
        self.mount('view', f'{data},subdir=view')
        self.mount('quota', f'{data},subdir=quota,size=8m')

    def whole_mounts(self):
        return [self.mounts[name].path for name in ('main', 'mapped', 'ac')]

    def start(self, work, deadline):
        scene = works.Scene(self, work.__name__, self.rng.randrange(1 << 32), deadline)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.setpgid(0, 0)
                work(scene)
                status = 0
            except Failed as failed:
                os.write(2, f'{scene.name} (seed {scene.seed}): {failed}\n'.encode())
            except BaseException:  # pylint: disable=broad-except
                os.write(2, f'{scene.name} (seed {scene.seed}): '
                            f'{traceback.format_exc()}'.encode())
            os._exit(status)
        return pid

    def wait(self, running, deadline):
        """running: names of works by process ids, of which those that ended are taken out.
        The daemons are children too: how they end is for their mounts to see."""
        failed = []
        while running:
            for pid in list(running):
                ended, status = os.waitpid(pid, os.WNOHANG)
                name = running.pop(pid) if ended else None
                if status != 0:
                    failed.append(name)
            if running and time.monotonic() > deadline:
                raise Failed(f'still at work: {", ".join(running.values())}')
            time.sleep(0.05)
        if failed:
            raise Failed(f'failed: {", ".join(failed)}')

    def round(self, model, seconds, wanted):
        deadline = time.monotonic() + seconds
        running = {self.start(work, deadline): work.__name__ for work in wanted}
        try:
            for _ in range(20):
                model.change()
            while time.monotonic() < deadline:
                model.change()
            self.wait(running, deadline + PATIENCE)
        finally:
            for pid in running:
                os.killpg(pid, signal.SIGKILL)
        model.compare()
        self.check_empty()

    def check_empty(self):
        """The works have removed what they made."""
        left = [name for name in os.listdir(SHM) if not name.startswith(TOP + '%')
                and name not in ('view%', 'quota%')]
        if left:
            raise Failed(f'{len(left)} objects are left over: {min(left)}')

    def samples(self):
        return '; '.join(
            '{} {rss} KiB {descriptors} fds {threads} threads'.format(name, **mount.sample())
            for name, mount in self.mounts.items())

    def rest(self, moment):
        print(f'{moment}: {self.samples()}', flush=True)
        for mount in self.mounts.values():
            mount.check_rest()

    def run(self, seconds, round_seconds, wanted):
        model = Model(random.Random(self.rng.random()), self.whole_mounts())
        model.compare()
        self.rest('before')
        start, rounds = time.monotonic(), 0
        while rounds == 0 or time.monotonic() - start < seconds:
            self.round(model, round_seconds, wanted)
            rounds += 1
            self.rest(f'{time.monotonic() - start:6.0f} s, round {rounds}')
        grown = [line for mount in self.mounts.values() for line in mount.growth()]
        for mount in self.mounts.values():
            mount.end()
        if grown:
            raise Failed('; '.join(grown))
        model.mounts = []
        model.compare()
        print(f'{rounds} rounds, {model.changes} changes of the model; its {len(model.objects)} '
              'names are as they must be on all mounts and natively')


def read_arguments():
    parser = argparse.ArgumentParser(prog='soak')
    parser.add_argument('--shmfuse', required=True, help='the daemon')
    parser.add_argument('--differential', required=True, help='the program of tests/differential')
    parser.add_argument('--minutes', type=float, required=True)
    parser.add_argument('--round', type=float, metavar='SECONDS', help='the length of a round')
    parser.add_argument('--seed', type=int, default=time.time_ns() % (1 << 32))
    parser.add_argument('work', nargs='*', help='one of: ' +
                        ', '.join(work.__name__ for work in works.ALL))
    options = parser.parse_args()
    unknown = set(options.work) - {work.__name__ for work in works.ALL}
    if unknown:
        parser.error(f'no such work: {", ".join(unknown)}')
    return options


def main():
    options = read_arguments()
    wanted = [work for work in works.ALL if not options.work or work.__name__ in options.work]
    print(f'seed {options.seed}', flush=True)
    directory = tempfile.mkdtemp(prefix='soak-')
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', directory], check=True)
    soak = Soak(options, directory)
    status = 0
    try:
        soak.mount_all()
        soak.run(options.minutes * 60, options.round or round_length(options.minutes * 60), wanted)
    except (Failed, OSError) as failed:
        print(f'FAILED: {failed}')
        for mount in soak.mounts.values():
            if mount.words():
                print(f'{mount.name} said: {mount.words()}')
        status = 1
    finally:
        for mount in soak.mounts.values():
            mount.kill()
            subprocess.run(['umount', '-lq', mount.path], check=False)
        subprocess.run(['umount', '-l', directory], check=False)
        shutil.rmtree(directory)
    return status


if __name__ == '__main__':
    sys.exit(main())
