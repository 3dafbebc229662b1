// SPDX-License-Identifier: MIT
// The upload form: a file chosen or dropped, its transfer, then its job until the track can be played.

import {Refused, get} from "./api.js";
import {events} from "./events.js";
import {clock, size} from "./format.js";
import {Transfer} from "./transfer.js";

/* A stream that breaks off is opened again this often before the page asks now and then instead. */
const STREAM_FAILURES = 3;
const STREAM_AGAIN_MS = 1000;
const POLL_MS = 500;
/* A poll that fails is tried again this often before the page gives up on watching. */
const POLL_FAILURES = 20;

/* No name of an effect has a space. */
const NO_PRESET = "no effect";

const STAGES = new Map([
	["queued", "Waiting for its turn"],
	["probe", "Looking at the file"],
	["transcode", "Making the qualities"],
	["publish", "Putting it in place"],
]);

export class Upload {
	#form = document.getElementById("upload");
	#drop = document.getElementById("drop");
	#file = document.getElementById("file");
	#fileName = document.getElementById("file-name");
	#go = document.getElementById("upload-go");
	#pause = document.getElementById("upload-pause");
	#stop = document.getElementById("upload-stop");
	#work = document.getElementById("work");
	#workName = document.getElementById("work-name");
	#bar = document.getElementById("transfer");
	#transferText = document.getElementById("transfer-text");
	#job = document.getElementById("job");
	#jobText = document.getElementById("job-text");
	#message = document.getElementById("upload-message");
	#done = document.getElementById("upload-done");
	#transfer = null;
	#abort = null;
	#onAccepted;
	#onReady;
	#playable = false; // while it is in the works

	/** ON_ACCEPTED is called when the server took the file, ON_READY when the track can be played and when it is done. */
	constructor({onAccepted, onReady}) {
		this.#onAccepted = onAccepted;
		this.#onReady = onReady;
		this.#form.addEventListener("submit", event => this.#submit(event));
		this.#file.addEventListener("change", () => this.#showFile());
		this.#pause.addEventListener("click", () => this.#transfer?.pause(this.#pause.textContent === "Pause"));
		this.#stop.addEventListener("click", () => this.#abort?.abort());
		document.getElementById("upload-options").addEventListener("toggle", event => {
			if (event.target.open)
				offerPresets();
		});
		this.#listenForDrops();
		this.#busy(false);
	}

