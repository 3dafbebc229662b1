// SPDX-License-Identifier: MIT
// What clients see of the queue: idempotency keys, jobs that wait for jobs, history. By CGI and the command.

import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import {after, beforeEach, describe, test} from "node:test";
import {bearer, cgi, form, library} from "./lib/cgi.mjs";
import {wav as tone} from "./lib/sound.mjs";
import {build} from "./lib/tools.mjs";

const UNKNOWN = "01aaaaaaaaaaaaaaaaaaaaaaaa";
const WAV = tone(0.1), OTHER = tone(0.2);
let place;

beforeEach(() => {
	place?.remove();
	place = library();
});
after(() => place?.remove());

const api = (target, options) => cgi(place, "api", target, options);
const writer = (subject = "alice") => bearer("track:write jobs:read jobs:write", {subject});
const upload = (key, {body = WAV, query = "", subject} = {}) => api(`/api/v1/tracks${query}`, {method: "POST", body,
	headers: {...writer(subject), "Content-Type": "audio/wav", ...(key === undefined ? {} : {"Idempotency-Key": key})}});
const submit = (body, key) => api("/internal/jobs/transcode", {method: "POST", body: JSON.stringify(body),
	headers: {...writer(), "Content-Type": "application/json", ...(key === undefined ? {} : {"Idempotency-Key": key})}});
const job = async id => (await api(`/internal/jobs/${id}`, {headers: writer()})).json.job;
const cancel = id => api(`/internal/jobs/${id}/cancel`, {method: "POST", headers: writer()});
function sources() {
	const folder = path.join(place.dir, "data", "source");
	return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}
const jobCount = async () => (await api("/internal/jobs", {headers: writer()})).json.jobs.length;

function refused(answer, status) {
	assert.equal(answer.status, status, answer.text);
	assert.equal(answer.headers["content-type"], "application/problem+json");
}

describe("an idempotency key", () => {
	test("of an upload: sent again it makes nothing, and gets the first answer's track and job", async () => {
		const first = await upload("k-1", {query: "?title=One"}), again = await upload("k-1", {query: "?title=One"});
		assert.equal(first.status, 202, first.text);
		assert.equal(again.status, 202, again.text);
		assert.equal(again.json.track.id, first.json.track.id);
		assert.equal(again.json.job.id, first.json.job.id);
		assert.equal(again.headers.location, first.headers.location);
		assert.deepEqual(sources(), [`${first.json.track.id}.wav`]);
		assert.deepEqual(fs.readdirSync(path.join(place.dir, "data", "spool")), []);
		assert.equal(await jobCount(), 1);
		assert.notEqual((await upload(undefined, {query: "?title=One"})).json.track.id, first.json.track.id);
	});

	test("tells how far the job has come since", async () => {
		const first = (await upload("k-1")).json;
		await cancel(first.job.id);
		const again = (await upload("k-1")).json;
		assert.equal(again.job.state, "cancelled");
		assert.equal(again.track.state, "failed");
	});

	test("of a form", async () => {
		const made = form([{name: "title", value: "Form"}, {name: "file", filename: "a.wav", value: WAV}]);
		const send = () => api("/api/v1/tracks", {method: "POST", body: made.body,
			headers: {...writer(), ...made.headers, "Idempotency-Key": "k-form"}});
		const first = await send();
		assert.equal(first.status, 202, first.text);
		assert.equal((await send()).json.track.id, first.json.track.id);
		// Words that are the same count as such, however they were sent.
		assert.equal((await upload("k-form", {query: "?title=Form&filename=a.wav"})).json.track.id, first.json.track.id);
	});

	test("taken for something else is refused, and nothing is left", async () => {
		const first = await upload("k-1", {query: "?title=One"});
		refused(await upload("k-1", {query: "?title=Two"}), 422);
		refused(await upload("k-1", {query: "?title=One", body: OTHER}), 422);
		refused(await upload("k-1", {query: "?title=One&visibility=public"}), 422);
		refused(await upload("k-1", {query: "?title=One&renditions=%5B%22low%22%5D"}), 422);
		refused(await submit({track: place.ids.public, renditions: ["low"]}, "k-1"), 422);
		assert.deepEqual(sources(), [`${first.json.track.id}.wav`]);
	});

	test("belongs to who sent it", async () => {
		const alice = await upload("k-1"), bob = await upload("k-1", {subject: "bob"});
		assert.equal(bob.status, 202);
		assert.notEqual(bob.json.track.id, alice.json.track.id);
	});

	test("whose track was deleted says so", async () => {
		const {track} = (await upload("k-1")).json;
		await api(`/api/v1/tracks/${track.id}`, {method: "DELETE", headers: writer()});
		refused(await upload("k-1"), 409);
		assert.deepEqual(sources(), []);
	});

	test("of more renditions, and of a file in an import folder", async () => {
		const {track, job: {id}} = (await upload()).json;
		await cancel(id);
		const wish = {track: track.id, renditions: [{codec: "aac", bit_rate: 64000}]};
		const first = await submit(wish, "k-2");
		assert.equal(first.status, 202, first.text);
		assert.equal((await submit(wish, "k-2")).json.job.id, first.json.job.id);
		refused(await submit(wish), 409);
		refused(await submit({...wish, priority: 3}, "k-2"), 422);

		const folder = path.join(place.dir, "import");
		fs.mkdirSync(folder);
		fs.writeFileSync(path.join(folder, "a.wav"), WAV);
		place.configure({jobs: {import_dirs: [folder]}});
		const imported = await submit({path: "a.wav"}, "k-3");
		assert.equal(imported.status, 202, imported.text);
		assert.equal((await submit({path: path.join(folder, "a.wav"), title: ""}, "k-3")).status, 422);
		assert.equal((await submit({path: "a.wav"}, "k-3")).json.job.id, imported.json.job.id);
		assert.equal((await submit({path: "a.wav"}, "k-3")).json.track.id, imported.json.track.id);
	});

	test("must be one", async () => {
		for (const key of ["", "x".repeat(256), "tab\there", "caf\u00e9"])
			refused(await upload(key), 422);
		assert.deepEqual(sources(), []);
		assert.equal((await upload("x".repeat(255))).status, 202);
	});
});

