// SPDX-License-Identifier: MIT
// Every format in to every format out, by the worker: what is decoded again, less what the container says to discard, is
// exactly as long as the source, lies where it lay, and is the same bit for bit where the format is lossless.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import path from "node:path";
import test, {after, before, describe} from "node:test";

import {decode, lag, monoAt, output, presented, readTrack, sampleCount} from "./lib/pcm.mjs";
import {missing} from "./lib/tools.mjs";
import {work} from "./lib/worker.mjs";

const SECONDS = 1.3;
const LEAST = 0.99;

const outputs = [
	{quality: "aac", codec: "aac", container: "cmaf", bit_rate: 192000, sample_rate: 44100, channels: 2},
	{quality: "opus", codec: "opus", container: "cmaf", bit_rate: 192000, sample_rate: 48000, channels: 2},
	{quality: "flac", codec: "flac", container: "cmaf", bit_rate: 0, sample_rate: 0, channels: 0},
	{quality: "mp3", codec: "mp3", container: "mp3", bit_rate: 192000, sample_rate: 44100, channels: 2},
	{quality: "opus-ogg", codec: "opus", container: "ogg", bit_rate: 192000, sample_rate: 48000, channels: 2},
	{quality: "vorbis", codec: "vorbis", container: "ogg", bit_rate: 192000, sample_rate: 44100, channels: 2},
	{quality: "flac-flac", codec: "flac", container: "flac", bit_rate: 0, sample_rate: 0, channels: 0},
	{quality: "wav", codec: "pcm", container: "wav", bit_rate: 0, sample_rate: 0, channels: 0},
];

// BITS: how many a lossless copy has. NEAR: how many where the source has more in truth, so that they are dithered.
const inputs = {
	"u8.wav": {args: ["-c:a", "pcm_u8"], bits: 16},
	"s16.wav": {args: ["-c:a", "pcm_s16le"], bits: 16},
	"s16-mono.wav": {layout: "mono", args: ["-c:a", "pcm_s16le"], bits: 16},
	"s24-rf64.wav": {rate: 48000, args: ["-c:a", "pcm_s24le", "-rf64", "always"], bits: 24},
	"s32.wav": {args: ["-c:a", "pcm_s32le"], near: 24},
	"float.wav": {args: ["-c:a", "pcm_f32le"], near: 24},
	"s16.w64": {args: ["-c:a", "pcm_s16le"], bits: 16},
	"s16.aiff": {args: ["-c:a", "pcm_s16be"], bits: 16},
	"s24-96k.aiff": {rate: 96000, args: ["-c:a", "pcm_s24be"], bits: 24},
	"s16.flac": {args: ["-c:a", "flac"], bits: 16},
	"s24-96k.flac": {rate: 96000, args: ["-c:a", "flac", "-sample_fmt", "s32"], bits: 24},
	"flac.ogg": {args: ["-c:a", "flac"], bits: 16},
	"alac.m4a": {args: ["-c:a", "alac"], bits: 16},
	"alac-24.m4a": {rate: 48000, args: ["-c:a", "alac", "-sample_fmt", "s32p"], bits: 24},
	"aac.m4a": {args: ["-c:a", "aac", "-b:a", "192k"], near: 16},
	"adts.aac": {args: ["-c:a", "aac", "-b:a", "192k", "-f", "adts"], near: 16},
	"lame.mp3": {args: ["-c:a", "libmp3lame", "-b:a", "192k"], near: 16},
	"lame-22k-mono.mp3": {rate: 22050, layout: "mono", args: ["-c:a", "libmp3lame"], near: 16},
	"vorbis.ogg": {args: ["-c:a", "libvorbis", "-b:a", "192k"], near: 16},
	"vorbis.webm": {args: ["-c:a", "libvorbis", "-b:a", "192k"], near: 16},
	"opus.opus": {rate: 48000, args: ["-c:a", "libopus", "-b:a", "192k"], near: 16},
	"opus.webm": {rate: 48000, args: ["-c:a", "libopus", "-b:a", "192k"], near: 16},
};

let folder;
before(() => folder = mkdtempSync(path.join(tmpdir(), "tonearm-formats-")));
after(() => rmSync(folder, {recursive: true, force: true}));

/** Low noise, another in each channel. */
async function makeSource(name, {rate = 44100, layout = "stereo", args}) {
	const file = path.join(folder, name);
	const sound = layout === "mono" ? "random(0)-0.5" : "random(0)-0.5|random(1)-0.5";
	await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", `aevalsrc=exprs=${sound}:s=${rate}:d=${SECONDS}:c=${layout},` +
		"lowpass=f=1500,lowpass=f=1500,lowpass=f=1500", "-metadata", "title=Ümläut", ...args, file]);
	return file;
}

