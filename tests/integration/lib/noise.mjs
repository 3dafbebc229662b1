// SPDX-License-Identifier: MIT
// Noise is the most work an encoder can have.

/** SECONDS of it as a stereo WAV file of 44,100 Hz and 16 bits: a Buffer, always the same. */
export function wav(seconds) {
	const data = Buffer.alloc(seconds * 44100 * 4);
	let state = 1;
	for (let at = 0; at < data.length; at += 2) {
		state = (state * 48271) % 0x7fffffff;
		data.writeInt16LE((state & 0x3fff) - 0x2000, at);
	}
	const head = Buffer.alloc(44);
	head.write("RIFF", 0);
	head.writeUInt32LE(36 + data.length, 4);
	head.write("WAVEfmt ", 8);
	head.writeUInt32LE(16, 16);
	head.writeUInt16LE(1, 20);
	head.writeUInt16LE(2, 22);
	head.writeUInt32LE(44100, 24);
	head.writeUInt32LE(44100 * 4, 28);
	head.writeUInt16LE(4, 32);
	head.writeUInt16LE(16, 34);
	head.write("data", 36);
	head.writeUInt32LE(data.length, 40);
	return Buffer.concat([head, data]);
}
