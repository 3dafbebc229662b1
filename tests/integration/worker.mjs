// SPDX-License-Identifier: MIT
// The worker by itself: every format in, renditions that are exact to the sample out; damaged and hostile files refused.

import assert from "node:assert/strict";
import {existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import path from "node:path";
import test, {after, before, describe} from "node:test";

import {lag, monoAt, output, presented, readTrack, sampleCount} from "./lib/pcm.mjs";
import {build, missing, vector, vectorJson} from "./lib/tools.mjs";
import {rendition, work} from "./lib/worker.mjs";

const ladder = [rendition("high", 320000), rendition("medium", 192000), rendition("low", 128000), rendition("mobile", 96000)];
const mixed = [rendition("high", 192000), rendition("slow", 64000, 22050, 1), rendition("fast", 128000, 48000)];

let folder;
before(() => folder = mkdtempSync(path.join(tmpdir(), "tonearm-worker-")));
after(() => rmSync(folder, {recursive: true, force: true}));

/** Noise of SECONDS, the same in no two channels, so that a correlation has one peak. */
async function noise(name, {seconds = 2.5, rate = 44100, layout = "stereo", args = []} = {}) {
	const file = path.join(folder, name);
	const channels = {mono: 1, stereo: 2, "5.1": 6, "7.1": 8}[layout];
	const source = Array.from({length: channels}, (_, i) => `(random(${i})-0.5)*0.4`).join("|");
	await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
		`aevalsrc=exprs=${source}:s=${rate}:d=${seconds}:c=${layout},lowpass=f=3000`, ...args, file]);
	return file;
}

/** RESULT's renditions hold exactly what SOURCE holds, in its place. */
async function assertExact(source, wanted, result, least = 0.9) {
	assert.equal(result.last.event, "done", result.last.detail);
	assert.equal(result.code, 0);
	const rate = result.source.sample_rate;
	const [samples, ...heard] = await Promise.all([sampleCount(source),
		...wanted.map((row, i) => Promise.all([presented(result.outputs[i]), monoAt(source, row.sample_rate)]))]);

	assert.equal(result.last.samples, samples, "samples of the source");
	assert.equal(result.last.duration_ms, Math.round(samples * 1000 / rate));
	for (const [i, row] of wanted.entries()) {
		const [is, shall] = heard[i];
		const exact = Math.floor((samples * row.sample_rate * 2 + rate) / (2 * rate));
		const track = readTrack(readFileSync(result.outputs[i]));

		assert.equal(track.timescale, row.sample_rate);
		assert.equal(track.duration - track.priming, exact, `${row.quality}: presented samples`);
		assert.equal(is.length, exact, `${row.quality}: decoded samples`);
		for (const start of [0, Math.max(0, exact - 20000)]) {
			const found = lag(shall, is, {start, length: 20000});
			assert.ok(Math.abs(found.lag) <= 1 && found.correlation > least,
				`${row.quality} from ${start}: lag ${found.lag}, correlation ${found.correlation}`);
		}
	}
}

describe("real files", {skip: missing("ffmpeg", "vectors:media")}, () => {
	const tags = {
		"flac_16bit_44k_tags.flac": {title: "Ümläut 東京", artist: 'Test "quoted" <b>&amp;', album: "A/B\\C", track: 3, tracks: 12},
		"mp3_vbr_V2_xing_cover.mp3": {title: "VBR title", artist: "Artist", album: "Album", date: "2020", track: 1, tracks: 9, year: 2020},
		"opus_96k_cover.opus": {title: "Opus title"},
		"aac_lc_cover_faststart.m4a": {title: "M4A ±title", artist: "東京", track: 2, tracks: 5},
	};
	for (const name of existsSync(vector("media")) ? readdirSync(vector("media")) : []) {
		if (name === "NOTE")
			continue;
		test(name, async () => {
			const source = path.join(vector("media"), name);
			const result = await work(source, ladder, folder);
			await assertExact(source, ladder, result);
			if (tags[name])
				assert.deepEqual(result.source.tags, tags[name]);
		});
	}
});

