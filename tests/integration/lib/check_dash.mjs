// SPDX-License-Identifier: MIT
// Checks a static DASH MPD and the files it names against the "mpd" rules of dash_cmaf_rules.json. The checker returns
// violations: [{rule, text}], empty when all is well. FETCH is as in check_hls.mjs.

import {spawnSync} from "node:child_process";
import path from "node:path";

import {boxes, checkFile, parseInit, parseSidx} from "./check_cmaf.mjs";

/** Rules that are not looked at here, and why. */
export const notApplicable = {
	D6: "on-demand profile: no SegmentTemplate (its presence is a violation of D3)",
	D7: "on-demand profile: no SegmentTimeline",
	D8: "on-demand profile: no segment durations in the MPD; the sidx says them (C8)",
	D10: "static content",
	D11: "static content",
	D12: "no encryption",
	D15: "static content",
};

const ENTITIES = {amp: "&", lt: "<", gt: ">", quot: '"', apos: "'"};

/**
 * TEXT as a tree {name, attributes, children, text}: the small part of XML an MPD needs. Throws when it is not well-
 * formed.
 */
export function parseXml(text) {
	const root = {name: "", attributes: {}, children: [], text: ""};
	const stack = [root];
	const token =
		/<\?[^]*?\?>|<!--[^]*?-->|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
	if (/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text)) throw new Error("a character that XML cannot hold");
	while (token.lastIndex < text.length) {
		const at = token.lastIndex,
			match = token.exec(text);
		if (!match) throw new Error(`no XML at ${at}: ${text.slice(at, at + 40)}`);
		const [, closed, opened, list, empty, plain] = match,
			open = stack.at(-1);
		if (closed !== undefined && stack.pop().name !== closed) throw new Error(`</${closed}> closes nothing`);
		if (plain !== undefined) open.text += unescape(plain);
		if (opened !== undefined) {
			const element = {name: opened, attributes: {}, children: [], text: ""};
			for (const [, name, , double, single] of list.matchAll(/([\w:.-]+)\s*=\s*("([^"]*)"|'([^']*)')/g))
				element.attributes[name] = unescape(double ?? single);
			open.children.push(element);
			if (!empty) stack.push(element);
		}
	}
	if (stack.length !== 1 || root.children.length !== 1) throw new Error("an element is not closed");
	return root.children[0];
}

function unescape(text) {
	return text.replace(/&(#x?)?([\w]*)(;?)/g, (whole, number, name, end) => {
		if (!end || (!number && !(name in ENTITIES))) throw new Error(`a bare & at ${whole}`);
		return number ? String.fromCodePoint(parseInt(name, number === "#x" ? 16 : 10)) : ENTITIES[name];
	});
}

const children = (element, name) => element?.children.filter(one => one.name === name) ?? [];
const child = (element, name) => children(element, name)[0];

/** Seconds of an xs:duration; NaN when it is none. */
export function seconds(text) {
	const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text ?? "");
	return match ? [86400, 3600, 60, 1].reduce((sum, unit, k) => sum + unit * Number(match[k + 1] ?? 0), 0) : NaN;
}

/** What xmllint says of BODY against the schema in the folder SCHEMA (D1). */
function validate(body, schema) {
	const run = spawnSync("xmllint", ["--nonet", "--noout", "--schema", path.join(schema, "DASH-MPD.xsd"), "-"], {
		input: body,
		env: {...process.env, XML_CATALOG_FILES: path.join(schema, "catalog.xml")},
		encoding: "utf8",
	});
	return run.status === 0 ? [] : [{rule: "D1", text: run.stderr ?? String(run.error)}];
}

function checkHead(mpd, say) {
	const {type = "static", profiles, minBufferTime, mediaPresentationDuration} = mpd.attributes;
	say(
		"D2",
		type !== "static" || !(seconds(mediaPresentationDuration) > 0),
		`type ${type}, duration ${mediaPresentationDuration}`,
	);
	say("D3", !(seconds(minBufferTime) > 0), `minBufferTime ${minBufferTime}`);
	const named = (profiles ?? "").split(",").map(one => one.trim());
	say(
		"D3",
		!["urn:mpeg:dash:profile:isoff-live:2011", "urn:mpeg:dash:profile:cmaf:2019"].some(one => named.includes(one)),
		`profiles ${profiles}`,
	);
}

const CICP_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8, 9: 3, 10: 4, 11: 7, 12: 8};

/** Channels that an AudioChannelConfiguration stands for; undefined when unknown. */
function channels(element) {
	const {schemeIdUri, value} = element?.attributes ?? {};
	if (
		schemeIdUri === "urn:mpeg:mpegB:cicp:ChannelConfiguration" ||
		schemeIdUri === "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
	)
		return CICP_CHANNELS[value];
	return undefined;
}

const range = text =>
	/^(\d+)-(\d+)$/
		.exec(text ?? "")
		?.slice(1)
		.map(Number);

