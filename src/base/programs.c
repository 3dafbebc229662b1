/* SPDX-License-Identifier: MIT */
#include "base/programs.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder this program was started from; "" when the kernel does not tell. In ARENA. */
static char *own_folder(struct arena *arena)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;

	if (length <= 0)
		return arena_strdup(arena, "");
	path[length] = '\0';
	slash = strrchr(path, '/');
	*slash = '\0';
	return arena_strdup(arena, path);
}

static bool look(
	struct arena *arena, const char *folder, const char *below, const char *name, int mode, const char **path)
{
	if (folder == NULL || *folder == '\0')
		return false;
	*path = arena_printf(arena, "%s/%s%s", folder, below, name);
	return access(*path, mode) == 0;
}

/* In FOLDER itself as installed, or where a build tree has it. */
static bool look_program(struct arena *arena, const char *folder, const char *name, const char **path)
{
	return look(arena, folder, "", name, X_OK, path) || look(arena, folder, "fcgi/", name, X_OK, path) ||
	       look(arena, folder, "jobs/", name, X_OK, path);
}

enum err programs_find(const char *name, struct arena *arena, const char **path, struct err_info *info)
{
	const char *own = own_folder(arena);

	if (look_program(arena, getenv("TONEARM_LIBEXEC"), name, path) || look_program(arena, own, name, path) ||
		look(arena, own, "../", name, X_OK, path) ||
		look(arena, own, "../libexec/tonearm/", name, X_OK, path) ||
		look(arena, PKGLIBEXECDIR, "", name, X_OK, path))
		return ERR_OK;
	*path = NULL;
	return err_set(info, ERR_NOT_FOUND,
		"the program %s is neither in %s nor beside this one: install Tonearm whole, or set "
		"TONEARM_LIBEXEC",
		name, PKGLIBEXECDIR);
}

enum err programs_share(const char *name, struct arena *arena, const char **path, struct err_info *info)
{
	const char *own = own_folder(arena);

	if (look(arena, getenv("TONEARM_SHARE"), "", name, R_OK, path) ||
		look(arena, getenv("TONEARM_SOURCE"), "", name, R_OK, path) || look(arena, own, "", name, R_OK, path) ||
		look(arena, own, "../share/tonearm/", name, R_OK, path) ||
		look(arena, PKGDATADIR, "", name, R_OK, path))
		return ERR_OK;
	*path = NULL;
	return err_set(
		info, ERR_NOT_FOUND, "%s is not in %s: install Tonearm whole, or set TONEARM_SHARE", name, PKGDATADIR);
}

enum err programs_system(
	const char *name, const char *package, struct arena *arena, const char **path, struct err_info *info)
{
	const char *folders = getenv("PATH");
	char *rest =
		arena_printf(arena, "%s:/usr/local/sbin:/usr/sbin:/sbin", folders != NULL ? folders : "/usr/bin:/bin");
	char *save = NULL;

	for (char *folder = strtok_r(rest, ":", &save); folder != NULL; folder = strtok_r(NULL, ":", &save))
		if (look(arena, folder, "", name, X_OK, path))
			return ERR_OK;
	*path = NULL;
	return err_set(info, ERR_NOT_FOUND, "%s is not installed (Debian: apt-get install %s)", name, package);
}
