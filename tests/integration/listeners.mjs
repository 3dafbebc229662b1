// SPDX-License-Identifier: MIT
// A thousand listeners at once behind lighttpd and behind nginx, at the pace of a 192 kbit/s stream, while the responders
// are started anew and two thousand others wait: nobody is lost, nobody is refused, and the memory stays small. How fast it
// was is told, and held to the promise only where LISTENERS_SECONDS (15) is 60 or more.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {wav} from "./lib/noise.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {build, pause} from "./lib/tools.mjs";

const run = promisify(execFile);
const program = path.join(build, "tests", "load", "listeners");
const SECONDS = Number(process.env.LISTENERS_SECONDS ?? 15);
const LISTENERS = 1000, RAMP_MS = 1000, WAITING = 2000, RELOADS = 3, TRACK_S = 40, WAITING_MOST = 2048;
const MEMORY_KIB = 64 << 10, START_MS = 500, HERTZ = 100;
const RESPONDERS = ["manifest", "stream", "api", "auth"];
const LADDER = [{quality: "medium", codec: "aac", bit_rate: 192000}];

/* A process and all below it. */
async function family(pid) {
	const children = await fs.readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
	const below = await Promise.all(children.split(" ").filter(Boolean).map(family));
	return [pid, ...below.flat()];
}

const pidsOf = async (site, names) =>
	(await Promise.all(names.map(name => family(site.processes.get(name).child.pid)))).flat();

/* Seconds on a processor, and KiB of memory: what several share counts once. */
async function usage(pids) {
	let cpu = 0, memory = 0;
	for (const pid of pids) {
		const fields = (await fs.readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")).replace(/^.*\) /, "").split(" ");
		cpu += fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / HERTZ; // its own, and that of ended children
		memory += Number(/^Pss:\s+(\d+)/m.exec(await fs.readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => ""))?.[1] ?? 0);
	}
	return {cpu, memory};
}

/* A connection that says BYTES, half of what it wants. */
function dawdle(connect, bytes) {
	const socket = net.connect(connect);
	socket.on("error", () => {});
	socket.write(bytes);
	return new Promise((resolve, reject) => {
		socket.once("connect", () => resolve(socket));
		socket.once("error", reject);
	});
}

/* The begin of a FastCGI request, and some of its parameters. */
const part = Buffer.from("01010001000800000001010000000000" + "0104000100400000" + "0e03", "hex");

for (const server of ["lighttpd", "nginx"]) {
	describe(server, {skip: cannotServe(server), timeout: 600000}, () => {
		let site, track;
		const crowd = async (listeners, seconds, ramp) => JSON.parse((await run(program, [new URL(site.url).port, listeners,
			seconds, ramp, `/hls/${track}/master.m3u8`, site.token("stream:read")].map(String))).stdout);

		before(async () => {
			site = await start({server, runner: true, conf: {media: {ladder: LADDER}}});
			const file = path.join(site.dir, "noise.wav");
			await fs.writeFile(file, wav(TRACK_S));
			track = (await site.publish(file, {visibility: "private"})).track.id;
		});
		after(() => site?.stop());

		test(`${LISTENERS} listeners, the responders started anew ${RELOADS} times`, async context => {
			const before = [await usage(await pidsOf(site, RESPONDERS)), await usage(await pidsOf(site, [server]))];
			let most = 0, over = false;
			const watch = (async () => {
				while (!over) {
					most = Math.max(most, (await usage(await pidsOf(site, RESPONDERS))).memory);
					await pause(200);
				}
			})();
			const reload = (async () => {
				for (let i = 0; i < RELOADS; i++) {
					await pause(SECONDS * 1000 / (RELOADS + 1));
					for (const name of RESPONDERS)
						site.processes.get(name).kill("SIGHUP");
				}
			})();
			const seen = await crowd(LISTENERS, SECONDS, RAMP_MS);
			over = true;
			await Promise.all([watch, reload]);
			const after = [await usage(await pidsOf(site, RESPONDERS)), await usage(await pidsOf(site, [server]))];
			context.diagnostic(JSON.stringify(seen));
			context.diagnostic(`responders: ${(after[0].cpu - before[0].cpu).toFixed(2)} s of CPU, at most ${most >> 10} MiB; ` +
				`${server}: ${(after[1].cpu - before[1].cpu).toFixed(2)} s`);
			assert.equal(seen.errors, 0, seen.first_error);
			assert.ok(most < MEMORY_KIB, `${most} KiB`);
			if (SECONDS >= 60)
				assert.ok(seen.start_ms.p99 < START_MS, `${seen.start_ms.p99} ms`);
		});

		test(`${WAITING} who wait do not stop a new listener`, async context => {
			const {hostname, port} = new URL(site.url);
			const before = (await usage(await pidsOf(site, RESPONDERS))).memory;
			const slow = await Promise.all([
				...Array.from({length: WAITING}, () => dawdle({host: hostname, port}, "GET /hls/ HTTP/1.1\r\nHost: x\r\n")),
				...["manifest", "stream"].flatMap(name => Array.from({length: WAITING / 2},
					() => dawdle({path: path.join(site.runDir, `${name}.sock`)}, part)))]);
			try {
				const waiting = (await usage(await pidsOf(site, RESPONDERS))).memory - before;
				context.diagnostic(`a FastCGI request that waits: ${Math.round(waiting * 1024 / WAITING)} bytes`);
				assert.ok(waiting * 1024 < WAITING * WAITING_MOST, `${waiting} KiB`);
				const seen = await crowd(10, 4, 0);
				context.diagnostic(JSON.stringify(seen));
				assert.equal(seen.errors, 0, seen.first_error);
				assert.ok(seen.segments >= 10);
				const {memory} = await usage(await pidsOf(site, RESPONDERS));
				context.diagnostic(`responders: ${memory >> 10} MiB`);
				assert.ok(memory < MEMORY_KIB, `${memory} KiB`);
			} finally {
				for (const socket of slow)
					socket.destroy();
			}
		});
	});
}
