/* SPDX-License-Identifier: MIT */
#include "cli/args.h"

#include "base/text.h"

#include <assert.h>
#include <getopt.h>
#include <stdint.h>
#include <string.h>

/* What getopt_long returns for option I of a table: past every character. */
enum { FIRST_OPTION = 0x100 };

static size_t table_length(const struct args_option *options)
{
	size_t count = 0;

	while (options[count].name != NULL)
		count++;
	assert(count <= ARGS_OPTIONS_MOST);
	return count;
}

static int option_index(const struct args_option *options, int code)
{
	if (code >= FIRST_OPTION)
		return code - FIRST_OPTION;
	for (int i = 0; options[i].name != NULL; i++)
		if (options[i].letter == code && code != 0)
			return i;
	return -1;
}

static enum err refuse(const struct args_option *options, int code, char **argv, struct err_info *info)
{
	int index = option_index(options, optopt);

	if (code == ':' && index >= 0)
		return err_set(info, ERR_BAD_REQUEST, "option --%s needs a value", options[index].name);
	if (optopt >= FIRST_OPTION && index >= 0)
		return err_set(info, ERR_BAD_REQUEST, "option --%s takes no value", options[index].name);
	if (optopt != 0)
		return err_set(info, ERR_BAD_REQUEST, "there is no option -%c", optopt);
	return err_set(info, ERR_BAD_REQUEST, "there is no option %s", argv[optind - 1]);
}

enum err args_parse(const struct args_option *options, int argc, char **argv, struct args *args, struct err_info *info)
{
	struct option longs[ARGS_OPTIONS_MOST + 1] = {0};
	char shorts[2 * ARGS_OPTIONS_MOST + 2] = ":";
	size_t count = table_length(options), used = 1;
	int code;

	for (size_t i = 0; i < count; i++) {
		longs[i] = (struct option){.name = options[i].name,
			.has_arg = options[i].argument != NULL ? required_argument : no_argument,
			.val = FIRST_OPTION + (int)i};
		if (options[i].letter == 0)
			continue;
		shorts[used++] = options[i].letter;
		if (options[i].argument != NULL)
			shorts[used++] = ':';
	}
	*args = (struct args){.options = options};
	opterr = 0;
	optind = 0; /* glibc: forget an earlier scan */
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int index = code == '?' || code == ':' ? -1 : option_index(options, code);

		if (index < 0)
			return refuse(options, code, argv, info);
		args->values[index] = optarg != NULL ? optarg : "";
	}
	args->rest = argv + optind;
	args->count = (size_t)(argc - optind);
	return ERR_OK;
}

/* The position of NAME in the table; its length when it is not there. */
static size_t find(const struct args *args, const char *name)
{
	size_t i = 0;

	while (args->options[i].name != NULL && strcmp(args->options[i].name, name) != 0)
		i++;
	return i;
}

bool args_known(const struct args *args, const char *name)
{
	return args->options[find(args, name)].name != NULL;
}

const char *args_value(const struct args *args, const char *name)
{
	size_t i = find(args, name);

	assert(args->options[i].name != NULL);
	return args->values[i];
}

bool args_given(const struct args *args, const char *name)
{
	return args_value(args, name) != NULL;
}

enum err args_number(const struct args *args, const char *name, long least, long most, long fallback, long *out,
	struct err_info *info)
{
	const char *text = args_value(args, name);
	uint64_t value;

	*out = fallback;
	if (text == NULL)
		return ERR_OK;
	if (!text_to_u64(text, (uint64_t)most, &value) || (long)value < least)
		return err_set(info, ERR_BAD_REQUEST, "--%s wants a number from %ld to %ld", name, least, most);
	*out = (long)value;
	return ERR_OK;
}
