// SPDX-License-Identifier: MIT
// PCM out of any file by ffmpeg, what a fragmented MP4 says to discard of it, and how two signals lie to each other.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {readFileSync} from "node:fs";

/** Runs PROGRAM and gives its standard output as a Buffer; throws with its standard error. */
export function output(program, args) {
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, {stdio: ["ignore", "pipe", "pipe"]});
		const parts = [], errors = [];
		child.stdout.on("data", part => parts.push(part));
		child.stderr.on("data", part => errors.push(part));
		child.on("error", reject);
		child.on("close", code => code === 0 ? resolve(Buffer.concat(parts))
			: reject(new Error(`${program} ${args.join(" ")}: ${Buffer.concat(errors)}`)));
	});
}

/* One ffmpeg for all of WANTED, each to a pipe of its own: it takes longer to start than to decode seconds. */
function decodeAll(wanted) {
	const from = wanted.flatMap(({before, file}) => [...before, "-i", file]);
	const to = wanted.flatMap(({after}, i) => ["-map", `${i}:a:0`, ...after, `pipe:${3 + i}`]);
	const child = spawn("ffmpeg", ["-v", "error", "-nostdin", ...from, ...to], {stdio: ["ignore", "ignore", "pipe", ...wanted.map(() => "pipe")]});
	const parts = wanted.map(() => []), errors = [];
	parts.forEach((part, i) => child.stdio[3 + i].on("data", bytes => part.push(bytes)));
	child.stderr.on("data", bytes => errors.push(bytes));
	return new Promise((resolve, reject) => {
		child.on("error", reject);
		child.on("close", code => code === 0 ? resolve(parts.map(part => Buffer.concat(part)))
			: reject(new Error(`ffmpeg ${from.join(" ")}: ${Buffer.concat(errors)}`)));
	});
}

const asked = new Map();
let answers = null;

/**
 * FILE decoded, by ffmpeg's arguments BEFORE and AFTER the file: a Buffer, not to be changed. What is asked for at once
 * (by Promise.all) is decoded together, and the same only once.
 */
export async function decode(before, file, after) {
	const key = JSON.stringify([before, file, after]);
	answers ??= new Promise(resolve => setImmediate(resolve)).then(() => {
		const wanted = [...asked.values()];
		asked.clear();
		answers = null;
		return decodeAll(wanted);
	});
	if (!asked.has(key))
		asked.set(key, {before, file, after, index: asked.size});
	const {index} = asked.get(key);
	return (await answers)[index];
}

async function floats(before, file, after) {
	const bytes = await decode(before, file, [...after, "-f", "f32le"]);
	return new Float32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
}

/** Samples a channel of FILE, at its own rate: what FFmpeg decodes, up to where the container says that the sound ends. */
export async function sampleCount(file) {
	return Math.min((await floats([], file, ["-ac", "1"])).length, presentedEnd(readFileSync(file)));
}

/** FILE as one channel at RATE: all channels mixed. */
export function monoAt(file, rate) {
	return floats([], file, ["-af", `aresample=${rate}:resampler=soxr`, "-ac", "1"]);
}

/** The part of a CMAF file that a player presents, mixed to one channel: nothing trimmed by FFmpeg, all by what the container says. */
export async function presented(file) {
	const {priming, duration} = readTrack(readFileSync(file));
	const all = await floats(["-ignore_editlist", "1", "-flags2", "+skip_manual"], file, ["-ac", "1"]);
	return all.subarray(priming, duration);
}

/** The boxes of BYTES from FROM to TO: [type, content offset, end]. */
function* boxes(bytes, from = 0, to = bytes.length) {
	while (from + 8 <= to) {
		let size = bytes.readUInt32BE(from);
		let head = 8;
		if (size === 1) {
			size = Number(bytes.readBigUInt64BE(from + 8));
			head = 16;
		}
		if (size < head || from + size > to)
			throw new Error(`box of ${size} bytes at ${from} does not fit`);
		yield [bytes.toString("latin1", from + 4, from + 8), from + head, from + size];
		from += size;
	}
}

/** All boxes at PATH ("moov/trak/edts/elst") below BYTES. */
function find(bytes, path, from = 0, to = bytes.length) {
	const [name, ...rest] = path.split("/");
	return [...boxes(bytes, from, to)].filter(([type]) => type === name)
		.flatMap(box => rest.length ? find(bytes, rest.join("/"), box[1], box[2]) : [box]);
}

