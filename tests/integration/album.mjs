// SPDX-License-Identifier: MIT
// Albums whose gain is applied: the tracks wait for one another, get one gain, and keep their loudness among themselves;
// broken files hold nobody up.

import assert from "node:assert/strict";
import {execFile, spawnSync} from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";

import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {build, missing} from "./lib/tools.mjs";

const run = promisify(execFile);
const renditions = JSON.stringify(["flac-flac"]);
const TARGET = -14;
const PEAK = -1;

/** Integrated loudness and true peak of FILES, one after the other. */
function loudnessOf(...files) {
	const inputs = files.flatMap(file => ["-i", file]);
	const filter = `${files.map((_, i) => `[${i}:a]`).join("")}concat=n=${files.length}:v=0:a=1,ebur128=peak=true`;
	const {stderr} = spawnSync("ffmpeg", ["-nostdin", "-hide_banner", ...inputs, "-filter_complex", filter, "-f", "null", "-"], {encoding: "utf8"});
	const end = stderr.slice(stderr.lastIndexOf("Summary:"));
	return {integrated: Number(/I:\s+(-?[\d.]+) LUFS/.exec(end)[1]), peak: Number(/Peak:\s+(-?[\d.]+) dBFS/.exec(end)[1])};
}

describe("albums with an applied gain", {skip: missing("ffmpeg") || cannotServe("lighttpd")}, () => {
	let site;
	const source = {};
	const track = async id => (await site.request({path: `/api/v1/tracks/${id}`})).json.track;
	const job = async id => (await site.request({path: `/internal/jobs/${id}`, headers: site.bearer("jobs:read")})).json.job;
	const upload = (name, album, fields = {}) =>
		site.upload(source[name], {loudness: "apply", album_mode: album, album_tracks: 2, renditions, ...fields});
	const done = async accepted => {
		const end = await site.jobOver(accepted.job.id);
		assert.equal(end.state, "done", end.error);
		return track(accepted.track.id);
	};
	const fileOf = ({id}) => path.join(site.dataDir, "media", id, "flac-flac.flac");

	/** Until JOB is parked: measured, waiting for the others. */
	async function parked(accepted) {
		for (const end = Date.now() + 60000; ;) {
			const now = await job(accepted.job.id);
			assert.ok(Date.now() < end, `not parked: ${JSON.stringify(now)}`);
			if (now.state === "queued" && now.stage === "album")
				return now;
			assert.ok(["queued", "running"].includes(now.state), now.error);
			await new Promise(resolve => setTimeout(resolve, 50));
		}
	}

	before(async () => {
		site = await start({runner: true});
		const sounds = {loud: wav(4, {level: 0.25}), quiet: wav(4, {level: 0.0625}), peaky: wav(4, {level: 0.7}),
			broken: Buffer.concat([Buffer.from("fLaC"), Buffer.alloc(5000, 0x55)]), text: Buffer.from("Not a sound at all.\n".repeat(20))};
		for (const [name, bytes] of Object.entries(sounds)) {
			source[name] = path.join(site.dir, `${name}.bin`);
			await fs.writeFile(source[name], bytes);
		}
	});
	after(() => site?.stop());

	test("need to know how many tracks there are", async () => {
		for (const fields of [{album_tracks: 0}, {album_tracks: "many"}, {album_tracks: 1000}, {album_mode: "LP", loudness: "off"}])
			await assert.rejects(upload("loud", "LP", fields), / 422 /);
	});

	test("the first waits for the last, and all have one gain", async () => {
		const first = await upload("loud", "LP");
		await parked(first);
		const waiting = await track(first.track.id);
		assert.equal(waiting.state, "pending");
		assert.equal(waiting.loudness, undefined);
		const second = await upload("quiet", "LP");
		const [loud, quiet] = [await done(first), await done(second)];
		assert.equal(loud.loudness.gain_db, quiet.loudness.gain_db);
		assert.ok(loud.loudness.applied && quiet.loudness.applied);
		assert.equal(loud.loudness.album.name, "LP");
		assert.equal((await job(first.job.id)).attempts, 1);

		// What is heard: the album at its target, the tracks as far apart as they were.
		const [apart, was] = [loudnessOf(fileOf(loud)).integrated - loudnessOf(fileOf(quiet)).integrated,
			loudnessOf(source.loud).integrated - loudnessOf(source.quiet).integrated];
		assert.ok(Math.abs(apart - was) < 0.15, `${apart} LU apart, not ${was}`);
		const album = loudnessOf(fileOf(loud), fileOf(quiet));
		assert.ok(Math.abs(album.integrated - TARGET) < 0.2, `the album is at ${album.integrated} LUFS`);
		assert.ok(album.peak <= PEAK + 0.1);

		// One that comes later joins with the same gain, or as much of it as it bears.
		const late = await done(await upload("quiet", "LP", {album_tracks: 4}));
		assert.equal(late.loudness.gain_db, loud.loudness.gain_db);
		const peaky = await done(await upload("peaky", "LP", {album_tracks: 4}));
		assert.ok(loudnessOf(fileOf(peaky)).peak <= PEAK + 0.1);
	});

	test("what is made later has the gain of the album", async () => {
		const [first, second] = [await upload("loud", "EP"), await upload("quiet", "EP")];
		const [before] = [await done(first), await done(second)];
		const {status, json} = await site.request({method: "POST", path: "/internal/jobs/transcode",
			headers: {"Content-Type": "application/json", ...site.bearer("jobs:write")},
			body: JSON.stringify({track: before.id, formats: "wav"})});
		assert.equal(status, 202);
		assert.equal((await site.jobOver(json.job.id)).state, "done");
		const made = path.join(site.dataDir, "media", before.id, "wav.wav");
		assert.equal(loudnessOf(made).integrated, loudnessOf(fileOf(before)).integrated);
	});

	test("a broken file holds nobody up", async () => {
		const good = await upload("loud", "Single");
		await parked(good);
		const bad = await upload("broken", "Single");
		assert.equal((await site.jobOver(bad.job.id)).state, "dead");
		const made = await done(good);
		const {integrated} = loudnessOf(fileOf(made));
		assert.ok(Math.abs(integrated - TARGET) < 0.2, `${integrated} LUFS`);
	});

	test("from the command line, where one file is refused", async () => {
		const add = run(path.join(build, "tonearm"), ["-c", site.confFile, "add", "--public", "--json", "--loudness", "apply",
			"--album-mode", "From here", "--formats", "flac-flac", source.loud, source.text, source.quiet], {timeout: 120000, env: {...process.env, TONEARM_LIBEXEC: build}});
		await assert.rejects(add, ({stdout}) => {
			const events = stdout.trim().split("\n").map(line => JSON.parse(line));
			const over = Object.fromEntries(events.filter(({event}) => event === "done" || event === "failed").map(({file, event}) => [path.basename(file), event]));
			assert.deepEqual(over, {"loud.bin": "done", "text.bin": "failed", "quiet.bin": "done"});
			return true;
		});
		const {json} = await site.request({path: "/api/v1/tracks?limit=2"});
		const gains = await Promise.all(json.tracks.map(async ({id}) => (await track(id)).loudness.gain_db));
		assert.equal(gains[0], gains[1]);
	});
});