describe("a job that waits for its hour", () => {
	test("says when that is, and keeps it", async () => {
		const {json: {track, job: {id}}} = await upload();
		await cancel(id);
		const hour = new Date(Date.now() + 3600000).toISOString();
		const answer = await submit({track: track.id, run_after: hour}, "k-hour");
		assert.equal(answer.status, 202, answer.text);
		assert.equal((await job(answer.json.job.id)).run_after, hour);
		assert.equal((await submit({track: track.id, run_after: hour}, "k-hour")).json.job.id, answer.json.job.id);
		refused(await submit({track: track.id}, "k-hour"), 422);
		const spool = spawnSync(path.join(build, "jobs", "tonearm-jobrunner"), ["-c", place.conf, "--drain"]);
		assert.equal(spool.status, 0, spool.stderr.toString());
		assert.equal((await job(answer.json.job.id)).state, "queued");
	});

	test("is refused when that is no time, or too far away", async () => {
		const {json: {track, job: {id}}} = await upload();
		await cancel(id);
		for (const run_after of ["tomorrow", 7, "", "2026-01-01", new Date(Date.now() + 400 * 86400000).toISOString()])
			refused(await submit({track: track.id, run_after}), 422);
	});
});

describe("a job that waits for others", () => {
	async function three() {
		const first = (await upload()).json, second = (await upload()).json;
		await cancel(second.job.id);
		const answer = await submit({track: second.track.id, after: [first.job.id]});
		assert.equal(answer.status, 202, answer.text);
		return {first: first.job.id, waits: answer.json.job.id};
	}

	test("says for which, and goes with them", async () => {
		const {first, waits} = await three();
		assert.deepEqual((await job(waits)).after, [first]);
		assert.deepEqual((await job(first)).after, []);
		await cancel(first);
		const gone = await job(waits);
		assert.equal(gone.state, "cancelled");
		assert.match(gone.error, new RegExp(`${first}.*cancelled`));
		refused(await api(`/internal/jobs/${waits}/retry`, {method: "POST", headers: writer()}), 409);
	});

	test("is refused when that makes no sense", async () => {
		const {json: {track, job: {id}}} = await upload();
		await cancel(id);
		for (const list of ["x", ["x"], [7], Array(17).fill(UNKNOWN)])
			refused(await submit({track: track.id, after: list}), 422);
		refused(await submit({track: track.id, after: [UNKNOWN]}), 409);
		refused(await submit({track: track.id, after: [id]}), 409);
	});
});

test("a job's history is in the API and the command", async () => {
	const {job: {id}} = (await upload()).json;
	await cancel(id);
	await api(`/internal/jobs/${id}/retry`, {method: "POST", headers: writer()});
	const {history} = await job(id);
	assert.deepEqual(history.map(({number, event}) => [number, event]), [[1, "submitted"], [2, "cancelled"], [3, "retried"]]);
	for (const {at} of history)
		assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
	const show = (...more) => spawnSync(path.join(build, "tonearm"), ["-c", place.conf, "jobs", "show", id, ...more]).stdout.toString();
	assert.deepEqual(JSON.parse(show("--json")).history.map(({event}) => event), ["submitted", "cancelled", "retried"]);
	assert.match(show(), /^TIME\s+EVENT.*\n.*submitted.*\n.*cancelled.*\n.*retried/m);
});
