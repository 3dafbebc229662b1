// SPDX-License-Identifier: MIT
// Watches an HLS media playlist that grows, and holds each look at it against the ones before: the live rules of
// hls_rules.json that concern an EVENT playlist. Returns violations as check_hls.mjs does.
//
// L1 has one exception, wanted: EVENT may become VOD in the look that brings EXT-X-ENDLIST.

const HEAD = /^#EXT-X-(VERSION|INDEPENDENT|MEDIA-SEQUENCE|TARGETDURATION|MAP)/;

/** Rules of the scope live that are not looked at here, and why. */
export const notApplicable = {
	L3: "no discontinuity",
	L4: "nothing is ever removed",
	L5: "nothing is ever removed",
	L7: "a matter of speed, and no test is timed",
	L11: "no EXT-X-SERVER-CONTROL",
};

/** {lines, segments: [{duration, uri, range}], target, sequence, type, ended, map} */
export function parseLive(text) {
	const lines = text.trim().split("\n"), segments = [];
	const value = name => lines.find(line => line.startsWith(`#${name}:`))?.slice(name.length + 2);
	let open = {};
	for (const line of lines) {
		const [, length, offset] = /^#EXT-X-BYTERANGE:(\d+)@(\d+)$/.exec(line) ?? [];
		if (line.startsWith("#EXTINF:"))
			open.duration = Number.parseFloat(line.slice(8));
		else if (length !== undefined)
			open.range = {length: Number(length), offset: Number(offset)};
		else if (!line.startsWith("#")) {
			segments.push({...open, uri: line});
			open = {};
		}
	}
	const [, uri, length] = /URI="([^"]+)"(?:,BYTERANGE="(\d+)@0")?/.exec(value("EXT-X-MAP")) ?? [];
	return {
		lines,
		segments,
		target: Number(value("EXT-X-TARGETDURATION")),
		sequence: Number(value("EXT-X-MEDIA-SEQUENCE")),
		type: value("EXT-X-PLAYLIST-TYPE"),
		ended: lines.includes("#EXT-X-ENDLIST"),
		map: {uri, range: length === undefined ? undefined : {length: Number(length), offset: 0}},
	};
}

/** One growing playlist over time. FETCH as in check_hls.mjs. */
export class LivePlaylist {
	violations = [];
	looks = 0; // that brought something new
	bytes = []; // of each segment, as first fetched
	last = null;
	#previous = null;

	constructor(url, fetch) {
		this.url = url;
		this.fetch = fetch;
	}

	#say(rule, bad, text) {
		if (bad)
			this.violations.push({rule, text: `${this.url}: ${text}`});
	}

	/** The bytes of a segment or a map. */
	async piece({uri, range}) {
		const headers = range ? {Range: `bytes=${range.offset}-${range.offset + range.length - 1}`} : {};
		return this.fetch(new URL(uri, this.url).href, {headers});
	}

	/** Fetches the playlist once more, and what it lists newly. The playlist, or null when it is not there (503). */
	async look() {
		const answer = await this.fetch(this.url, {headers: {}});
		if (answer.status === 503)
			return null;
		this.#say("L1", answer.status !== 200, `answers ${answer.status}`);
		const now = parseLive(answer.body.toString("utf8"));
		this.#compare(now);
		this.#say("L12", !now.ended && Number(/max-age=(\d+)/.exec(answer.headers["cache-control"])?.[1]) > now.target / 2,
			`Cache-Control ${answer.headers["cache-control"]}`);
		for (const segment of now.segments.slice(this.bytes.length))
			await this.#take(segment, now);
		this.#previous = this.last = now;
		return now;
	}

	#compare(now) {
		const before = this.#previous;
		this.#say("M2", now.segments.some(one => Math.round(one.duration) > now.target), "a segment beyond the target");
		this.#say("V1", now.ended !== (now.type === "VOD"), `type ${now.type}, ended: ${now.ended}`);
		if (!before)
			return;
		const heads = playlist => playlist.lines.filter(line => HEAD.test(line)).join("\n");
		this.#say("L6", now.target !== before.target, `target ${before.target} became ${now.target}`);
		this.#say("L2", now.sequence !== before.sequence, `sequence ${before.sequence} became ${now.sequence}`);
		this.#say("L1", heads(now) !== heads(before), `the head changed:\n${heads(before)}\n${heads(now)}`);
		this.#say("L8", now.segments.length < before.segments.length, "segments went");
		const kept = JSON.stringify(now.segments.slice(0, before.segments.length));
		this.#say("L1", kept !== JSON.stringify(before.segments), "segments changed");
		this.#say("L9", before.ended && now.lines.join("\n") !== before.lines.join("\n"), "it changed after its end");
		this.looks += now.segments.length > before.segments.length;
	}

	/* L10: what is listed is there, whole, and nobody may keep it for longer than it is sure to stay. */
	async #take(segment, now) {
		const answer = await this.piece(segment);
		this.#say("L10", answer.status !== (segment.range ? 206 : 200), `${segment.uri} answers ${answer.status}`);
		this.#say("L10", segment.range && answer.body.length !== segment.range.length, `${answer.body.length} bytes`);
		this.#say("L10", answer.body.toString("latin1", 4, 8) !== "moof", `${segment.uri} is no fragment`);
		this.#say("L12", !now.ended && answer.headers["cache-control"] !== "no-store" &&
			!/immutable/.test(answer.headers["cache-control"]), `Cache-Control ${answer.headers["cache-control"]}`);
		this.bytes.push(answer.body);
	}

	/** Begins anew, as after an attempt that died. */
	forget() {
		this.#previous = null;
		this.bytes = [];
	}

	/** Fetches all segments again: M16, same URI, same bytes. */
	async checkBytes() {
		for (const [k, segment] of this.last.segments.entries()) {
			const answer = await this.piece(segment);
			this.#say("M16", Buffer.compare(answer.body, this.bytes[k]) !== 0, `segment ${k} changed`);
		}
	}
}
