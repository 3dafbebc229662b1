// SPDX-License-Identifier: MIT
// make bench: ratios against peers measured in the same run. Ends with 1 when one is more than 10 % worse than
// baseline.json has it, or not what was promised. BENCH_BASELINE=write writes that file anew; BENCH_ONLY names some of
// the groups below.
import {mkdtemp, readFile, rm, writeFile} from "node:fs/promises";
import {join} from "node:path";
import {tmpdir} from "node:os";
import {build, which} from "../integration/lib/tools.mjs";
import {measureCache} from "./cache.mjs";
import {measureCgi} from "./cgi.mjs";
import {measureLadder, measureScaling, measureWhole} from "./ladder.mjs";
import {measurePlayable} from "./playable.mjs";
import {measureQueue} from "./queue.mjs";
import {measureServing} from "./serve.mjs";
import {measureStore} from "./store.mjs";
import {measureWake} from "./wake.mjs";

const baselineFile = new URL("baseline.json", import.meta.url);
const MARGIN = 0.1;

// What each ratio means, whether more is better, the worst that it may come to where that was promised, and the worst
// that our own figure may come to.
const meaning = {
	ladder_wall: ["ladder of 4 AAC, wall time / one ffmpeg command", false, 0.65],
	ladder_cpu: ["ladder of 4 AAC, CPU time / one ffmpeg command", false],
	whole_wall: ["ladder, loudness, waveform of 4 minutes, wall time / one ffmpeg command", false, 0.55],
	whole_cpu: ["the same, CPU time / one ffmpeg command", false, 1],
	whole_memory: ["the same, resident MiB / one ffmpeg command", false, undefined, 150],
	separate_wall: ["the same, wall time / separate ffmpeg commands, two at a time", false, 1],
	separate_cpu: ["the same, CPU time / separate ffmpeg commands", false, 1],
	hour_wall: ["ladder, loudness, waveform of 60 minutes, wall time / one ffmpeg command", false, 0.55],
	hour_cpu: ["the same, CPU time / one ffmpeg command", false, 1],
	hour_memory: ["the same, resident MiB / one ffmpeg command", false, undefined, 150],
	hour_separate_wall: ["the same, wall time / separate ffmpeg commands, two at a time", false, 1],
	hour_separate_cpu: ["the same, CPU time / separate ffmpeg commands", false],
	scaling: ["ladder of 4 AAC, wall time on 1 core / on 2", true, 1.85],
	scaling_mp3: ["one MP3 rendition, wall time on 1 core / on 2", true],
	scaling_vorbis: ["one Vorbis rendition, wall time on 1 core / on 2", true],
	scaling_opus: ["one Opus rendition, wall time on 1 core / on 2", true],
	scaling_flac: ["one FLAC rendition, wall time on 1 core / on 2", true],
	list_page: ["a page of the oldest of 100,000 jobs, median / of 2,000", false, 2],
	claim_p99: ["claim from 100,000 queued jobs, 99th percentile / from 2,000", false, undefined, 5000],
	wake: ["a job queued until an idle jobrunner claims it / the 50 ms promised", false, 1],
	playable_4min: ["4 minutes, upload to first playable / the 2 s promised", false, undefined, 2],
	playable_3h: ["3 hours, upload to first playable / the 2 s promised", false, undefined, 2],
	applied_4min: ["4 minutes, the gain applied, upload to first playable / the 2 s promised", false, undefined, 2],
	applied_3h: ["3 hours, the gain applied, upload to first playable / the 60 s promised", false, undefined, 60],
	cgi: ["a signed playlist by CGI, cold, CPU time / a CGI program that does nothing", false, undefined, 15],
	playlist_nginx: ["signed playlists by nginx / nginx static", true],
	playlist_lighttpd: ["signed playlists by lighttpd / nginx static", true],
	playlist_apache: ["signed playlists by Apache / nginx static", true],
	playlist_link: ["signed playlists by nginx / nginx secure_link", true],
	playlist_php_nginx: ["signed playlists by nginx / PHP-FPM with X-Accel-Redirect", true, 4],
	playlist_php_lighttpd: ["signed playlists by lighttpd / PHP-FPM with X-Sendfile", true, 2.5],
	segment_cached: ["signed segments by nginx with the verdict kept / nginx static", true, 0.9],
	segment_link: ["signed segments by nginx with the verdict kept / nginx secure_link", true],
	segment_xaccel: ["signed segments by X-Accel-Redirect / nginx static", true],
	segment_php_nginx: ["signed segments by X-Accel-Redirect / PHP-FPM with X-Accel-Redirect", true],
	segment_xsendfile: ["signed segments by X-Sendfile2 of lighttpd / nginx static", true],
	segment_apache: ["signed segments by X-Sendfile of Apache / nginx static", true],
	cache_hit: ["160 KiB of a file in the cache, latency / of one on the local disk", false],
	cache_cold: ["first byte of 128 MiB that only the store has / of the same on the local disk", false],
	sync_large_rclone: ["4 files of 10 MB to an object store / rclone", true, 1.2],
	sync_large_s3cmd: ["the same / s3cmd", true, 1.2],
	sync_small_rclone: ["1,000 files of 16 KiB to an object store / rclone", true, 1.2],
	sync_small_s3cmd: ["the same / s3cmd", true, 1.2],
	sync_puts: ["requests that write for a track of 4 minutes in 4 qualities / a file for each segment", false],
};

const isWorse = (name, ratio, bound) => bound !== undefined && (meaning[name][1] ? ratio < bound : ratio > bound);