describe("formats", {skip: missing("ffmpeg")}, () => {
	const formats = {
		"u8.wav": {args: ["-c:a", "pcm_u8"], format: "wav"},
		"s16-mono.wav": {layout: "mono", args: ["-c:a", "pcm_s16le"], format: "wav"},
		"s24.wav": {args: ["-c:a", "pcm_s24le"], format: "wav"},
		"s32.wav": {args: ["-c:a", "pcm_s32le"], format: "wav"},
		"float.wav": {args: ["-c:a", "pcm_f32le"], format: "wav"},
		"double.wav": {args: ["-c:a", "pcm_f64le"], format: "wav"},
		"8k.wav": {rate: 8000, layout: "mono", args: ["-c:a", "pcm_s16le"], format: "wav"},
		"192k.wav": {rate: 192000, args: ["-c:a", "pcm_s24le"], format: "wav"},
		"5.1.wav": {layout: "5.1", args: ["-c:a", "pcm_s16le"], format: "wav", least: 0.8},
		"7.1.flac": {layout: "7.1", rate: 48000, args: ["-c:a", "flac"], format: "flac", least: 0.8},
		"rf64.wav": {args: ["-c:a", "pcm_s16le", "-rf64", "always"], format: "rf64"},
		"w64.w64": {args: ["-c:a", "pcm_s24le"], format: "w64"},
		"s24-96k.aiff": {rate: 96000, args: ["-c:a", "pcm_s24be"], format: "aiff"},
		"s24-96k.flac": {rate: 96000, args: ["-c:a", "flac", "-sample_fmt", "s32"], format: "flac"},
		"flac.ogg": {args: ["-c:a", "flac"], format: "ogg"},
		"vorbis.ogg": {args: ["-c:a", "libvorbis"], format: "ogg"},
		"opus-mono.opus": {rate: 48000, layout: "mono", args: ["-c:a", "libopus"], format: "ogg"},
		"opus.webm": {rate: 48000, args: ["-c:a", "libopus"], format: "webm"},
		"vorbis.webm": {args: ["-c:a", "libvorbis"], format: "webm"},
		"lame-22k-mono.mp3": {rate: 22050, layout: "mono", args: ["-c:a", "libmp3lame"], format: "mp3"},
		"lame-48k.mp3": {rate: 48000, args: ["-c:a", "libmp3lame"], format: "mp3"},
		"adts-32k.aac": {rate: 32000, args: ["-c:a", "aac", "-f", "adts"], format: "aac"},
		"aac.m4a": {args: ["-c:a", "aac"], format: "m4a"},
		"alac-24.m4a": {rate: 48000, args: ["-c:a", "alac", "-sample_fmt", "s32p"], format: "m4a"},
		"short.wav": {seconds: 0.01, args: ["-c:a", "pcm_s16le"], format: "wav", least: -1, lag: false},
	};
	for (const [name, {format, least, ...how}] of Object.entries(formats)) {
		test(name, async () => {
			const source = await noise(name, how);
			const result = await work(source, mixed, folder);
			assert.equal(result.source?.format, format, result.last.detail);
			assert.equal(result.source.sample_rate, how.rate ?? 44100);
			if (how.lag === false)
				assert.equal(result.last.samples, await sampleCount(source));
			else
				await assertExact(source, mixed, result, least);
		});
	}

	test("a format is known by its bytes, not by its name", async () => {
		const source = await noise("named.mp3", {args: ["-c:a", "flac", "-f", "flac"]});
		const result = await work(source, [ladder[3]], folder);
		assert.equal(result.source.format, "flac");
		assert.equal(result.last.event, "done");
	});

	test("segments of all rates begin at the same instants", async () => {
		const source = await noise("long.wav", {seconds: 21, args: ["-c:a", "pcm_s16le"]});
		const {outputs} = await work(source, mixed, folder);
		const starts = outputs.map(file => {
			const {timescale, priming, fragments} = readTrack(readFileSync(file));
			let at = -priming;
			return fragments.map(duration => (at += duration) / timescale).slice(0, -1);
		});
		assert.equal(starts[0].length, 5);
		assert.deepEqual(starts[0], starts[1]);
		starts[2].forEach((start, i) => assert.ok(start - starts[1][i] >= 0 && start - starts[1][i] < 1024 / 48000));
	});

	test("24 bits of a quiet source get through to the encoder", async () => {
		// A tone of 8 steps of a 24-bit scale: in 16 bits it would be silence.
		const source = path.join(folder, "quiet.wav");
		await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
			"aevalsrc=0.000001*sin(1000*2*PI*t)|0.000001*sin(1000*2*PI*t):s=44100:d=2", "-c:a", "pcm_s24le", source]);
		const {outputs} = await work(source, [rendition("high", 320000)], folder);
		const sound = await presented(outputs[0]);
		const power = sound.reduce((sum, x) => sum + x * x, 0) / sound.length;
		assert.ok(Math.sqrt(power) > 3e-7, `RMS ${Math.sqrt(power)}`);
	});

	test("progress grows to the end, and an hour takes no more memory than a minute", async () => {
		const source = await noise("hour.flac", {seconds: 3600, rate: 8000, layout: "mono", args: ["-c:a", "flac"]});
		let resident = 0;
		const result = await work(source, [rendition("slow", 32000, 16000, 1)], folder, {
			onReport(report, pid) {
				const status = report.event === "progress" ? readFileSync(`/proc/${pid}/status`, "latin1") : "";
				resident = Math.max(resident, Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0));
			},
		});
		const progress = result.reports.filter(({event}) => event === "progress").map(report => report.progress);
		assert.equal(result.last.event, "done", result.last.detail);
		assert.equal(result.last.samples, 3600 * 8000);
		assert.ok(progress.length > 0);
		assert.deepEqual(progress, [...progress].sort((a, b) => a - b));
		assert.ok(progress.every(x => x >= 0 && x <= 1));
		if (!sanitizer())
			assert.ok(resident > 0 && resident < 150 * 1024, `${resident} KiB`);
	});
});

