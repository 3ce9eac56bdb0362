/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"Usage: shmfuse [options] [SOURCE] MOUNTPOINT\n"
	"\n"
	"Mounts a tree in which every file is a POSIX shared memory object.\n"
	"SOURCE is shm, or the shared memory directory itself; it may be left out.\n"
	"\n"
	"  -o OPTION[,OPTION...]  mount options, see below\n"
	"  -f                     stay in the foreground\n"
	"  -d                     show each request (implies -f)\n"
	"      --check            tell what this machine can do, and exit\n"
	"  -h, --help             this text\n"
	"  -V, --version          version numbers\n"
	"\n"
	"Mount options:\n"
	"  data=auto|passthrough|mapped\n"
	"                         how data is reached. passthrough: by the kernel,\n"
	"                         with shared mappings; mapped: by the daemon, shared\n"
	"                         mappings refused; auto (default): what works\n"
	"  io_uring=auto|on|off   requests by io_uring, which is faster and must be\n"
	"                         switched on in the kernel: see shmfuse(1)\n"
	"                         (default: off)\n"
	"  noallow_other          for the mounting user alone (default for root: all\n"
	"                         users, each with his own rights)\n"
	"  local_lock=none|flock|posix|all\n"
	"                         locks that programs outside of the mount do not\n"
	"                         see (default: none)\n"
	"  ac                     the kernel may keep attributes for a tick of its\n"
	"                         clock: faster stat and open (default: noac)\n"
	"  separator=C            byte between the parts of a name (default: %)\n"
	"  flat                   no directories\n"
	"  ro, nosuid, nodev, noexec, ...\n"
	"                         as mount(8) has them\n"
	"\n"
	"To unmount: umount MOUNTPOINT, or as a user: fusermount3 -u MOUNTPOINT\n";

void options_help(FILE *stream)
{
	fputs(usage, stream);
}

struct parser {
	struct options *options;
	char *message;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int fail(const struct parser *parser,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->message, parser->size, format, args);
	va_end(args);
	return -1;
}

/* ---- words with a value from a list ---- */

struct word {
	const char *name;
	int value;
};

/* clang-format off */
static const struct word data_words[] = {
	{ "auto", DATA_AUTO },
	{ "passthrough", DATA_PASSTHROUGH },
	{ "mapped", DATA_MAPPED },
	{ 0 },
};

static const struct word transport_words[] = {
	{ "auto", TRANSPORT_AUTO },
	{ "on", TRANSPORT_URING },
	{ "off", TRANSPORT_DEVICE },
	{ 0 },
};

static const struct word lock_words[] = {
	{ "none", LOCAL_NONE },
	{ "flock", LOCAL_FLOCK },
	{ "posix", LOCAL_POSIX },
	{ "all", LOCAL_ALL },
	{ 0 },
};
/* clang-format on */

static bool find_word(const struct word *words, const char *name, int *value)
{
	for (; words->name != NULL; words++) {
		if (strcmp(words->name, name) == 0) {
			*value = words->value;
			return true;
		}
	}
	return false;
}

static int set_data(const struct parser *parser, const char *value)
{
	int data;

	if (!find_word(data_words, value, &data))
		return fail(parser, "data=%s: give auto, passthrough or mapped", value);
	parser->options->data = (enum data_path)data;
	return 0;
}

static int set_transport(const struct parser *parser, const char *value)
{
	int transport;

	if (!find_word(transport_words, value, &transport))
		return fail(parser, "io_uring=%s: give auto, on or off", value);
	parser->options->transport = (enum transport)transport;
	return 0;
}

static int set_local_lock(const struct parser *parser, const char *value)
{
	int local;

	if (!find_word(lock_words, value, &local))
		return fail(parser, "local_lock=%s: give none, flock, posix or all", value);
	parser->options->local_lock = (enum local_lock)local;
	return 0;
}

static int set_separator(const struct parser *parser, const char *value)
{
	/* A letter of it would split the names of semaphores, sem.x. */
	if (strlen(value) != 1 || strchr("/sem.", value[0]) != NULL)
		return fail(parser, "separator=%s: give one byte, none of '/', 's', 'e', 'm', '.'",
			    value);
	parser->options->separator = value[0];
	return 0;
}

/* ---- plain words ---- */

static int set_allow_other(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->allow_other = true;
	return 0;
}

static int set_noallow_other(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->allow_other = false;
	return 0;
}

static int set_flat(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->flat = true;
	return 0;
}

static int set_ac(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->ac = true;
	return 0;
}

static int set_noac(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->ac = false;
	return 0;
}

static int set_debug(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->debug = true;
	return 0;
}

static const struct option {
	const char *name;
	bool has_value;
	int (*set)(const struct parser *parser, const char *value);
} options_known[] = {
	{ "data", true, set_data },
	{ "io_uring", true, set_transport },
	{ "local_lock", true, set_local_lock },
	{ "separator", true, set_separator },
	{ "allow_other", false, set_allow_other },
	{ "noallow_other", false, set_noallow_other },
	{ "ac", false, set_ac },
	{ "noac", false, set_noac },
	{ "flat", false, set_flat },
	{ "debug", false, set_debug },
};

/* clang-format off */

/* Passed on to mount(2), by way of libfuse. */
static const char *const options_of_mount[] = {
	"ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async",
	"dirsync", "atime", "noatime", "diratime", "nodiratime", NULL,
};

