// SPDX-License-Identifier: MIT
// A file on its way to the server, in pieces by tus 1.0 (https://tus.io/protocols/resumable-upload): what arrived stays
// there, and a lost connection, a pause or a reload of the page costs at most the piece that was under way.

import {NO_SPACE, Refused, send} from "./api.js";

/* Many web servers pass a body on when they have all of it: a piece that breaks off is lost there. */
const PIECE = 8 << 20;
/* What fails is tried again, the longer it fails the less often; at once when the browser is back on line. */
const WAITS_MS = [500, 1000, 2000, 5000, 10000];
/* The upload under way in this tab: what is sent, and the address it got. */
const KEY = "tonearm.upload";
const base64 = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const isGone = error => error.status === 404 || error.status === 410;
const isFull = error => error.type === NO_SPACE;
/* It can still go on later: with another token, when there is room again. */
const isKept = error => error.status === 401 || isFull(error);
/* No answer, somebody else at it, or a trouble of the moment. */
const passes = error => error instanceof Refused && !isFull(error)
	&& [0, 409, 423, 429, 500, 502, 503, 504].includes(error.status);

/* When SIGNAL is given. */
const given = signal => new Promise(resolve => signal.addEventListener("abort", resolve, {once: true}));

function waited(ms, signal) {
	return new Promise(resolve => {
		setTimeout(resolve, ms);
		signal.addEventListener("abort", resolve, {once: true});
		window.addEventListener("online", resolve, {once: true, signal});
	});
}

export class Transfer {
	#file;
	#metadata;
	#signal;
	#onChange;
	#address = "";
	#offset = 0;
	#isKnown = false; // the offset: nothing was broken off since the server told it
	#isOld = false; // the address: it comes from before the page was loaded
	#failures = 0; // since it came further
	#made = null;
	#paused = false;
	#step = new AbortController();

	/**
	 * FIELDS are those of the form. SIGNAL gives it up. ON_CHANGE hears how many bytes are there, of how many, and what
	 * it does: "sending", "paused", or "interrupted", by what Refused, after which it goes on by itself.
	 */
	constructor(file, fields, {signal, onChange}) {
		this.#file = file;
		this.#metadata = Object.entries({...fields, filename: file.name})
			.map(([name, value]) => `${name} ${base64(value)}`).join(",");
		this.#signal = signal;
		this.#onChange = onChange;
		signal.addEventListener("abort", () => this.#step.abort());
	}

	pause(wanted) {
		this.#paused = wanted;
		this.#step.abort();
	}

	/** Sends all of it: {track, job}, each with its id. Throws Refused, or AbortError when it was given up. */
	async run() {
		this.#recall();
		try {
			while (!this.#made) {
				const trouble = await this.#go();
				if (trouble)
					await this.#rest(trouble);
			}
			this.#forget();
			return this.#made;
		} catch (error) {
			if (!isKept(error))
				this.#forget();
			if (this.#signal.aborted && this.#address)
				this.#ask("DELETE", {}, null, {}).catch(() => {}); // it expires by itself, too
			throw error;
		}
	}

	/* A step further; what went wrong with it, if it is to be tried again. Who pauses or resumes ends a step, too. */
	async #go() {
		this.#signal.throwIfAborted();
		this.#step = new AbortController();
		const {signal} = this.#step;
		try {
			await this.#take(signal);
			return null;
		} catch (error) {
			this.#isKnown = false;
			if (signal.aborted)
				return null;
			if (this.#isOld && isGone(error)) {
				this.#address = "";
				this.#isOld = false;
				return null;
			}
			/* What is not begun yet can be sent again by hand. */
			if (!passes(error) || (error.status > 0 && !this.#address))
				throw error;
			return error;
		}
	}

	async #rest(trouble) {
		this.#onChange(this.#offset, this.#file.size, "interrupted", trouble);
		await waited(WAITS_MS[Math.min(this.#failures++, WAITS_MS.length - 1)], this.#step.signal);
		this.#step.abort();
	}

	async #take(signal) {
		if (this.#paused) {
			this.#tell("paused");
			await given(signal);
		} else if (!this.#address) {
			await this.#begin(signal);
		} else if (!this.#isKnown) {
			this.#learn(await this.#ask("HEAD", {}, null, {signal}));
		} else {
			await this.#sendPiece(signal);
		}
	}

	async #begin(signal) {
		const fields = {"Upload-Length": this.#file.size, "Upload-Metadata": this.#metadata};
		const answer = await this.#ask("POST", fields, null, {signal});
		this.#address = `uploads/${answer("Location").split("/").at(-1)}`; // from this page, whatever the site is called
		sessionStorage.setItem(KEY, JSON.stringify([this.#print(), this.#address]));
		this.#learn(answer);
	}

	async #sendPiece(signal) {
		const offset = this.#offset;
		const fields = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": offset};
		this.#tell("sending");
		const piece = await this.#file.slice(offset, offset + PIECE).arrayBuffer().catch(() => {
			throw new Refused(400, "The file was changed or cannot be read any more. Choose it again.");
		});
		signal.throwIfAborted();
		this.#learn(await this.#ask("PATCH", fields, piece, {
			signal,
			onProgress: sent => this.#onChange(offset + sent, this.#file.size, "sending"),
		}));
	}

	#ask(method, fields, body, how) {
		return send(method, this.#address || "uploads", {"Tus-Resumable": "1.0.0", ...fields}, body, how);
	}

	#learn(answer) {
		const id = field => answer(field)?.split("/").at(-1);
		const offset = Number(answer("Upload-Offset"));
		if (offset > this.#offset)
			this.#failures = 0;
		this.#offset = offset;
		this.#isKnown = true;
		this.#isOld = false;
		if (id("Tonearm-Track"))
			this.#made = {track: {id: id("Tonearm-Track")}, job: {id: id("Tonearm-Job")}};
	}

	#tell(what) {
		this.#onChange(this.#offset, this.#file.size, what);
	}

	#print() {
		const {name, size, lastModified} = this.#file;
		return [name, size, lastModified, this.#metadata].join(" ");
	}

	#recall() {
		const [print, address] = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
		this.#isOld = print === this.#print();
		this.#address = this.#isOld ? address : "";
	}

	#forget() {
		sessionStorage.removeItem(KEY);
	}
}
