// SPDX-License-Identifier: MIT
// make bench: ratios against peers measured in the same run. Ends with 1 when one is more than 10 % worse than
// baseline.json has it; BENCH_BASELINE=write writes that file anew.
import {mkdtemp, readFile, rm, writeFile} from "node:fs/promises";
import {join} from "node:path";
import {tmpdir} from "node:os";
import {build, which} from "../integration/lib/tools.mjs";
import {measureLadder, measureScaling} from "./ladder.mjs";
import {measurePlayable} from "./playable.mjs";
import {measureQueue} from "./queue.mjs";
import {measureServing} from "./serve.mjs";

const baselineFile = new URL("baseline.json", import.meta.url);
const MARGIN = 0.1;

// What each ratio means, whether more is better, and what our own figure may come to at most, where that was promised.
const meaning = {
	ladder_wall: ["ladder of 4 AAC, wall time / one ffmpeg command", false],
	ladder_cpu: ["ladder of 4 AAC, CPU time / one ffmpeg command", false],
	claim_p99: ["claim from 100,000 queued jobs, 99th percentile / from 2,000", false, 5000],
	scaling: ["ladder of 4 AAC, wall time on 1 core / on 2", true],
	playable_4min: ["4 minutes, upload to first playable / the 2 s promised", false, 2],
	playable_3h: ["3 hours, upload to first playable / the 2 s promised", false, 2],
	playlist_nginx: ["signed playlists/s by nginx / nginx static", true],
	playlist_lighttpd: ["signed playlists/s by lighttpd / nginx static", true],
	segment_xaccel: ["signed segments/s by X-Accel-Redirect / nginx static", true],
	segment_xsendfile: ["signed segments/s by X-Sendfile / nginx static", true],
};

function worse(name, ratio, baseline) {
	if (baseline === undefined)
		return false;
	return meaning[name][1] ? ratio < baseline * (1 - MARGIN) : ratio > baseline * (1 + MARGIN);
}

async function measure() {
	const folder = await mkdtemp(join(tmpdir(), "tonearm-bench-"));
	try {
		const ladder = await measureLadder({build, folder});
		const lines = {ladder_wall: [ladder, "wall", "s"], ladder_cpu: [ladder, "cpu", "s"]};
		lines.claim_p99 = [await measureQueue({build, folder}), "p99", "us"];
		lines.scaling = [await measureScaling({build, folder}), "wall", "s"];
		lines.playable_4min = [await measurePlayable(folder, 240), "playable", "s"];
		lines.playable_3h = [await measurePlayable(folder, 3 * 3600), "playable", "s"];
		for (const [name, result] of Object.entries(await measureServing(folder)))
			lines[name] = [result, "rate", "/s"];
		return lines;
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

const lacking = ["nginx", "lighttpd", "spawn-fcgi", "wrk", "ffmpeg", "taskset"].filter(program => !which(program));
if (lacking.length) {
	console.error(`bench needs ${lacking.join(", ")}`);
	process.exit(2);
}
const baseline = JSON.parse(await readFile(baselineFile, "utf8").catch(() => "{}"));
const ratios = {};
let failed = false;
for (const [name, [result, key, unit]] of Object.entries(await measure())) {
	const ratio = Number(result.ratio[key].toFixed(3));
	const bad = worse(name, ratio, baseline[name]) || result.ours[key] > (meaning[name][2] ?? Infinity);
	ratios[name] = ratio;
	failed ||= bad;
	console.log(`${String(ratio).padEnd(7)} ${meaning[name][0]}  (${result.ours[key].toFixed(1)}${unit} to ` +
		`${result.peer[key].toFixed(1)}${unit}${baseline[name] === undefined ? "" : `, baseline ${baseline[name]}`})${bad ? "  WORSE" : ""}`);
}
if (process.env.BENCH_BASELINE === "write")
	await writeFile(baselineFile, `${JSON.stringify(ratios, null, "\t")}\n`);
process.exit(failed ? 1 : 0);