/** One Representation with the file behind it: D3, D4, D5, D9 and all cmaf rules. */
async function checkRepresentation(representation, set, mpd, base, fetch, say, report) {
	const attributes = {...set.attributes, ...representation.attributes},
		segmentBase = child(representation, "SegmentBase");
	const url = new URL(child(representation, "BaseURL")?.text ?? "", base).href;
	say("D4", !(Number(attributes.bandwidth) > 0), `bandwidth ${attributes.bandwidth}`);
	say("D5", attributes.mimeType !== "audio/mp4", `mimeType ${attributes.mimeType}`);
	const header = range(child(segmentBase, "Initialization")?.attributes.range),
		index = range(segmentBase?.attributes.indexRange);
	say("D3", !header || !index, "on-demand without SegmentBase, its indexRange and Initialization");
	if (!header || !index) return;
	const part = async ([first, last]) => (await fetch(url, {headers: {Range: `bytes=${first}-${last}`}})).body;
	const whole = await fetch(url, {headers: {}});
	say("D5", whole.status !== 200, `${url} answers ${whole.status}`);
	const init = parseInit(await part(header)),
		sidx = boxes(await part(index), index[0]);
	say("D5", attributes.codecs !== init.codecs, `codecs ${attributes.codecs}, the track is ${init.codecs}`);
	say(
		"D5",
		Number(attributes.audioSamplingRate) !== (init.sampleRate || init.timescale),
		`audioSamplingRate ${attributes.audioSamplingRate}`,
	);
	say(
		"D5",
		channels(child(representation, "AudioChannelConfiguration") ?? child(set, "AudioChannelConfiguration")) !==
			init.channels,
		`AudioChannelConfiguration, ${init.channels} channels`,
	);
	say("D3", sidx.length !== 1 || sidx[0].type !== "sidx", `indexRange holds ${sidx.map(box => box.type)}`);
	checkTimes(init, parseSidx(sidx[0]), segmentBase, mpd, say);
	checkBandwidth(Number(attributes.bandwidth), seconds(mpd.attributes.minBufferTime), parseSidx(sidx[0]), say);
	report.push(...checkFile(whole.body, {codecs: attributes.codecs}));
}

/** D9: the first sample after the priming is at the Period's start, the last one at its end. */
function checkTimes(init, index, segmentBase, mpd, say) {
	const {timescale = 1, presentationTimeOffset = 0} = segmentBase.attributes;
	const start = index.earliest / index.timescale - presentationTimeOffset / timescale;
	const end = start + index.references.reduce((sum, one) => sum + one.duration, 0) / index.timescale;
	say("D9", start !== 0, `sound begins at ${start}`);
	say("D9", end > seconds(mpd.attributes.mediaPresentationDuration) + 1e-9, `sound ends at ${end}`);
	say(
		"D9",
		(init.mediaTime ?? 0) > 0 &&
			init.editDuration > 0 &&
			Math.abs(end - init.editDuration / init.timescale) > 0.001,
		`the index ends at ${end}, the edit lasts ${init.editDuration}`,
	);
}

/** D4: at that bandwidth, after minBufferTime of filling, no byte comes too late (23009-1 section 5.3.5.2). */
function checkBandwidth(bandwidth, buffer, index, say) {
	let bits = 0,
		time = 0;
	for (const one of index.references) {
		bits += one.size * 8;
		time += one.duration / index.timescale;
		say("D4", bits / bandwidth > buffer + time + 1e-6, `bandwidth ${bandwidth} is too small at ${time}`);
	}
}

/** The MPD at URL and all it names. SCHEMA is the folder of DASH-MPD.xsd and catalog.xml; without it D1 is left out. */
export async function checkMpd(url, fetch, {schema} = {}) {
	const report = [],
		say = (rule, bad, text) => bad && report.push({rule, text});
	const answer = await fetch(url, {headers: {}});
	say(
		"D14",
		answer.status !== 200 || !/^application\/dash\+xml\s*(;|$)/i.test(answer.headers["content-type"] ?? ""),
		`${answer.status} ${answer.headers["content-type"]}`,
	);
	let mpd;
	try {
		mpd = parseXml(answer.body.toString("utf8"));
	} catch (error) {
		return [...report, {rule: "D13", text: error.message}];
	}
	if (schema) report.push(...validate(answer.body, schema));
	checkHead(mpd, say);
	for (const period of children(mpd, "Period")) {
		const ids = new Set();
		for (const set of children(period, "AdaptationSet")) {
			for (const representation of children(set, "Representation")) {
				const {id} = representation.attributes;
				say("D4", !id || /\s/.test(id) || ids.has(id), `Representation id ${id}`);
				ids.add(id);
				try {
					await checkRepresentation(representation, set, mpd, url, fetch, say, report);
				} catch (error) {
					say(error.rule ?? "D5", true, `${id}: ${error.message}`);
				}
			}
		}
		say("D3", ids.size === 0, "a Period without sound");
	}
	return report;
}
