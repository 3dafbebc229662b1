#!/bin/sh
# SPDX-License-Identifier: MIT
# Hands a request to the responder it is for. What a query puts among the arguments (RFC 3875, section 4.4) ends here.
private=private

case $0 in
*/*) cd "${0%/*}" || exit 1 ;;
esac
PATH_INFO=${PATH_INFO:-/}

# The page, where the web server cannot be told to serve it beside the addresses of the responders.
page() {
	printf 'Content-Type: %s\r\nCache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n' "$1"
	printf "%s: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; %s\\r\\n\\r\\n" \
		Content-Security-Policy "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	[ "$REQUEST_METHOD" = HEAD ] || cat "$2"
	exit 0
}

case $PATH_INFO in
/) page 'text/html; charset=utf-8' index.html ;;
/style.css) page 'text/css; charset=utf-8' style.css ;;
/icon.svg) page image/svg+xml icon.svg ;;
/vendor/hls.mjs) page 'text/javascript; charset=utf-8' vendor/hls.mjs ;;
*[!a-z./]* | /*/*) ;;
/*.js) [ ! -f ".$PATH_INFO" ] || page 'text/javascript; charset=utf-8' ".$PATH_INFO" ;;
esac

case $PATH_INFO in
/hls/*.m3u8 | /dash/*.mpd) name=manifest ;;
/stream/* | /media/* | /hls/*) name=stream ;;
/auth/*) name=auth ;;
*) name=api ;;
esac
TONEARM_CONF=$private/tonearm.conf TONEARM_LIBEXEC=$private/bin TONEARM_PREFIX=auto exec "$private/bin/$name.fcgi"
