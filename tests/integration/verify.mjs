// SPDX-License-Identifier: MIT
// Stored files that go bad: found by their checksums, no longer named in playlists, and made anew where the source is kept.

import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import {existsSync} from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import {describe} from "node:test";
import {cgi} from "./lib/cgi.mjs";
import {GOOD, QUALITIES, REAL_WORKER, shiftedClock, until, withLibrary} from "./lib/library.mjs";
import {wav} from "./lib/noise.mjs";
import {build} from "./lib/tools.mjs";

const DAY_MS = 86400000;

function tonearm(library, ...words) {
	const {status, stdout, stderr} = spawnSync(path.join(build, "tonearm"), words,
		{env: {...process.env, TONEARM_CONF: library.path("tonearm.conf")}, encoding: "utf8"});
	return {status, text: stdout, error: stderr, get json() {
		return JSON.parse(stdout);
	}};
}

const verify = (library, ...words) => tonearm(library, "tracks", "verify", ...words);
const show = (library, track) => tonearm(library, "tracks", "show", track, "--json").json;
const media = (library, track, name) => library.path("data", "media", track, name);
const playlist = (library, target) => cgi({conf: library.path("tonearm.conf")}, "manifest", target);
const qualities = track => track.renditions.map(({quality}) => quality).sort();

async function flip(file) {
	const bytes = await fs.readFile(file);
	bytes[bytes.length >> 1] ^= 1;
	await fs.writeFile(file, bytes);
}
const DAMAGE = {
	altered: flip,
	truncated: async file => fs.truncate(file, (await fs.stat(file)).size - 1),
	missing: file => fs.rm(file),
};

/** A track of the fake worker's, made. */
async function made(library, script = GOOD) {
	const {track} = await library.add(script);
	assert.equal((await library.drain()).code, 0);
	assert.deepEqual(qualities(await library.track(track)), QUALITIES);
	return track;
}

