// SPDX-License-Identifier: MIT
// Renditions that are the source's own packets: what they decode to is what the source decodes to, bit for bit and as
// long; what would not be so is encoded, and the job says why.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import path from "node:path";
import test, {after, before, describe} from "node:test";
import {checkFile} from "./lib/check_cmaf.mjs";
import {checkMpd} from "./lib/check_dash.mjs";
import {checkMaster} from "./lib/check_hls.mjs";
import {fetchUrl} from "./lib/growing.mjs";
import {decode, output, readTrack, sampleCount} from "./lib/pcm.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {missing, vector} from "./lib/tools.mjs";
import {rendition, work} from "./lib/worker.mjs";

const SECONDS = 5.3;
const tags = {loudness: "tags", target_lufs: -14, true_peak_dbtp: -1, limiter: false};
const members = {passthrough: true, sound: tags};

const outputs = [
	rendition("aac", 320000),
	{quality: "opus", codec: "opus", bit_rate: 510000, sample_rate: 48000, channels: 2},
	{quality: "flac", codec: "flac", bit_rate: 0, sample_rate: 0, channels: 0},
	{quality: "mp3", codec: "mp3", bit_rate: 320000, sample_rate: 44100, channels: 2},
	{quality: "opus-ogg", codec: "opus", container: "ogg", bit_rate: 510000, sample_rate: 48000, channels: 2},
	{quality: "flac-flac", codec: "flac", container: "flac", bit_rate: 0, sample_rate: 0, channels: 0},
	{quality: "vorbis", codec: "vorbis", container: "ogg", bit_rate: 192000, sample_rate: 44100, channels: 2},
];
const CODECS = {aac: "mp4a.40.2", opus: "Opus", flac: "fLaC"};

let folder, made = 0;
before(() => folder = mkdtempSync(path.join(tmpdir(), "tonearm-passthrough-")));
after(() => rmSync(folder, {recursive: true, force: true}));

/** Low noise, another in each channel, as NAME. */
async function noise(name, {rate = 44100, layout = "stereo", seconds = SECONDS, args}) {
	const file = path.join(folder, name);
	const channels = {mono: 1, stereo: 2, "5.1": 6}[layout];
	const sound = Array.from({length: channels}, (_, i) => `random(${i})*0.4`).join("|");
	await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
		`aevalsrc=exprs=${sound}:s=${rate}:d=${seconds}:c=${layout},lowpass=f=3000`, ...args, file]);
	return file;
}

/** The worker's result, and what it said of each rendition: "passed", or why not. */
async function pass(source, wanted, more = {}) {
	const into = path.join(folder, `out${made++}`);
	mkdirSync(into);
	const result = await work(source, wanted, into, {...more, members: {...members, ...more.members}});
	assert.equal(result.last.event, "done", result.last.detail);
	const told = result.reports.filter(({event}) => event === "passthrough");
	assert.deepEqual(told.map(one => one.rendition), wanted.map((_, i) => i));
	return {...result, told: Object.fromEntries(told.map(one => [wanted[one.rendition].quality, one.passed ? "passed" : one.detail]))};
}

const pcm = (file, before = []) => decode(before, file, ["-f", "f32le"]);

/** What a player presents of FILE, all channels. */
async function presentedPcm(file, container, channels) {
	if (container !== "cmaf")
		return pcm(file);
	const {priming, duration} = readTrack(readFileSync(file));
	return (await pcm(file, ["-ignore_editlist", "1", "-flags2", "+skip_manual"])).subarray(4 * channels * priming, 4 * channels * duration);
}

async function assertSame(source, {quality, codec, container = codec === "mp3" ? "mp3" : "cmaf"}, file, result) {
	const {channels, sample_rate} = result.source;
	const [samples, whole, is] = await Promise.all([sampleCount(source), pcm(source), presentedPcm(file, container, channels)]);
	const shall = whole.subarray(0, 4 * channels * samples);
	assert.equal(result.last.samples, samples);
	assert.equal(is.length / 4 / channels, samples, `${quality}: samples`);
	assert.ok(is.equals(shall), `${quality} is not the source bit for bit`);
	if (container === "cmaf")
		assert.deepEqual(checkFile(readFileSync(file), {codecs: CODECS[codec], samples, sampleRate: sample_rate}), []);
}

