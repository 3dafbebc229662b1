// SPDX-License-Identifier: MIT
// The player: one audio element, fed by hls.js, and the controls around it.
//
//   choose(track) ─► master.m3u8 ─► hls.js ─► Media Source ─► <audio> ─► events ─► what the page shows
//
// The token goes with the master playlist alone: what that names carries its own permission.

import Hls from "./vendor/hls.mjs";
import {authorization, sentence} from "./api.js";
import {clock, quality, spoken} from "./format.js";
import {token} from "./token.js";
import {Visual} from "./visual.js";

const NATIVE = "application/vnd.apple.mpegurl";

export class Player {
	#audio = document.getElementById("audio");
	#panel = document.getElementById("player");
	#deck = document.getElementById("deck");
	#title = document.getElementById("now-title");
	#artist = document.getElementById("now-artist");
	#seek = document.getElementById("seek");
	#elapsed = document.getElementById("elapsed");
	#total = document.getElementById("total");
	#play = document.getElementById("play");
	#volume = document.getElementById("volume");
	#quality = document.getElementById("quality");
	#inUse = document.getElementById("in-use");
	#message = document.getElementById("player-message");
	#visual = new Visual();
	#hls = null;
	#track = null;
	#seeking = false;
	#recovered = false;
	#stopped = false; // nothing more is fetched, until play is pressed again
	#wanted = "auto"; // the quality's name, kept from track to track

	constructor() {
		this.#play.addEventListener("click", () => this.toggle());
		this.#seek.addEventListener("input", () => this.#onSeekInput());
		this.#seek.addEventListener("change", () => this.#onSeekDone());
		this.#volume.addEventListener("input", () => this.#onVolume());
		this.#quality.addEventListener("change", () => this.#onQuality());
		for (const name of ["play", "pause", "ended", "waiting", "playing"])
			this.#audio.addEventListener(name, () => this.#showState());
		for (const name of ["timeupdate", "durationchange", "seeked"])
			this.#audio.addEventListener(name, () => this.#showTime());
		this.#audio.addEventListener("progress", () => this.#showBuffered());
		this.#audio.addEventListener("error", () => this.#onElementError());
		this.#mediaKeys();
		this.#onVolume();
	}

	/** Plays TRACK; the one that plays already is paused or goes on. */
	choose(track) {
		if (this.#track?.id === track.id && this.#message.hidden) {
			this.toggle();
			return;
		}
		this.#track = track;
		this.#recovered = this.#stopped = false;
		this.#close();
		this.#say("");
		this.#title.textContent = track.title || "Untitled";
		this.#artist.textContent = track.artist || "Unknown artist";
		this.#panel.style.setProperty("--hue", String(hue(track.id)));
		this.#setDuration(track.duration_ms / 1000);
		this.#play.disabled = this.#seek.disabled = false;
		this.#open(`hls/${encodeURIComponent(track.id)}/master.m3u8`);
		this.#start();
		this.#describe();
		this.#visual.show(track, cover => this.#describe(cover));
	}