/** The first SAMPLES integers of BITS of each of CHANNELS in FILE: FFmpeg decodes an MP4 past the end it tells. */
async function integers(file, bits, {samples, channels}) {
	const all = await decode([], file, ["-f", bits === 24 ? "s32le" : "s16le"]);
	return all.subarray(0, samples * channels * (bits === 24 ? 4 : 2));
}

/**
 * That FILE has the integers of SOURCE; or, where these are NEAR, that none is more than two steps from them: triangular
 * noise, and rounding twice.
 */
async function assertLossless({bits, near}, source, file, length, what) {
	const [shall, is] = await Promise.all([source, file].map(one => integers(one, near ?? bits, length)));
	if (!near) {
		assert.ok(shall.equals(is), `${what} is not the same bit for bit`);
		return;
	}
	assert.equal(is.length, shall.length, what);
	const bytes = near === 24 ? 4 : 2;
	for (let at = 0; at < is.length; at += bytes) {
		const apart = Math.abs(is.readIntLE(at, bytes) - shall.readIntLE(at, bytes)) / (near === 24 ? 256 : 1);
		assert.ok(apart <= 2, `${what}: ${apart} steps at ${at}`);
	}
}

async function assertSame(wanted, file, source, result) {
	const {sample_rate: from} = result.source;
	const rate = wanted.sample_rate || from;
	const exact = Math.round(result.last.samples * rate / from);
	const [is, shall] = await Promise.all([wanted.container === "cmaf" ? presented(file) : monoAt(file, rate), monoAt(source, rate)]);

	assert.equal(is.length, exact, `${wanted.quality}: samples`);
	for (const start of [0, exact - 12000]) {
		const found = lag(shall, is, {start, length: 12000, most: 20});
		assert.ok(Math.abs(found.lag) <= 1 && found.correlation > LEAST,
			`${wanted.quality} from ${start}: lag ${found.lag}, correlation ${found.correlation}`);
	}
}

describe("pairs", {skip: missing("ffmpeg")}, () => {
	for (const [name, how] of Object.entries(inputs)) {
		test(name, async () => {
			const source = await makeSource(name, how);
			const into = path.join(folder, `from-${name}`);
			mkdirSync(into);
			const result = await work(source, outputs, into);
			assert.equal(result.last.event, "done", result.last.detail);
			const length = {samples: result.last.samples, channels: result.source.channels};
			await Promise.all([
				sampleCount(source).then(samples => assert.equal(result.last.samples, samples, "samples of the source")),
				...outputs.map((wanted, i) => assertSame(wanted, result.outputs[i], source, result)),
				...outputs.map(({quality, bit_rate}, i) => bit_rate === 0 && assertLossless(how, source, result.outputs[i], length, quality)),
			]);
		});
	}
});

test("every bit rate of every codec", {skip: missing("ffmpeg", "ffprobe")}, async () => {
	const kinds = [["aac", "cmaf", 44100], ["opus", "cmaf", 48000], ["mp3", "mp3", 44100], ["opus", "ogg", 48000], ["vorbis", "ogg", 44100]];
	const wanted = kinds.flatMap(([codec, container, sample_rate]) => [64, 96, 128, 192, 256, 320].map(kilobits =>
		({quality: `${codec}-${container}-${kilobits}`, codec, container, bit_rate: 1000 * kilobits, sample_rate, channels: 2})));
	/* Full noise, which costs an encoder all that it may use. */
	const source = path.join(folder, "noise.wav"), into = path.join(folder, "rates");
	await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "aevalsrc=exprs=(random(0)-0.5)|(random(1)-0.5):s=44100:d=6", source]);
	mkdirSync(into);
	const result = await work(source, wanted, into);
	assert.equal(result.last.event, "done", result.last.detail);
	const heard = await Promise.all(wanted.map(({container, sample_rate}, i) =>
		container === "cmaf" ? presented(result.outputs[i]) : monoAt(result.outputs[i], sample_rate)));
	for (const [i, one] of wanted.entries()) {
		const {format, streams: [stream]} = probed(result.outputs[i]);
		const is = heard[i];
		const rate = Number(format.size) * 8 / 6 / one.bit_rate;
		assert.equal(stream.codec_name, one.codec);
		assert.equal(is.length, 6 * one.sample_rate, one.quality);
		assert.ok(rate > 0.6 && rate < 1.25, `${one.quality} has ${rate} of its bit rate`);
	}
});

