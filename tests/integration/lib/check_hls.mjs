// SPDX-License-Identifier: MIT
// Checks HLS VOD content, from the multivariant playlist down to the sample durations in each segment, against the
// rules of hls_rules.json (after draft-pantos-hls-rfc8216bis). Every checker returns violations: [{rule, text}], empty
// when all is well.
//
// FETCH is `async (url, {headers}) => ({status, headers, body: Buffer})` with lower-case header names; no redirect is
// followed here.

import {boxes, checkFragments, checkInit, parseFragments, parseInit, total} from "./check_cmaf.mjs";
import {checkTransport} from "./check_ts.mjs";

/** Rules of the scopes any, media, vod and multivariant that are not looked at here, and why. */
export const notApplicable = {
	G8: "a duty of whoever reads a playlist",
	M11: "packed audio: segments are fragmented MP4 or transport streams, which M8 makes sure of",
	K1: "no encryption",
	K2: "no encryption",
	K3: "no encryption",
	K4: "no encryption",
	K5: "no encryption",
	K6: "no encryption",
	K7: "no encryption",
	K8: "no encryption",
};

const MULTIVARIANT = [
	"EXT-X-STREAM-INF",
	"EXT-X-I-FRAME-STREAM-INF",
	"EXT-X-MEDIA",
	"EXT-X-SESSION-DATA",
	"EXT-X-SESSION-KEY",
	"EXT-X-CONTENT-STEERING",
];
const MEDIA = [
	"EXTINF",
	"EXT-X-TARGETDURATION",
	"EXT-X-MEDIA-SEQUENCE",
	"EXT-X-DISCONTINUITY-SEQUENCE",
	"EXT-X-ENDLIST",
	"EXT-X-PLAYLIST-TYPE",
	"EXT-X-I-FRAMES-ONLY",
	"EXT-X-BYTERANGE",
	"EXT-X-DISCONTINUITY",
	"EXT-X-KEY",
	"EXT-X-MAP",
	"EXT-X-PROGRAM-DATE-TIME",
	"EXT-X-GAP",
	"EXT-X-BITRATE",
	"EXT-X-PART",
	"EXT-X-PART-INF",
	"EXT-X-SERVER-CONTROL",
	"EXT-X-SKIP",
];
const WITH_ATTRIBUTES = [
	"EXT-X-STREAM-INF",
	"EXT-X-I-FRAME-STREAM-INF",
	"EXT-X-MEDIA",
	"EXT-X-SESSION-DATA",
	"EXT-X-SESSION-KEY",
	"EXT-X-MAP",
	"EXT-X-KEY",
	"EXT-X-START",
	"EXT-X-DEFINE",
	"EXT-X-SKIP",
];
const QUOTED = new Set([
	"URI",
	"BYTERANGE",
	"CODECS",
	"GROUP-ID",
	"NAME",
	"AUDIO",
	"LANGUAGE",
	"CHANNELS",
	"KEYFORMAT",
	"DATA-ID",
	"VALUE",
	"QUERYPARAM",
]);
const FORMS = {
	BANDWIDTH: /^\d{1,20}$/,
	"AVERAGE-BANDWIDTH": /^\d{1,20}$/,
	TYPE: /^(AUDIO|VIDEO|SUBTITLES|CLOSED-CAPTIONS)$/,
	METHOD: /^(NONE|AES-128|SAMPLE-AES|SAMPLE-AES-CTR)$/,
	DEFAULT: /^(YES|NO)$/,
	AUTOSELECT: /^(YES|NO)$/,
	FORCED: /^(YES|NO)$/,
	IV: /^0[xX][0-9A-Fa-f]{1,32}$/,
};

class Report {
	violations = [];
	say(rule, bad, text) {
		if (bad) this.violations.push({rule, text});
	}
}

/**
 * {tags: [{name, value, attributes, line}], uris: [{uri, line}]} in `lines` order; notes what breaks G2, G3, G5, G6,
 * G9, G10.
 */
