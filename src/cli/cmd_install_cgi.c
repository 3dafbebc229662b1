/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "cli/cgi_site.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct args_option options[] = {
	{"private", 'p', "DIR", "where configuration, library and programs go, outside of the document root"},
	{"help", 'h', NULL, "show this help"},
	{NULL, 0, NULL, NULL},
};

static void print_next(struct cli *cli, const char *private, bool renewed)
{
	const struct term *term = &cli->out;
	const char *bold = term_on(term, TERM_BOLD), *plain = term_on(term, TERM_PLAIN);

	fprintf(term->out, "%s%s%s %s\n\nNext:\n", term_on(term, TERM_GREEN), renewed ? "Renewed" : "Made", plain,
		renewed ? "all but configuration and library." : "a site; its private part holds fresh secrets.");
	fprintf(term->out, "  put this line into the crontab (`crontab -e`, or the host's panel):\n\n");
	fprintf(term->out,
		"  %s* * * * * %s/bin/tonearm-jobrunner --drain --for 50s -c %s/tonearm.conf >/dev/null 2>&1%s\n\n",
		bold, private, private, plain);
	fprintf(term->out, "  %s%s/bin/tonearm token -c %s --scope track:write%s   a token, to upload with\n", bold,
		private, private, plain);
}

/* Trailing slashes off; NULL stays. */
static char *trimmed(const char *path, struct arena *arena)
{
	size_t length = path == NULL ? 0 : strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return path == NULL ? NULL : arena_memdup(arena, path, length);
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	struct cgi_site site;
	char absolute[PATH_MAX];
	const char *conf, *private;
	bool renewed;
	enum err err = cli_words(args, 1, 1, info);

	if (err != ERR_OK)
		return err;
	site.folder = trimmed(args->rest[0], &cli->arena);
	site.private = trimmed(args_value(args, "private"), &cli->arena);
	err = cgi_site_make(&site, &cli->arena, &conf, &renewed, info);
	if (err != ERR_OK)
		return err;
	private = site.private != NULL ? site.private : arena_printf(&cli->arena, "%s/private", site.folder);
	if (realpath(private, absolute) == NULL)
		return err_set_errno(info, ERR_IO, errno, "cannot find %s again", private);
	print_next(cli, absolute, renewed);
	return ERR_OK;
}

const struct cli_command cmd_install_cgi = {
	.name = "install-cgi",
	.arguments = "DIR",
	.summary = "lay out a folder for a shared host: plain CGI and cron",
	.text = "Makes DIR, a folder below the document root of a host of which nothing else is\n"
		"yours: tonearm.cgi, an .htaccess, the page, and private/ with a configuration\n"
		"(fresh secrets), an empty library and the programs. All paths in it are\n"
		"relative, so that it may be made elsewhere and copied. No daemon is needed:\n"
		"cron runs the jobs. Where it was made before, programs and page are renewed,\n"
		"and configuration and library stay.\n",
	.options = options,
	.run = run,
};