/* Words of fstab(5) that are for others, or for nobody. */
static const char *const options_ignored[] = {
	"defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "nofail",
	"_netdev", "relatime", "norelatime", "strictatime", "default_permissions", NULL,
};
/* clang-format on */

static bool is_listed(const char *const *list, const char *word)
{
	while (*list != NULL && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

static bool is_comment(const char *word)
{
	return strncmp(word, "x-", 2) == 0 || strncmp(word, "X-", 2) == 0 ||
	       strncmp(word, "comment=", 8) == 0 || strncmp(word, "uhelper=", 8) == 0;
}

static int add_mount_option(const struct parser *parser, const char *word)
{
	char *old = parser->options->mount_options;
	char *joined;

	if (asprintf(&joined, "%s,%s", old, word) < 0)
		return fail(parser, "out of memory");
	free(old);
	parser->options->mount_options = joined;
	return 0;
}

static int set_option(const struct parser *parser, char *word)
{
	char *value = strchr(word, '=');
	const size_t len = value != NULL ? (size_t)(value - word) : strlen(word);

	for (size_t i = 0; i < sizeof(options_known) / sizeof(*options_known); i++) {
		const struct option *option = &options_known[i];

		if (strlen(option->name) != len || strncmp(option->name, word, len) != 0)
			continue;
		if (option->has_value != (value != NULL))
			return fail(parser, "option '%s' %s value", option->name,
				    option->has_value ? "needs a" : "takes no");
		return option->set(parser, value != NULL ? value + 1 : NULL);
	}
	if (is_listed(options_of_mount, word))
		return add_mount_option(parser, word);
	if (word[0] == '\0' || is_listed(options_ignored, word) || is_comment(word))
		return 0;
	return fail(parser, "unknown option '%s': see shmfuse --help", word);
}

/* The words between the commas; the argument is the process's own to change. */
static int set_options(const struct parser *parser, char *list)
{
	int error = 0;
	char *word;

	while (error == 0 && (word = strsep(&list, ",")) != NULL)
		error = set_option(parser, word);
	return error;
}

/* ---- arguments ---- */

static int set_long(const struct parser *parser, const char *argument)
{
	/* clang-format off */
	static const struct word words[] = {
		{ "check", ACTION_CHECK },
		{ "help", ACTION_HELP },
		{ "version", ACTION_VERSION },
		{ 0 },
	};
	/* clang-format on */
	int action;

	if (!find_word(words, argument, &action))
		return fail(parser, "unknown option '--%s': see shmfuse --help", argument);
	parser->options->action = (enum action)action;
	return 0;
}

static int set_short(const struct parser *parser, int option, char *argument)
{
	struct options *options = parser->options;

	switch (option) {
	case 'o':
		return set_options(parser, argument);
	case 'f':
		options->foreground = true;
		return 0;
	case 'd':
		options->debug = true;
		return 0;
	case 'h':
		options->action = ACTION_HELP;
		return 0;
	case 'V':
		options->action = ACTION_VERSION;
		return 0;
	case ':':
		return fail(parser, "option '-%c' needs a value: see shmfuse --help", optopt);
	default:
		return fail(parser, "unknown option '-%c': see shmfuse --help", optopt);
	}
}

static int set_operands(const struct parser *parser, int count, char **operands)
{
	struct options *options = parser->options;

	if (options->action != ACTION_MOUNT)
		return 0;
	if (count == 0)
		return fail(parser, "no mount point given: see shmfuse --help");
	if (count > 2)
		return fail(parser, "'%s' is one argument too many: see shmfuse --help",
			    operands[2]);
	options->source = count == 2 ? operands[0] : NULL;
	options->mountpoint = operands[count - 1];
	return 0;
}

/* Options may stand behind operands too, as mount(8) puts them. */
static int parse_arguments(const struct parser *parser, int argc, char **argv)
{
	char **operands = calloc((size_t)argc + 1, sizeof(*operands));
	int count = 0, error = 0;
	bool only_operands = false;

	if (operands == NULL)
		return fail(parser, "out of memory");
	opterr = 0;
	optind = 1;
	while (error == 0 && optind < argc) {
		const char *argument = argv[optind];
		int option;

		if (only_operands) {
			operands[count++] = argv[optind++];
			continue;
		}
		if (strncmp(argument, "--", 2) == 0 && argument[2] != '\0') {
			error = set_long(parser, argument + 2);
			optind++;
			continue;
		}
		option = getopt(argc, argv, "+:o:fdhV");
		if (option != -1)
			error = set_short(parser, option, optarg);
		else
			only_operands = strcmp(argv[optind - 1], "--") == 0;
		if (option == -1 && optind < argc)
			operands[count++] = argv[optind++];
	}
	if (error == 0)
		error = set_operands(parser, count, operands);
	free(operands);
	return error;
}

int options_parse(struct options *options, int argc, char **argv, char *message, size_t size)
{
	const struct parser parser = { options, message, size };
	int error;

	*options = (struct options){
		.separator = '%',
		.allow_other = geteuid() == 0,
		.mount_options = strdup("fsname=shm,subtype=shmfuse,default_permissions"),
	};
	if (options->mount_options == NULL)
		return fail(&parser, "out of memory");
	error = parse_arguments(&parser, argc, argv);
	if (error == 0 && options->allow_other)
		error = add_mount_option(&parser, "allow_other");
	if (options->debug)
		options->foreground = true;
	return error;
}

void options_free(struct options *options)
{
	free(options->mount_options);
}
