/* SPDX-License-Identifier: MIT */
/*
 * auth.fcgi: tokens, signed addresses, revocation; and the word to a web server that serves files itself. What is below
 * /media/ is answered in the role of an authorizer only.
 */
#include "fcgi/auth.h"

#include "auth/scope.h"

static const struct route routes[] = {
	{HTTP_POST, "/auth/token", NULL, auth_token},
	{HTTP_POST, "/auth/sign", NULL, auth_sign},
	{HTTP_POST, "/auth/revoke", NULL, auth_revoke},
	{HTTP_GET, "/auth/check", NULL, auth_check},
	{HTTP_GET, "/auth/check/media/{track}/{name}", NULL, auth_check_edge},
	{HTTP_GET, "/auth/check/hls/{track}/{quality}/{name}", NULL, auth_check_edge},
	{HTTP_GET, "/media/{track}/{name}", NULL, auth_authorize},
};

int main(int argc, char **argv)
{
	return responder_run(argc, argv, "auth", "Answers for tokens, signed addresses and who may have what.", routes,
		sizeof routes / sizeof *routes);
}
