/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "parse.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

	if (!parse_word(words, argument, &action))
		return parse_fail(parser, "unknown option '--%s': see shmfuse --help", argument);
	parser->options->action = (enum action)action;
	return 0;
}

static int set_short(const struct parser *parser, int option, char *argument)
{
	struct options *options = parser->options;

	switch (option) {
	case 'o':
		return parse_mount_options(parser, argument);
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
		return parse_fail(parser, "option '-%c' needs a value: see shmfuse --help", optopt);
	default:
		return parse_fail(parser, "unknown option '-%c': see shmfuse --help", optopt);
	}
}

static int set_operands(const struct parser *parser, int count, char **operands)
{
	struct options *options = parser->options;

	if (options->action != ACTION_MOUNT)
		return 0;
	if (count == 0)
		return parse_fail(parser, "no mount point given: see shmfuse --help");
	if (count > 2)
		return parse_fail(parser, "'%s' is one argument too many: see shmfuse --help",
				  operands[2]);
	options->source = count == 2 ? operands[0] : NULL;
	options->mountpoint = operands[count - 1];
	return 0;
}

/* What is no option, and whether nothing is from here on. */
struct operands {
	char **words;
	int count;
	bool only;
};

static void add_operand(struct operands *operands, char **argv)
{
	operands->words[operands->count++] = argv[optind++];
}

static int parse_argument(const struct parser *parser, int argc, char **argv,
			  struct operands *operands)
{
	const char *argument = argv[optind];
	int option;

	if (operands->only) {
		add_operand(operands, argv);
		return 0;
	}
	if (strncmp(argument, "--", 2) == 0 && argument[2] != '\0') {
		optind++;
		return set_long(parser, argument + 2);
	}
	option = getopt(argc, argv, "+:o:fdhV");
	if (option != -1)
		return set_short(parser, option, optarg);
	operands->only = strcmp(argv[optind - 1], "--") == 0;
	if (optind < argc)
		add_operand(operands, argv);
	return 0;
}

/* Options may stand behind operands too, as mount(8) puts them. */
static int parse_arguments(const struct parser *parser, int argc, char **argv)
{
	struct operands operands = { .words = calloc((size_t)argc + 1, sizeof(char *)) };
	int error = 0;

	if (operands.words == NULL)
		return parse_fail(parser, "out of memory");
	opterr = 0;
	optind = 1;
	while (error == 0 && optind < argc)
		error = parse_argument(parser, argc, argv, &operands);
	if (error == 0)
		error = set_operands(parser, operands.count, operands.words);
	free(operands.words);
	return error;
}

/* What does not go together, whatever the order that it was given in. */
static int check_root(const struct parser *parser)
{
	const struct options *options = parser->options;

	if (options->subdir != NULL && options->flat)
		return parse_fail(parser, "subdir=%s: with flat there are no directories",
				  options->subdir);
	if (options->ephemeral && options->subdir == NULL)
		return parse_fail(parser, "ephemeral needs subdir=DIR: it would remove all objects "
					  "of the machine");
	return 0;
}

/* What was sent by io_uring goes with the process that read it. */
static int check_transport(const struct parser *parser)
{
	struct options *options = parser->options;

	if (options->supervise == SUPERVISE_ON && options->transport == TRANSPORT_URING)
		return parse_fail(parser, "supervise: not with io_uring=on: leave one of them out");
	if (options->transport == TRANSPORT_URING)
		options->supervise = SUPERVISE_OFF;
	return 0;
}

static void free_copy(char **copy)
{
	for (char **word = copy; word != NULL && *word != NULL; word++)
		free(*word);
	free(copy);
}

/* NULL: no memory. */
static char **copy_of(int argc, char **argv)
{
	char **copy = calloc((size_t)argc + 1, sizeof(*copy));

	for (int i = 0; copy != NULL && i < argc; i++) {
		copy[i] = strdup(argv[i]);
		if (copy[i] != NULL)
			continue;
		free_copy(copy);
		copy = NULL;
	}
	return copy;
}

/* The kernel counts waits for locks as it counts all else. */
static int check_timeout(const struct parser *parser)
{
	const struct options *options = parser->options;

	if (options->request_timeout == 0 || options->local_lock == LOCAL_ALL)
		return 0;
	return parse_fail(parser,
			  "request_timeout=%u needs local_lock=all: who waits longer for a lock "
			  "would end the mount",
			  options->request_timeout);
}

int options_parse(struct options *options, int argc, char **argv, message_line message)
{
	const struct parser parser = { options, message };
	int error;

	*options = (struct options){
		.separator = '%',
		.allow_other = geteuid() == 0,
		.mount_options = strdup("fsname=shm,subtype=shmfuse,default_permissions"),
		.as_given = copy_of(argc, argv),
	};
	owners_init(&options->owners);
	if (options->mount_options == NULL || options->as_given == NULL)
		return parse_fail(&parser, "out of memory");
	error = parse_arguments(&parser, argc, argv);
	if (error == 0)
		error = check_root(&parser);
	if (error == 0)
		error = check_transport(&parser);
	if (error == 0)
		error = check_timeout(&parser);
	if (error == 0)
		error = parse_check_owners(&parser);
	if (error == 0 && options->allow_other)
		error = parse_pass_on(&parser, "allow_other");
	if (options->debug)
		options->foreground = true;
	return error;
}

void options_free(struct options *options)
{
	free(options->mount_options);
	free_copy(options->as_given);
	shares_free(&options->shares);
}