describe("verify", {concurrency: 3}, () => {
	withLibrary("whole files are whole, and the source gets its checksum", {}, async library => {
		const track = await made(library);
		const {status, text} = verify(library);
		assert.equal(status, 0, text);
		assert.match(text, /^5 files of 1 tracks are whole$/m);
		assert.match(await library.sql(`SELECT source_etag FROM track WHERE id = '${track}'`), /^[0-9a-f]{64}\n$/);
		assert.deepEqual(verify(library, track, "--json").json, {tracks: 1, files: 5, damaged: []});
		assert.equal(verify(library, "nobody").status, 2);
		assert.equal(verify(library, "0".repeat(26)).status, 3);
	});

	for (const [damage, harm] of Object.entries(DAMAGE)) {
		withLibrary(`a rendition that is ${damage} is found, not played, and made anew once`, {}, async library => {
			const track = await made(library);
			const sound = await fs.readFile(media(library, track, "low.mp4"));
			await harm(media(library, track, "low.mp4"));
			const {status, text} = verify(library);
			assert.equal(status, 1);
			assert.match(text, new RegExp(`^${track}  rendition low  ${damage}$`, "m"));

			assert.deepEqual(qualities(await library.track(track)), ["high", "medium", "mobile"]);
			const master = await playlist(library, `/hls/${track}/master.m3u8`);
			assert.equal(master.status, 200);
			assert.match(master.text, /high\/playlist/);
			assert.doesNotMatch(master.text, /low\/playlist/);
			assert.equal((await playlist(library, `/hls/${track}/low/playlist.m3u8`)).status, 404);
			const [damaged] = show(library, track).damaged;
			assert.deepEqual([damaged.quality, damaged.damage], ["low", damage]);
			assert.equal((await library.job(damaged.repair_job)).state, "queued");
			assert.match(tonearm(library, "tracks").text, /ready, damaged/);
			assert.match(tonearm(library, "doctor").text, /stored files +1 renditions of 1 tracks and 0 sources are damaged/);

			verify(library);
			assert.equal((await library.fixture("all")).jobs.length, 2, "one job to repair it, however often one looks");
			assert.equal((await library.drain()).code, 0);
			assert.equal((await library.job(damaged.repair_job)).state, "done");
			assert.deepEqual(await fs.readFile(media(library, track, "low.mp4")), sound);
			assert.equal((await playlist(library, `/hls/${track}/low/playlist.m3u8`)).status, 200);
			assert.equal(verify(library).status, 0);
			assert.deepEqual(show(library, track).damaged, []);

			await harm(media(library, track, "low.mp4"));
			verify(library);
			assert.equal(show(library, track).damaged[0].repair_job, null, "not again and again by itself");
			verify(library, "--repair");
			assert.equal((await library.drain()).code, 0);
			assert.equal(verify(library).status, 0);
		});
	}

	withLibrary("a track of which nothing is left says so, and is back when its files are", {media: {keep_source: false}}, async library => {
		const track = await made(library);
		const files = QUALITIES.map(quality => media(library, track, `${quality}.mp4`));
		await fs.mkdir(library.path("backup"));
		for (const file of files)
			await fs.rename(file, library.path("backup", path.basename(file)));
		await fs.writeFile(media(library, track, "else"), "");
		const {status, text} = verify(library);
		assert.equal(status, 1);
		assert.match(text, /cannot be made anew, as its source is not kept: put the files back from a copy/);
		const after = await library.track(track);
		assert.equal(after.state, "failed");
		assert.match(after.failure, /^all renditions are damaged \(high missing, .*\), and the source is not kept$/);
		assert.equal((await playlist(library, `/hls/${track}/master.m3u8`)).status, 409);
		for (const file of files)
			await fs.rename(library.path("backup", path.basename(file)), file);
		assert.equal(verify(library).status, 0);
		assert.equal((await library.track(track)).state, "ready");
		assert.equal((await playlist(library, `/hls/${track}/master.m3u8`)).status, 200);
	});

	withLibrary("a damaged source is known, and nothing is made from it", {}, async library => {
		const track = await made(library);
		assert.equal(verify(library).status, 0);
		await fs.writeFile(library.path("data", "source", `${track}.bin`), GOOD.join("\n").replace("source", "sourcE"));
		await flip(media(library, track, "high.mp4"));
		const {text} = verify(library);
		assert.match(text, new RegExp(`^${track}  source ${track}.bin  altered$`, "m"));
		assert.match(text, /as its source is damaged \(altered\)/);
		const shown = show(library, track);
		assert.deepEqual([shown.source_damage, shown.damaged[0].repair_job, shown.state], ["altered", null, "ready"]);
		await fs.writeFile(library.path("data", "source", `${track}.bin`), GOOD.join("\n"));
		verify(library);
		assert.equal((await library.drain()).code, 0);
		assert.equal(verify(library).status, 0, "the source is back, and with it the rendition");
		assert.deepEqual(qualities(await library.track(track)), QUALITIES);
	});

	withLibrary("a folder that is empty is a disk that is not there, and no damage", {}, async library => {
		const track = await made(library);
		await fs.rename(library.path("data", "media"), library.path("elsewhere"));
		await fs.mkdir(library.path("data", "media"));
		const {status, error} = verify(library);
		assert.equal(status, 1);
		assert.match(error, /is empty: is its disk mounted\?/);
		assert.deepEqual(qualities(await library.track(track)), QUALITIES);
	});

	withLibrary("the periodic job finds it, has it made anew, and counts it", {jobs: {verify_days: 7}}, async library => {
		const track = await made(library);
		await flip(media(library, track, "high.mp4"));
		await fs.writeFile(library.path("clock"), String(8 * DAY_MS));
		const later = library.runner(["--drain"], undefined, shiftedClock(library.path("clock")));
		assert.equal((await later.ended).code, 0);
		const kinds = (await library.fixture("all")).jobs.map(({kind, state}) => `${kind} ${state}`).sort();
		assert.deepEqual(kinds.filter(kind => /verify|transcode/.test(kind)),
			["transcode done", "transcode done", "verify-media done"]);
		assert.match(await later.text(), /stored file is damaged/);
		assert.deepEqual(qualities(await library.track(track)), QUALITIES);
		assert.equal(verify(library).status, 0);
		const metrics = await library.fixture("metrics");
		assert.match(metrics, /^tonearm_media_verified_total\{what="rendition",found="altered"\} 1$/m);
		assert.match(metrics, /^tonearm_media_verified_total\{what="rendition",found="whole"\} 3$/m);
		const next = Number(await library.sql("SELECT next_ms FROM periodic WHERE name = 'verify-media'"));
		assert.ok(next > Date.now() + 14 * DAY_MS, "the next pass is a period away");
		assert.match(tonearm(library, "doctor").text, /stored files +all whole/);
	});

	withLibrary("slowly: meanwhile jobs run, it is handed back at once, and goes on where it was", {
		jobs: {verify_days: 1, verify_rate: 65536}}, async library => {
		const first = await made(library), second = await made(library);
		await library.sql(`INSERT INTO verification VALUES ('library', '${first}', 1, 0)`);
		await fs.writeFile(library.path("clock"), String(2 * DAY_MS));
		const runner = library.runner([], undefined, shiftedClock(library.path("clock")));
		const [{id}] = await until("the job", async () => {
			const {jobs} = await library.fixture("all");
			const found = jobs.filter(({kind, state}) => kind === "verify-media" && state === "running");
			return found.length > 0 && found;
		});
		await library.jobIn((await library.add(GOOD)).job, "done");
		assert.equal((await library.job(id)).state, "running");
		runner.kill("SIGTERM");
		assert.equal((await runner.ended).code, 0);
		assert.deepEqual((({state, attempts}) => [state, attempts])(await library.job(id)), ["queued", 0]);
		await library.configure({jobs: {verify_days: 1}});
		const last = library.runner(["--drain"], undefined, shiftedClock(library.path("clock")));
		assert.equal((await last.ended).code, 0);
		assert.equal((await library.job(id)).state, "done");
		const etag = id => library.sql(`SELECT source_etag IS NOT NULL FROM track WHERE id = '${id}'`);
		assert.deepEqual([await etag(first), await etag(second)], ["0\n", "1\n"], "the first was done before");
	});

	withLibrary("with the real worker the sound is the same as before", {}, async library => {
		if (!existsSync(REAL_WORKER))
			return;
		await fs.writeFile(library.path("noise.wav"), wav(3));
		const {track} = await library.fixture("add", library.path("noise.wav"), "high", "low");
		assert.equal((await library.runner(["--drain"], REAL_WORKER).ended).code, 0);
		const before = await fs.readFile(media(library, track, "high.mp4"));
		await flip(media(library, track, "high.mp4"));
		assert.equal(verify(library).status, 1);
		assert.equal((await library.runner(["--drain"], REAL_WORKER).ended).code, 0);
		assert.equal(verify(library).status, 0);
		assert.ok(before.equals(await fs.readFile(media(library, track, "high.mp4"))), "byte for byte");
		assert.deepEqual(qualities(await library.track(track)), ["high", "low"]);

		const wave = await fs.readFile(media(library, track, "waveform.dat"));
		await flip(media(library, track, "waveform.dat"));
		const {status, text} = verify(library);
		assert.equal(status, 1);
		assert.match(text, /extra waveform  altered\n.* is made anew by the job/);
		assert.equal((await library.runner(["--drain"], REAL_WORKER).ended).code, 0);
		assert.equal(verify(library).status, 0);
		assert.ok(wave.equals(await fs.readFile(media(library, track, "waveform.dat"))));
	});
});
