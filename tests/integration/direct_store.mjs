// SPDX-License-Identifier: MIT
// Direct uploads and sources against a real radosgw, which verifies what was signed: the right parts and no others can be
// put, and what was put becomes a track.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import {createHash} from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {bearer, cgi, library} from "./lib/cgi.mjs";
import {startStore, storeMissing} from "./lib/radosgw.mjs";
import {wav} from "./lib/sound.mjs";
import {build} from "./lib/tools.mjs";

const run = promisify(execFile);
const PART = 5 * 2 ** 20;
const ODD_KEY = "in box/a+b%20/Ünïcödé.wav";
const sound = wav(32);

describe("a real store", {skip: storeMissing()}, () => {
	let store, place;

	before(async () => {
		store = await startStore();
		for (const bucket of ["/bucket", "/incoming"])
			assert.equal((await store.request("PUT", bucket)).status, 200);
		place = library();
		const keys = path.join(place.dir, "keys");
		fs.writeFileSync(keys, `[default]\naws_access_key_id = ${store.accessKey}\naws_secret_access_key = ${store.secretKey}\n`, {mode: 0o600});
		place.configure({limits: {upload_size: 16 * 2 ** 20}, jobs: {poll_ms: 20, nice: 0}, sources: {buckets: "incoming"},
			store: {endpoint: store.endpoint, bucket: "bucket", incoming: "incoming", credentials_file: keys}});
	});
	after(async () => {
		await store?.stop();
		place?.remove();
	});

	const ask = async (method, target, body, scope = "track:write jobs:write jobs:read track:read stream:read") => (await cgi(place, "api", target,
		{method, body: body === undefined ? "" : JSON.stringify(body), headers: {...bearer(scope), "Content-Type": "application/json"}})).json;
	const drain = () => run(path.join(build, "jobs", "tonearm-jobrunner"), ["--drain", "-c", place.conf], {env: {...process.env, TONEARM_LIBEXEC: build}});
	const put = (url, body) => fetch(url, {method: "PUT", body});

	async function isDone({track, job}) {
		const {job: whole} = await ask("GET", `/internal/jobs/${job.id}`);
		assert.equal(whole.state, "done", whole.error);
		assert.deepEqual(fs.readFileSync(path.join(place.dir, "data", "source", `${track.id}.fetched`)), sound);
	}

	test("takes the parts that were announced, and no others, until they are joined", async () => {
		const {upload, urls} = await ask("POST", "/api/v1/uploads", {size: sound.length, part_size: PART, fields: {renditions: "[\"low\"]"},
			sha256: createHash("sha256").update(sound).digest("hex")});
		const [first, second] = upload.parts;
		assert.equal((await put(second.url, sound.subarray(PART + 1))).status, 403, "another size");
		assert.equal((await put(first.url.replace(upload.id, upload.id.replace(/.$/, "x")), sound.subarray(0, PART))).status, 403, "another key");
		assert.equal((await fetch(first.url)).status, 403, "another method");
		const etags = [];
		for (const {number, size, url} of upload.parts) {
			const answer = await put(url, sound.subarray((number - 1) * PART, (number - 1) * PART + size));
			assert.equal(answer.status, 200, await answer.text());
			etags.push(answer.headers.get("etag"));
		}
		const finished = await ask("POST", urls.finish, {etags});
		await drain();
		await isDone(finished);
		assert.doesNotMatch(await (await store.request("GET", "/incoming")).text(), /<Key>/);
	});

	test("has sources with odd keys", async () => {
		const {stdout} = await run(path.join(build, "tests", "storage_tool"), ["presign", "PUT", ODD_KEY, "60"], {env: {...process.env,
			STORE_ENDPOINT: store.endpoint, STORE_BUCKET: "incoming", AWS_ACCESS_KEY_ID: store.accessKey, AWS_SECRET_ACCESS_KEY: store.secretKey}});
		assert.equal((await put(JSON.parse(stdout).url, sound)).status, 200);
		const ordered = await ask("POST", "/internal/jobs/transcode", {source: `s3://incoming/${ODD_KEY}`, renditions: ["low"]});
		await drain();
		await isDone(ordered);
	});
});
