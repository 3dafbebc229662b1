// SPDX-License-Identifier: MIT
// A track in the works at a site of server.mjs, its worker held and let go by signals, so that a test can look at what
// a listener gets while it is made, however fast the machine is.

import {createHash} from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import {LivePlaylist} from "./check_live.mjs";
import {request} from "./http.mjs";
import {isAlive, until} from "./library.mjs";
import {pause} from "./tools.mjs";

export const QUALITIES = ["high", "medium", "low", "mobile"];

export const fetchUrl = (url, {headers}) => {
	const {origin, pathname, search} = new URL(url);
	return request(origin, {path: pathname + search, headers});
};

/* Process ids of the children of PID. */
const children = async pid => (await fs.readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => ""))
	.trim().split(" ").filter(Boolean).map(Number);

/** The worker of SITE's jobrunner. */
export const workerOf = site => until("a worker", async () => (await children(site.processes.get("jobrunner").child.pid))[0]);

/** Sends the signal NAME to PID, if there is such a process. */
export const signal = (pid, name) => {
	if (isAlive(pid))
		process.kill(pid, name);
};

export class Growing {
	/** Uploads scene.file to scene.site; its worker is at hand then. */
	static async begin(scene, fields) {
		const growing = new Growing();
		growing.scene = scene;
		growing.site = scene.site;
		const {track, job} = await scene.site.upload(scene.file, fields);
		growing.track = track.id;
		growing.job = job.id;
		growing.worker = await workerOf(scene.site);
		growing.base = `${scene.site.url}/hls/${track.id}`;
		growing.playlists = QUALITIES.map(quality => new LivePlaylist(`${growing.base}/${quality}/playlist.m3u8`, fetchUrl));
		return growing;
	}

	get(address, headers = {}) {
		return fetchUrl(`${this.site.url}${address}`, {headers});
	}

	async state() {
		return (await this.get(`/api/v1/tracks/${this.track}`)).json.track.state;
	}

	/** Waits until it can be heard, and holds the worker then. */
	async playable() {
		await until("the first segments", async () => (await this.get(`/hls/${this.track}/master.m3u8`)).status === 200);
		signal(this.worker, "SIGSTOP");
	}

	async lookAtAll() {
		const all = [];
		for (const playlist of this.playlists)
			all.push(await playlist.look());
		return all;
	}

	/** Lets the worker go on for a moment. */
	async step() {
		signal(this.worker, "SIGCONT");
		await pause(300);
		signal(this.worker, "SIGSTOP");
		await pause(50);
	}

	/** To the end, looking all the time. */
	async toTheEnd() {
		signal(this.worker, "SIGCONT");
		await until("the end", async () => (await this.lookAtAll()).every(one => one?.ended));
	}

	violations() {
		return this.playlists.flatMap(playlist => playlist.violations);
	}

	/** The hashes of its files. */
	async files() {
		const folder = path.join(this.site.dataDir, "media", this.track);
		return Promise.all(QUALITIES.map(async quality =>
			createHash("sha256").update(await fs.readFile(path.join(folder, `${quality}.mp4`))).digest("hex")));
	}
}