const of = (result, unit, names) =>
	Object.fromEntries(Object.entries(names).map(([name, key]) => [name, [result, key, unit[key]]]));
const UNIT = {wall: "s", cpu: "s", memory: " MiB"};

// What is measured together: {name: [result of pair(), its key, unit]}.
const groups = {
	ladder: async place => of(await measureLadder(place), UNIT, {ladder_wall: "wall", ladder_cpu: "cpu"}),
	whole: async place => {
		const {one, separate} = await measureWhole(place);
		return {
			...of(one, UNIT, {whole_wall: "wall", whole_cpu: "cpu", whole_memory: "memory"}),
			...of(separate, UNIT, {separate_wall: "wall", separate_cpu: "cpu"}),
		};
	},
	hour: async place => {
		const {one, separate} = await measureWhole({...place, seconds: 3600});
		return {
			...of(one, UNIT, {hour_wall: "wall", hour_cpu: "cpu", hour_memory: "memory"}),
			...of(separate, UNIT, {hour_separate_wall: "wall", hour_separate_cpu: "cpu"}),
		};
	},
	scaling: async place => ({
		...of(await measureScaling(place), UNIT, {scaling: "wall"}),
		...of(await measureScaling({...place, renditions: [
			{quality: "mp3", codec: "mp3", container: "mp3", bit_rate: 128000, sample_rate: 44100, channels: 2}]}), UNIT,
			{scaling_mp3: "wall"}),
		...of(await measureScaling({...place, renditions: [
			{quality: "vorbis", codec: "vorbis", container: "ogg", bit_rate: 128000, sample_rate: 44100, channels: 2}]}), UNIT,
			{scaling_vorbis: "wall"}),
		...of(await measureScaling({...place, renditions: [
			{quality: "opus", codec: "opus", bit_rate: 128000, sample_rate: 48000, channels: 2}]}), UNIT, {scaling_opus: "wall"}),
		...of(await measureScaling({...place, renditions: [
			{quality: "flac", codec: "flac", bit_rate: 0, sample_rate: 0, channels: 0}]}), UNIT, {scaling_flac: "wall"}),
	}),
	queue: async place => of(await measureQueue(place), {p99: " us", page: " us"}, {claim_p99: "p99", list_page: "page"}),
	wake: async () => ({wake: [await measureWake(), "wake", " ms"]}),
	playable: async ({folder}) => ({
		playable_4min: [await measurePlayable(folder, 240), "playable", "s"],
		playable_3h: [await measurePlayable(folder, 3 * 3600), "playable", "s"],
		applied_4min: [await measurePlayable(folder, 240, {loudness: "apply"}), "playable", "s"],
		applied_3h: [await measurePlayable(folder, 3 * 3600, {loudness: "apply", promised: 60, rounds: 1}), "playable", "s"],
	}),
	cache: async ({folder}) => Object.fromEntries(Object.entries(await measureCache(folder))
		.map(([name, result]) => [`cache_${name}`, [result, "latency", " ms"]])),
	cgi: async ({build: tree}) => ({cgi: [await measureCgi(tree), "cpu", " ms"]}),
	serving: async ({folder}) => Object.fromEntries(Object.entries(await measureServing(folder))
		.map(([name, result]) => [name, [result, "core", "/s of a core"]])),
	store: ({folder}) => measureStore(folder),
};

const lacking = ["nginx", "lighttpd", "spawn-fcgi", "wrk", "ffmpeg", "taskset", "time"].filter(program => !which(program));
if (lacking.length) {
	console.error(`bench needs ${lacking.join(", ")}`);
	process.exit(2);
}
const wanted = process.env.BENCH_ONLY?.split(",") ?? Object.keys(groups);
const unknown = wanted.filter(name => !groups[name]);
if (unknown.length) {
	console.error(`bench has no ${unknown.join(", ")}; it has ${Object.keys(groups).join(", ")}`);
	process.exit(2);
}
const baseline = JSON.parse(await readFile(baselineFile, "utf8"));
const ratios = {...baseline};
let failed = false;

function report(name, [result, key, unit]) {
	const [text, , bound, most = Infinity] = meaning[name];
	const ratio = Number(result.ratio[key].toFixed(3));
	const margin = meaning[name][1] ? 1 - MARGIN : 1 + MARGIN;
	const verdicts = [
		isWorse(name, ratio, baseline[name] * margin) && "WORSE",
		isWorse(name, ratio, bound) && `NOT ${bound} AS PROMISED`,
		result.ours[key] > most && `MORE THAN ${most}${unit}`,
	].filter(Boolean);
	ratios[name] = ratio;
	failed ||= verdicts.length > 0;
	const past = baseline[name] === undefined ? "" : `, baseline ${baseline[name]}`;
	const rates = key === "core" ? `; ${result.ours.rate.toFixed(0)}/s to ${result.peer.rate.toFixed(0)}/s` : "";
	console.log([String(ratio).padEnd(7), text,
		` (${result.ours[key].toFixed(1)}${unit} to ${result.peer[key].toFixed(1)}${unit}${rates}${past})`, ...verdicts].join(" "));
}

const folder = await mkdtemp(join(tmpdir(), "tonearm-bench-"));
try {
	for (const group of wanted) {
		for (const [name, figure] of Object.entries(await groups[group]({build, folder})))
			report(name, figure);
	}
} finally {
	await rm(folder, {recursive: true, force: true});
}
if (process.env.BENCH_BASELINE === "write")
	await writeFile(baselineFile, `${JSON.stringify(ratios, null, "\t")}\n`);
process.exit(failed ? 1 : 0);
