# SPDX-License-Identifier: MIT
#
# Varnish (6.0 or newer, with the module xkey of varnish-modules) as an edge before Tonearm. One copy of a file is kept for
# all listeners, of private tracks too, and each request is judged by the origin before it gets a byte of it:
#
#     request ──► GET /auth/check/... at the origin, never kept ──► 204 ──► restart ──► the copy, or the file from the origin
#                                                              └──► 401, 403, 404: that is the answer
#
# What a listener may hear ends with his permission, then, at once; a purge takes away the copy. Playlists of private
# tracks are made for one listener and are not kept.
#
# Fill in:
#
#   @ORIGIN_HOST@ and @ORIGIN_PORT@  the web server in front of Tonearm
#   @EDGE_SECRET@   one of cdn.shield_secrets of tonearm.conf
#   @PURGE_SECRET@  what the key_file of this cache in cdn.purge holds
#
# In tonearm.conf the address of this machine belongs into http.trusted_proxies, and the cache into cdn.purge, with the
# kind "varnish". Whoever may read this file may ask the origin as an edge: chmod 600.
vcl 4.1;

import xkey;

backend origin {
	.host = "@ORIGIN_HOST@";
	.port = "@ORIGIN_PORT@";
}

sub vcl_recv {
	if (req.restarts == 0) {
		# These are between Varnish and the origin: a client's own words never count.
		unset req.http.X-Tonearm-Address;
		unset req.http.X-Tonearm-Keep;
		unset req.http.X-Tonearm-Allowed;
		set req.http.X-Forwarded-For = client.ip;
		unset req.http.Forwarded;
		set req.http.X-Real-IP = client.ip;
	}

	if (req.method == "PURGE") {
		if (req.http.X-Tonearm-Purge != "@PURGE_SECRET@") {
			return (synth(403));
		}
		if (req.http.X-Ban-Tags) {
			ban("obj.http.xkey ~ (^|\s)(" + req.http.X-Ban-Tags + ")(\s|$)");
			return (synth(200));
		}
		set req.http.X-Tonearm-Purged = xkey.purge(req.http.xkey-purge);
		return (synth(200, "Purged " + req.http.X-Tonearm-Purged));
	}
	unset req.http.X-Tonearm-Purge;

	set req.http.X-Tonearm-Edge = "@EDGE_SECRET@";
	if (req.method != "GET" && req.method != "HEAD") {
		return (pass);
	}

	# Files and segments: first the question, then, restarted, the copy.
	if (req.http.X-Tonearm-Allowed) {
		return (hash);
	}
	if (req.url ~ "^/(media/[^/?]+/[^/?]+|hls/[^/?]+/[^/?]+/[^/?]+\.(m4s|mp4|ts))(\?|$)" && req.url !~ "[?&]download(=|&|$)") {
		set req.http.X-Tonearm-Address = req.url;
		set req.url = "/auth/check" + req.url;
		return (pass);
	}

	# The rest is kept where the origin lets everybody have it.
	if (req.http.Authorization || req.http.Cookie) {
		return (pass);
	}
	return (hash);
}

# The query is a listener's permission, and no part of what a file is.
sub vcl_hash {
	if (req.http.X-Tonearm-Allowed) {
		hash_data(regsub(req.url, "\?.*$", ""));
		hash_data(req.http.Host);
		return (lookup);
	}
}

sub vcl_backend_fetch {
	# An answer with the verdict is all that is wanted.
	if (bereq.url ~ "^/auth/check/") {
		set bereq.method = "GET";
		unset bereq.http.Range;
	}
}

sub vcl_backend_response {
	if (bereq.http.X-Tonearm-Allowed) {
		if (beresp.status == 200 && beresp.http.Cache-Control !~ "no-store") {
			# A file does not change under its name; what is made anew is purged.
			unset beresp.http.Set-Cookie;
			# Of the listener who came first alone.
			unset beresp.http.RateLimit;
			unset beresp.http.RateLimit-Policy;
			# What is said to the pages of http.allowed_origins is not said to others.
			if (beresp.http.Vary ~ "(?i)(^|[ ,])Origin($|[ ,])") {
				set beresp.http.Vary = "Origin";
			} else {
				unset beresp.http.Vary;
			}
			# Now and then it is compared with the origin (If-None-Match): what was on its way from there while
			# it was purged came behind the purge.
			set beresp.ttl = 5m;
			set beresp.grace = 0s;
			set beresp.keep = 1d;
			return (deliver);
		}
		set beresp.uncacheable = true;
		set beresp.ttl = 0s;
		return (deliver);
	}
	# Else as the origin says, and never longer: a purge must not bring back what was graced.
	set beresp.grace = 0s;
}

sub vcl_deliver {
	if (req.http.X-Tonearm-Address && !req.http.X-Tonearm-Allowed) {
		if (resp.status != 204) {
			return (deliver);
		}
		set req.url = req.http.X-Tonearm-Address;
		set req.http.X-Tonearm-Keep = resp.http.X-Tonearm-Cache-Control;
		set req.http.X-Tonearm-Allowed = "yes";
		return (restart);
	}
	if (req.http.X-Tonearm-Allowed) {
		# For this listener's own cache: what his permission lets him keep, not what that of the first one did.
		set resp.http.Cache-Control = req.http.X-Tonearm-Keep;
		unset resp.http.Age;
	}
	if (obj.hits > 0) {
		set resp.http.X-Cache = "hit";
	} else {
		set resp.http.X-Cache = "miss";
	}
}
