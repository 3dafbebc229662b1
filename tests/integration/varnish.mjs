// SPDX-License-Identifier: MIT
// Varnish with the shipped VCL in front of a shielded origin: one copy for all listeners of a private track, each judged
// by his own token, and nobody let in any more once the track is revoked.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import fs from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {request} from "./lib/http.mjs";
import {cannotServe, Process, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {pause, source, which} from "./lib/tools.mjs";

const EDGE = "the secret that this edge adds to all it asks";
const PURGE = "the secret of those who may purge";
const LEAST_RATIO = 0.95, REFUSED_MS = 2000;

/* Why there can be no Varnish here; false when there can. */
function cannotRun() {
	if (!which("varnishd"))
		return "varnishd is not installed";
	try {
		if (!execFileSync("find", ["/usr/lib", "-name", "libvmod_xkey.so"], {encoding: "utf8", stdio: ["ignore", "pipe", "ignore"]}))
			return "the module xkey of varnish-modules is not installed";
	} catch {
		return "it cannot be looked for the module xkey";
	}
	return cannotServe("nginx");
}

async function freePort() {
	const probe = net.createServer();
	await new Promise(resolve => probe.listen(0, "127.0.0.1", resolve));
	const {port} = probe.address();
	await new Promise(resolve => probe.close(resolve));
	return port;
}

describe("Varnish in front", {skip: cannotRun(), timeout: 180000}, () => {
	let site, varnish, url, track, open, paths;

	const ask = (at, headers = {}, method = "GET") => request(url, {method, path: at, headers});
	const listener = name => site.bearer("stream:read", {sub: name, jti: name});

	before(async () => {
		const port = await freePort();
		url = `http://127.0.0.1:${port}`;
		const key = path.join(os.tmpdir(), `tonearm-varnish-${process.pid}.key`);
		await fs.writeFile(key, PURGE, {mode: 0o600});
		site = await start({server: "nginx", runner: true, conf: {
			http: {trusted_proxies: ["127.0.0.1"], allowed_origins: "https://player.example"},
			media: {ladder: [{quality: "high", codec: "aac", bit_rate: 320000}, {quality: "low", codec: "aac", bit_rate: 128000}]},
			cdn: {shield_secrets: [{id: "edge", secret: EDGE}], purge: [{name: "varnish", kind: "varnish", url, key_file: key}]},
		}});
		const values = {ORIGIN_HOST: "127.0.0.1", ORIGIN_PORT: new URL(site.url).port, EDGE_SECRET: EDGE, PURGE_SECRET: PURGE};
		const example = await fs.readFile(path.join(source, "conf-examples", "varnish", "tonearm.vcl"), "utf8");
		const vcl = path.join(site.dir, "tonearm.vcl");
		await fs.writeFile(vcl, example.replace(/@([A-Z_]+)@/g, (whole, name) => values[name] ?? whole));
		varnish = new Process("varnish", [which("varnishd"), "-F", "-j", "none", "-n", path.join(site.dir, "varnish"), "-f", vcl,
			"-a", `127.0.0.1:${port}`, "-s", "malloc,64m", "-p", "vsl_space=8m"], {cwd: site.dir, log: path.join(site.dir, "varnish.log")});
		for (const end = Date.now() + 60000; ;) {
			if (await ask("/healthz").then(answer => answer.status === 200, () => false))
				break;
			if (!varnish.running || Date.now() > end)
				throw new Error(`varnish: ${await fs.readFile(varnish.log, "utf8")}`);
			await pause(50);
		}
		const file = path.join(site.dir, "tone.wav");
		await fs.writeFile(file, wav(30));
		track = (await site.publish(file, {visibility: "private"})).track.id;
		open = (await site.publish(file, {visibility: "public", title: "open"})).track.id;
		paths = [`/media/${track}/low.mp4`, `/media/${track}/high.mp4`, `/hls/${track}/low/init.mp4`,
			...Array.from({length: 7}, (_, number) => `/hls/${track}/low/${number}.m4s`),
			...Array.from({length: 7}, (_, number) => `/hls/${track}/high/${number}.m4s`)];
	});
	after(async () => {
		await varnish?.stop();
		await site?.stop();
		await fs.rm(path.join(os.tmpdir(), `tonearm-varnish-${process.pid}.key`), {force: true});
	});

	test("the second listener hears the copy of the first, by a token of his own", async () => {
		const first = [], second = [];
		for (const at of paths)
			first.push(await ask(at, listener("first")));
		for (const at of paths)
			second.push(await ask(at, listener("second")));
		for (const answers of [first, second])
			assert.deepEqual([...new Set(answers.map(answer => answer.status))], [200]);
		second.forEach((answer, i) => assert.ok(answer.body.equals(first[i].body), paths[i]));
		const hits = second.filter(answer => answer.headers["x-cache"] === "hit").length;
		assert.ok(hits / second.length > LEAST_RATIO, `${hits} of ${second.length}`);
		assert.match(second[0].headers["cache-control"], /^private, max-age=\d+, immutable$/);
	});

	test("a range and a grant are for the same copy", async () => {
		const playlist = await ask(`/hls/${track}/low/playlist.m3u8`, listener("third"));
		assert.equal(playlist.status, 200);
		const grant = /\?(expires=[^"\s]+)/.exec(playlist.text)[1];
		const part = await ask(`/media/${track}/low.mp4?${grant}`, {Range: "bytes=100-199"});
		assert.equal(part.status, 206);
		assert.equal(part.body.length, 100);
		assert.equal(part.headers["x-cache"], "hit");
	});

	test("a page of http.allowed_origins is not told what others are", async () => {
		const at = paths[3], from = async Origin =>
			(await ask(at, {...listener("fourth"), ...Origin ? {Origin} : {}})).headers["access-control-allow-origin"];
		assert.equal(await from(undefined), "*");
		assert.equal(await from("https://player.example"), "https://player.example");
		assert.equal(await from(undefined), "*");
	});

	test("nobody else hears what is kept, whatever he says", async () => {
		const words = [{}, {Authorization: "Bearer x.y.z"}, {"X-Tonearm-Allowed": "yes"},
			{"X-Tonearm-Allowed": "yes", "X-Tonearm-Address": `/media/${open}/low.mp4`}, {"X-Tonearm-Edge": EDGE}];
		for (const headers of words) {
			for (const at of [paths[0], paths[3], `${paths[0]}?expires=9999999999&grant=00`])
				assert.ok([401, 403].includes((await ask(at, headers)).status), `${at} ${JSON.stringify(headers)}`);
		}
		assert.equal((await ask(paths[0], site.bearer("stream:read", {tracks: [open]}))).status, 403);
		assert.equal((await ask(paths[0], {}, "HEAD")).status, 401);
		assert.equal((await ask("/", {"xkey-purge": track}, "PURGE")).status, 403);
		assert.equal((await request(site.url, {path: paths[0], headers: listener("around")})).status, 403);
	});

	test("once it is revoked nobody hears it, and the copy is gone", async () => {
		const second = listener("second"); /* issued before */
		assert.equal((await ask(paths[0], second)).headers["x-cache"], "hit");
		const began = performance.now();
		const revoked = await request(site.url, {method: "POST", path: "/auth/revoke", body: JSON.stringify({track}),
			headers: {"Content-Type": "application/json", ...site.bearer("auth:revoke")}});
		assert.equal(revoked.status, 204);
		for (const at of [paths[0], paths[3], `/hls/${track}/low/playlist.m3u8`]) {
			while (![401, 403].includes((await ask(at, second)).status))
				await pause(20);
		}
		assert.ok(performance.now() - began < REFUSED_MS, `${performance.now() - began} ms`);
		for (;;) {
			const metrics = (await request(site.url, {path: "/metrics"})).text;
			if (/tonearm_purges_total\{target="varnish",outcome="ok"\} 1/.test(metrics))
				break;
			await pause(20);
		}
		/* What nobody asked for since: until all responders knew of the revocation another copy may have been made. */
		const anew = site.bearer("stream:read", {sub: "later", iat: Math.floor(Date.now() / 1000) + 5});
		assert.equal((await ask(paths[1], anew)).headers["x-cache"], "miss");
	});
});
