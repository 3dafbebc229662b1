// SPDX-License-Identifier: MIT
// Checks a CMAF track file, or its parts, against the "cmaf" rules of dash_cmaf_rules.json (ISO/IEC 14496-12,
// 23000-19). Every checker here returns violations: [{rule, text}], empty when all is well.

/** Rules that are not looked at here, and why. */
export const notApplicable = {
	C15: "sample encryption: the content is clear",
	C16: "sample encryption: the content is clear",
	C17: "sample encryption: the content is clear",
	C18: "sample encryption: the content is clear",
	C20: "needs a decoder: the media tests count decoded samples",
	C21: "needs a decoder: the media tests decode segments alone; that all samples are sync samples is M12",
};

const CONTAINERS = new Set(["moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf"]);

/** Box tree of BYTES: [{type, start, size, data, children}]; throws an Error tagged C19 when boxes do not tile. */
export function boxes(bytes, base = 0) {
	const found = [];
	for (let at = 0; at < bytes.length;) {
		const size = bytes.length - at >= 8 ? bytes.readUInt32BE(at) : 0;
		if (size < 8 || size > bytes.length - at)
			throw Object.assign(
				new Error(`a box at ${base + at} has size ${size} where ${bytes.length - at} bytes are left`),
				{rule: "C19"},
			);
		const type = bytes.toString("latin1", at + 4, at + 8);
		const data = bytes.subarray(at + 8, at + size);
		found.push({
			type,
			start: base + at,
			size,
			data,
			children: CONTAINERS.has(type) ? boxes(data, base + at + 8) : [],
		});
		at += size;
	}
	return found;
}

/** The first box at PATH ("moov/trak/tkhd") below LIST, or undefined. */
export function find(list, path) {
	const [head, ...rest] = path.split("/");
	const box = list.find(one => one.type === head);
	return rest.length === 0 || !box ? box : find(box.children, rest.join("/"));
}

const u64 = (data, at) => Number(data.readBigUInt64BE(at));
const duration = (data, at32, at64) => (data[0] === 1 ? u64(data, at64) : data.readUInt32BE(at32));

/** What an init section says; fields are undefined where boxes are missing. Throws as boxes() does. */
export function parseInit(bytes) {
	const top = boxes(bytes);
	const init = {top, tracks: (find(top, "moov")?.children ?? []).filter(box => box.type === "trak").length};
	const get = path => find(top, path)?.data;
	const mvhd = get("moov/mvhd"),
		tkhd = get("moov/trak/tkhd"),
		mdhd = get("moov/trak/mdia/mdhd"),
		elst = get("moov/trak/edts/elst");
	const trex = get("moov/mvex/trex"),
		stsd = get("moov/trak/mdia/minf/stbl/stsd"),
		hdlr = get("moov/trak/mdia/hdlr");
	if (mvhd)
		Object.assign(init, {
			movieTimescale: mvhd.readUInt32BE(mvhd[0] === 1 ? 20 : 12),
			movieDuration: duration(mvhd, 16, 24),
		});
	if (tkhd)
		Object.assign(init, {
			trackDuration: duration(tkhd, 20, 28),
			trackId: tkhd.readUInt32BE(tkhd[0] === 1 ? 20 : 12),
		});
	if (mdhd)
		Object.assign(init, {
			timescale: mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12),
			language: mdhd.readUInt16BE(mdhd[0] === 1 ? 32 : 20),
		});
	if (elst)
		Object.assign(init, {
			edits: elst.readUInt32BE(4),
			editDuration: duration(elst, 8, 8),
			mediaTime: elst[0] === 1 ? u64(elst, 16) : elst.readInt32BE(12),
		});
	if (trex)
		Object.assign(init, {
			defaultDuration: trex.readUInt32BE(12),
			defaultSize: trex.readUInt32BE(16),
			defaultFlags: trex.readUInt32BE(20),
		});
	init.handler = hdlr?.toString("latin1", 8, 12);
	if (stsd && stsd.readUInt32BE(4) > 0) Object.assign(init, sampleEntry(boxes(stsd.subarray(8))[0]));
	return init;
}

function sampleEntry(entry) {
	const inside = boxes(entry.data.subarray(28));
	const found = {
		format: entry.type,
		channels: entry.data.readUInt16BE(16),
		sampleRate: entry.data.readUInt32BE(24) >>> 16,
		inside,
	};
	if (entry.type === "mp4a") {
		const config = audioSpecificConfig(find(inside, "esds")?.data);
		return {...found, ...config, codecs: config && `mp4a.40.${config.objectType}`};
	}
	return {...found, codecs: {Opus: "Opus", fLaC: "fLaC", alac: "alac"}[entry.type]};
}