// Which renditions are the source's packets, and how the source is made; vectors by their names.
const sources = {
	"aac.m4a": [["aac"], {args: ["-c:a", "aac", "-b:a", "128k"]}],
	"aac-48k-mono.m4a": [["aac"], {rate: 48000, layout: "mono", args: ["-c:a", "aac", "-b:a", "96k"]}],
	"aac-22k.m4a": [["aac"], {rate: 22050, args: ["-c:a", "aac", "-b:a", "64k"]}],
	"adts.aac": [["aac"], {args: ["-c:a", "aac", "-f", "adts"]}],
	"opus.opus": [["opus", "opus-ogg"], {rate: 48000, args: ["-c:a", "libopus"]}],
	"opus-10ms-mono.opus": [["opus", "opus-ogg"], {rate: 48000, layout: "mono", args: ["-c:a", "libopus", "-frame_duration", "10"]}],
	"opus.webm": [["opus", "opus-ogg"], {rate: 48000, args: ["-c:a", "libopus"]}],
	"s16.flac": [["flac", "flac-flac"], {args: ["-c:a", "flac"]}],
	"s24-96k.flac": [["flac", "flac-flac"], {rate: 96000, args: ["-c:a", "flac", "-sample_fmt", "s32", "-frame_size", "4096"]}],
	"flac.ogg": [["flac", "flac-flac"], {args: ["-c:a", "flac"]}],
	"lame.mp3": [["mp3"], {args: ["-c:a", "libmp3lame", "-b:a", "192k"]}],
	"lame-vbr.mp3": [["mp3"], {args: ["-c:a", "libmp3lame", "-q:a", "2"]}],
	"lame-22k-mono.mp3": [["mp3"], {rate: 22050, layout: "mono", args: ["-c:a", "libmp3lame"]}],
	"untagged.mp3": [["mp3"], {args: ["-c:a", "libmp3lame", "-write_xing", "0"]}],
	"vectors:aac_lc_128k.aac": [["aac"]],
	"vectors:aac_lc_cover_faststart.m4a": [["aac"]],
	"vectors:mp3_cbr192_noxing.mp3": [["mp3"]],
	"vectors:mp3_vbr_V2_xing_cover.mp3": [["mp3"]],
	"vectors:opus_96k_cover.opus": [["opus", "opus-ogg"]],
	"vectors:flac_16bit_44k_tags.flac": [["flac", "flac-flac"]],
	"vectors:vorbis_q5.ogg": [[]],
	"vectors:alac_16bit_44k.m4a": [[]],
	"vectors:wav_24bit_44k.wav": [[]],
};

describe("the source's packets", {skip: missing("ffmpeg")}, () => {
	for (const [name, [passing, how]] of Object.entries(sources)) {
		test(name, {skip: !how && missing("vectors:media")}, async () => {
			const source = how ? await noise(name, how) : path.join(vector("media"), name.slice("vectors:".length));
			const wanted = outputs.filter(({quality}) => passing.length === 0 || passing.includes(quality));
			const result = await pass(source, wanted);
			assert.deepEqual(Object.keys(result.told).filter(quality => result.told[quality] === "passed"), passing, JSON.stringify(result.told));
			if (passing.length > 0)
				await Promise.all(wanted.map((one, i) => assertSame(source, one, result.outputs[i], result)));
		});
	}

	test("nobody hears of it who did not ask", async () => {
		const result = await work(path.join(folder, "s16.flac"), [outputs[2]], folder);
		assert.ok(result.reports.every(({event}) => event !== "passthrough"));
	});

	test("tags of the track go with them", {skip: missing("ffprobe")}, async () => {
		const {outputs: files} = await pass(path.join(folder, "lame.mp3"), [outputs[3]], {members: {tags: {title: "Ümläut"}}});
		assert.match(String(await output("ffprobe", ["-v", "error", "-show_entries", "format_tags", files[0]])), /TAG:title=Ümläut/);
	});
});