	#listenForDrops() {
		for (const name of ["dragenter", "dragover"]) {
			this.#drop.addEventListener(name, event => {
				event.preventDefault();
				this.#drop.classList.add("is-over");
			});
		}
		for (const name of ["dragleave", "drop"])
			this.#drop.addEventListener(name, () => this.#drop.classList.remove("is-over"));
		this.#drop.addEventListener("drop", event => {
			event.preventDefault();
			if (!event.dataTransfer.files.length)
				return;
			this.#file.files = event.dataTransfer.files;
			this.#showFile();
		});
		// A file dropped beside the target must not replace the page.
		for (const name of ["dragover", "drop"])
			window.addEventListener(name, event => event.preventDefault());
	}

	#showFile() {
		const file = this.#file.files[0];
		this.#fileName.textContent = file ? `${file.name} (${size(file.size)})` : "Choose a file or drop it here";
		this.#drop.classList.toggle("is-full", Boolean(file));
	}

	async #submit(event) {
		event.preventDefault();
		const file = this.#file.files[0];
		if (!file)
			return;
		this.#begin(file);
		try {
			this.#transfer = new Transfer(file, fieldsOf(this.#form), {
				signal: this.#abort.signal,
				onChange: (...how) => this.#showTransfer(...how),
			});
			const accepted = await this.#transfer.run();
			this.#accepted();
			this.#onAccepted(accepted.track);
			await this.#watch(accepted);
		} catch (error) {
			this.#failed(error);
		} finally {
			this.#transfer = this.#abort = null;
			this.#busy(false);
		}
	}

	#begin(file) {
		this.#abort = new AbortController();
		this.#busy(true);
		this.#done.textContent = "";
		this.#playable = false;
		this.#work.hidden = false;
		this.#workName.textContent = file.name;
		this.#showTransfer(0, file.size, "sending");
		this.#job.value = 0;
		this.#jobText.textContent = "";
		this.#work.scrollIntoView({block: "nearest"});
	}

	#busy(busy) {
		this.#go.disabled = busy;
		this.#pause.hidden = this.#stop.hidden = !busy;
	}

	#showTransfer(sent, total, what, trouble) {
		this.#bar.value = total ? sent / total : 0;
		this.#transferText.textContent = `${size(sent)} of ${size(total)}${what === "paused" ? ", paused" : ""}`;
		this.#pause.textContent = what === "paused" ? "Resume" : "Pause";
		this.#say(what === "interrupted" ? interruption(trouble) : "");
	}

	#accepted() {
		this.#bar.value = 1;
		this.#transferText.textContent = "done";
		this.#jobText.textContent = STAGES.get("queued");
		this.#pause.hidden = this.#stop.hidden = true;
		this.#form.reset();
		this.#showFile();
	}

	async #watch({track, job}) {
		this.#ended(await this.#follow(track.id, job.id) ?? await this.#poll(track.id, job.id), track);
	}

	/* By the events of the job. null when there are none to be had: too many listen already, or the token may not. */
	async #follow(track, job) {
		let last = "";
		for (let failures = 0; failures < STREAM_FAILURES; failures++) {
			try {
				for await (const {id: seen, event, data} of events(`internal/jobs/${encodeURIComponent(job)}/events`, last)) {
					last = seen;
					failures = 0;
					const end = event === "job" ? this.#showJob(data) : null;
					if (end)
						return end;
					await this.#lookWhetherPlayable(track);
				}
			} catch (error) {
				if (error.status > 0)
					return null;
			}
			await pause(STREAM_AGAIN_MS);
		}
		return null;
	}

	/* By asking now and then. The job tells more; a token that may not read jobs can still see what becomes of the track. */
	async #poll(track, job) {
		let mayReadJobs = true;
		for (let failures = 0; failures < POLL_FAILURES;) {
			await pause(POLL_MS);
			try {
				const end = mayReadJobs ? await this.#lookAtJob(job) : await this.#lookAtTrack(track);
				failures = 0;
				if (end)
					return end;
				await this.#lookWhetherPlayable(track);
			} catch (error) {
				if (mayReadJobs && (error.status === 401 || error.status === 403 || error.status === 404))
					mayReadJobs = false;
				else
					failures++;
			}
		}
		throw new Refused(0, "The server does not answer any more. The track shows up in the list when it is ready.");
	}

	async #lookAtJob(id) {
		const answer = await get(`internal/jobs/${encodeURIComponent(id)}`);
		return this.#showJob(answer.job);
	}

	/* What became of the job; null while it is not over. */
	#showJob(job) {
		this.#job.value = job.progress ?? 0;
		this.#jobText.textContent = stageText(job);
		if (job.state === "done")
			return {ok: true};
		if (["failed", "dead", "cancelled"].includes(job.state))
			return {ok: false, reason: job.error};
		return null;
	}

	async #lookAtTrack(id) {
		const answer = await get(`api/v1/tracks/${encodeURIComponent(id)}`);
		const track = answer.track ?? answer;
		this.#job.removeAttribute("value");
		if (track.state === "ready")
			return {ok: true};
		return track.state === "failed" ? {ok: false, reason: track.failure} : null;
	}

	/* Says once that it can be heard while it is made. */
	async #lookWhetherPlayable(id) {
		if (this.#playable)
			return;
		const {track} = await get(`api/v1/tracks/${encodeURIComponent(id)}`);
		if (this.#playable || !track.playable)
			return;
		this.#playable = true;
		this.#done.textContent = "Playable now, while the rest is made.";
		this.#onReady(track);
	}

	#ended(end, track) {
		this.#job.value = end.ok ? 1 : 0;
		this.#jobText.textContent = end.ok ? "done" : "";
		this.#done.textContent = end.ok ? "Ready to play." : "";
		if (!end.ok)
			this.#say(end.reason ? `This file could not be used: ${end.reason}` : "This file could not be used.");
		this.#onReady(track);
	}

	#failed(error) {
		if (error.name !== "AbortError" && !(error instanceof Refused))
			throw error;
		this.#work.hidden = true;
		this.#say(error instanceof Refused ? error.message : "");
	}

	#say(text) {
		if (text === this.#message.textContent)
			return;
		this.#message.textContent = text;
		this.#message.hidden = text === "";
		this.#message.scrollIntoView({block: "nearest"});
	}
}

const interruption = ({status}) => status === 0
	? "The connection was lost. The transfer goes on by itself when it is back."
	: "The server is busy. The transfer goes on by itself in a moment.";

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/* What was said of the track and what is to be made of it. Empty words are left out. */
function fieldsOf(form) {
	const fields = {};
	for (const name of ["title", "artist", "visibility"]) {
		const value = form.elements[name].value.trim();
		if (value)
			fields[name] = value;
	}
	const formats = [...form.querySelectorAll("[name=formats]:checked")].map(box => box.value);
	if (formats.length)
		fields.formats = formats.join(",");
	if (form.elements.loudness.value)
		fields.loudness = form.elements.loudness.value;
	if (form.elements.preset.value)
		fields.preset = form.elements.preset.value === NO_PRESET ? "" : form.elements.preset.value;
	return fields;
}

/* The effects that this server has, if it has any and says so: a token that may upload is asked for. */
async function offerPresets() {
	const field = document.getElementById("preset-field"), select = document.getElementById("preset");
	const {presets} = await get("api/v1/presets").catch(() => ({presets: []}));
	const chosen = select.value;
	select.replaceChildren(new Option("As usual here", ""), new Option("None", NO_PRESET),
		...presets.map(name => new Option(name, name)));
	select.value = presets.includes(chosen) || chosen === NO_PRESET ? chosen : "";
	field.hidden = presets.length === 0;
}

function stageText(job) {
	if (job.state === "queued")
		return job.error ? `Trying again: ${job.error}` : STAGES.get("queued");
	const stage = STAGES.get(job.stage) ?? job.stage ?? "";
	const percent = job.progress > 0 ? ` ${Math.floor(job.progress * 100)} %` : "";
	const speed = job.speed > 0 ? `, ${job.speed.toFixed(0)}× real time` : "";
	const left = job.left_ms >= 0 ? `, ${clock(job.left_ms / 1000)} left` : "";
	return `${stage}${percent}${speed}${left}`;
}