/** Object type, rate index and channel configuration from an esds box; undefined when there is none. */
function audioSpecificConfig(esds) {
	const at = esds?.indexOf(Buffer.from([0x05]), 4 + 2 + 3 + 2 + 13) ?? -1;
	if (at < 0 || at + 4 > esds.length || esds[4 + 2 + 3 + 2] !== 0x40) return undefined;
	const bits = esds.readUInt16BE(at + 2);
	return {objectType: bits >> 11, rateIndex: (bits >> 7) & 15, channelConfiguration: (bits >> 3) & 15};
}

/**
 * The moof and mdat pairs among BYTES: [{sequence, trackIds, flags, time, timeVersion, samples: [{size, duration,
 * flags}], ...}].
 */
export function parseFragments(bytes, init) {
	const top = boxes(bytes);
	return top.flatMap((moof, index) => (moof.type !== "moof" ? [] : [fragment(moof, top[index + 1], init)]));
}

function fragment(moof, mdat, init) {
	const get = path => find(moof.children, path)?.data;
	const tfhd = get("traf/tfhd"),
		tfdt = get("traf/tfdt"),
		trun = get("traf/trun");
	const found = {
		sequence: get("mfhd")?.readUInt32BE(4),
		tracks: moof.children.filter(box => box.type === "traf").length,
		moof,
		mdat,
		flags: tfhd?.readUIntBE(1, 3),
		trackId: tfhd?.readUInt32BE(4),
		samples: [],
		time: tfdt && (tfdt[0] === 1 ? u64(tfdt, 4) : tfdt.readUInt32BE(4)),
		timeVersion: tfdt?.[0],
		rolled: get("traf/sbgp") !== undefined,
	};
	const defaults = {duration: init.defaultDuration, size: init.defaultSize, flags: init.defaultFlags};
	let at = 8;
	for (const [flag, width, name] of [
		[1, 8, "base"],
		[2, 4, "description"],
		[8, 4, "duration"],
		[16, 4, "size"],
		[32, 4, "flags"],
	]) {
		if (found.flags & flag) {
			defaults[name] = width === 4 ? tfhd.readUInt32BE(at) : u64(tfhd, at);
			at += width;
		}
	}
	if (trun) readRun(trun, defaults, found);
	return found;
}

function readRun(trun, defaults, found) {
	const flags = trun.readUIntBE(1, 3);
	let at = 8;
	const next = () => ((at += 4), trun.readUInt32BE(at - 4));
	if (flags & 1) found.dataOffset = next();
	const first = flags & 4 ? next() : undefined;
	for (let count = trun.readUInt32BE(4); count > 0; count--) {
		const sample = {...defaults};
		if (first !== undefined && found.samples.length === 0) sample.flags = first;
		for (const [flag, name] of [
			[0x100, "duration"],
			[0x200, "size"],
			[0x400, "flags"],
			[0x800, "offset"],
		])
			if (flags & flag) sample[name] = next();
		found.samples.push(sample);
	}
}

export const total = (list, field) => list.reduce((sum, one) => sum + one[field], 0);

/** Runs BODY with a function that notes a violation; what it throws becomes one too. */
export function collect(body) {
	const found = [];
	const say = (rule, bad, text) => bad && found.push({rule, text});
	try {
		body(say);
	} catch (error) {
		found.push({rule: error.rule ?? "C19", text: error.message});
	}
	return found;
}

