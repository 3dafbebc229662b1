// SPDX-License-Identifier: MIT
// Drives tonearm-worker over its descriptors, as the jobrunner does (jobs/worker_protocol.h).

import {spawn} from "node:child_process";
import {closeSync, openSync} from "node:fs";
import path from "node:path";

import {build} from "./tools.mjs";

export const program = path.join(build, "tonearm-worker");
export const limits = {duration_s: 7200, memory: 1 << 30, cpu_s: 600, output: 2 ** 32, nice: 0};

export function rendition(quality, bit_rate, sample_rate = 44100, channels = 2) {
	return {quality, codec: "aac", bit_rate, sample_rate, channels};
}

/**
 * Runs the worker on SOURCE with RENDITIONS into FOLDER. Gives its reports, exit code, signal and log, and the paths of what it wrote. JOB
 * replaces the job's text, MEMBERS come to it; BEFORE is a command to run it under; onReport(report, pid) sees each report as it comes.
 */
export async function work(source, renditions, folder, {job, before = [], onReport = () => {}, ...more} = {}) {
	const outputs = renditions.map(({quality}) => path.join(folder, `${quality}.mp4`));
	const descriptors = [openSync(source, "r"), ...outputs.map(file => openSync(file, "w+"))];
	const [command, ...args] = [...before, program];
	const child = spawn(command, args, {stdio: ["pipe", "ignore", "pipe", descriptors[0], "pipe", ...descriptors.slice(1)]});
	const reports = [];
	let line = "", log = "";

	child.stdin.on("error", () => {}); // it may have ended before it read all
	child.stdin.end(job ?? JSON.stringify({source_name: path.basename(source), segment_ms: 4000, limits: {...limits, ...more.limits}, renditions,
		...more.members}));
	child.stderr.on("data", part => log += part);
	child.stdio[4].setEncoding("utf8").on("data", part => {
		const lines = (line + part).split("\n");
		line = lines.pop();
		for (const text of lines) {
			reports.push(JSON.parse(text));
			onReport(reports.at(-1), child.pid);
		}
	});
	const [code, signal] = await new Promise((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (...how) => resolve(how));
	});
	descriptors.forEach(descriptor => closeSync(descriptor));
	return {reports, code, signal, log, outputs, rest: line, last: reports.at(-1), source: reports.find(({event}) => event === "source")};
}
