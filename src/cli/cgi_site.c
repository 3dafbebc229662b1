/* SPDX-License-Identifier: MIT */
#include "cli/cgi_site.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/programs.h"
#include "cli/site.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FOLDER_MODE = 0755,
	SCRIPT_MODE = 0755,
	FILE_MODE = 0644,
	PRIVATE_MODE = 0750,
	CONF_MODE = 0600,
	FILE_MOST = 512 << 20, /* a program with all its symbols */
	TEXT_MOST = 1 << 20,
	PAGE_DEPTH = 2
};

static enum err copy_file(const char *from, const char *to, mode_t mode, struct err_info *info)
{
	char *bytes;
	size_t length;
	enum err err = fs_read_file(from, FILE_MOST, &bytes, &length, info);

	if (err == ERR_OK)
		err = fs_write_file(to, bytes, length, mode, info);
	free(bytes);
	return err;
}

static enum err copy_shared(const char *name, const char *to, struct arena *arena, struct err_info *info)
{
	const char *from;
	enum err err = programs_share(name, arena, &from, info);

	return err == ERR_OK ? copy_file(from, to, FILE_MODE, info) : err;
}

/* The plain files of FROM, and of its folders as far as DEPTH goes. */
static enum err copy_tree(const char *from, const char *to, int depth, struct arena *arena, struct err_info *info)
{
	DIR *folder = opendir(from);
	struct dirent *entry;
	enum err err;

	if (folder == NULL)
		return err_set_errno(info, ERR_IO, errno, "cannot open %s", from);
	err = fs_make_dirs(to, FOLDER_MODE, info);
	while (err == ERR_OK && (entry = readdir(folder)) != NULL) {
		const char *source = arena_printf(arena, "%s/%s", from, entry->d_name);
		const char *target = arena_printf(arena, "%s/%s", to, entry->d_name);
		struct stat status;

		if (entry->d_name[0] == '.' || stat(source, &status) != 0)
			continue;
		if (S_ISREG(status.st_mode))
			err = copy_file(source, target, FILE_MODE, info);
		else if (S_ISDIR(status.st_mode) && depth > 1)
			err = copy_tree(source, target, depth - 1, arena, info);
	}
	closedir(folder);
	return err;
}

/* An installation without the page gives a site without it. */
static enum err copy_page(const struct cgi_site *site, struct arena *arena, struct err_info *info)
{
	const char *page;

	if (programs_share("www/index.html", arena, &page, NULL) != ERR_OK)
		return ERR_OK;
	page = arena_memdup(arena, page, strlen(page) - strlen("/index.html"));
	return copy_tree(page, site->folder, PAGE_DEPTH, arena, info);
}

static enum err copy_programs(const char *private, struct arena *arena, struct err_info *info)
{
	static const char *const names[] = {"manifest.fcgi", "stream.fcgi", "api.fcgi", "auth.fcgi",
		"tonearm-fetch", "tonearm-jobrunner", "tonearm-jwks", "tonearm-worker"};
	const char *bin = arena_printf(arena, "%s/bin", private);
	enum err err = fs_make_dirs(bin, FOLDER_MODE, info);

	for (size_t i = 0; err == ERR_OK && i < sizeof names / sizeof *names; i++) {
		const char *from;

		err = programs_find(names[i], arena, &from, info);
		if (err == ERR_OK)
			err = copy_file(from, arena_printf(arena, "%s/%s", bin, names[i]), SCRIPT_MODE, info);
	}
	if (err == ERR_OK)
		err = copy_file("/proc/self/exe", arena_printf(arena, "%s/tonearm", bin), SCRIPT_MODE, info);
	return err;
}

/* The shipped script, its line `private=private` made to name the private part. */
static enum err write_script(const struct cgi_site *site, struct arena *arena, struct err_info *info)
{
	static const char mark[] = "\nprivate=private\n";
	const char *from, *place;
	struct buf script;
	size_t length;
	char *text;
	enum err err = programs_share("conf-examples/cgi/tonearm.cgi", arena, &from, info);