/**
 * The samples that the edit list and the sample durations of an MP4 present, at its media's timescale; Infinity when BYTES
 * are no plain MP4 (ISO/IEC 14496-12 sections 8.6.1.2, 8.6.6).
 */
function presentedEnd(bytes) {
	if (bytes.toString("latin1", 4, 8) !== "ftyp" || find(bytes, "moof").length > 0)
		return Infinity;
	const timescaleOf = box => bytes.readUInt32BE(box + (bytes[box] === 1 ? 20 : 12));
	const [, mvhd] = find(bytes, "moov/mvhd")[0];
	const [, mdhd] = find(bytes, "moov/trak/mdia/mdhd")[0];
	const [, stts] = find(bytes, "moov/trak/mdia/minf/stbl/stts")[0];
	const edit = find(bytes, "moov/trak/edts/elst")[0]?.[1];
	let sum = 0;
	for (let i = 0; i < bytes.readUInt32BE(stts + 4); i++)
		sum += bytes.readUInt32BE(stts + 8 + 8 * i) * bytes.readUInt32BE(stts + 12 + 8 * i);
	if (edit === undefined)
		return sum;
	assert.deepEqual([bytes[edit], bytes.readUInt32BE(edit + 4)], [0, 1], "an edit list of one edit");
	const length = Math.round(bytes.readUInt32BE(edit + 8) * timescaleOf(mdhd) / timescaleOf(mvhd));
	return Math.min(length, sum - bytes.readInt32BE(edit + 12));
}

/** Duration of the samples of one traf: trun over tfhd over trex (ISO/IEC 14496-12 sections 8.8.3, 8.8.7, 8.8.8). */
function trafDuration(bytes, [, from, to], trexDuration) {
	const [, head] = find(bytes, "tfhd", from, to)[0];
	const flags = bytes.readUInt32BE(head) & 0xffffff;
	const at = head + 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
	const usual = flags & 8 ? bytes.readUInt32BE(at) : trexDuration;
	let sum = 0;
	for (const [, run] of find(bytes, "trun", from, to)) {
		const has = bytes.readUInt32BE(run) & 0xffffff;
		const count = bytes.readUInt32BE(run + 4);
		const stride = [0x100, 0x200, 0x400, 0x800].filter(bit => has & bit).length * 4;
		const first = run + 8 + (has & 1 ? 4 : 0) + (has & 4 ? 4 : 0);
		for (let i = 0; i < count; i++)
			sum += has & 0x100 ? bytes.readUInt32BE(first + i * stride) : usual;
	}
	return sum;
}

/** Timescale, priming (edit list), sum of all sample durations, and the duration of each fragment. */
export function readTrack(bytes) {
	const [, mdhd] = find(bytes, "moov/trak/mdia/mdhd")[0];
	const timescale = bytes.readUInt32BE(mdhd + (bytes[mdhd] === 1 ? 20 : 12));
	const edit = find(bytes, "moov/trak/edts/elst")[0];
	const priming = !edit ? 0 : bytes[edit[1]] === 1 ? Number(bytes.readBigInt64BE(edit[1] + 16)) : bytes.readInt32BE(edit[1] + 12);
	const [, trex] = find(bytes, "moov/mvex/trex")[0];
	const fragments = find(bytes, "moof/traf").map(traf => trafDuration(bytes, traf, bytes.readUInt32BE(trex + 12)));
	return {timescale, priming, fragments, duration: fragments.reduce((a, b) => a + b, 0)};
}

/**
 * By how many samples B comes later than A where their correlation is greatest, and that correlation (1: the same but for a factor),
 * over at most LENGTH samples from START.
 */
export function lag(a, b, {start = 0, length = 1 << 15, most = 50} = {}) {
	const end = Math.min(a.length, b.length, start + length + most) - most;
	let best = {lag: NaN, correlation: -Infinity};
	for (let shift = -most; shift <= most; shift++) {
		let cross = 0, powerA = 0, powerB = 0;
		for (let i = Math.max(start, most); i < end; i++) {
			const x = a[i], y = b[i + shift];
			cross += x * y;
			powerA += x * x;
			powerB += y * y;
		}
		const correlation = cross / Math.sqrt(powerA * powerB);
		if (correlation > best.correlation)
			best = {lag: shift, correlation};
	}
	return best;
}