describe("what is encoded all the same", {skip: missing("ffmpeg")}, () => {
	const high = rendition("high", 192000);

	test("sound that is changed", async () => {
		const file = await noise("changed.m4a", {args: ["-c:a", "aac"]});
		const apply = {...tags, loudness: "apply"};
		assert.match((await pass(file, [high], {members: {sound: apply}})).told.high, /changed/);
		assert.match((await pass(file, [high], {members: {sound: {...apply, loudness: "off", filter: "volume=0.5"}}})).told.high, /changed/);
		assert.equal((await pass(file, [high], {})).told.high, "passed");
	});

	test("more bits, channels or samples a second than were asked for", async () => {
		const file = await noise("rich.m4a", {rate: 48000, args: ["-c:a", "aac", "-b:a", "256k"]});
		const {told} = await pass(file, [rendition("low", 64000), rendition("slow", 128000, 22050), rendition("mono", 200000, 48000, 1), rendition("high", 320000)]);
		assert.match(told.low, /bits\/s/);
		assert.match(told.slow, /Hz/);
		assert.match(told.mono, /channels/);
		assert.equal(told.high, "passed");
		const wide = await noise("wide.m4a", {layout: "5.1", seconds: 2, args: ["-c:a", "aac"]});
		assert.match((await pass(wide, [high])).told.high, /6 channels/);
	});

	test("frames that are too long", async () => {
		const opus = await noise("long.opus", {rate: 48000, args: ["-c:a", "libopus", "-frame_duration", "60"]});
		assert.match((await pass(opus, [outputs[1]])).told.opus, /2880 samples/);
		const flac = await noise("long.flac", {args: ["-c:a", "flac", "-frame_size", "16384"]});
		assert.match((await pass(flac, [outputs[2]])).told.flac, /16384 samples/);
	});

	test("AAC that says it has spectral band replication", async () => {
		const bytes = readFileSync(await noise("plain.m4a", {seconds: 2, args: ["-c:a", "aac"]}));
		const at = bytes.indexOf(Buffer.from("121056e500", "hex"));
		assert.ok(at > 0);
		bytes[at + 4] = 0x88;
		writeFileSync(path.join(folder, "he.m4a"), bytes);
		assert.match((await pass(path.join(folder, "he.m4a"), [{...high, sample_rate: 96000}])).told.high, /LC|Hz/);
	});

	test("packets that are damaged", async () => {
		const file = await noise("damaged.aac", {args: ["-c:a", "aac", "-f", "adts"]});
		const bytes = readFileSync(file);
		for (let at = bytes.length >> 1, n = 0; n < 5; n++) {
			const size = (bytes[at + 3] & 3) << 11 | bytes[at + 4] << 3 | bytes[at + 5] >> 5;
			if (bytes[at] === 0xff && (bytes[at + 1] & 0xf0) === 0xf0 && size > 50) {
				bytes.fill(0x5a, at + 8, at + size);
				at += size;
			} else {
				at++;
				n--;
			}
		}
		writeFileSync(file, bytes);
		assert.match((await pass(file, [high])).told.high, /damaged/);
	});

	test("nothing but a start that an edit list cuts off: that is passed through", async () => {
		const whole = await noise("whole.m4a", {args: ["-c:a", "aac"]});
		const cut = path.join(folder, "cut.m4a");
		await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-ss", "2.345", "-i", whole, "-c", "copy", cut]);
		const {told, last, outputs: [file]} = await pass(cut, [high]);
		assert.equal(told.high, "passed");
		assert.ok((await presentedPcm(file, "cmaf", 2)).equals((await pcm(cut)).subarray(0, 8 * last.samples)));
	});
});

