// SPDX-License-Identifier: MIT
// Measuring by ratio: ours and a peer in turn, A B A B, the median of the pairwise ratios.
import {spawn} from "node:child_process";
import {openSync, closeSync} from "node:fs";

export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Runs OURS and PEER (async functions that return an object of numbers) ROUNDS times in turn.
// Returns the medians of both and, for each key, the median ratio ours/peer.
export async function pair(ours, peer, rounds = 3) {
	return (await pairAll({one: [ours, peer]}, rounds)).one;
}

// As pair(), for {name: [ours, peer]}; what stands in several pairs runs once a round.
export async function pairAll(pairs, rounds = 3) {
	const runs = new Map(Object.values(pairs).flat().map(one => [one, []]));
	for (let round = 0; round < rounds; round++) {
		for (const [one, results] of runs)
			results.push(await one());
	}
	return Object.fromEntries(Object.entries(pairs).map(([name, [ours, peer]]) => [name, ratios(runs.get(ours), runs.get(peer))]));
}

function ratios(a, b) {
	const pick = (runs, key) => median(runs.map(run => run[key]));
	const result = { ours: {}, peer: {}, ratio: {} };
	for (const key of Object.keys(a[0])) {
		result.ours[key] = pick(a, key);
		result.peer[key] = pick(b, key);
		result.ratio[key] = median(a.map((run, i) => run[key] / b[i][key]));
	}
	return result;
}

// Runs a command to its end and returns its output; throws with what it said when it fails.
export function run(command, args, {stdio = [], input, env} = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, {env, stdio: ["pipe", "pipe", "pipe", ...stdio]});
		let out = "", err = "";
		child.stdout.on("data", bytes => {out += bytes;});
		child.stderr.on("data", bytes => {err += bytes;});
		child.on("error", reject);
		child.on("close", code => (code === 0 ? resolve({out, err}) : reject(new Error(`${command}: ${code}\n${err}`))));
		child.stdin.end(input);
	});
}

// As run(), with {wall, cpu, memory}: seconds of wall time, those on a processor of the whole process and its children,
// and the most MiB that one of these had resident.
export async function timed(command, args, options) {
	const {err} = await run("/usr/bin/time", ["-f", "@time %e %U %S %M", command, ...args], options);
	const [, wall, user, system, kilobytes] = err.match(/@time ([\d.]+) ([\d.]+) ([\d.]+) (\d+)/).map(Number);
	return {wall, cpu: user + system, memory: kilobytes / 1024};
}

// As timed(), for COMMANDS of which so many run at a time as there are LANES; a lane that is free takes the next.
export async function timedTogether(commands, lanes) {
	const waiting = [...commands], runs = [], began = performance.now();
	const lane = async () => {
		for (let words; (words = waiting.shift());)
			runs.push(await timed(words[0], words.slice(1)));
	};
	await Promise.all(Array.from({length: lanes}, lane));
	return {
		wall: (performance.now() - began) / 1000,
		cpu: runs.reduce((sum, {cpu}) => sum + cpu, 0),
		memory: Math.max(...runs.map(({memory}) => memory)),
	};
}

// Calls USE with the descriptors of the given [path, flags] pairs and closes them.
export async function withFiles(files, use) {
	const descriptors = files.map(([path, flags]) => openSync(path, flags));
	try {
		return await use(descriptors);
	} finally {
		descriptors.forEach(descriptor => closeSync(descriptor));
	}
}

// Requests per second of one URL, by wrk with 64 connections, on CORE.
export async function requestsPerSecond(url, {headers = {}, seconds = 4, core}) {
	const fields = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
	const {out} = await run("taskset", ["-c", core, "wrk", "-t1", "-c64", `-d${seconds}s`, ...fields, url]);
	const errors = out.match(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/)?.slice(1).map(Number) ?? [0, 0, 0, 0];
	const [connect, read, write, timeout] = errors, requests = Number(out.match(/(\d+) requests in/)[1]);
	// Apache closes some kept connections as it ends processes that it does not need.
	if (/Non-2xx or 3xx responses/.test(out) || connect + write + timeout > 0 || read > requests / 100)
		throw new Error(`${url}: not every answer was good\n${out}`);
	return Number(out.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}
