/* SPDX-License-Identifier: MIT */
#include "storage/key_file.h"

#include "base/fs.h"

#include <errno.h>
#include <sys/stat.h>

enum { KEY_FILE_MOST = 64 * 1024 };

enum err key_file_read(
	const char *what, const char *name, const char *path, char **text, size_t *length, struct err_info *info)
{
	struct stat status;

	*text = NULL;
	if (path[0] == '\0')
		return err_set(info, ERR_BAD_REQUEST, "%s %s: key_file is missing", what, name);
	if (stat(path, &status) != 0)
		return err_set_errno(info, ERR_NOT_FOUND, errno, "%s %s: cannot read %s", what, name, path);
	if (status.st_mode & 0077)
		return err_set(info, ERR_FORBIDDEN, "%s %s: others may read its key: chmod 600 %s", what, name, path);
	return fs_read_file(path, KEY_FILE_MOST, text, length, info);
}
