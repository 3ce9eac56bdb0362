/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include "fuzz.h"
#include "reply.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SECONDS 60 /* no reply comes later, on whatever machine */

/* ---- replies on their way ---- */

static size_t gather(const struct iovec *iov, int count, uint8_t *buf, size_t size)
{
	size_t len = 0;

	for (int i = 0; i < count; i++) {
		REQUIRE(iov[i].iov_len <= size - len);
		if (iov[i].iov_len > 0)
			memcpy(buf + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return len;
}

static struct kernel_wait *locked_find_wait(struct kernel *kernel, uint64_t unique)
{
	for (size_t i = 0; i < KERNEL_WAITS; i++)
		if (kernel->waits[i].unique == unique)
			return &kernel->waits[i];
	return NULL;
}

/* Each reply is wanted, and by nobody twice. True where it is lost. */
static bool locked_take(struct kernel *kernel, const struct fuse_out_header *header,
			const uint8_t *body)
{
	struct kernel_reply *reply = &kernel->reply;
	struct kernel_wait *wait;

	if (kernel->is_sending && header->unique == kernel->unique) {
		REQUIRE(!reply->arrived);
		reply->arrived = true;
		reply->error = header->error;
		reply->len = header->len - sizeof(*header);
		memcpy(reply->body, body, reply->len);
		return reply->request->lost;
	}
	wait = locked_find_wait(kernel, header->unique);
	if (wait != NULL) {
		REQUIRE(!wait->arrived);
		REQUIRE(header->len == sizeof(*header));
		REQUIRE(header->error <= 0 && header->error > -512);
		wait->arrived = true;
		return wait->lost;
	}
	/* An interrupt that found its request gone. */
	REQUIRE(header->error == -EAGAIN && kernel->interrupts > 0);
	kernel->interrupts--;
	return false;
}

/* A word of the daemon's own: the only one is that attributes are to be asked
 * for anew. */
static void check_notification(const struct fuse_out_header *header)
{
	REQUIRE(header->error == FUSE_NOTIFY_INVAL_INODE);
	REQUIRE(header->len == sizeof(*header) + sizeof(struct fuse_notify_inval_inode_out));
}

static ssize_t take_reply(int fd, struct iovec *iov, int count, void *userdata)
{
	struct {
		struct fuse_out_header header;
		uint8_t body[KERNEL_REPLY];
	} message;
	struct kernel *kernel = userdata;
	const size_t len = gather(iov, count, (uint8_t *)&message, sizeof(message));
	bool lost = false;

	(void)fd;
	REQUIRE(len >= sizeof(message.header) && message.header.len == len);
	if (message.header.unique == 0) {
		check_notification(&message.header);
		return (ssize_t)len;
	}
	pthread_mutex_lock(&kernel->lock);
	lost = locked_take(kernel, &message.header, message.body);
	pthread_cond_broadcast(&kernel->changed);
	pthread_mutex_unlock(&kernel->lock);
	if (lost)
		errno = ENOENT;
	return lost ? -1 : (ssize_t)len;
}

/* Nothing is read: requests are handed over. */
static ssize_t read_request(int fd, void *buf, size_t size, void *userdata)
{
	(void)fd, (void)buf, (void)size, (void)userdata;
	errno = ENODEV;
	return -1;
}

/* ---- what the kernel remembers ---- */

static struct kernel_node *find_node(struct kernel *kernel, uint64_t id)
{
	for (size_t i = 0; i < KERNEL_NODES; i++)
		if (kernel->nodes[i].id == id)
			return &kernel->nodes[i];
	return NULL;
}

static void learn_node(struct kernel *kernel, const struct fuse_entry_out *entry)
{
	const bool directory = S_ISDIR(entry->attr.mode);
	struct kernel_node *node = find_node(kernel, entry->nodeid);

	if (node == NULL) {
		node = find_node(kernel, 0);
		REQUIRE(node != NULL);
		*node = (struct kernel_node){ .id = entry->nodeid, .directory = directory };
	}
	REQUIRE(node->directory == directory);
	node->lookups++;
}

static void learn_handle(struct kernel *kernel, uint64_t node, bool directory, uint32_t flags,
			 const struct fuse_open_out *open)
{
	for (size_t i = 0; i < KERNEL_HANDLES; i++) {
		struct kernel_handle *handle = &kernel->handles[i];

		REQUIRE(!handle->used || handle->fh != open->fh);
	}
	for (size_t i = 0; i < KERNEL_HANDLES; i++) {
		if (kernel->handles[i].used)
			continue;
		kernel->handles[i] = (struct kernel_handle){
			.fh = open->fh,
			.node = node,
			.used = true,
			.directory = directory,
			.flags = flags,
		};
		find_node(kernel, node)->open++;
		return;
	}
	REQUIRE(!"room for a handle");
}

static void learn(struct kernel *kernel, const struct kernel_request *request,
		  const struct kernel_reply *reply)
{
	const struct fuse_entry_out *entry = (const void *)reply->body;

	switch (request->opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_LINK:
		learn_node(kernel, entry);
		break;
	case FUSE_CREATE:
	case KERNEL_TMPFILE:
		learn_node(kernel, entry);
		REQUIRE(S_ISREG(entry->attr.mode));
		learn_handle(kernel, entry->nodeid, false,
			     ((const struct fuse_create_in *)request->arg)->flags,
			     (const void *)(entry + 1));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		learn_handle(kernel, request->node, request->opcode == FUSE_OPENDIR,
			     ((const struct fuse_open_in *)request->arg)->flags,
			     (const void *)reply->body);
		break;
	default:
		break;
	}
}

/* ---- requests ---- */

static bool wants_reply(uint32_t opcode)
{
	return opcode != FUSE_FORGET && opcode != FUSE_BATCH_FORGET && opcode != FUSE_INTERRUPT;
}

static uint8_t *append(uint8_t *at, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(at, bytes, len);
	return at + len;
}

/* Not a byte longer than the message, for the address sanitizer to see the end. */
static void hand_over(struct kernel *kernel, const struct kernel_request *request)
{
	struct fuse_in_header header = {
		.opcode = request->opcode,
		.unique = kernel->unique,
		.nodeid = request->node,
		.uid = request->uid,
		.gid = request->gid,
		.pid = (uint32_t)getpid(),
	};
	struct fuse_buf buf = { .size = sizeof(header) + request->arg_len + request->data_len };
	uint8_t *at;

	for (int i = 0; i < 2; i++)
		if (request->names[i] != NULL)
			buf.size += strlen(request->names[i]) + 1;
	buf.mem = at = malloc(buf.size);
	header.len = (uint32_t)buf.size;
	at = append(at, &header, sizeof(header));
	at = append(at, request->arg, request->arg_len);
	for (int i = 0; i < 2; i++)
		if (request->names[i] != NULL)
			at = append(at, request->names[i], strlen(request->names[i]) + 1);
	append(at, request->data, request->data_len);
	fuse_session_process_buf(kernel->fs.session, &buf);
	free(buf.mem);
}

/* The reply did not come at once: that is so for a wait alone. False: it came
 * meanwhile. */
static bool locked_begin_wait(struct kernel *kernel, const struct kernel_request *request)
{
	struct kernel_wait *wait = locked_find_wait(kernel, 0);

	if (kernel->reply.arrived)
		return false;
	REQUIRE(request->opcode == FUSE_SETLKW);
	REQUIRE(wait != NULL);
	*wait = (struct kernel_wait){ .unique = kernel->unique,
				      .lost = request->lost,
				      .handle = request->handle };
	request->handle->waits++;
	return true;
}

/* Frees the places of waits that are over. */
static void locked_collect(struct kernel *kernel)
{
	for (size_t i = 0; i < KERNEL_WAITS; i++) {
		struct kernel_wait *wait = &kernel->waits[i];

		if (wait->unique == 0 || !wait->arrived)
			continue;
		wait->handle->waits--;
		*wait = (struct kernel_wait){ 0 };
	}
}

const struct kernel_reply *kernel_send(struct kernel *kernel, const struct kernel_request *request)
{
	struct kernel_reply *reply = &kernel->reply;
	bool waits = false;

	pthread_mutex_lock(&kernel->lock);
	locked_collect(kernel);
	kernel->unique += 2; /* FUSE_REQ_ID_STEP */
	reply->request = request;
	reply->arrived = false;
	kernel->is_sending = true;
	pthread_mutex_unlock(&kernel->lock);

	hand_over(kernel, request);

	pthread_mutex_lock(&kernel->lock);
	if (wants_reply(request->opcode))
		waits = locked_begin_wait(kernel, request);
	else
		REQUIRE(!reply->arrived);
	kernel->is_sending = false;
	pthread_mutex_unlock(&kernel->lock);
	if (waits || !wants_reply(request->opcode))
		return NULL;

	reply_check(reply, kernel->fs.options->ac);
	if (reply->error == 0 && !request->lost)
		learn(kernel, request, reply);
	return reply;
}

static int take_device(struct fuse_session *session)
{
	static const struct fuse_custom_io io = { .writev = take_reply, .read = read_request };

	return fuse_session_custom_io(session, &io, sizeof(io),
				      open("/dev/null", O_RDWR | O_CLOEXEC));
}

bool kernel_is_possible(void)
{
	char name[] = "fuzz", *argv[] = { name, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct fuse_session *session =
		fuse_session_new(&args, &fs_operations, sizeof(fs_operations), NULL);
	const bool possible = session != NULL && take_device(session) == 0;

	fuse_opt_free_args(&args);
	if (session != NULL)
		fuse_session_destroy(session);
	if (!possible)
		fputs("this libfuse is built without custom-io\n", stderr);
	return possible;
}

void kernel_begin(struct kernel *kernel, const struct options *options)
{
	const struct fuse_init_in init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 131072,
		.flags = FUSE_ASYNC_READ | FUSE_POSIX_LOCKS | FUSE_ATOMIC_O_TRUNC |
			 FUSE_EXPORT_SUPPORT | FUSE_BIG_WRITES | FUSE_DONT_MASK | FUSE_FLOCK_LOCKS |
			 FUSE_HAS_IOCTL_DIR | FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS |
			 FUSE_READDIRPLUS_AUTO | FUSE_ASYNC_DIO | FUSE_WRITEBACK_CACHE |
			 FUSE_NO_OPEN_SUPPORT | FUSE_PARALLEL_DIROPS | FUSE_HANDLE_KILLPRIV |
			 FUSE_POSIX_ACL | FUSE_ABORT_ERROR | FUSE_MAX_PAGES |
			 FUSE_NO_OPENDIR_SUPPORT | FUSE_EXPLICIT_INVAL_DATA |
			 FUSE_HANDLE_KILLPRIV_V2,
	};
	const struct kernel_request request = {
		.opcode = FUSE_INIT,
		.arg = &init,
		.arg_len = sizeof(init),
	};
	message_line message;

	*kernel = (struct kernel){ .lock = PTHREAD_MUTEX_INITIALIZER,
				   .changed = PTHREAD_COND_INITIALIZER };
	REQUIRE(session_prepare(&kernel->fs, options, -1, message) == 0);
	marks_watch(&kernel->fs.marks);
	kernel->nodes[0] = (struct kernel_node){ .id = FUSE_ROOT_ID, .directory = true };
	REQUIRE(take_device(kernel->fs.session) == 0);
	REQUIRE(kernel_send(kernel, &request)->error == 0);
}

void kernel_forget(struct kernel *kernel, struct kernel_node *node, uint64_t lookups)
{
	const struct fuse_forget_in forget = { .nlookup = lookups };
	const struct kernel_request request = {
		.opcode = FUSE_FORGET,
		.node = node->id,
		.arg = &forget,
		.arg_len = sizeof(forget),
	};

	kernel_send(kernel, &request);
	node->lookups -= lookups;
	if (node->lookups == 0)
		node->id = 0;
}

void kernel_release(struct kernel *kernel, struct kernel_handle *handle)
{
	const struct fuse_release_in release = { .fh = handle->fh, .flags = handle->flags };
	const struct kernel_request request = {
		.opcode = handle->directory ? FUSE_RELEASEDIR : FUSE_RELEASE,
		.node = handle->node,
		.arg = &release,
		.arg_len = sizeof(release),
	};

	REQUIRE(kernel_send(kernel, &request)->error == 0);
	find_node(kernel, handle->node)->open--;
	handle->used = false;
}

/* ---- interrupts ---- */

static void send_interrupt(struct kernel *kernel, uint64_t unique)
{
	const struct fuse_interrupt_in interrupt = { .unique = unique };
	const struct kernel_request request = {
		.opcode = FUSE_INTERRUPT,
		.arg = &interrupt,
		.arg_len = sizeof(interrupt),
	};

	kernel_send(kernel, &request);
}

void kernel_interrupt(struct kernel *kernel, struct kernel_wait *wait)
{
	struct timespec deadline;
	uint64_t unique;
	bool arrived;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += WAIT_SECONDS;
	pthread_mutex_lock(&kernel->lock);
	unique = wait->unique;
	kernel->interrupts++;
	pthread_mutex_unlock(&kernel->lock);
	send_interrupt(kernel, unique);
	pthread_mutex_lock(&kernel->lock);
	while (wait->unique != 0 && !wait->arrived)
		if (pthread_cond_timedwait(&kernel->changed, &kernel->lock, &deadline) != 0)
			break;
	arrived = wait->unique == 0 || wait->arrived;
	locked_collect(kernel);
	pthread_mutex_unlock(&kernel->lock);
	REQUIRE(arrived);
}

void kernel_interrupt_late(struct kernel *kernel)
{
	pthread_mutex_lock(&kernel->lock);
	kernel->interrupts++;
	pthread_mutex_unlock(&kernel->lock);
	send_interrupt(kernel, kernel->unique);
}

/* ---- the end ---- */

/* libfuse answers interrupts that came too late by the way, with the next
 * request. */
static void drain_interrupts(struct kernel *kernel)
{
	const struct kernel_request request = { .opcode = FUSE_STATFS, .node = FUSE_ROOT_ID };

	for (unsigned i = kernel->interrupts; i > 0; i--)
		kernel_send(kernel, &request);
}

void kernel_end(struct kernel *kernel)
{
	for (size_t i = 0; i < KERNEL_WAITS; i++)
		if (kernel->waits[i].unique != 0)
			kernel_interrupt(kernel, &kernel->waits[i]);
	for (size_t i = 0; i < KERNEL_HANDLES; i++)
		if (kernel->handles[i].used)
			kernel_release(kernel, &kernel->handles[i]);
	for (size_t i = 1; i < KERNEL_NODES; i++)
		if (kernel->nodes[i].id != 0)
			kernel_forget(kernel, &kernel->nodes[i], kernel->nodes[i].lookups);
	drain_interrupts(kernel);
}