	if (err == ERR_OK)
		err = fs_read_file(from, TEXT_MOST, &text, &length, info);
	if (err != ERR_OK)
		return err;
	place = strstr(text, mark);
	buf_init(&script, TEXT_MOST);
	if (place == NULL) {
		err = err_set(info, ERR_INTERNAL, "%s has no line private=private", from);
		goto out;
	}
	buf_put(&script, text, (size_t)(place - text));
	if (site->private != NULL)
		buf_printf(&script, "\nprivate='%s'\n", site->private);
	else
		buf_puts(&script, mark);
	buf_puts(&script, place + strlen(mark));
	err = fs_write_file(
		arena_printf(arena, "%s/tonearm.cgi", site->folder), script.data, script.length, SCRIPT_MODE, info);
out:
	buf_free(&script);
	free(text);
	return err;
}

/* What a responder logs would stand in the host's error log otherwise, a line for each request. */
static enum err quieten(const char *conf, struct err_info *info)
{
	static const char log[] = "\nlog:\n{\n\tlevel = \"warning\";\n\tfile = \"run/tonearm.log\";\n};\n";
	struct buf text;
	size_t length;
	char *old;
	enum err err = fs_read_file(conf, TEXT_MOST, &old, &length, info);

	if (err != ERR_OK)
		return err;
	buf_init(&text, 2 * TEXT_MOST);
	buf_put(&text, old, length);
	buf_puts(&text, log);
	err = fs_write_file(conf, text.data, text.length, CONF_MODE, info);
	explicit_bzero(old, length);
	free(old);
	buf_free(&text);
	return err;
}

static enum err make_private(const char *private, struct arena *arena, const char **conf, bool *renewed,
	struct err_info *info)
{
	enum err err;

	*conf = arena_printf(arena, "%s/tonearm.conf", private);
	*renewed = access(*conf, F_OK) == 0;
	if (*renewed)
		return ERR_OK;
	err = site_make(private, "data", "run", arena, conf, info);
	if (err == ERR_OK && chmod(private, PRIVATE_MODE) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot close %s to others", private);
	return err == ERR_OK ? quieten(*conf, info) : err;
}

/* Nothing of anybody else's is written over: the folder is empty, or this has been here before. */
static enum err check_folder(const struct cgi_site *site, struct arena *arena, struct err_info *info)
{
	DIR *folder = opendir(site->folder);
	struct dirent *entry;
	bool other = false;

	if (folder == NULL && errno == ENOENT)
		return ERR_OK;
	if (folder == NULL)
		return err_set_errno(info, ERR_IO, errno, "cannot open %s", site->folder);
	while ((entry = readdir(folder)) != NULL)
		other |= strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(folder);
	if (other && access(arena_printf(arena, "%s/tonearm.cgi", site->folder), F_OK) != 0)
		return err_set(
			info, ERR_CONFLICT, "%s holds other things: give Tonearm a folder of its own", site->folder);
	return ERR_OK;
}

static enum err check_private(const struct cgi_site *site, struct err_info *info)
{
	if (site->private == NULL)
		return ERR_OK;
	if (site->private[0] != '/' || strpbrk(site->private, "'\n") != NULL)
		return err_set(
			info, ERR_BAD_REQUEST, "the private folder must be an absolute path without a quote in it");
	return ERR_OK;
}

enum err cgi_site_make(const struct cgi_site *site, struct arena *arena, const char **conf, bool *renewed,
	struct err_info *info)
{
	const char *private = site->private != NULL ? site->private : arena_printf(arena, "%s/private", site->folder);
	enum err err = check_private(site, info);

	if (err == ERR_OK)
		err = check_folder(site, arena, info);
	if (err == ERR_OK)
		err = fs_make_dirs(site->folder, FOLDER_MODE, info);
	if (err == ERR_OK)
		err = make_private(private, arena, conf, renewed, info);
	if (err == ERR_OK)
		err = copy_shared("conf-examples/cgi/htaccess-private", arena_printf(arena, "%s/.htaccess", private),
			arena, info);
	if (err == ERR_OK)
		err = copy_programs(private, arena, info);
	if (err == ERR_OK)
		err = copy_page(site, arena, info);
	if (err == ERR_OK)
		err = copy_shared(
			"conf-examples/cgi/htaccess", arena_printf(arena, "%s/.htaccess", site->folder), arena, info);
	return err == ERR_OK ? write_script(site, arena, info) : err;
}