/** The granule position of the last page of an Ogg FILE (RFC 3533 section 6): samples decoded so far. */
function lastGranule(file) {
	const bytes = readFileSync(file);
	return Number(bytes.readBigInt64LE(bytes.lastIndexOf("OggS") + 6));
}

/** What ffprobe says of FILE. */
function probed(file) {
	return JSON.parse(execFileSync("ffprobe", ["-v", "error", "-of", "json", "-show_format", "-show_streams", file]));
}

describe("native files", {skip: missing("ffmpeg", "ffprobe")}, () => {
	let made;
	before(async () => {
		const source = await makeSource("tagged.flac", {args: ["-c:a", "flac", "-metadata", "artist=B", "-metadata", "track=3"]});
		const into = path.join(folder, "tagged");
		mkdirSync(into);
		const {outputs: files} = await work(source, outputs, into);
		made = Object.fromEntries(outputs.map(({quality}, i) => [quality, files[i]]));
	});

	test("are of the container and carry the source's tags", () => {
		const containers = {mp3: "mp3", "opus-ogg": "ogg", vorbis: "ogg", "flac-flac": "flac", wav: "wav"};
		for (const [quality, container] of Object.entries(containers)) {
			const {format, streams} = probed(made[quality]);
			const tags = Object.fromEntries(Object.entries({...streams[0].tags, ...format.tags}).map(([k, v]) => [k.toLowerCase(), v]));
			assert.equal(format.format_name, container);
			assert.equal(streams.length, 1);
			assert.equal(tags.title, "Ümläut", quality);
			assert.equal(tags.artist, "B", quality);
			assert.equal(tags.track, "3", quality);
		}
	});

	test("carry the source's chapters, lyrics and all of its date", async () => {
		const into = path.join(folder, "chapters"), notes = path.join(folder, "notes.txt"), source = path.join(folder, "chapters.mp3");
		mkdirSync(into);
		writeFileSync(notes, ";FFMETADATA1\ndate=1999-05-01\nTSRC=DEA129900001\ncomment=nice\nlyrics=La lü\\\nla 𝄞\nalbum_artist=Various\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=Intrö\n" +
			"[CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=1300\ntitle=Rest\n");
		await makeSource("plain.wav", {args: ["-c:a", "pcm_s16le"]});
		execFileSync("ffmpeg", ["-v", "error", "-y", "-i", path.join(folder, "plain.wav"), "-i", notes, "-map", "0:a", "-map_metadata", "1",
			"-map_chapters", "1", "-c:a", "libmp3lame", source]);
		const {outputs: files} = await work(source, outputs, into);
		for (const [i, {quality, container}] of outputs.entries()) {
			const {format, streams, chapters} = JSON.parse(execFileSync("ffprobe", ["-v", "error", "-of", "json", "-show_format", "-show_streams",
				"-show_chapters", files[i]]));
			const tags = Object.fromEntries(Object.entries({...streams[0].tags, ...format.tags}).map(([k, v]) => [k.toLowerCase(), v]));
			assert.equal(tags.date, "1999-05-01", quality);
			assert.equal(tags.comment, "nice", quality);
			assert.deepEqual(chapters.map(({start_time, tags}) => [Number(start_time), tags.title]), [[0, "Intrö"], [0.4, "Rest"]], quality);
			if (container === "wav") // FFmpeg reads no more of ID3 where there is RIFF INFO
				continue;
			assert.equal(tags.tsrc ?? tags.isrc, "DEA129900001", quality);
			assert.equal(tags.album_artist ?? tags.albumartist, "Various", quality);
			/* ID3 has a frame for them; what FFmpeg would write into another no player shows. */
			assert.equal(container === "mp3" ? tags["lyrics-xxx"] : tags.lyrics, "La lü\nla 𝄞", quality);
		}
		const [mp3, wave] = ["mp3", "wav"].map(name => readFileSync(files[outputs.findIndex(({quality}) => quality === name)]));
		const at = wave.lastIndexOf("id3 ") + 8, length = wave.readUInt32LE(at - 4);
		assert.ok(wave.subarray(at, at + length).equals(mp3.subarray(0, length)), "the whole tag of the MP3 is in the WAV");
		assert.equal(at + length + length % 2, wave.length);
		assert.equal(wave.readUInt32LE(4), wave.length - 8);
	});

	test("what is said of the track goes before the source's tags", async () => {
		const again = path.join(folder, "renamed");
		mkdirSync(again);
		const {outputs: files, source} = await work(path.join(folder, "tagged.flac"), outputs, again,
			{members: {tags: {title: "Änother", album: "C"}}});
		assert.equal(source.tags.title, "Ümläut", "the report is of the source");
		for (const [i, {quality}] of outputs.entries()) {
			const {format, streams} = probed(files[i]);
			const tags = Object.fromEntries(Object.entries({...streams[0].tags, ...format.tags}).map(([k, v]) => [k.toLowerCase(), v]));
			assert.deepEqual([tags.title, tags.artist, tags.album], ["Änother", "B", "C"], quality);
		}
	});

	test("MP3 has a Xing frame with delay and padding", () => {
		const bytes = readFileSync(made.mp3);
		const at = bytes.indexOf("Info");
		const lame = bytes.indexOf("Lav", at);
		assert.ok(at > 0 && lame > at);
		const packed = bytes.readUIntBE(lame + 21, 3);
		const [delay, padding] = [packed >> 12, packed & 4095];
		const frames = bytes.readUInt32BE(at + 8);
		assert.equal(frames * 1152 - delay - padding, Math.round(SECONDS * 44100));
	});

	test("Opus in Ogg has pre-skip and an end, Vorbis an end", () => {
		const head = readFileSync(made["opus-ogg"]);
		const skip = head.readUInt16LE(head.indexOf("OpusHead") + 10);
		assert.ok(skip > 0);
		assert.equal(lastGranule(made["opus-ogg"]) - skip, Math.round(SECONDS * 48000));
		assert.equal(lastGranule(made.vorbis), Math.round(SECONDS * 44100));
	});

	test("CMAF has an edit list and ends with its last sample", () => {
		for (const [quality, rate, least] of [["aac", 44100, 1], ["opus", 48000, 1], ["flac", 44100, 0]]) {
			const {priming, duration} = readTrack(readFileSync(made[quality]));
			assert.ok(priming >= least, quality);
			assert.equal(duration - priming, Math.round(SECONDS * rate), quality);
		}
	});

	test("FLAC knows its length and checksum, in both containers", () => {
		const native = readFileSync(made["flac-flac"]);
		const cmaf = readFileSync(made.flac);
		const plain = native.subarray(8, 42);
		const boxed = cmaf.subarray(cmaf.indexOf("dfLa") + 12, cmaf.indexOf("dfLa") + 46);
		assert.deepEqual(boxed, plain);
		assert.equal(plain.readUInt32BE(14), Math.round(SECONDS * 44100));
		assert.notEqual(plain.subarray(18).toString("hex"), "0".repeat(32));
		if (!missing("flac"))
			execFileSync("flac", ["--test", "--silent", made["flac-flac"]]);
	});

	test("the same source gives the same bytes", async () => {
		const again = path.join(folder, "again");
		mkdirSync(again);
		const {outputs: files} = await work(path.join(folder, "tagged.flac"), outputs, again);
		outputs.forEach(({quality}, i) => assert.ok(readFileSync(files[i]).equals(readFileSync(made[quality])), quality));
	});
});

