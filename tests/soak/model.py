# SPDX-License-Identifier: MIT
"""What must be in the directory `model`: changed at random through all mounts
and natively, and compared with what each of them shows."""

import os
import stat

from .mounts import SHM, Failed

TOP = 'model'
NAMES = [f'n{i}' for i in range(12)]
MODES = (0o600, 0o640, 0o644, 0o755)
DEPTH, MOST = 3, 300


class Object:
    """A file or a directory; hard links are one."""

    def __init__(self, directory, mode):
        self.directory = directory
        self.mode = mode
        self.uid = self.gid = 0
        self.content = b''

    def told(self):
        return (self.directory, self.mode, self.uid, self.gid, self.content)


def told_by(path, directory):
    st = os.lstat(path)
    if directory and stat.S_ISDIR(st.st_mode):
        content = b''
    else:
        with open(path, 'rb') as file:
            content = file.read()
    return (directory, st.st_mode & 0o7777, st.st_uid, st.st_gid, content)


def tree_of_mount(mount):
    found = {TOP: told_by(os.path.join(mount, TOP), True)}
    for here, directories, files in os.walk(os.path.join(mount, TOP)):
        for names, directory in ((directories, True), (files, False)):
            for name in names:
                path = os.path.join(here, name)
                found[os.path.relpath(path, mount)] = told_by(path, directory)
    return found


def tree_of_objects():
    found = {}
    for name in os.listdir(SHM):
        if name.startswith(TOP + '%'):
            directory = name.endswith('%')
            path = name.rstrip('%').replace('%', '/')
            found[path] = told_by(os.path.join(SHM, name), directory)
    return found


class Model:
    def __init__(self, rng, mounts):
        self.rng = rng
        self.mounts = mounts
        self.objects = {}
        self.changes = 0
        os.mkdir(os.path.join(mounts[0], TOP), 0o755)
        self.objects[TOP] = Object(True, 0o755)

    # Where a path is: on one of the mounts, or natively.

    def at(self, path, native=True):
        side = self.rng.choice(self.mounts + ([None] if native else []))
        if side is None:
            marker = '%' if path in self.objects and self.objects[path].directory else ''
            return os.path.join(SHM, path.replace('/', '%') + marker)
        return os.path.join(side, path)

    def any(self, directory):
        paths = [p for p, o in self.objects.items() if o.directory == directory and p != TOP]
        return self.rng.choice(paths) if paths else None

    def free_path(self):
        above = self.rng.choice([p for p, o in self.objects.items() if o.directory])
        path = f'{above}/{self.rng.choice(NAMES)}'
        return None if path in self.objects or path.count('/') > DEPTH else path

    def below(self, path):
        return [p for p in self.objects if p.startswith(path + '/')]

    # The changes: each does it, and notes it. None may fail.

    def make(self):
        path = self.free_path()
        if path and len(self.objects) < MOST:
            new = Object(False, self.rng.choice(MODES))
            fd = os.open(self.at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, new.mode)
            new.content = self.rng.randbytes(self.rng.randrange(9000))
            os.write(fd, new.content)
            os.close(fd)
            self.objects[path] = new

    def make_directory(self):
        path = self.free_path()
        if path and path.count('/') < DEPTH and len(self.objects) < MOST:
            new = Object(True, self.rng.choice((0o700, 0o755)))
            os.mkdir(self.at(path, native=False), new.mode)
            self.objects[path] = new

    def write(self):
        path = self.any(False)
        if path:
            it = self.objects[path]
            off = self.rng.randrange(len(it.content) + 1)
            text = self.rng.randbytes(self.rng.randrange(3000))
            fd = os.open(self.at(path), os.O_RDWR)
            os.pwrite(fd, text, off)
            os.close(fd)
            it.content = it.content[:off] + text + it.content[off + len(text):]

    def truncate(self):
        path = self.any(False)
        if path:
            it, size = self.objects[path], self.rng.randrange(9000)
            os.truncate(self.at(path), size)
            it.content = it.content[:size].ljust(size, b'\0')

    def chmod(self):
        path = self.any(self.rng.random() < 0.2)
        if path:
            mode = self.rng.choice(MODES)
            os.chmod(self.at(path), mode)
            self.objects[path].mode = mode

    def chown(self):
        path = self.any(self.rng.random() < 0.2)
        if path:
            it, it_uid, it_gid = self.objects[path], self.rng.randrange(4), self.rng.randrange(4)
            os.chown(self.at(path), it_uid, it_gid)
            it.uid, it.gid = it_uid, it_gid

    def link(self):
        old, new = self.any(False), self.free_path()
        if old and new and len(self.objects) < MOST:
            mount = self.rng.choice(self.mounts)
            os.link(os.path.join(mount, old), os.path.join(mount, new))
            self.objects[new] = self.objects[old]

    def rename(self):
        old, new = self.any(False), self.rng.choice((self.free_path(), self.any(False)))
        if old and new and self.objects[old] is not self.objects.get(new):
            mount = self.rng.choice(self.mounts)
            os.rename(os.path.join(mount, old), os.path.join(mount, new))
            self.objects[new] = self.objects.pop(old)

    def rename_directory(self):
        old, new = self.any(True), self.free_path()
        if old and new and not new.startswith(old + '/') and new.count('/') <= old.count('/'):
            mount = self.rng.choice(self.mounts)
            os.rename(os.path.join(mount, old), os.path.join(mount, new))
            for path in [old, *self.below(old)]:
                self.objects[new + path[len(old):]] = self.objects.pop(path)

    def unlink(self):
        path = self.any(False)
        if path:
            os.unlink(self.at(path))
            del self.objects[path]

    def remove_directory(self):
        path = self.any(True)
        if path and not self.below(path):
            os.rmdir(self.at(path, native=False))
            del self.objects[path]

    def change(self):
        self.changes += 1
        change = self.rng.choice((
            self.make, self.make, self.make, self.make_directory, self.write, self.truncate,
            self.chmod, self.chown, self.link, self.rename, self.rename_directory, self.unlink,
            self.remove_directory))
        try:
            change()
        except OSError as error:
            raise Failed(f'model: {change.__name__}: {error}') from error

    def compare(self):
        expected = {path: it.told() for path, it in self.objects.items()}
        seen = {mount: tree_of_mount(mount) for mount in self.mounts}
        seen[SHM] = tree_of_objects()
        for where, found in seen.items():
            wrong = [path for path in {*expected, *found} if expected.get(path) != found.get(path)]
            if wrong:
                path = min(wrong)
                raise Failed(f'{where} and the model differ in {len(wrong)} paths: {path}: '
                             f'{found.get(path)!r:.120}, expected {expected.get(path)!r:.120}')
