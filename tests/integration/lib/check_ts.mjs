// SPDX-License-Identifier: MIT
// Reads segments of HLS that are MPEG transport streams with AAC (ISO/IEC 13818-1, RFC 8216bis section 3.1.1) and says
// what is wrong with them: packets, tables and their checksums, counters and clocks that go on from segment to segment.

const PACKET = 188, SAMPLES = 1024, WRAP = 2 ** 33;
const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000];

function crc32(bytes) {
	let crc = 0xffffffff;
	for (const byte of bytes) {
		crc ^= byte << 24;
		for (let bit = 0; bit < 8; bit++)
			crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
	}
	return crc >>> 0;
}

/** {pid, starts, counter, pcr, payload} of each packet; SAY hears of what is none. */
function* packets(bytes, say) {
	say(bytes.length === 0 || bytes.length % PACKET !== 0, `${bytes.length} bytes are no packets`);
	for (let at = 0; at + PACKET <= bytes.length; at += PACKET) {
		const packet = bytes.subarray(at, at + PACKET), control = packet[3] >> 4 & 3;
		say(packet[0] !== 0x47 || (packet[1] & 0x80) !== 0 || control === 0, `packet at ${at}`);
		const adaptation = control & 2 ? 1 + packet[4] : 0;
		const pcr = adaptation > 7 && packet[5] & 0x10 ? packet.readUInt32BE(6) * 2 + (packet[10] >> 7) : undefined;
		yield {pid: packet.readUInt16BE(1) & 0x1fff, starts: (packet[1] & 0x40) !== 0, counter: packet[3] & 15, pcr,
			payload: control & 1 ? packet.subarray(4 + adaptation) : undefined};
	}
}

/** The one section that PAYLOAD holds, without its checksum. */
function section(payload, say) {
	const whole = payload.subarray(1, 4 + (payload.readUInt16BE(2) & 0xfff));
	say(crc32(whole) !== 0, `checksum of table ${whole[0]}`);
	return whole.subarray(0, -4);
}

/** The PES packet: its PTS and its bytes. */
function readPes(bytes, say) {
	say(bytes.readUIntBE(0, 3) !== 1 || bytes.readUInt16BE(4) !== bytes.length - 6 || (bytes[7] & 0x80) === 0, "a PES packet");
	const pts = (bytes[9] >> 1 & 7) * 2 ** 30 + (bytes.readUInt16BE(10) >> 1) * 2 ** 15 + (bytes.readUInt16BE(12) >> 1);
	return {pts, data: bytes.subarray(9 + bytes[8])};
}

/** The ADTS frames of DATA: their rate, channels and how many. */
function readFrames(data, say) {
	let count = 0, rate, channels;
	for (let at = 0; at < data.length; count++) {
		const size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5;
		say(data.readUInt16BE(at) >> 4 !== 0xfff || data[at + 2] >> 6 !== 1 || size < 8, "an ADTS frame of AAC-LC");
		if (size < 8)
			break;
		rate = RATES[data[at + 2] >> 2 & 15];
		channels = (data[at + 2] & 1) << 2 | data[at + 3] >> 6;
		at += size;
		say(at > data.length, "a frame beyond its PES packet");
	}
	return {count, rate, channels};
}

/**
 * Checks the segment BYTES; STATE, an object, goes from one to the next. SAY(bad, text) hears of violations. Returns
 * {frames, rate, channels, duration in seconds, pts in seconds}.
 */
export function checkTransport(bytes, state, say) {
	state.counters ??= new Map();
	const all = [...packets(bytes, say)], pes = [];
	const [pat, pmt] = all;
	say(pat?.pid !== 0 || !pat.starts, "it does not begin with a PAT");
	const program = section(pat.payload, say).readUInt16BE(10) & 0x1fff;
	say(pmt?.pid !== program || !pmt.starts, "no PMT behind the PAT");
	const table = section(pmt.payload, say);
	const [clock, type, sound] = [table.readUInt16BE(8) & 0x1fff, table[12], table.readUInt16BE(13) & 0x1fff];
	say(type !== 0x0f, `stream type ${type}`);
	for (const packet of all) {
		const before = state.counters.get(packet.pid);
		say(before !== undefined && packet.counter !== (before + 1) % 16, `counter of ${packet.pid}: ${packet.counter} after ${before}`);
		state.counters.set(packet.pid, packet.counter);
		if (packet.pid === clock && packet.pcr !== undefined) {
			say(state.pcr !== undefined && (packet.pcr - state.pcr + WRAP) % WRAP > 9001, `clock ${packet.pcr} after ${state.pcr}`);
			state.pcr = packet.pcr;
		}
		if (packet.pid === sound && packet.starts)
			pes.push([]);
		if (packet.pid === sound)
			pes.at(-1).push(packet.payload);
	}
	const found = {frames: 0};
	for (const parts of pes) {
		const {pts, data} = readPes(Buffer.concat(parts), say);
		const {count, rate, channels} = readFrames(data, say);
		say(state.pts !== undefined && Math.abs(pts - state.pts) > 1, `PTS ${pts} where ${state.pts} was due`);
		state.pts = (state.exact = (state.exact ?? pts) + count * SAMPLES * 90000 / rate) % WRAP;
		found.pts ??= pts / 90000;
		Object.assign(found, {rate, channels, frames: found.frames + count});
	}
	return {...found, duration: found.frames * SAMPLES / found.rate};
}