function parse(body, report) {
	const text = body.toString("utf8");
	report.say("G2", Buffer.compare(Buffer.from(text), body) !== 0, "not UTF-8");
	report.say(
		"G2",
		text.startsWith("\ufeff") || /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]/.test(text) || text.normalize("NFC") !== text,
		"a BOM, a control character, or not NFC",
	);
	const lines = text.split(/\r?\n/);
	report.say("G3", lines[0] !== "#EXTM3U", `the first line is ${lines[0]}`);
	const items = lines.flatMap((line, index) => {
		if (line === "" || (line.startsWith("#") && !line.startsWith("#EXT"))) return [];
		if (!line.startsWith("#")) return [{uri: line, line: index}];
		const [, name, value] = /^#([^:]*):?(.*)$/.exec(line);
		return [
			{name, value, line: index, attributes: WITH_ATTRIBUTES.includes(name) ? attributes(value, report) : {}},
		];
	});
	const names = new Set(items.map(item => item.name));
	report.say(
		"G5",
		MEDIA.some(name => names.has(name)) && MULTIVARIANT.some(name => names.has(name)),
		"tags of both kinds of playlist",
	);
	return items;
}

/** An attribute list as an object; notes what breaks G6, G9 and G10. */
function attributes(value, report) {
	const found = {};
	let rest = value;
	while (rest !== "") {
		const match = /^([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(,(?=.)|$)/.exec(rest);
		if (!match) {
			report.say("G6", true, `attributes ${rest}`);
			break;
		}
		const [whole, name, raw] = match;
		report.say("G6", name in found, `${name} twice`);
		report.say("G9", QUOTED.has(name) !== raw.startsWith('"'), `${name}=${raw}`);
		report.say("G9", FORMS[name] && !FORMS[name].test(raw), `${name}=${raw}`);
		report.say(
			"G10",
			/^[+-.\d]/.test(raw) && /^[+-]?[\d.,]+(e[+-]?\d+)?$/i.test(raw) && !/^\d+(\.\d+)?$/.test(raw),
			`${name}=${raw}`,
		);
		found[name] = raw.replace(/^"|"$/g, "");
		rest = rest.slice(whole.length);
	}
	return found;
}

const all = (items, name) => items.filter(item => item.name === name);

/** The least EXT-X-VERSION that the tags of a playlist ask for (section 8). */
function versionNeeded(items) {
	const needs = [1];
	for (const {name, value, attributes: has} of items) {
		if (name === "EXT-X-KEY" && "IV" in has) needs.push(2);
		if (name === "EXTINF" && value.split(",")[0].includes(".")) needs.push(3);
		if (name === "EXT-X-BYTERANGE") needs.push(4);
		if (name === "EXT-X-KEY" && ("KEYFORMAT" in has || "KEYFORMATVERSIONS" in has)) needs.push(5);
		if (name === "EXT-X-MAP") needs.push(all(items, "EXT-X-I-FRAMES-ONLY").length > 0 ? 5 : 6);
		if (name === "EXT-X-DEFINE") needs.push("QUERYPARAM" in has ? 11 : 8);
		if (name === "EXT-X-SKIP") needs.push(9);
		if (Object.keys(has ?? {}).some(key => key.startsWith("REQ-"))) needs.push(12);
	}
	return Math.max(...needs);
}

/** What any playlist must be: G1 to G6, G9, G10, V2. Returns its items and body. */
async function playlist(url, fetch, report) {
	const answer = await fetch(url, {headers: {}});
	report.say("G7", answer.status !== 200, `${url} answers ${answer.status}`);
	report.say(
		"G1",
		!/^(application\/vnd\.apple\.mpegurl|audio\/mpegurl)\s*(;|$)/i.test(answer.headers["content-type"] ?? ""),
		`Content-Type ${answer.headers["content-type"]}`,
	);
	const items = parse(answer.body, report),
		versions = all(items, "EXT-X-VERSION");
	report.say("G4", versions.length > 1, "EXT-X-VERSION twice");
	report.say(
		"G4",
		Number(versions[0]?.value ?? 1) < versionNeeded(items),
		`version ${versions[0]?.value}, ${versionNeeded(items)} needed`,
	);
	const again = await fetch(url, {headers: {}});
	report.say("V2", Buffer.compare(again.body, answer.body) !== 0, `${url} changed`);
	return items;
}

/** Fetches URL, or the RANGE {length, offset} of it; notes what breaks G7, M10, M15 and M16. */
async function piece(url, range, fetch, report) {
	const headers = range ? {Range: `bytes=${range.offset}-${range.offset + range.length - 1}`} : {};
	const answer = await fetch(url, {headers});
	report.say("M15", answer.status !== (range ? 206 : 200), `${url} answers ${answer.status}`);
	report.say("G7", answer.status >= 400, `${url} answers ${answer.status}`);
	report.say(
		"M10",
		range &&
			(answer.status !== 206 ||
				answer.body.length !== range.length ||
				!answer.headers["content-range"]?.startsWith(
					`bytes ${range.offset}-${range.offset + range.length - 1}/`,
				)),
		`${url} ${range?.length}@${range?.offset}: ${answer.status}, ${answer.headers["content-range"]}, ${answer.body.length} bytes`,
	);
	const again = await fetch(url, {headers});
	report.say("M16", Buffer.compare(again.body, answer.body) !== 0, `${url} changed`);
	return answer;
}

/** n[@o] of EXT-X-BYTERANGE; without an offset it goes on where PREVIOUS, of the same URI, ended (M10). */
function byteRange(value, uri, previous, report) {
	const match = /^(\d+)(?:@(\d+))?$/.exec(value);
	report.say("M10", !match, `byte range ${value}`);
	if (!match) return undefined;
	report.say(
		"M10",
		match[2] === undefined && !(previous?.range && previous.uri === uri),
		`byte range ${value} follows none of ${uri}`,
	);
	const offset = match[2] ?? (previous?.range ? previous.range.offset + previous.range.length : 0);
	return {length: Number(match[1]), offset: Number(offset)};
}

/**
 * The segments with the tags that apply to each: [{uri, duration, range, map, ...}]; M2, M3, M5, M6, M10, M13, M14,
 * M17.
 */
function segments(items, report) {
	const found = [];
	let next = {infs: 0},
		map,
		seen = false;
	for (const item of items) {
		if (item.name === "EXTINF") {
			const [, length, title] = /^([^,]*),?(.*)$/.exec(item.value);
			report.say("G10", !/^\d+(\.\d+)?$/.test(length), `EXTINF ${length}`);
			report.say("M17", title !== "", `EXTINF title ${title}`);
			next = {...next, duration: Number(length), infs: next.infs + 1};
		} else if (item.name === "EXT-X-MAP") {
			map = item.attributes;
		} else if (item.name === "EXT-X-BYTERANGE") {
			next.byteRange = item.value;
		} else if (item.name === "EXT-X-DISCONTINUITY") {
			next.discontinuity = seen = true;
		} else if (item.name === "EXT-X-GAP") {
			next.gap = true;
		} else if (item.name === "EXT-X-BITRATE" || item.name === "EXT-X-PROGRAM-DATE-TIME") {
			next[item.name] = item.value;
		} else if (item.name === "EXT-X-MEDIA-SEQUENCE") {
			report.say("M5", found.length > 0, "MEDIA-SEQUENCE after a segment");
		} else if (item.name === "EXT-X-DISCONTINUITY-SEQUENCE") {
			report.say("M6", found.length > 0 || seen, "DISCONTINUITY-SEQUENCE too late");
		} else if (item.uri !== undefined) {
			report.say("M3", next.infs !== 1, `${next.infs} EXTINF before ${item.uri}`);
			const range =
				next.byteRange === undefined ? undefined : byteRange(next.byteRange, item.uri, found.at(-1), report);
			found.push({...next, uri: item.uri, map, range});
			next = {infs: 0};
		}
	}
	return found;
}

/** M13: dates are whole and go on. */
function checkDates(list, report) {
	const dates = list.map(one => one["EXT-X-PROGRAM-DATE-TIME"]);
	dates.forEach((date, k) => {
		if (date === undefined) return;
		report.say("M13", !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,}(Z|[+-]\d\d:?\d\d)$/.test(date), `date ${date}`);
		if (k > 0 && dates[k - 1] !== undefined && !list[k].discontinuity)
			report.say(
				"M13",
				Math.abs(Date.parse(date) - Date.parse(dates[k - 1]) - list[k - 1].duration * 1000) > 1.5,
				`date ${date}`,
			);
	});
}

function checkHead(items, list, report) {
	const targets = all(items, "EXT-X-TARGETDURATION"),
		ends = all(items, "EXT-X-ENDLIST");
	report.say(
		"M1",
		targets.length !== 1 || !/^\d+$/.test(targets[0].value),
		`${targets.length} TARGETDURATION ${targets[0]?.value}`,
	);
	report.say("M5", all(items, "EXT-X-MEDIA-SEQUENCE").length > 1, "MEDIA-SEQUENCE twice");
	report.say(
		"V1",
		ends.length !== 1 || items.some(item => item.uri !== undefined && item.line > ends[0].line),
		"ENDLIST",
	);
	const target = Number(targets[0]?.value);
	for (const one of list)
		report.say("M2", Math.floor(one.duration + 0.5) > target, `EXTINF ${one.duration} over ${target}`);
	return target;
}

/** The init section of MAP and what it says; M8, and the cmaf rules of an init section. */
async function fetchMap(map, base, expected, fetch, report) {
	const range = map.BYTERANGE === undefined ? undefined : byteRange(map.BYTERANGE, map.URI, undefined, report);
	const answer = await piece(new URL(map.URI, base).href, range, fetch, report);
	const found = checkInit(answer.body, expected);
	report.violations.push(...found);
	const types = boxes(answer.body)
		.map(box => box.type)
		.join(" ");
	report.say("M8", types !== "ftyp moov" || found.some(one => one.rule === "C1"), `the map holds ${types}`);
	return parseInit(answer.body);
}

/** One segment against its EXTINF: M4, M9, M12, M14, V4 and the cmaf rules of fragments. Returns its size in bytes. */
async function checkSegment(one, init, base, state, last, fetch, report) {
	const url = new URL(one.uri, base).href,
		answer = await piece(url, one.range, fetch, report);
	const size = answer.body.length;
	report.say(
		"V4",
		!answer.headers.etag || !/max-age=[1-9]\d{2,}/.test(answer.headers["cache-control"] ?? ""),
		`${url}: ETag ${answer.headers.etag}, Cache-Control ${answer.headers["cache-control"]}`,
	);
	report.violations.push(...checkFragments(answer.body, init, state, last));
	const fragments = parseFragments(answer.body, init);
	report.say(
		"M9",
		fragments.length === 0 ||
			boxes(answer.body).some(box => box.type === "moov") ||
			fragments.some(
				f => f.tracks !== 1 || f.trackId !== init.trackId || f.time === undefined || !(f.flags & 0x20000),
			),
		`${url} is not made of fragments of the track`,
	);
	report.say(
		"M12",
		fragments.some(f => f.samples.some(sample => sample.flags & 0x10000)),
		`${url} holds a sample that is no sync sample`,
	);
	const lasts =
		total(
			fragments.flatMap(f => f.samples),
			"duration",
		) / init.timescale;
	report.say("M4", Math.abs(lasts - one.duration) > 0.001, `EXTINF ${one.duration}, samples last ${lasts}`);
	const rate = one["EXT-X-BITRATE"];
	report.say(
		"M14",
		rate !== undefined && Math.abs((rate * 1000 * one.duration) / (size * 8) - 1) > 0.1,
		`BITRATE ${rate}`,
	);
	return size;
}

/** A segment that is a transport stream, against its EXTINF: M4, M7, M9 (section 3.1.1), V4. Returns its size. */
async function checkTransportSegment(one, base, state, last, fetch, report) {
	const url = new URL(one.uri, base).href,
		answer = await piece(url, one.range, fetch, report);
	report.say(
		"V4",
		!answer.headers.etag || !/max-age=[1-9]\d{2,}/.test(answer.headers["cache-control"] ?? ""),
		`${url}: ETag ${answer.headers.etag}, Cache-Control ${answer.headers["cache-control"]}`,
	);
	report.say("M9", answer.headers["content-type"] !== "video/mp2t", `${url} is ${answer.headers["content-type"]}`);
	const found = checkTransport(answer.body, (state.transport ??= {}), (bad, text) => report.say("M9", bad, `${url}: ${text}`));
	report.say("M7", state.rate !== undefined && state.rate !== found.rate, `${url} has ${found.rate} Hz`);
	state.rate = found.rate;
	state.frame = 1024;
	/* The last frame is whole: there is no way to cut it. */
	const over = found.duration - one.duration;
	report.say("M4", over < -0.001 || over > (last ? 1024 / found.rate : 0) + 0.001, `EXTINF ${one.duration}, frames last ${found.duration}`);
	return answer.body.length;
}

/** M7: what a MAP changes needs a DISCONTINUITY. */
function checkChange(one, previous, init, before, report) {
	const same = ["format", "codecs", "sampleRate", "channels", "timescale", "trackId"].every(
		key => init[key] === before[key],
	);
	report.say(
		"M7",
		previous && !same && !one.discontinuity,
		`the encoding changes at ${one.uri} without DISCONTINUITY`,
	);
}

/**
 * A media playlist and all it names. EXPECTED may hold codecs. Returns {violations, target, durations, sizes,
 * independent}.
 */
export async function checkMedia(url, fetch, expected = {}) {
	const report = new Report(),
		sizes = [],
		state = {};
	const items = await playlist(url, fetch, report);
	const list = segments(items, report),
		target = checkHead(items, list, report);
	checkDates(list, report);
	let init, map;
	for (const [k, one] of list.entries()) {
		const transport = /^[^?]*\.ts(\?|$)/.test(one.uri);
		report.say("M8", !one.map !== transport, `${one.uri} ${one.map ? "has an" : "has no"} EXT-X-MAP`);
		if (one.gap || (!one.map && !transport)) continue;
		try {
			if (transport) {
				sizes.push(await checkTransportSegment(one, url, state, k === list.length - 1, fetch, report));
				continue;
			}
			if (map !== one.map) {
				const before = init;
				init = await fetchMap((map = one.map), url, expected, fetch, report);
				checkChange(one, before, init, before ?? init, report);
			}
			sizes.push(await checkSegment(one, init, url, state, k === list.length - 1, fetch, report));
		} catch (error) {
			report.say(error.rule ?? "M8", true, `${one.uri}: ${error.message}`);
		}
	}
	const sum = total(list, "duration"),
		frame = state.frame / (init?.timescale ?? state.rate);
	report.say(
		"V3",
		init?.editDuration > 0 &&
			Math.abs(sum - init.editDuration / init.timescale) > frame + 0.001 * Math.sqrt(list.length),
		`EXTINF sum to ${sum}, the edit lasts ${init?.editDuration / init?.timescale}`,
	);
	return {
		violations: report.violations,
		target,
		durations: list.map(one => one.duration),
		sizes,
		frame,
		url,
		discontinuities: all(items, "EXT-X-DISCONTINUITY").length,
		codecs: state.rate !== undefined ? "mp4a.40.2" : init?.codecs,
		sequence: all(items, "EXT-X-DISCONTINUITY-SEQUENCE")[0]?.value ?? "0",
	};
}

/** The peak of section 4.1: the largest rate of neighbours that last 0.5 to 1.5 targets; of all, when there is none. */
function peak({sizes, durations, target}) {
	let most = 0;
	for (let i = 0; i < sizes.length; i++) {
		for (let k = i, bytes = 0, time = 0; k < sizes.length; k++) {
			bytes += sizes[k];
			time += durations[k];
			if (time > 1.5 * target) break;
			if (time >= 0.5 * target) most = Math.max(most, (bytes * 8) / time);
		}
	}
	return most || average({sizes, durations});
}

function average({sizes, durations}) {
	return (sizes.reduce((a, b) => a + b, 0) * 8) / durations.reduce((a, b) => a + b, 0);
}

const CODEC = /^(mp4a\.40\.(2|5|29|34)|mp4a\.6B|fLaC|Opus|alac)$/;

/** EXT-X-MEDIA, SESSION-KEY and SESSION-DATA: X5, X7, X11, X12. Returns the names of audio groups. */
function checkGroups(items, report) {
	const names = new Set(),
		defaults = new Set(),
		keys = new Set(),
		data = new Set();
	const media = all(items, "EXT-X-MEDIA").map(item => item.attributes);
	const once = (set, key, rule, text) => (report.say(rule, set.has(key), text), set.add(key));
	for (const one of media) {
		report.say("X5", !one.TYPE || !one["GROUP-ID"] || !one.NAME, "EXT-X-MEDIA without TYPE, GROUP-ID or NAME");
		once(names, `${one.TYPE} ${one["GROUP-ID"]} ${one.NAME}`, "X5", `NAME ${one.NAME} twice`);
		if (one.DEFAULT === "YES")
			once(defaults, `${one.TYPE} ${one["GROUP-ID"]}`, "X5", `two defaults in ${one["GROUP-ID"]}`);
		report.say("X5", one.DEFAULT === "YES" && one.AUTOSELECT === "NO", "DEFAULT=YES with AUTOSELECT=NO");
		report.say(
			"X7",
			one.CHANNELS !== undefined && !/^[1-9]\d*(\/|$)/.test(one.CHANNELS),
			`CHANNELS ${one.CHANNELS}`,
		);
		report.say(
			"X7",
			one.LANGUAGE !== undefined && !/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(one.LANGUAGE),
			`LANGUAGE ${one.LANGUAGE}`,
		);
	}
	for (const {attributes: one} of all(items, "EXT-X-SESSION-KEY")) {
		report.say("X11", one.METHOD === "NONE", "SESSION-KEY with METHOD=NONE");
		once(keys, [one.METHOD, one.URI, one.IV, one.KEYFORMAT].join(" "), "X11", "SESSION-KEY twice");
	}
	for (const {attributes: one} of all(items, "EXT-X-SESSION-DATA")) {
		once(data, `${one["DATA-ID"]} ${one.LANGUAGE}`, "X12", `DATA-ID ${one["DATA-ID"]} twice`);
		report.say("X12", "VALUE" in one === "URI" in one, "SESSION-DATA with both or neither of VALUE and URI");
	}
	return new Map(media.filter(one => one.TYPE === "AUDIO").map(one => [one["GROUP-ID"], one]));
}

/** The STREAM-INF tags with their URIs: X1, X3, X4, X6, X10. */
function variants(items, groups, report) {
	const seen = new Set(),
		families = new Map();
	return items.flatMap((item, index) => {
		if (item.name !== "EXT-X-STREAM-INF") return [];
		const one = item.attributes,
			uri = items[index + 1]?.line === item.line + 1 ? items[index + 1].uri : undefined;
		report.say("X1", !one.BANDWIDTH || uri === undefined, `STREAM-INF ${item.value}`);
		report.say(
			"X3",
			!one.CODECS || one.CODECS.split(",").some(codec => !CODEC.test(codec)),
			`CODECS ${one.CODECS}`,
		);
		report.say("X4", "RESOLUTION" in one || "FRAME-RATE" in one, `STREAM-INF ${item.value}`);
		report.say("X6", one.AUDIO !== undefined && !groups.has(one.AUDIO), `no group ${one.AUDIO}`);
		const family = one.CODECS?.split(".")[0];
		report.say(
			"X6",
			one.AUDIO !== undefined && (families.get(one.AUDIO) ?? family) !== family,
			`codecs of group ${one.AUDIO} differ`,
		);
		families.set(one.AUDIO, family);
		const key = [one.BANDWIDTH, one.CODECS, one["PATHWAY-ID"], /^\w+:\/\/[^/]*/.exec(uri ?? "")].join(" ");
		report.say("X10", seen.has(key), `two variants ${key}`);
		seen.add(key);
		return uri === undefined ? [] : [{...one, uri}];
	});
}

/** X8: media playlists of one codec have the same target and the same borders, within a frame. */
function compare(list, report) {
	const [first, ...others] = list;
	for (const one of others) {
		report.say(
			"X8",
			one.target !== first.target ||
				one.sequence !== first.sequence ||
				one.discontinuities !== first.discontinuities,
			`${one.url} has target ${one.target} and discontinuities other than ${first.url}`,
		);
		report.say(
			"X8",
			one.durations.length !== first.durations.length,
			`${one.url} has ${one.durations.length} segments`,
		);
		let here = 0,
			there = 0;
		one.durations.forEach((duration, k) => {
			here += duration;
			there += first.durations[k] ?? 0;
			report.say(
				"X8",
				Math.abs(here - there) > Math.max(one.frame, first.frame) + 0.001,
				`${one.url} cuts at ${here}, the first at ${there}`,
			);
		});
	}
}

/** A multivariant playlist and everything below it. Returns violations. */
export async function checkMaster(url, fetch) {
	const report = new Report(),
		items = await playlist(url, fetch, report),
		groups = checkGroups(items, report);
	const list = variants(items, groups, report),
		families = new Map();
	const independent = all(items, "EXT-X-INDEPENDENT-SEGMENTS").length > 0;
	report.say("X1", list.length === 0, "no variant");
	for (const one of list) {
		const media = await checkMedia(new URL(one.uri, url).href, fetch, {codecs: one.CODECS});
		report.violations.push(...media.violations);
		report.say(
			"X9",
			independent && media.violations.some(violation => violation.rule === "M12"),
			`${one.uri} is not independent`,
		);
		report.say("X3", media.codecs !== one.CODECS, `CODECS ${one.CODECS}, the track is ${media.codecs}`);
		report.say(
			"X2",
			!(Number(one.BANDWIDTH) >= Math.floor(peak(media) * 0.9999)),
			`BANDWIDTH ${one.BANDWIDTH}, measured ${peak(media)}`,
		);
		const mean = one["AVERAGE-BANDWIDTH"];
		report.say(
			"X2",
			mean !== undefined && Math.abs(mean / average(media) - 1) > 0.1,
			`AVERAGE-BANDWIDTH ${mean}, measured ${average(media)}`,
		);
		const family = one.CODECS?.split(".")[0];
		families.set(family, [...(families.get(family) ?? []), media]);
	}
	for (const family of families.values()) compare(family, report);
	return report.violations;
}
