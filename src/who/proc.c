/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int visit_entry(int proc, const char *name, int (*visit)(int process, pid_t pid, void *arg),
		       void *arg)
{
	int error, process;

	if (!isdigit((unsigned char)name[0]))
		return 0;
	process = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	error = visit(process, (pid_t)atoi(name), arg);
	close(process);
	return error;
}

int proc_each(int (*visit)(int process, pid_t pid, void *arg), void *arg)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	int error = 0;

	if (directory == NULL)
		return -errno;
	while (error == 0 && (entry = readdir(directory)) != NULL)
		error = visit_entry(dirfd(directory), entry->d_name, visit, arg);
	closedir(directory);
	return error;
}

FILE *proc_open_text(int process, const char *path)
{
	const int fd = openat(process, path, O_RDONLY | O_CLOEXEC);
	FILE *file;

	if (fd < 0)
		return NULL;
	file = fdopen(fd, "r");
	if (file == NULL)
		close(fd);
	return file;
}

/* Up to size - 1 bytes of a text; -1 and errno. */
static ssize_t read_text(int process, const char *path, char *buf, size_t size)
{
	FILE *file = proc_open_text(process, path);
	size_t len;

	if (file == NULL)
		return -1;
	len = fread(buf, 1, size - 1, file);
	buf[len] = '\0';
	fclose(file);
	return (ssize_t)len;
}

bool proc_is_program(int process)
{
	char first[2];

	return read_text(process, "cmdline", first, sizeof(first)) > 0;
}

/* The line is "Uid:" and the real, effective, saved and file system's user. */
static bool read_user(int process, uid_t *uid)
{
	FILE *file = proc_open_text(process, "status");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	if (file == NULL)
		return false;
	while (!found && getline(&line, &size, file) >= 0)
		found = sscanf(line, "Uid: %*u %u", uid) == 1;
	free(line);
	fclose(file);
	return found;
}

bool proc_describe(int process, pid_t pid, struct process *description)
{
	char cgroups[16384];
	ssize_t len =
		read_text(process, "comm", description->command, sizeof(description->command));

	if (len <= 0 || !read_user(process, &description->uid))
		return false;
	if (description->command[len - 1] == '\n')
		description->command[len - 1] = '\0';
	description->pid = pid;
	description->container[0] = '\0';
	if (read_text(process, "cgroup", cgroups, sizeof(cgroups)) > 0)
		container_find(cgroups, description->container);
	return true;
}
