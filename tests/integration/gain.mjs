// SPDX-License-Identifier: MIT
// Loudness from upload to listener: what files tell of it is what the API tells, an applied gain is told by none, and a
// file that tells it sounds as one that does not.

import assert from "node:assert/strict";
import {execFileSync, spawnSync} from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";

import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {missing} from "./lib/tools.mjs";

const qualities = ["aac-128", "opus-96", "flac", "mp3-128", "opus-ogg-96", "vorbis-128", "flac-flac", "wav"];
const renditions = JSON.stringify(qualities);

/** All tags of FILE, by their names in small letters. */
function tagsOf(file) {
	const {format, streams} = JSON.parse(execFileSync("ffprobe", ["-v", "error", "-of", "json", "-show_format", "-show_streams", file]));
	return Object.fromEntries(Object.entries({...streams[0].tags, ...format.tags}).map(([name, value]) => [name.toLowerCase(), value]));
}

/** A hash of what FILE decodes to; throws when FFmpeg has anything to complain of. */
function decoded(file) {
	const {stdout, stderr, status} = spawnSync("ffmpeg", ["-v", "error", "-nostdin", "-xerror", "-i", file, "-f", "md5", "-"], {encoding: "utf8"});
	assert.equal(stderr, "", file);
	assert.equal(status, 0, file);
	return stdout;
}

/** What bext of a WAV file says in LUFS, LU and dBTP; undefined where it is not of version 2. */
function bextOf(bytes) {
	const at = bytes.indexOf("bext") + 8;
	if (at < 8 || bytes.readUInt16LE(at + 346) !== 2)
		return undefined;
	const [integrated_lufs, range_lu, true_peak_dbtp, momentary_max_lufs, short_term_max_lufs] =
		[0, 1, 2, 3, 4].map(i => bytes.readInt16LE(at + 412 + 2 * i) / 100);
	return {integrated_lufs, range_lu, true_peak_dbtp, momentary_max_lufs, short_term_max_lufs};
}

function near(is, shall, what) {
	assert.ok(Math.abs(is - shall) < 0.011, `${what}: ${is}, not ${shall}`);
}

/** That the file of QUALITY tells LOUDNESS as the API does. */
async function assertTold(file, quality, loudness) {
	const tags = tagsOf(file);
	if (quality === "wav") {
		const bext = bextOf(await fs.readFile(file));
		for (const [name, value] of Object.entries(bext))
			near(value, loudness[name], `wav ${name}`);
		return;
	}
	if (quality.startsWith("opus-ogg")) {
		near(Number(tags.r128_track_gain) / 256, -23 - loudness.integrated_lufs, quality);
		assert.equal(tags.replaygain_track_gain, undefined);
		return;
	}
	assert.match(tags.replaygain_track_gain, /^-?\d+\.\d\d dB$/);
	near(parseFloat(tags.replaygain_track_gain), -18 - loudness.integrated_lufs, quality);
	near(20 * Math.log10(Number(tags.replaygain_track_peak)), loudness.true_peak_dbtp, `${quality} peak`);
	if (!quality.startsWith("vorbis") && quality !== "flac-flac") {
		const [power] = tags.itunnorm.trim().split(" ").map(word => parseInt(word, 16));
		near(-10 * Math.log10(power / 1000), -18 - loudness.integrated_lufs, `${quality} iTunNORM`);
	}
}

async function assertSilent(file, quality) {
	for (const name of Object.keys(tagsOf(file)))
		assert.doesNotMatch(name, /replaygain|r128|itunnorm/, quality);
	assert.equal(bextOf(await fs.readFile(file)), undefined, quality);
}

describe("loudness", {skip: missing("ffmpeg", "ffprobe") || cannotServe("lighttpd")}, () => {
	let site, source;
	const made = {};
	const track = async id => (await site.request({path: `/api/v1/tracks/${id}`})).json.track;
	const fileOf = ({id, renditions: list}, quality) =>
		path.join(site.dataDir, "media", id, path.basename(list.find(one => one.quality === quality).url));

	before(async () => {
		site = await start({runner: true});
		source = path.join(site.dir, "source.wav");
		await fs.writeFile(source, wav(5.2));
		for (const loudness of ["tags", "off", "apply"])
			made[loudness] = await track((await site.publish(source, {loudness, renditions})).track.id);
	});
	after(() => site?.stop());

	test("files tell what the API tells", async () => {
		assert.equal(made.tags.loudness.applied, false);
		for (const quality of qualities)
			await assertTold(fileOf(made.tags, quality), quality, made.tags.loudness);
	});

	test("and sound as files that tell nothing", async () => {
		for (const quality of qualities) {
			assert.equal(decoded(fileOf(made.tags, quality)), decoded(fileOf(made.off, quality)), quality);
			await assertSilent(fileOf(made.off, quality), quality);
		}
	});

	test("none tells a gain that was applied", async () => {
		assert.equal(made.apply.loudness.applied, true);
		for (const quality of qualities) {
			await assertSilent(fileOf(made.apply, quality), quality);
			assert.notEqual(decoded(fileOf(made.apply, quality)), decoded(fileOf(made.off, quality)), quality);
		}
	});

	test("what is made later tells the same", async () => {
		const {status, json} = await site.request({method: "POST", path: "/internal/jobs/transcode",
			headers: {"Content-Type": "application/json", ...site.bearer("jobs:write")},
			body: JSON.stringify({track: made.tags.id, formats: "mp3-192,opus-ogg-128", loudness: "off"})});
		assert.equal(status, 202);
		assert.equal((await site.jobOver(json.job.id)).state, "done");
		const after = await track(made.tags.id);
		assert.deepEqual(after.loudness, made.tags.loudness);
		for (const quality of ["mp3-192", "opus-ogg-128"])
			await assertTold(fileOf(after, quality), quality, after.loudness);
	});
});