/** True when the worker was built with a sanitizer, whose memory is its own. */
function sanitizer() {
	return /^#define TONEARM_SANITIZER 1/m.test(readFileSync(path.join(build, "config.h"), "utf8"));
}

/** A refusal has a reason for a person, and is no crash. */
function assertRefused(result, slug) {
	assert.equal(result.signal, null);
	assert.equal(result.code, 1);
	assert.equal(result.last.event, "failed");
	assert.ok(slug.test(result.last.error), result.last.error);
	assert.ok(result.last.detail.length > 10);
	assert.equal(result.rest, "");
}

describe("damaged files", {skip: missing("ffmpeg")}, () => {
	async function cut(name, args, part, slug = /^unprocessable$/) {
		const source = await noise(name, {seconds: 20, args});
		const bytes = readFileSync(source);
		writeFileSync(source, bytes.subarray(0, Math.floor(bytes.length * part)));
		const result = await work(source, [ladder[3]], folder);
		assertRefused(result, slug);
		return result;
	}

	/** The last report of the worker on SOURCE, and its notices. */
	async function noticed(source) {
		const {reports, last} = await work(source, [ladder[3]], folder);
		return {last, notices: reports.filter(({event}) => event === "notice").map(({detail}) => detail)};
	}

	test("a FLAC cut off after a quarter is refused, and told so", async () => {
		const {last} = await cut("cut.flac", ["-c:a", "flac"], 0.25);
		assert.match(last.detail, /cut off/);
	});
	test("cut off after three quarters it is taken, with a notice", async () => {
		const source = await noise("short.flac", {seconds: 20, args: ["-c:a", "flac"]});
		const bytes = readFileSync(source);
		writeFileSync(source, bytes.subarray(0, Math.floor(bytes.length * 0.75)));
		const {last, notices} = await noticed(source);
		assert.equal(last.event, "done", last.detail);
		assert.equal(notices.length, 1);
		assert.match(notices[0], /says it is 20\.0 s long, but holds 1[45]\.\d s.*upload it again/);
	});
	test("so it is with packets that are damaged", async () => {
		const source = await noise("holes.m4a", {seconds: 20, args: ["-c:a", "aac"]});
		const bytes = readFileSync(source);
		bytes.fill(0xff, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 5000);
		writeFileSync(source, bytes);
		const {last, notices} = await noticed(source);
		assert.equal(last.event, "done", last.detail);
		assert.match(notices[0], /^\d+ of the \d+ packets of the file are damaged/);
	});
	test("whole files have none", async () => {
		const {last, notices} = await noticed(await noise("whole.mp3", {seconds: 5, args: ["-c:a", "libmp3lame"]}));
		assert.deepEqual([last.event, notices], ["done", []]);
	});
	test("floats that are no numbers are silent", async () => {
		for (const [codec, size] of [["pcm_f32le", 4], ["pcm_f64le", 8]]) {
			const source = await noise(`${codec}.wav`, {seconds: 2, args: ["-c:a", codec]});
			const bytes = readFileSync(source), at = bytes.indexOf("data") + 8 + 44100 * 2 * size;
			[NaN, Infinity, 1e30].forEach((value, i) => size === 4 ? bytes.writeFloatLE(value, at + i * size) : bytes.writeDoubleLE(value, at + i * size));
			writeFileSync(source, bytes);
			const {last, notices} = await noticed(source);
			assert.equal(last.event, "done", last.detail);
			assert.equal(last.samples, 2 * 44100);
			assert.deepEqual(notices, ["3 samples of the file are no numbers: they are silent"]);
		}
	});
	test("an M4A without its index is refused", () => cut("cut.m4a", ["-c:a", "aac"], 0.5));

	test("broken bytes in the middle of an MP3 are stepped over", async () => {
		const source = await noise("holes.mp3", {seconds: 20, args: ["-c:a", "libmp3lame"]});
		const bytes = readFileSync(source);
		bytes.fill(0x55, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 5000);
		writeFileSync(source, bytes);
		const result = await work(source, [ladder[3]], folder);
		assert.equal(result.last.event, "done", result.last.detail);
		assert.ok(result.last.duration_ms > 18000);
	});

	test("ADTS frames of no length behind a good start end", async () => {
		const source = await noise("loop.aac", {seconds: 1, args: ["-c:a", "aac", "-f", "adts"]});
		const empty = Buffer.from("fff15080001ffc", "hex");
		writeFileSync(source, Buffer.concat([readFileSync(source), ...Array(3000).fill(empty)]));
		const result = await work(source, [ladder[3]], folder, {limits: {cpu_s: 20}});
		assert.ok(["done", "failed"].includes(result.last.event));
		assert.equal(result.signal, null);
	});

	test("longer than allowed by its header", async () => {
		const source = await noise("limit.wav", {seconds: 20, args: ["-c:a", "pcm_s16le"]});
		assertRefused(await work(source, [ladder[3]], folder, {limits: {duration_s: 10}}), /^too-large$/);
	});
	test("longer than allowed, and no header tells", async () => {
		const source = await noise("limit.aac", {seconds: 40, args: ["-c:a", "aac", "-f", "adts"]});
		assertRefused(await work(source, [ladder[3]], folder, {limits: {duration_s: 10}}), /^too-large$/);
	});
	test("a rendition larger than allowed", async () => {
		const source = await noise("large.wav", {seconds: 20, args: ["-c:a", "pcm_s16le"]});
		assertRefused(await work(source, [ladder[0]], folder, {limits: {output: 50000}}), /^too-large$/);
	});
	test("more processor time than allowed", async () => {
		const source = await noise("busy.wav", {seconds: 120, args: ["-c:a", "pcm_s16le"]});
		assertRefused(await work(source, ladder, folder, {limits: {cpu_s: 1}}), /^timeout$/);
	});
	test("more memory than allowed", {skip: sanitizer() && "sanitizers need address space of their own"}, async () => {
		const source = await noise("small.wav", {args: ["-c:a", "pcm_s16le"]});
		assertRefused(await work(source, ladder, folder, {limits: {memory: 1 << 20}}), /^no-memory$/);
	});
	test("a rate that is too low", async () => {
		const source = await noise("4k.wav", {rate: 4000, layout: "mono", args: ["-c:a", "pcm_s16le"]});
		assertRefused(await work(source, [ladder[3]], folder), /^unprocessable$/);
	});
});