/** The init section alone: C1, C2, C7, C9 to C14, C19. EXPECTED may hold codecs and priming. */
export function checkInit(bytes, expected = {}) {
	return collect(say => {
		const init = parseInit(bytes);
		const has = path => find(init.top, path) !== undefined;
		const brands = find(init.top, "ftyp")?.data.toString("latin1") ?? "";
		say("C1", !brands.includes("cmfc") || !/iso[6-9]/.test(brands), `brands ${brands}`);
		say("C1", !has("moov/mvex/trex"), "no mvex/trex");
		say("C1", init.tracks !== 1, `${init.tracks} tracks`);
		for (const [box, at] of [
			["stts", 4],
			["stsc", 4],
			["stsz", 8],
			["stco", 4],
		])
			say(
				"C1",
				find(init.top, `moov/trak/mdia/minf/stbl/${box}`)?.data.readUInt32BE(at) !== 0,
				`${box} is missing or has entries`,
			);
		say(
			"C2",
			init.top[0]?.type !== "ftyp" || init.top[1]?.type !== "moov" || init.top.length !== 2,
			`the init section is ${init.top.map(box => box.type)}`,
		);
		say(
			"C7",
			init.sampleRate > 0 && init.timescale % init.sampleRate !== 0,
			`timescale ${init.timescale} at ${init.sampleRate} Hz`,
		);
		checkConfiguration(init, say);
		say("C12", init.edits !== 1 && (expected.priming ?? 0) > 0, `${init.edits ?? 0} edits`);
		say(
			"C12",
			expected.priming !== undefined && (init.mediaTime ?? 0) !== expected.priming,
			`media_time ${init.mediaTime}, encoder delay ${expected.priming}`,
		);
		say("C13", init.handler !== "soun", `handler ${init.handler}`);
		say("C13", !has("moov/trak/mdia/minf/smhd") || has("moov/trak/mdia/minf/vmhd"), "no smhd, or a vmhd");
		say(
			"C13",
			[10, 5, 0].some(shift => ((init.language >> shift) & 31) < 1 || ((init.language >> shift) & 31) > 26),
			`language ${init.language}`,
		);
		for (const [name, value] of [
			["mvhd", init.movieDuration],
			["tkhd", init.trackDuration],
		])
			say(
				"C14",
				value !== 0 && value !== init.editDuration,
				`${name} lasts ${value}, the edit ${init.editDuration}`,
			);
		say(
			"C9",
			expected.codecs !== undefined && init.codecs !== expected.codecs,
			`${init.codecs}, announced ${expected.codecs}`,
		);
	});
}

const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

function checkConfiguration(init, say) {
	const inside = name => init.inside && find(init.inside, name)?.data;
	if (init.format === "mp4a") {
		say("C9", init.objectType === undefined, "no esds with an AudioSpecificConfig");
		say(
			"C9",
			init.channelConfiguration > 0 &&
				init.channelConfiguration < 7 &&
				init.channelConfiguration !== init.channels,
			`channel configuration ${init.channelConfiguration}, ${init.channels} channels`,
		);
		say(
			"C9",
			init.rateIndex < 13 && RATES[init.rateIndex] !== init.timescale,
			`rate index ${init.rateIndex}, timescale ${init.timescale}`,
		);
	} else if (init.format === "Opus") {
		const dops = inside("dOps"),
			sgpd = find(init.top, "moov/trak/mdia/minf/stbl/sgpd")?.data;
		say("C10", !dops || dops[0] !== 0, "no dOps of version 0");
		say(
			"C10",
			dops?.readUInt16BE(2) !== init.mediaTime,
			`pre-skip ${dops?.readUInt16BE(2)}, media_time ${init.mediaTime}`,
		);
		say("C10", !sgpd || sgpd.toString("latin1", 4, 8) !== "roll" || sgpd.readInt16BE(16) >= 0, "no roll distance");
	} else if (init.format === "fLaC") {
		const dfla = inside("dfLa");
		say(
			"C11",
			!dfla || (dfla[4] & 0x7f) !== 0 || dfla.readUIntBE(5, 3) !== 34,
			"no dfLa that begins with a STREAMINFO",
		);
	} else if (init.format === "alac") {
		say("C11", !inside("alac"), "no alac cookie");
	} else {
		say("C9", true, `sample entry ${init.format}`);
	}
}

/**
 * * Fragments of a track in order, from BYTES: C2 to C7, C19, C22. STATE carries sequence and time from one call to the
 * next (start with {}); LAST says that the track ends here.
 */
