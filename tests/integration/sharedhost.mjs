// SPDX-License-Identifier: MIT
// Plain CGI on a shared host: what `tonearm install-cgi` lays out, below an Apache that knows nothing of it, with the
// table of requests (lib/requests.mjs) at an address below a user's folder, and where only PATH_INFO is to be had.

import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {test} from "node:test";
import {converse} from "./lib/requests.mjs";
import {request} from "./lib/http.mjs";
import {build} from "./lib/tools.mjs";

const environment = {...process.env, TONEARM_LIBEXEC: build, TONEARM_SHARE: build};
const install = (...words) => spawnSync(path.join(build, "tonearm"), ["install-cgi", ...words], {encoding: "utf8", env: environment});

/* Nobody gets what is private, by whatever name. */
function keepsItsSecrets(scene, folder) {
	for (const name of ["tonearm.conf", "data/tonearm.db", "bin/tonearm", "", ".htaccess", "../.htaccess", "%2e/tonearm.conf",
		"run/tonearm.log"]) {
		test(`private/${name} is nobody's`, async () => {
			const answer = await request(scene.site.url, {path: `${folder}/private/${name}`});
			assert.ok([403, 404].includes(answer.status), `status ${answer.status}`);
			assert.doesNotMatch(answer.text, /secret|SQLite/);
		});
	}
}

/* The addresses that the site tells are its own, wherever it lives. */
function tellsItsAddress(scene) {
	test("the addresses of a track lead to it", async () => {
		const {track, urls} = (await scene.site.request({path: `/api/v1/tracks/${scene.open}`})).json;
		const addresses = Object.values(urls ?? track.urls).flatMap(value => typeof value === "string" ? [value] : []);
		assert.ok(addresses.length > 0);
		for (const address of addresses) {
			const answer = await request(scene.site.url, {path: new URL(address, scene.site.url).pathname});
			assert.equal(answer.status, 200, address);
		}
	});
	test("each part of a private track is where its playlists say", async () => {
		const base = new URL(`${scene.site.prefix}/hls/${scene.secret}/master.m3u8`, scene.site.url);
		const fetched = async url => {
			const answer = await request(url.origin, {path: url.pathname + url.search, headers: {Range: "bytes=0-9"}});
			assert.ok([200, 206].includes(answer.status), `${url}: ${answer.status}`);
		};
		const master = await request(base.origin, {path: base.pathname, headers: scene.site.bearer("stream:read")});
		const playlist = new URL(master.text.match(/^low\/.+$/m)[0], base);
		const media = await request(base.origin, {path: playlist.pathname + playlist.search});
		await fetched(new URL(media.text.match(/EXT-X-MAP:URI="([^"]+)"/)[1], playlist));
		await fetched(new URL(media.text.match(/^[^#\n].*$/m)[0], playlist));
	});
}

converse([
	{name: "below a user's folder", server: "apache-cgi", folder: "~ada/music", prefix: "/~ada/music", more(scene) {
		keepsItsSecrets(scene, "/~ada/music");
		tellsItsAddress(scene);
	}},
	{name: "by PATH_INFO alone, without mod_rewrite, the private part elsewhere", server: "apache-cgi", folder: "music",
		prefix: "/music/tonearm.cgi", rewrite: false, elsewhere: true, without: ["tricks"], more(scene) {
			tellsItsAddress(scene);
			test("the folder leads to the page", async () => {
				const answer = await request(scene.site.url, {path: "/music/"});
				assert.equal(answer.status, 302);
				assert.match(answer.headers.location, /\/music\/tonearm\.cgi\/$/);
			});
			test("what is no part of the page is not served as one", async () => {
				for (const name of ["/..%2ftonearm.cgi", "/vendor/../index.html", "/tonearm.cgi", "/.htaccess", "/nothing.js", "/a.b/c.js"])
					assert.ok((await scene.site.request({path: name})).status >= 400, name);
			});
		}},
]);

test("a folder that holds other things is left alone", () => {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tonearm-cgi-"));
	try {
		fs.writeFileSync(path.join(dir, "index.html"), "mine");
		const {status, stderr} = install(dir);
		assert.notEqual(status, 0);
		assert.match(stderr, /holds other things/);
		assert.deepEqual(fs.readdirSync(dir), ["index.html"]);
	} finally {
		fs.rmSync(dir, {recursive: true});
	}
});

test("made again, programs are renewed and the configuration stays; it may be moved; counters are for whom it names", () => {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tonearm-cgi-"));
	try {
		const first = path.join(dir, "first"), second = path.join(dir, "second");
		assert.equal(install(first).status, 0);
		const conf = fs.readFileSync(path.join(first, "private", "tonearm.conf"), "utf8");
		assert.equal(fs.statSync(path.join(first, "private", "tonearm.conf")).mode & 0o777, 0o600);
		fs.writeFileSync(path.join(first, "private", "bin", "stream.fcgi"), "");
		const again = install(first);
		assert.equal(again.status, 0, again.stderr);
		assert.match(again.stdout, /^Renewed/);
		assert.match(again.stdout, /--drain --for 50s/);
		assert.equal(fs.readFileSync(path.join(first, "private", "tonearm.conf"), "utf8"), conf);
		fs.renameSync(first, second);
		const env = {...process.env, GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET", SCRIPT_NAME: "/second/tonearm.cgi",
			PATH_INFO: "/health"};
		delete env.TONEARM_CONF;
		const answer = spawnSync(path.join(second, "tonearm.cgi"), ["-c", "/nonexistent"], {encoding: "utf8", env});
		assert.match(answer.stdout, /^Status: 200/, answer.stderr);
		assert.ok(fs.existsSync(path.join(second, "private", "run", "metrics")));
		const metrics = () => spawnSync(path.join(second, "tonearm.cgi"),
			{encoding: "utf8", env: {...env, PATH_INFO: "/metrics", REMOTE_ADDR: "192.0.2.7"}}).stdout;
		assert.match(metrics(), /^Status: 403/);
		fs.appendFileSync(path.join(second, "private", "tonearm.conf"), 'observe = { metrics_allow = [ "192.0.2.0/24" ]; };\n');
		assert.match(metrics(), /^Status: 200/);
	} finally {
		fs.rmSync(dir, {recursive: true});
	}
});

test("a private folder that the script could not name is refused", () => {
	for (const folder of ["relative", "/tmp/it's"])
		assert.equal(install(path.join(os.tmpdir(), "tonearm-never"), "--private", folder).status, 2);
});