describe("through a jobrunner", {skip: cannotServe("lighttpd") || missing("ffmpeg"), timeout: 120000}, () => {
	const scene = {};
	const api = address => scene.site.request({path: address, headers: scene.site.bearer("jobs:read")});

	before(async () => {
		scene.site = await start({runner: true, conf: {media: {hls_ts: true}}});
		scene.file = await noise("song.m4a", {seconds: 21.3, args: ["-c:a", "aac", "-b:a", "128k"]});
		const {track, job} = await scene.site.publish(scene.file, {formats: "opus-96", passthrough: "true"});
		scene.track = track.id;
		scene.job = job.id;
		scene.renditions = Object.fromEntries((await api(`/api/v1/tracks/${track.id}`)).json.track.renditions.map(one => [one.quality, one]));
	});
	after(() => scene.site?.stop());

	test("the history says which are and why others are not", async () => {
		const notes = (await api(`/internal/jobs/${scene.job}`)).json.job.history.filter(({event}) => event === "note").map(({detail}) => detail);
		assert.deepEqual(notes.slice(0, 3), ["high", "medium", "low"].map(name => `${name}: the source is passed through`));
		assert.match(notes[3], /^mobile: encoded, as the source has \d+ bits\/s, more than 96000$/);
		assert.equal(notes[4], "opus-96: encoded, as the source is not opus");
		assert.equal(notes.length, 5);
	});

	test("the bit rate is the measured one", () => {
		const {high, low, mobile} = scene.renditions;
		assert.equal(high.bit_rate, low.bit_rate);
		assert.ok(high.bit_rate > 100000 && high.bit_rate < 150000, high.bit_rate);
		assert.equal(mobile.bit_rate, 96000);
	});

	test("the sound was measured on the way", async () =>
		assert.ok((await api(`/api/v1/tracks/${scene.track}`)).json.track.loudness));

	test("the rules of HLS and DASH", async () => {
		const url = scene.site.url;
		assert.deepEqual(await checkMaster(`${url}/hls/${scene.track}/master.m3u8`, fetchUrl), []);
		assert.deepEqual(await checkMaster(`${url}/hls/${scene.track}/master-ts.m3u8`, fetchUrl), []);
		assert.deepEqual(await checkMpd(`${url}/dash/${scene.track}/manifest.mpd`, fetchUrl), []);
	});

	test("what a listener decodes is the source", async () => {
		const file = path.join(folder, "served.mp4");
		await fs.writeFile(file, (await scene.site.request({path: `/media/${scene.track}/high.mp4`})).body);
		const shall = (await pcm(scene.file)).subarray(0, 8 * await sampleCount(scene.file));
		assert.ok((await presentedPcm(file, "cmaf", 2)).equals(shall));
	});

	const later = (body, track = scene.track) => scene.site.request({method: "POST", path: "/internal/jobs/transcode",
		body: JSON.stringify({track, ...body}),
		headers: {...scene.site.bearer("jobs:write"), "content-type": "application/json"}});

	test("others may come later, and are cut where these are", async () => {
		const submitted = await later({formats: "aac-160,aac-256", passthrough: false});
		assert.equal(submitted.status, 202, submitted.text);
		assert.equal((await scene.site.jobOver(submitted.json.job.id)).state, "done");
		const again = await later({formats: "aac-192", passthrough: true});
		assert.equal((await scene.site.jobOver(again.json.job.id)).state, "done");
		assert.deepEqual(await checkMaster(`${scene.site.url}/hls/${scene.track}/master.m3u8`, fetchUrl), []);
		assert.equal((await later({formats: "aac-64", passthrough: "yes"})).status, 422);
	});

	for (const [name, how] of Object.entries({
		"all-48k.m4a": {rate: 48000, layout: "mono", args: ["-c:a", "aac", "-b:a", "80k"]},
		"all-22k.m4a": {rate: 22050, args: ["-c:a", "aac", "-b:a", "64k"]},
	})) {
		test(`${name}: other rates than the ladder's go with it`, async () => {
			const {track} = await scene.site.publish(await noise(name, {...how, seconds: 17}), {passthrough: "true"});
			const {json} = await later({formats: "aac-48", passthrough: true}, track.id);
			const {state, error} = await scene.site.jobOver(json.job.id);
			assert.equal(state, "done", error);
			const {renditions} = (await api(`/api/v1/tracks/${track.id}`)).json.track;
			assert.deepEqual(renditions.map(one => one.sample_rate).sort(), [how.rate, how.rate, how.rate, how.rate, 44100].sort());
			assert.deepEqual(await checkMaster(`${scene.site.url}/hls/${track.id}/master.m3u8`, fetchUrl), []);
			assert.deepEqual(await checkMpd(`${scene.site.url}/dash/${track.id}/manifest.mpd`, fetchUrl), []);
		});
	}

	test("native files and other codecs are published too", async () => {
		const wishes = {"lame-22k-mono.mp3": [["mp3-128", "mp3"]], "opus-10ms-mono.opus": [["opus-128", "mp4"], ["opus-ogg-128", "opus"]],
			"s24-96k.flac": [["flac", "mp4"], ["flac-flac", "flac"]]};
		for (const [name, wanted] of Object.entries(wishes)) {
			const file = await noise(name, sources[name][1]);
			const {track, job} = await scene.site.publish(file, {passthrough: "true", renditions: JSON.stringify(wanted.map(([quality]) => quality))});
			const {history} = (await api(`/internal/jobs/${job.id}`)).json.job;
			assert.deepEqual(history.filter(({event}) => event === "note").map(({detail}) => detail),
				wanted.map(([quality]) => `${quality}: the source is passed through`));
			const shall = await pcm(file);
			for (const [quality, extension] of wanted) {
				const served = path.join(folder, `${quality}.${extension}`);
				await fs.writeFile(served, (await scene.site.request({path: `/media/${track.id}/${quality}.${extension}`})).body);
				const is = await presentedPcm(served, extension === "mp4" ? "cmaf" : "native", name.includes("mono") ? 1 : 2);
				assert.ok(is.equals(shall), quality);
			}
		}
	});

	test("a wrong wish is refused", async () =>
		assert.rejects(scene.site.upload(scene.file, {passthrough: "perhaps"}), /422/));
});
