// SPDX-License-Identifier: MIT
// The list of tracks: fetched in pages, shown as buttons that play, looked at again while something is in the works.

import {get} from "./api.js";
import {clock, spoken} from "./format.js";

const PAGE = 50;
const LOOK_AGAIN_MS = 3000;

export class TrackList {
	#list = document.getElementById("track-list");
	#empty = document.getElementById("tracks-empty");
	#more = document.getElementById("tracks-more");
	#message = document.getElementById("tracks-message");
	#rows = new Map(); // id → {item, button, track}
	#cursor = null;
	#current = null;
	#timer = 0;
	#rounds = {refresh: 0, more: 0}; // the newest of either kind counts
	#onChoose;

	constructor(onChoose) {
		this.#onChoose = onChoose;
		this.#more.addEventListener("click", () => this.#load(this.#cursor));
	}

	/** Starts anew, for another listener. */
	async reset() {
		this.#rows.clear();
		this.#list.replaceChildren();
		this.#cursor = null;
		this.#rounds.more++;
		await this.#load(null);
	}

	/** What is new since, and what became of the tracks in the works. */
	async refresh() {
		await this.#load(null);
	}

	/** Marks the track that plays. */
	setCurrent(id) {
		this.#current = id;
		for (const [key, row] of this.#rows)
			this.#mark(key, row);
	}

	async #load(cursor) {
		const kind = cursor === null ? "refresh" : "more";
		const round = ++this.#rounds[kind];
		const first = this.#rows.size === 0;
		let page;
		try {
			page = await get(`api/v1/tracks?limit=${PAGE}${cursor ? `&after=${encodeURIComponent(cursor)}` : ""}`);
		} catch (error) {
			if (round !== this.#rounds[kind])
				return;
			this.#say(error.message);
			if (cursor === null)
				this.#lookAgain(error.status !== 401);
			return;
		}
		if (round !== this.#rounds[kind])
			return;
		this.#say("");
		this.#show(page.tracks, cursor !== null);
		if (first || cursor !== null)
			this.#cursor = page.next ?? null;
		this.#more.hidden = this.#cursor === null;
		this.#empty.hidden = this.#rows.size > 0;
		if (cursor === null)
			this.#lookAgain(page.tracks.some(track => track.state === "pending"));
	}

	/* Rows that are there are kept, so that focus stays where it is. */
	#show(tracks, append) {
		let place = append ? null : this.#list.firstElementChild;
		for (const track of tracks) {
			let row = this.#rows.get(track.id);
			if (!row) {
				row = this.#newRow();
				this.#rows.set(track.id, row);
			}
			this.#fill(row, track);
			if (append || place === null)
				this.#list.append(row.item);
			else if (place === row.item)
				place = place.nextElementSibling;
			else
				this.#list.insertBefore(row.item, place);
		}
	}

	#newRow() {
		const item = document.createElement("li");
		const button = document.createElement("button");
		const row = {item, button, track: null, parts: {}};
		button.type = "button";
		button.className = "track";
		for (const name of ["mark", "title", "artist", "state", "length"]) {
			const part = document.createElement("span");
			part.className = `track-${name}`;
			row.parts[name] = part;
			button.append(part, " ");
		}
		row.parts.mark.setAttribute("aria-hidden", "true");
		button.addEventListener("click", () => this.#onChoose(row.track));
		item.append(button);
		return row;
	}

	#fill(row, track) {
		row.track = track;
		row.parts.title.textContent = track.title || "Untitled";
		row.parts.artist.textContent = track.artist || "Unknown artist";
		row.parts.length.textContent = track.duration_ms ? clock(Math.round(track.duration_ms / 1000)) : "";
		row.parts.length.setAttribute("aria-label", track.duration_ms ? spoken(Math.round(track.duration_ms / 1000)) : "");
		row.parts.state.textContent = stateWord(track);
		row.button.dataset.state = track.state;
		row.button.disabled = !track.playable;
		row.item.dataset.id = track.id;
		this.#mark(track.id, row);
	}

	#mark(id, row) {
		if (id === this.#current)
			row.button.setAttribute("aria-current", "true");
		else
			row.button.removeAttribute("aria-current");
	}

	#lookAgain(busy) {
		clearTimeout(this.#timer);
		if (busy)
			this.#timer = setTimeout(() => document.hidden ? this.#lookAgain(true) : this.refresh(), LOOK_AGAIN_MS);
	}

	#say(text) {
		this.#message.textContent = text;
		this.#message.hidden = text === "";
	}
}

function stateWord(track) {
	if (track.state === "pending")
		return track.playable ? "In the works, playable" : "In the works";
	if (track.state === "failed")
		return "Could not be used";
	return track.visibility === "private" ? "Private" : "";
}