	toggle() {
		if (this.#audio.paused)
			this.#start();
		else
			this.#audio.pause();
	}

	#open(address) {
		if (Hls.isSupported())
			this.#openHls(address);
		else if (this.#audio.canPlayType(NATIVE))
			this.#audio.src = token() ? `${address}?token=${encodeURIComponent(token())}` : address;
		else
			this.#say("This browser cannot play adaptive sound. A newer one can.");
	}

	#openHls(address) {
		const master = new URL(address, location.href).href;
		this.#hls = new Hls({
			enableWorker: false, // a worker from a blob is not for a strict policy, and fragmented MP4 needs none
			xhrSetup(request, url) {
				if (url !== master)
					return;
				for (const [name, value] of Object.entries(authorization()))
					request.setRequestHeader(name, value);
			},
		});
		this.#hls.on(Hls.Events.MANIFEST_PARSED, () => this.#showQualities());
		this.#hls.on(Hls.Events.LEVEL_SWITCHED, (_, {level}) => this.#showInUse(level));
		this.#hls.on(Hls.Events.ERROR, (_, error) => this.#onHlsError(error));
		this.#hls.loadSource(master);
		this.#hls.attachMedia(this.#audio);
	}

	#close() {
		this.#audio.pause();
		this.#hls?.destroy();
		this.#hls = null;
		this.#audio.removeAttribute("src");
		this.#quality.replaceChildren(new Option("Auto", "auto"));
		this.#quality.disabled = true;
		this.#inUse.textContent = "";
		this.#seek.value = "0";
		this.#showTime();
	}

	#start() {
		if (this.#stopped)
			this.#resume();
		if (this.#audio.ended)
			this.#audio.currentTime = 0;
		this.#audio.play().catch(error => {
			if (error.name === "NotAllowedError")
				this.#say("The browser wants you to press play yourself.");
		});
	}

	/* --- quality ------------------------------------------------------------------------------------------- */

	#showQualities() {
		const levels = this.#hls.levels.map((level, index) => ({index, name: levelName(level), bitrate: level.averageBitrate}));
		levels.sort((a, b) => b.bitrate - a.bitrate);
		this.#quality.replaceChildren(new Option("Auto", "auto"),
			...levels.map(level => new Option(quality(level.name, level.bitrate), level.name)));
		if (!levels.some(level => level.name === this.#wanted))
			this.#wanted = "auto";
		this.#quality.value = this.#wanted;
		this.#quality.disabled = levels.length < 2;
		const chosen = levels.find(level => level.name === this.#wanted);
		if (chosen)
			this.#hls.currentLevel = chosen.index;
	}

	/* The sound goes on with what is buffered; the next fragment comes in the new quality. */
	#onQuality() {
		this.#wanted = this.#quality.value;
		if (!this.#hls)
			return;
		const index = this.#hls.levels.findIndex(level => levelName(level) === this.#wanted);
		this.#hls.nextLevel = index;
	}

	#showInUse(index) {
		const level = this.#hls?.levels[index];
		this.#inUse.textContent = level ? `Now ${quality(levelName(level), level.averageBitrate)}` : "";
	}

	/* --- time ---------------------------------------------------------------------------------------------- */

	#setDuration(seconds) {
		this.#seek.max = String(Number.isFinite(seconds) ? seconds : 0);
		this.#total.textContent = clock(Math.round(seconds));
	}

	#showTime() {
		const {duration, currentTime} = this.#audio;
		if (Number.isFinite(duration) && duration > 0)
			this.#setDuration(duration);
		if (!this.#seeking)
			this.#seek.value = String(currentTime);
		this.#paintSeek();
		this.#showBuffered();
	}

	#paintSeek() {
		const at = Number(this.#seek.value), end = Number(this.#seek.max);
		this.#elapsed.textContent = clock(at);
		this.#seek.setAttribute("aria-valuetext", `${spoken(at)} of ${spoken(Math.round(end))}`);
		this.#panel.style.setProperty("--at", String(end > 0 ? at / end : 0));
	}

	#showBuffered() {
		const {buffered, duration, currentTime} = this.#audio;
		let end = 0;
		for (let i = 0; i < buffered.length; i++) {
			if (buffered.start(i) <= currentTime + 0.5)
				end = buffered.end(i);
		}
		this.#seek.style.setProperty("--buffered", String(duration > 0 ? Math.min(1, end / duration) : 0));
	}

	#onSeekInput() {
		this.#seeking = true;
		this.#paintSeek();
	}

	#onSeekDone() {
		this.#seeking = false;
		this.#audio.currentTime = Number(this.#seek.value);
		this.#showTime();
	}

	#onVolume() {
		const value = Number(this.#volume.value);
		this.#audio.volume = value / 100;
		this.#volume.setAttribute("aria-valuetext", `${value} percent`);
		this.#volume.style.setProperty("--at", String(value / 100));
	}

	/* --- state --------------------------------------------------------------------------------------------- */

	#showState() {
		const playing = !this.#audio.paused && !this.#audio.ended;
		this.#play.setAttribute("aria-label", playing ? "Pause" : "Play");
		this.#play.classList.toggle("is-playing", playing);
		this.#deck.classList.toggle("is-playing", playing);
		this.#panel.classList.toggle("is-waiting", playing && this.#audio.readyState < 3);
		document.title = playing && this.#track ? `${this.#track.title || "Untitled"} · Tonearm` : "Tonearm";
	}

	#onHlsError(error) {
		if (!error.fatal)
			return;
		if (error.type === Hls.ErrorTypes.MEDIA_ERROR && !this.#recovered) {
			this.#recovered = true;
			this.#hls.recoverMediaError();
			return;
		}
		const status = error.response?.code;
		this.#fail(error.type === Hls.ErrorTypes.NETWORK_ERROR ? listenSentence(status ?? 0)
			: "This track cannot be played in this browser.");
	}

	#onElementError() {
		if (!this.#hls && this.#audio.hasAttribute("src"))
			this.#fail("This track cannot be played. It may be private, or gone.");
	}

	#fail(text) {
		this.#audio.pause();
		this.#hls?.stopLoad();
		this.#stopped = true;
		this.#say(text);
	}

	/* From where the sound stopped; without a playlist yet, from the start. */
	#resume() {
		this.#stopped = false;
		this.#say("");
		if (this.#hls?.levels.length > 0)
			this.#hls.startLoad();
		else if (this.#hls)
			this.#hls.loadSource(this.#hls.url);
		else
			this.#audio.load();
	}

	#say(text) {
		this.#message.textContent = text;
		this.#message.hidden = text === "";
	}

	/* --- keys on the keyboard, the headset and the lock screen -------------------------------------------------- */

	#mediaKeys() {
		if (!("mediaSession" in navigator))
			return;
		navigator.mediaSession.setActionHandler("play", () => this.#start());
		navigator.mediaSession.setActionHandler("pause", () => this.#audio.pause());
		navigator.mediaSession.setActionHandler("seekto", ({seekTime}) => { this.#audio.currentTime = seekTime; });
	}

	#describe(cover) {
		if ("mediaSession" in navigator)
			navigator.mediaSession.metadata = new MediaMetadata({
				title: this.#track.title || "Untitled",
				artist: this.#track.artist || "",
				album: this.#track.album || "",
				artwork: cover ? [{src: cover, type: "image/jpeg"}] : [],
			});
	}
}

/* A variant is named by the folder of its playlist. */
function levelName(level) {
	const path = new URL(level.url[0], location.href).pathname.split("/");
	return decodeURIComponent(path.at(-2) ?? "");
}

function listenSentence(status) {
	if (status === 401)
		return "This track is private. Enter a token that may listen to it.";
	if (status === 403)
		return "Your token does not reach this track.";
	return sentence(status, null);
}

/* A colour of its own for each track's record. */
function hue(id) {
	let sum = 0;
	for (const letter of id)
		sum = (sum * 31 + letter.codePointAt(0)) % 360;
	return sum;
}
