// SPDX-License-Identifier: MIT
// Clients that send slowly, or not at all, through each web server: how many may do so at once, what they are told, and
// that everybody else is answered meanwhile.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import fs from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {missing, which} from "./lib/tools.mjs";

const UPLOADS = 2, WRITERS = 24;
const tone = wav(0.1);

/** Begins an upload of LENGTH bytes and sends some of them. {socket, answer: a promise of all that comes back}. */
function begin(site, length = 100000) {
	const {hostname, port} = new URL(site.url);
	const socket = net.connect(Number(port), hostname);
	const pieces = [];
	socket.write(`POST /api/v1/tracks?filename=slow.wav HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\n` +
		`Authorization: ${site.bearer("track:write").Authorization}\r\nContent-Length: ${length}\r\n\r\n`);
	socket.write(tone.subarray(0, 1000));
	socket.on("data", piece => pieces.push(piece));
	socket.on("error", () => {}); // "close" follows
	const answer = new Promise(resolve => socket.on("close", () => resolve(Buffer.concat(pieces).toString("latin1"))));
	return {socket, answer};
}

const upload = site => site.request({method: "POST", path: "/api/v1/tracks?filename=tone.wav", body: tone,
	headers: {...site.bearer("track:write"), "Content-Type": "audio/wav"}});

/** Asks for ASK until its answer has STATUS. */
async function until(status, ask) {
	for (const end = Date.now() + 30000; ;) {
		const answer = await ask();
		if (answer.status === status)
			return answer;
		assert.ok(Date.now() < end, `${status} does not come: ${answer.status} ${answer.text}`);
	}
}

/** Begins as many uploads as may be, and waits until the responder has begun to store them. */
async function stall(site) {
	const stalled = Array.from({length: UPLOADS}, () => begin(site));
	for (const end = Date.now() + 30000; (await spooled(site)).length < UPLOADS;)
		assert.ok(Date.now() < end, "the uploads do not begin");
	return stalled;
}

/** Waits until nothing of an upload is left on the way. */
async function quiet(site) {
	for (const end = Date.now() + 30000; (await spooled(site)).length > 0;)
		assert.ok(Date.now() < end, "the spool does not empty");
}

const spooled = site => fs.readdir(path.join(site.dataDir, "spool")).catch(() => []);

for (const server of ["lighttpd", "nginx"]) {
	describe(server, {skip: cannotServe(server)}, () => {
		let site;
		after(() => site?.stop());

		describe("those who wait to write", {skip: missing("sqlite3")}, () => {
			before(async () => {
				site = await start({server, transport: "event", conf: {db: {busy_ms: 60000}}});
			});
			after(async () => {
				await site.stop();
				site = undefined;
			});

			test("leave those alone who read", async () => {
				const file = path.join(site.dir, "tone.wav"), headers = site.bearer("jobs:read jobs:write");
				await fs.writeFile(file, tone);
				const {job} = await site.upload(file);
				const shell = spawn(which("sqlite3"), ["-bail", path.join(site.dataDir, "tonearm.db")]);
				try {
					shell.stdin.write("BEGIN IMMEDIATE; SELECT 'locked';\n");
					await once(shell.stdout, "data");
					const cancelled = [];
					for (let i = 0; i < WRITERS; i++) {
						cancelled.push(site.request({method: "POST", path: `/internal/jobs/${job.id}/cancel`, headers}));
						assert.equal((await site.request({path: `/internal/jobs/${job.id}`, headers})).json.job.state, "queued");
					}
					shell.stdin.write("COMMIT;\n");
					const statuses = (await Promise.all(cancelled)).map(({status}) => status);
					assert.equal(statuses.filter(status => status === 200 || status === 409).length, WRITERS, String(statuses));
				} finally {
					shell.stdin.end();
				}
			});
		});

		// Of eight threads two may take in uploads, whatever all processes may.
		for (const [threads, uploads] of [[32, UPLOADS], [8, 16]]) describe(`uploads that stall, ${threads} threads`, () => {
			before(async () => {
				site = await start({server, conf: {http: {threads}, limits: {uploads, upload_idle_s: 600}}});
			});
			after(async () => {
				await site.stop();
				site = undefined;
			});

			test("are no more than may be, and leave all else alone", async () => {
				const stalled = await stall(site);
				const refused = await upload(site);
				assert.equal(refused.status, 503, refused.text);
				assert.match(refused.headers["retry-after"], /^\d+$/);
				assert.equal(refused.json.type, "urn:tonearm:problem:busy");
				for (const path of ["/health", "/healthz", "/metrics", "/api/v1/tracks"])
					assert.equal((await site.request({path})).status, 200, path);
				assert.ok((await site.request({path: "/readyz"})).json.checks); // of which one misses a jobrunner
				for (const {socket} of stalled)
					socket.destroy();
				await until(202, () => upload(site));
				await quiet(site);
			});

			test("JSON bodies are counted by themselves", async () => {
				const {json: {track}} = await until(202, () => upload(site));
				const stalled = await stall(site);
				assert.equal((await upload(site)).status, 503);
				const {status} = await site.request({method: "PATCH", path: `/api/v1/tracks/${track.id}`, body: '{"title":"T"}',
					headers: {...site.bearer("track:write"), "Content-Type": "application/json"}});
				assert.equal(status, 200);
				for (const {socket} of stalled)
					socket.destroy();
			});
		});

		describe("uploads that must hurry", () => {
			before(async () => {
				site = await start({server, conf: {limits: {upload_idle_s: 1, upload_rate: "64K"}}});
			});
			after(async () => {
				await site.stop();
				site = undefined;
			});

			test("silence is answered with 408", async () => {
				assert.match(await begin(site).answer, /^HTTP\/1\.1 408 [^]*urn:tonearm:problem:request-timeout/);
			});

			test("so is a trickle", async () => {
				const {socket, answer} = begin(site);
				const drip = setInterval(() => socket.write("x"), 20);
				try {
					assert.match(await answer, /^HTTP\/1\.1 408 [^]*urn:tonearm:problem:request-timeout/);
				} finally {
					clearInterval(drip);
				}
			});

			test("nothing of them is left", () => quiet(site));
		});
	});
}
