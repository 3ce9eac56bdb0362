/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include "array.h"
#include "proc.h"
#include "proc_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct device *devices_get(const struct devices *devices, dev_t dev)
{
	for (size_t i = 0; i < devices->count; i++)
		if (devices->items[i].dev == dev)
			return &devices->items[i];
	return NULL;
}

static int add(struct devices *devices, const struct device *device)
{
	struct device *items;

	items = array_grow(devices->items, devices->count, &devices->capacity, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	devices->items = items;
	items[devices->count++] = *device;
	return 0;
}

static int add_mount(struct devices *devices, dev_t dev)
{
	if (devices_get(devices, dev) != NULL)
		return 0;
	return add(devices, &(struct device){ .dev = dev, .mount = true });
}

int devices_want(struct devices *devices, dev_t dev)
{
	struct device *device = devices_get(devices, dev);

	if (device == NULL)
		return add(devices, &(struct device){ .dev = dev, .wanted = true });
	device->wanted = true;
	return 0;
}

int devices_learn(struct devices *devices)
{
	const size_t known = devices->count;
	int error = 0;

	for (size_t i = 0; error == 0 && i < known; i++) {
		const struct device *device = &devices->items[i];

		if (device->wanted && device->served && devices_get(devices, device->space) == NULL)
			error = devices_want(devices, device->space);
	}
	return error < 0 ? error : devices->count > known;
}

/* The mounts of shmfuse that a process sees. */
static int add_mounts(struct devices *devices, int process)
{
	static const char type[] = "fuse.shmfuse";
	FILE *file = proc_open_text(process, "mountinfo");
	struct mount_line mount;
	char *line = NULL;
	size_t size = 0;
	int error = 0;

	if (file == NULL)
		return 0;
	while (error == 0 && getline(&line, &size, file) >= 0)
		if (proc_mount_line(line, &mount) && mount.type_len == strlen(type) &&
		    memcmp(mount.type, type, mount.type_len) == 0)
			error = add_mount(devices, mount.dev);
	free(line);
	fclose(file);
	return error;
}

/* Mount namespaces that were read already. */
struct seen {
	struct devices *devices;
	ino_t *namespaces;
	size_t count, capacity;
};

static int visit(int process, pid_t pid, void *arg)
{
	struct seen *seen = arg;
	struct stat st;
	ino_t *grown;

	(void)pid;
	if (fstatat(process, "ns/mnt", &st, 0) < 0)
		return 0;
	for (size_t i = 0; i < seen->count; i++)
		if (seen->namespaces[i] == st.st_ino)
			return 0;
	grown = array_grow(seen->namespaces, seen->count, &seen->capacity, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	seen->namespaces = grown;
	grown[seen->count++] = st.st_ino;
	return add_mounts(seen->devices, process);
}

int devices_find(struct devices *devices, dev_t home)
{
	struct seen seen = { .devices = devices };
	int error;

	*devices = (struct devices){ .home = home };
	error = proc_each(visit, &seen);
	free(seen.namespaces);
	/* In a container this may be a mount, and is known by now. */
	return error < 0 ? error : devices_want(devices, home);
}

void devices_free(struct devices *devices)
{
	free(devices->items);
}

dev_t devices_space(const struct devices *devices, dev_t dev)
{
	const struct device *device = devices_get(devices, dev);

	if (device == NULL || !device->mount)
		return dev;
	if (device->served)
		return device->space;
	return dev == devices->home ? dev : devices_space(devices, devices->home);
}
