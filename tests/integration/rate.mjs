// SPDX-License-Identifier: MIT
// What one listener gets of a file at the most (http.stream_rate), kept by each server that can, and by the responders;
// and listeners that are sent elsewhere.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";

/* A second's worth goes out at once; what is left of the file takes this long. Only "not faster" is asked for. */
const RATE = 48 << 10, SECONDS = 2, SIZE = RATE * (SECONDS + 1), LEAST_MS = 1000 * SECONDS / 2;
const homes = [
	{server: "lighttpd"}, {server: "nginx"}, {server: "lighttpd", delivery: "direct"}, {server: "nginx", delivery: "direct"},
	{server: "nginx", delivery: "direct", transport: "threads"}, {server: "apache-cgi"},
];

for (const home of homes) {
	describe(Object.values(home).join(", "), {skip: cannotServe(home.server), timeout: 120000}, () => {
		let site, track;

		before(async () => {
			site = await start({...home, runner: true, conf: {http: {stream_rate: RATE}}});
			const file = path.join(site.dir, "tone.wav");
			await fs.writeFile(file, wav(2));
			track = (await site.publish(file)).track.id;
			await fs.writeFile(path.join(site.dataDir, "media", track, "low.mp4"), Buffer.alloc(SIZE, "x"));
		});
		after(() => site?.stop());

		test("sound comes whole, and no faster than it may", async () => {
			const began = performance.now();
			const answer = await site.request({path: `/media/${track}/low.mp4`});
			assert.equal(answer.status, 200);
			assert.equal(answer.body.length, SIZE);
			assert.ok(performance.now() - began >= LEAST_MS, `${performance.now() - began} ms`);
		});
		test("a playlist does not wait", async () => {
			assert.equal((await site.request({path: `/hls/${track}/low/playlist.m3u8`})).status, 200);
		});
	});
}

describe("a site that sends its listeners elsewhere", {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	let site, open, secret;

	before(async () => {
		site = await start({server: "lighttpd", delivery: "redirect", runner: true,
			conf: {http: {redirect_url: "https://edge.example.org/audio"}}});
		const file = path.join(site.dir, "tone.wav");
		await fs.writeFile(file, wav(2));
		[open, secret] = await Promise.all(["public", "private"].map(async visibility => (await site.publish(file, {visibility})).track.id));
	});
	after(() => site?.stop());

	test("public sound is there by its own name", async () => {
		const answer = await site.request({path: `/media/${open}/low.mp4`});
		assert.equal(answer.status, 302);
		assert.equal(answer.headers.location, `https://edge.example.org/audio/media/${open}/low.mp4`);
		assert.equal(answer.headers["cache-control"], "no-store");
		assert.equal(answer.headers["access-control-allow-origin"], "*");
	});
	test("private sound takes its permission along", async () => {
		const answer = await site.request({path: `/media/${secret}/low.mp4`, headers: site.bearer("stream:read")});
		assert.equal(answer.status, 302);
		const there = new URL(answer.headers.location);
		assert.equal(there.pathname, `/audio/media/${secret}/low.mp4`);
		const playlist = await site.request({path: `/hls/${secret}/low/playlist.m3u8${there.search}`});
		assert.equal(playlist.status, 200);
	});
	test("nobody else is told where", async () => {
		const answer = await site.request({path: `/media/${secret}/low.mp4`});
		assert.equal(answer.status, 401);
		assert.equal(answer.headers.location, undefined);
	});
	test("a segment is no file elsewhere", async () => {
		assert.equal((await site.request({path: `/hls/${open}/low/0.m4s`})).status, 200);
	});
});
