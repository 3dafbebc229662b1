// SPDX-License-Identifier: MIT
// `tonearm doctor --url` asks a live site, in each of its homes: what it finds is what that web server does.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {cannotServe, start} from "./lib/server.mjs";
import {build} from "./lib/tools.mjs";

const LIMITS = {upload_size: "2M"};
const BEAT = {event_beat_s: 1};

/* {status, checks by name, stderr} */
function doctor(site, ...words) {
	return new Promise(resolve => execFile(path.join(build, "tonearm"),
		["doctor", "-c", site.confFile, "--json", "--url", site.url + site.prefix + "/", ...words], (error, stdout, stderr) => {
			const {checks = []} = stdout ? JSON.parse(stdout) : {};
			resolve({status: error?.code ?? 0, stderr, checks: Object.fromEntries(checks.map(check => [check.check, check]))});
		}));
}

const WORKS = /^works, with ranges$/, NOT = /^is not to be had here$/;
const STREAM = /reach Tonearm as they come/, WHOLE = /taken in whole/;
const homes = [
	{server: "lighttpd", accel: NOT, slices: WORKS, sendfile: WORKS, uploads: STREAM,
		delivery: /^lighttpd is best, and what the web server asks for/},
	{server: "nginx", accel: WORKS, sendfile: NOT, uploads: STREAM, delivery: /^xaccel is best, and what the web server asks for/},
	{server: "nginx", check: true, accel: WORKS, sendfile: NOT, uploads: STREAM, delivery: /^xaccel is best, and what the web server asks for/},
	{server: "apache-proxy-fcgi", accel: NOT, sendfile: WORKS, uploads: STREAM, delivery: /^xsendfile is best/},
	{server: "apache-fcgid", accel: NOT, sendfile: WORKS, uploads: WHOLE, delivery: /^xsendfile is best/},
	{server: "apache-cgi", folder: "music", prefix: "/music", accel: NOT, sendfile: NOT, uploads: STREAM,
		delivery: /^direct is best, and configured/},
];

for (const {accel, slices = NOT, sendfile, uploads, delivery, ...home} of homes) {
	describe(`${home.server}${home.check ? ", which serves files by itself" : ""}`, {skip: cannotServe(home.server), timeout: 120000}, () => {
		let site, found;

		before(async () => {
			site = await start({...home, conf: {limits: LIMITS, http: BEAT}});
			found = await doctor(site);
		});
		after(() => site?.stop());

		test("nothing is wrong", () => {
			assert.equal(found.status, 0, JSON.stringify(found, null, 1));
			for (const name of ["site", "upload size", "events", "silence"])
				assert.equal(found.checks[name]?.grade, "ok", JSON.stringify(found.checks[name]));
		});
		test("it knows which files the server takes", () => {
			assert.match(found.checks["X-Accel-Redirect"].found, accel);
			assert.match(found.checks["X-Sendfile2"].found, slices);
			assert.match(found.checks["X-Sendfile"].found, sendfile);
			assert.match(found.checks.direct.found, WORKS);
		});
		test("it knows how uploads come", () => assert.match(found.checks.uploads.found, uploads));
		test("it knows what is best", () => assert.match(found.checks.delivery.found, delivery));
		test("it leaves nothing behind", async () => {
			assert.deepEqual(await fs.readdir(path.join(site.dataDir, "media")), []);
		});
		test("nobody else may ask", async () => {
			for (const address of ["/stream/probe/direct", "/internal/probe/drip?count=1&ms=1"]) {
				assert.equal((await site.request({path: address})).status, 401);
				assert.equal((await site.request({path: address, headers: site.bearer("jobs:write stream:read")})).status, 403);
			}
		});
	});
}

describe("lighttpd that leaves the delivery to Tonearm", {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	let site;

	before(async () => {
		site = await start({server: "lighttpd", delivery: "auto", conf: {limits: LIMITS, http: BEAT}});
		await fs.appendFile(site.confFile, "# a remark\n");
	});
	after(() => site?.stop());

	test("without --write it tells what it would do", async () => {
		const before = await fs.readFile(site.confFile, "utf8");
		const {checks} = await doctor(site);
		assert.equal(checks.delivery.grade, "warn");
		assert.match(checks.delivery.mend, /would set http\.delivery = "lighttpd"/);
		assert.equal(await fs.readFile(site.confFile, "utf8"), before);
	});
	test("with --write the responders use it, and all else of the file stays", async () => {
		const before = await fs.readFile(site.confFile, "utf8");
		const {status, checks} = await doctor(site, "--write");
		assert.equal(status, 0);
		assert.match(checks.delivery.found, /^set to lighttpd/);
		const now = await fs.readFile(site.confFile, "utf8");
		assert.equal(now.replace(/\s*delivery = "lighttpd";/, ""), before);
		assert.equal((await fs.stat(site.confFile)).mode & 0o777, 0o600);
		assert.match((await doctor(site)).checks.delivery.found, /^lighttpd is best, and configured/);
	});
});

describe("a server with limits of its own", {skip: cannotServe("nginx"), timeout: 120000}, () => {
	let site;

	before(async () => {
		site = await start({server: "nginx", change: text => text.replace("2200m", "1m").replace("fastcgi_request_buffering off", "fastcgi_request_buffering on")
			.replace("fastcgi_param REQUEST_METHOD", "fastcgi_read_timeout 1s;\n\t\tfastcgi_param REQUEST_METHOD"),
		conf: {limits: LIMITS, http: {event_beat_s: 3}}});
	});
	after(() => site?.stop());

	test("each is found, with what to do", async () => {
		const {status, checks} = await doctor(site);
		assert.equal(status, 1);
		assert.equal(checks["upload size"].grade, "FAIL");
		assert.match(checks["upload size"].found, /413/);
		assert.match(checks["upload size"].mend, /limit of request bodies/);
		assert.equal(checks.silence.grade, "FAIL");
		assert.match(checks.silence.mend, /time limit/);
		assert.match(checks.uploads.found, WHOLE);
	});
	test("an address that is not the site's is told apart", async () => {
		const {status, checks} = await doctor({...site, confFile: site.confFile, url: site.url, prefix: "/elsewhere"});
		assert.equal(status, 1);
		assert.match(checks.site.found, /is not Tonearm's: status 404/);
		const closed = await doctor({confFile: site.confFile, url: "http://127.0.0.1:1", prefix: ""});
		assert.equal(closed.status, 1);
		assert.equal(closed.checks.site.grade, "FAIL");
	});
	test("--write without --url is refused", async () => {
		await new Promise(resolve => execFile(path.join(build, "tonearm"), ["doctor", "--write"], error => {
			assert.equal(error.code, 2);
			resolve();
		}));
	});
});
