// SPDX-License-Identifier: MIT
// Uploads that go to the object store past us: what is handed out, what the finish call makes of it, and what goes when
// nobody calls. The store here is one of a few lines; tests/integration/direct_store.mjs has a real one.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {bearer, cgi, library} from "./lib/cgi.mjs";
import {startFakeStore} from "./lib/fake_store.mjs";
import {shiftedClock} from "./lib/library.mjs";
import {wav} from "./lib/sound.mjs";
import {build, sha256} from "./lib/tools.mjs";

const run = promisify(execFile);
const PART = 5 * 2 ** 20;
const sound = wav(32); /* a little more than one part */

describe("direct uploads", () => {
	let place, store, conf;

	before(async () => {
		place = library();
		store = await startFakeStore();
		const keys = path.join(place.dir, "keys");
		fs.writeFileSync(keys, "[default]\naws_access_key_id = key\naws_secret_access_key = secret\n", {mode: 0o600});
		conf = {
			limits: {upload_size: 16 * 2 ** 20},
			jobs: {poll_ms: 20, nice: 0, network_workers: 8},
			store: {endpoint: store.endpoint, bucket: "bucket", incoming: "incoming", credentials_file: keys},
		};
		place.configure(conf);
	});
	after(async () => {
		await store?.stop();
		place?.remove();
	});

	const ask = (method, target, body, who) => cgi(place, "api", target, {method, body: body === undefined ? "" : JSON.stringify(body),
		headers: {...bearer("track:write", who), "Content-Type": "application/json"}});
	const begin = (more = {}) => ask("POST", "/api/v1/uploads", {size: sound.length, part_size: PART, filename: "tone.wav",
		fields: {title: "Past us", renditions: "[\"low\"]"}, ...more});
	const drain = env => run(path.join(build, "jobs", "tonearm-jobrunner"), ["--drain", "-c", place.conf], {env: {...process.env, TONEARM_LIBEXEC: build, ...env}});
	const see = async target => (await cgi(place, "api", target, {headers: bearer("jobs:read track:read stream:read")})).json;
	const objects = () => Object.keys(store.objects).filter(key => key.startsWith("/incoming/"));

	/* Puts BYTES to the parts of UPLOAD; the ETags. */
	async function put({parts}, bytes = sound) {
		const etags = [];
		for (const {number, size, url} of parts) {
			const from = (number - 1) * PART;
			const answer = await fetch(url, {method: "PUT", body: bytes.subarray(from, from + size)});
			assert.equal(answer.status, 200);
			etags.push(answer.headers.get("etag"));
		}
		for (const key of objects())
			store.objects[key].sha256 ??= "";
		return etags;
	}

	/* The job that fetched for the answer of a finish call, and the track. */
	async function outcome({track, job}) {
		const whole = (await see(`/internal/jobs/${job.id}`)).job;
		return {job: whole, fetch: (await see(`/internal/jobs/${whole.after[0]}`)).job, track: (await see(`/api/v1/tracks/${track.id}`)).track};
	}

	test("parts become a track, and are gone", async () => {
		const begun = await begin({sha256: sha256(sound)});
		assert.equal(begun.status, 201, begun.text);
		assert.equal(begun.headers["cache-control"], "no-store");
		const {upload, urls} = begun.json;
		assert.deepEqual(upload.parts.map(({number, size}) => [number, size]), [[1, PART], [2, sound.length - PART]]);
		for (const {url} of upload.parts) {
			const {origin, pathname, searchParams} = new URL(url);
			assert.equal(origin, store.endpoint);
			assert.ok(pathname.startsWith(`/incoming/${upload.id}/`));
			assert.equal(searchParams.get("X-Amz-SignedHeaders"), "content-length;host", "another size would be refused");
			assert.ok(Number(searchParams.get("X-Amz-Expires")) <= 86400);
		}
		assert.equal(begun.headers.location, urls.upload);
		const again = await ask("GET", urls.upload);
		assert.equal(again.status, 200);
		assert.equal(again.json.upload.parts.length, 2);
		const etags = await put(upload);
		const finished = await ask("POST", urls.finish, {etags});
		assert.equal(finished.status, 202, finished.text);
		assert.equal(finished.json.track.state, "pending");
		assert.equal(finished.headers.location, finished.json.urls.track);
		assert.equal((await ask("POST", urls.finish, {etags})).json.track.id, finished.json.track.id, "said twice it is one track");
		await drain();
		const {job, fetch, track} = await outcome(finished.json);
		assert.equal(fetch.state, "done", fetch.error);
		assert.equal(job.state, "done", job.error);
		assert.equal(track.title, "Past us");
		assert.equal(track.source_name, "tone.wav");
		assert.deepEqual(fs.readFileSync(path.join(place.dir, "data", "source", `${track.id}.fetched`)), sound);
		assert.deepEqual(objects(), []);

		/* A runner that was killed before it could say so: what it has removed is not asked for again. */
		await run("sqlite3", [path.join(place.dir, "data", "tonearm.db"), `UPDATE job SET state = 'queued', held_by = 'nothing', finished_ms = 0 WHERE id = '${fetch.id}'`]);
		await drain();
		const repeated = (await outcome(finished.json)).fetch;
		assert.equal(repeated.state, "done", repeated.error);
		assert.equal(repeated.attempts, 2);
	});

	test("what is not as it was announced makes no track", async () => {
		const cases = {
			missing: [{}, async () => undefined, /part 1 was not uploaded/],
			size: [{}, upload => put(upload, sound.subarray(0, sound.length - 1)).then(() => undefined), /part 2 has \d+ bytes and not \d+/],
			etag: [{}, upload => put(upload).then(([first]) => [first, first]), /part 2 is not the one/],
			sum: [{sha256: "0".repeat(64)}, upload => put(upload), /SHA-256/],
			text: [{size: 100, part_size: PART}, upload => put(upload, Buffer.alloc(100, "x")), /not a sound file of a kind we take: upload MP3/],
		};
		const finished = {};
		for (const [name, [more, send]] of Object.entries(cases)) {
			const {upload, urls} = (await begin(more)).json;
			const etags = await send(upload);
			const answer = await ask("POST", urls.finish, etags ? {etags} : {});
			assert.equal(answer.status, 202, answer.text);
			finished[name] = answer.json;
		}
		await drain();
		for (const [name, [, , reason]] of Object.entries(cases)) {
			const {job, fetch, track} = await outcome(finished[name]);
			assert.equal(fetch.state, "dead", name);
			assert.match(fetch.error, reason);
			assert.equal(job.state, "cancelled");
			assert.equal(track.state, "failed");
		}
		assert.deepEqual(fs.readdirSync(path.join(place.dir, "data", "spool")), []);
	});

	test("what is refused before it is sent", async () => {
		const status = async more => (await begin(more)).status;
		assert.equal(await status({size: 0}), 422);
		assert.equal(await status({size: undefined}), 422);
		assert.equal(await status({size: 17 * 2 ** 20}), 413);
		assert.equal(await status({size: 2 ** 63 - 1024}), 413);
		assert.equal(await status({part_size: 1000}), 422);
		assert.equal(await status({sha256: "xyz"}), 422);
		assert.equal(await status({fields: {titel: "x"}}), 422);
		assert.equal(await status({fields: {visibility: "secret"}}), 422);
		assert.equal(await status({fields: "x"}), 422);
		assert.equal(await status({more: 1}), 422);
		assert.equal((await ask("POST", "/api/v1/uploads", {size: 10}, {claims: {scope: "track:read"}})).status, 403);
		assert.equal((await cgi(place, "api", "/api/v1/uploads", {method: "POST"})).status, 401);
		const {upload, urls} = (await begin()).json;
		assert.equal((await ask("GET", urls.upload, undefined, {subject: "bob"})).status, 404);
		assert.equal((await ask("POST", urls.finish, {}, {subject: "bob"})).status, 404);
		for (const etags of [["x"], [1, 2], ["", ""], "x"])
			assert.equal((await ask("POST", urls.finish, {etags})).status, 422);
		assert.equal((await ask("GET", `/api/v1/uploads/${upload.id}x`)).status, 404);
		place.configure({...conf, limits: {...conf.limits, uploads_open: 1}});
		assert.equal(await status({}), 429);
		place.configure({...conf, store: {...conf.store, incoming: ""}});
		assert.equal(await status({}), 404);
		place.configure(conf);
	});

	test("what nobody finishes goes, at the store too", async () => {
		const {upload, urls} = (await begin()).json;
		await put(upload);
		assert.ok(objects().length >= 2);
		const ahead = path.join(place.dir, "clock");
		fs.writeFileSync(ahead, String(2 * 86400 * 1000));
		await drain(shiftedClock(ahead));
		assert.deepEqual(objects(), []);
		assert.equal((await ask("GET", urls.upload)).status, 404);
	});
});