test("an album plays on without a click", {skip: missing("ffmpeg")}, async () => {
	// One sound, cut in two at no frame's end; each half by itself through each format, then put together again.
	const whole = await makeSource("whole.wav", {args: ["-c:a", "pcm_s16le"]});
	const into = [1, 2].map(side => path.join(folder, `side${side}`));
	const cuts = [["-af", "atrim=end_sample=30011"], ["-af", "atrim=start_sample=30011"]];
	const sides = [];
	for (const [i, cut] of cuts.entries()) {
		const file = path.join(folder, `half${i}.wav`);
		await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", whole, ...cut, "-c:a", "pcm_s16le", file]);
		mkdirSync(into[i]);
		sides.push((await work(file, outputs, into[i])).outputs);
	}
	for (const [i, wanted] of outputs.entries()) {
		const rate = wanted.sample_rate || 44100;
		const parts = await Promise.all(sides.map(files => wanted.container === "cmaf" ? presented(files[i]) : monoAt(files[i], rate)));
		const joined = Float32Array.of(...parts[0], ...parts[1]);
		const shall = await monoAt(whole, rate);
		assert.ok(Math.abs(joined.length - shall.length) <= 1, `${wanted.quality}: ${joined.length} samples, not ${shall.length}`);
		const seam = parts[0].length;
		const found = lag(shall, joined, {start: seam - 1000, length: 2000, most: 20});
		assert.ok(Math.abs(found.lag) <= 1 && found.correlation > 0.95, `${wanted.quality}: lag ${found.lag}, correlation ${found.correlation}`);
	}
});
