/* SPDX-License-Identifier: MIT */
#include "halt.h"

#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <sys/wait.h>

/* The C library's wrapper, and its header, do not go with the kernel's header. */
static long trace(long request, pid_t thread, unsigned long address, void *data)
{
	return syscall(SYS_ptrace, request, thread, address, data);
}

static void go_on(pid_t thread, int signal)
{
	/* It may have been killed meanwhile. */
	trace(PTRACE_SYSCALL, thread, 0, GINT_TO_POINTER(signal));
}

/* ---- the watch begins ---- */

static bool seize(pid_t process)
{
	const unsigned long options =
		PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK;

	return trace(PTRACE_SEIZE, process, 0, GSIZE_TO_POINTER(options)) == 0;
}

/* How many there are that were not watched; those that they make from now on are. */
static unsigned seize_threads(pid_t server)
{
	g_autofree char *tasks = g_strdup_printf("/proc/%d/task", (int)server);
	g_autofree char *names = names_in(tasks);
	g_auto(GStrv) threads = g_strsplit(g_strchomp(names), " ", -1);
	unsigned count = 0;

	for (char **thread = threads; *thread; thread++) {
		if (!seize((pid_t)atoi(*thread)))
			continue;
		trace(PTRACE_INTERRUPT, (pid_t)atoi(*thread), 0, NULL);
		count++;
	}
	return count;
}

/* The keeper does not stop but where it has made another process. */
struct halt halt_begin(pid_t keeper)
{
	struct halt halt = { .keeper = keeper, .server = server_of(keeper) };

	if (!seize(keeper))
		skip_test("ptrace: %s", g_strerror(errno));
	while (seize_threads(halt.server) > 0)
		;
	return halt;
}

/* ---- the watch ---- */

static bool is_at_a_call(int status)
{
	return WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);
}

/* The next thread that stands before a system call, or behind one. 0: the client has
 * ended. */
static pid_t next_stop(struct halt *halt, struct ptrace_syscall_info *info)
{
	for (;;) {
		int status;
		pid_t pid = (pid_t)ok(waitpid(-1, &status, __WALL));

		if (pid == halt->client) {
			halt->ended = true;
			halt->status = status;
			return 0;
		}
		if (is_at_a_call(status) &&
		    trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(*info), info) > 0)
			return pid;
		/* Events have a number above the signal; others are signals on their way. */
		if (WIFSTOPPED(status))
			go_on(pid, status >> 16 || is_at_a_call(status) ? 0 : WSTOPSIG(status));
	}
}

enum moment { START, END, AFTER };

static void halt_where(struct halt *halt, long call, enum moment moment)
{
	struct ptrace_syscall_info info;
	pid_t inside = moment == START ? 0 : halt->inside, thread;
	bool done = false;

	if (halt->at != 0)
		go_on(halt->at, 0);
	while ((thread = next_stop(halt, &info)) != 0) {
		const bool entry = info.op == PTRACE_SYSCALL_INFO_ENTRY;

		if (entry && !done && info.entry.nr == (unsigned long)call)
			inside = thread;
		else if (!entry && thread == inside)
			done = true;
		if (thread == inside && (done ? moment == END || entry : moment == START))
			break;
		go_on(thread, 0);
	}
	if (thread == 0)
		g_error("the client ended, and system call %ld was not made", call);
	halt->at = thread;
	halt->inside = moment == START ? thread : 0;
}

void halt_at_start(struct halt *halt, long call)
{
	halt_where(halt, call, START);
}

void halt_at_end(struct halt *halt, long call)
{
	halt_where(halt, call, END);
}

void halt_after(struct halt *halt, long call)
{
	halt_where(halt, call, AFTER);
}

/* Calls that change an object. */
static bool is_deed(const struct ptrace_syscall_info *info)
{
	static const unsigned long deeds[] = {
		SYS_copy_file_range, SYS_fallocate, SYS_fchmod,	  SYS_fremovexattr,
		SYS_fsetxattr,	     SYS_ftruncate, SYS_linkat,	  SYS_pwrite64,
		SYS_pwritev2,	     SYS_renameat2, SYS_unlinkat, SYS_utimensat,
	};

	if (info->entry.nr == SYS_openat)
		return info->entry.args[2] & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY));
	for (size_t i = 0; i < G_N_ELEMENTS(deeds); i++)
		if (info->entry.nr == deeds[i])
			return true;
	return false;
}

bool halt_at_place(struct halt *halt, unsigned number)
{
	struct ptrace_syscall_info info;
	pid_t thread, doer = 0;
	bool inside = false;

	while ((thread = next_stop(halt, &info)) != 0) {
		const bool entry = info.op == PTRACE_SYSCALL_INFO_ENTRY;
		const bool start = entry && is_deed(&info);
		const bool end = !entry && inside && thread == doer;
		const bool answer = entry && thread == doer && info.entry.nr == SYS_writev;

		if ((start || end || answer) && --number == 0)
			return true;
		if (start)
			doer = thread;
		else if (answer)
			doer = 0;
		inside = start || (inside && !end);
		go_on(thread, 0);
	}
	return false;
}

/* ---- death ---- */

/* The keeper learns of it when the tracer knows; what it makes then is halted. */
static pid_t die(struct halt *halt)
{
	unsigned long next;
	int status;
	pid_t pid;

	ok(kill(halt->server, SIGKILL));
	while ((pid = (pid_t)ok(waitpid(-1, &status, __WALL))) != halt->keeper) {
		if (WIFSTOPPED(status))
			go_on(pid, 0);
		halt->ended |= pid == halt->client;
		if (pid == halt->client)
			halt->status = status;
	}
	g_assert_cmpint(status >> 8, ==, SIGTRAP | PTRACE_EVENT_FORK << 8);
	ok(trace(PTRACE_GETEVENTMSG, halt->keeper, 0, &next));
	/* It may have gone on already, to its first system call. */
	ok(waitpid((pid_t)next, &status, __WALL));
	return (pid_t)next;
}

void halt_die_before_another(struct halt *halt)
{
	halt->server = die(halt);
	halt->at = halt->inside = 0;
	ok(trace(PTRACE_CONT, halt->keeper, 0, NULL));
	go_on(halt->server, 0);
}

void halt_die(struct halt *halt)
{
	const pid_t next = die(halt);

	ok(trace(PTRACE_DETACH, halt->keeper, 0, NULL));
	ok(trace(PTRACE_DETACH, next, 0, NULL));
	if (!halt->ended)
		ends_well(halt->client);
	else if (halt->status != 0)
		g_error("the client's wait status is 0x%x", (unsigned)halt->status);
}
