// SPDX-License-Identifier: MIT
// Sound made here, so that no test needs a file from outside.

/**
 * A 16-bit WAV of SECONDS: a different steady tone on each channel, at LEVEL of full scale.
 */
export function wav(seconds, {rate = 44100, channels = 2, tone = 330, level = 0.25} = {}) {
	const frames = Math.round(seconds * rate);
	const data = Buffer.alloc(frames * channels * 2);
	for (let frame = 0, at = 0; frame < frames; frame++) {
		for (let channel = 0; channel < channels; channel++, at += 2)
			data.writeInt16LE(Math.round(32768 * level * Math.sin(2 * Math.PI * tone * (channel + 1) * frame / rate)), at);
	}
	return Buffer.concat([header(rate, channels, data.length), data]);
}

function header(rate, channels, bytes) {
	const head = Buffer.alloc(44);
	head.write("RIFF", 0);
	head.writeUInt32LE(36 + bytes, 4);
	head.write("WAVEfmt ", 8);
	head.writeUInt32LE(16, 16);
	head.writeUInt16LE(1, 20);
	head.writeUInt16LE(channels, 22);
	head.writeUInt32LE(rate, 24);
	head.writeUInt32LE(rate * channels * 2, 28);
	head.writeUInt16LE(channels * 2, 32);
	head.writeUInt16LE(16, 34);
	head.write("data", 36);
	head.writeUInt32LE(bytes, 40);
	return head;
}