test("a job that makes no sense is refused by name", async () => {
	const source = path.join(folder, "empty");
	writeFileSync(source, "");
	for (const job of ["", "[]", "{}", "{\"source_name\":\"x\"}", "x".repeat(2 << 20),
		JSON.stringify({source_name: "x", segment_ms: 4000, limits: {duration_s: 1, memory: 1 << 30, cpu_s: 9, output: 9, nice: 0}, renditions: 7})]) {
		const result = await work(source, [], folder, {job});
		assertRefused(result, /^(bad-request|too-large)$/);
	}
});

/** What STRACE's lines say was reached after the cage was closed, and what files were opened before. */
function reached(trace) {
	const lines = readFileSync(trace, "latin1").split("\n");
	const closed = lines.findIndex(line => /seccomp\(SECCOMP_SET_MODE_FILTER, .*\{len=.*= 0$/.test(line));
	assert.ok(closed > 0, "no filter was installed");
	/* Where the kernel has it, all ways to reach a file are closed by Landlock too, before the filter. */
	const [ruleset] = lines.slice(0, closed).filter(line => line.includes("landlock_create_ruleset("));
	assert.match(ruleset, / = (\d+|-1 E(NOSYS|OPNOTSUPP|PERM).*)$/);
	assert.ok(/ = -1 /.test(ruleset) || lines.slice(0, closed).some(line => /landlock_restrict_self\(.* = 0$/.test(line)));
	return {
		before: lines.slice(0, closed).filter(line => /open(at)?\(/.test(line) && !/ = -1 /.test(line)).map(line => /"([^"]*)"/.exec(line)?.[1]),
		after: lines.slice(closed + 1).filter(line => /(open|openat|connect|socket|execve|link|rename|mkdir)[a-z0-9]*\(/.test(line) && !/= -1 /.test(line)),
	};
}

describe("hostile files", {skip: missing("vectors:hostile/manifest.json")}, () => {
	const traced = !missing("strace");
	const files = missing("vectors:hostile/manifest.json") ? [] : vectorJson("hostile/manifest.json").files;
	for (const {file, why} of files) {
		test(`${file}: ${why}${traced ? "" : " (not traced: strace is not installed)"}`, async () => {
			const trace = path.join(folder, `${file}.trace`);
			const result = await work(path.join(vector("hostile"), file), [ladder[3]], folder, {
				before: traced ? ["strace", "-f", "-o", trace, "-e", "trace=%file,%network,seccomp,landlock_create_ruleset,landlock_restrict_self"] : [],
				limits: {duration_s: 3600},
			});
			if (file === "cover_bomb.mp3")
				assert.equal(result.last.event, "done");
			else
				assertRefused(result, /^(unprocessable|unsupported-media|too-large)$/);
			const said = file === "cover_bomb.mp3" ? result.reports.find(({event}) => event === "notice") : result.last;
			assert.match(said.detail, /upload|convert|put a smaller one/, "it says what to do");
			if (!traced)
				return;
			const {before: opened, after: foreign} = reached(trace);
			assert.deepEqual(foreign, []);
			for (const name of opened)
				assert.match(name, /^(\/etc\/|\/lib|\/usr\/|\/proc\/|\/sys\/|\/dev\/|\/tmp\/tsan\.)/);
		});
	}
});