export function checkFragments(bytes, init, state, last) {
	return collect(say => {
		const order = boxes(bytes)
			.map(box => box.type)
			.filter(type => !["styp", "prft", "emsg"].includes(type))
			.join(" ");
		say("C2", !/^moof mdat( moof mdat)*$/.test(order), `a segment is ${order}`);
		const fragments = parseFragments(bytes, init);
		fragments.forEach((one, index) => {
			say(
				"C3",
				state.sequence !== undefined && one.sequence !== state.sequence + 1,
				`sequence ${one.sequence} after ${state.sequence}`,
			);
			say("C4", !(one.flags & 0x20000) || one.flags & 1, `tfhd flags ${one.flags?.toString(16)}`);
			say(
				"C4",
				one.mdat && one.moof.start + one.dataOffset !== one.mdat.start + 8,
				`data offset ${one.dataOffset}`,
			);
			say(
				"C5",
				one.time === undefined || (one.time >= 2 ** 32 && one.timeVersion !== 1),
				"no tfdt, or one too small",
			);
			say("C5", state.time !== undefined && one.time !== state.time, `tfdt ${one.time}, expected ${state.time}`);
			say(
				"C6",
				one.mdat && total(one.samples, "size") !== one.mdat.size - 8,
				"sample sizes do not fill the mdat",
			);
			say("C22", !(one.mdat?.size > 8) || one.samples.length === 0, "an empty mdat");
			say("C10", init.format === "Opus" && !one.rolled, "samples belong to no roll group");
			checkDurations(one, init, state, last && index === fragments.length - 1, say);
			state.sequence = one.sequence;
			state.time = one.time + total(one.samples, "duration");
		});
	});
}

/** C7: all frames last the same, but for the last of the track, which may be cut. */
function checkDurations(one, init, state, last, say) {
	state.frame ??= one.samples[0]?.duration;
	const whole =
		{mp4a: frame => [1024, 2048, 960].includes(frame), Opus: frame => frame % 120 === 0}[init.format] ??
		(() => true);
	one.samples.forEach((sample, index) => {
		const end = last && index === one.samples.length - 1;
		say(
			"C7",
			end ? sample.duration > state.frame : sample.duration !== state.frame,
			`a frame of ${sample.duration}, others ${state.frame}`,
		);
	});
	say("C7", !(last && one.samples.length === 1) && !whole(state.frame), `frames of ${state.frame}`);
}

/**
 * A whole file with a sidx: all of the above, and C8. EXPECTED as in checkInit(), and samples: the presented length.
 */
export function checkFile(bytes, expected = {}) {
	const found = [];
	const more = collect(say => {
		const top = boxes(bytes);
		const index = top.findIndex(box => box.type === "sidx"),
			first = top.findIndex(box => box.type === "moof");
		say("C8", index < 0 || index > first, "no sidx before the fragments");
		if (index < 0) return;
		const header = bytes.subarray(0, top[index].start),
			init = parseInit(header),
			sidx = parseSidx(top[index]);
		found.push(...checkInit(header, expected));
		say("C8", sidx.timescale !== init.timescale, `index timescale ${sidx.timescale}, track ${init.timescale}`);
		say(
			"C8",
			top[first]?.start !== sidx.references[0]?.start,
			"the first reference does not begin at the first fragment",
		);
		say("C8", sidx.end !== bytes.length, `references end at ${sidx.end}, the file at ${bytes.length}`);
		say(
			"C8",
			sidx.references.some(one => one.sap !== 9),
			"a reference that does not start with a SAP of type 1",
		);
		say(
			"C12",
			expected.samples !== undefined && init.editDuration !== expected.samples,
			`edit of ${init.editDuration}, not ${expected.samples}`,
		);
		const state = {};
		sidx.references.forEach((one, k) => {
			const before = state.time ?? 0;
			found.push(
				...checkFragments(
					bytes.subarray(one.start, one.start + one.size),
					init,
					state,
					k === sidx.references.length - 1,
				),
			);
			const lasts = state.time - before - (k === 0 ? (init.mediaTime ?? 0) : 0);
			say("C8", lasts !== one.duration, `reference ${k} lasts ${one.duration}, its samples ${lasts}`);
		});
	});
	return [...found, ...more];
}

/** A sidx box: {timescale, earliest, references: [{start, size, duration, sap}], end}. */
export function parseSidx(box) {
	const {data} = box,
		wide = data[0] === 1 ? 8 : 0;
	const sidx = {
		timescale: data.readUInt32BE(8),
		earliest: wide ? u64(data, 12) : data.readUInt32BE(12),
		references: [],
	};
	let start = box.start + box.size + (wide ? u64(data, 20) : data.readUInt32BE(16));
	for (let k = 0, at = 24 + wide; k < data.readUInt16BE(22 + wide); k++, at += 12) {
		const size = data.readUInt32BE(at) & 0x7fffffff;
		sidx.references.push({start, size, duration: data.readUInt32BE(at + 4), sap: data[at + 8] >> 4});
		start += size;
	}
	return {...sidx, end: start};
}
