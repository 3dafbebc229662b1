// SPDX-License-Identifier: MIT
// Numbers as people read them.

/** Seconds as "3:07" or "1:02:09". */
export function clock(seconds) {
	const whole = Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0;
	const h = Math.floor(whole / 3600);
	const m = Math.floor((whole % 3600) / 60);
	const s = String(whole % 60).padStart(2, "0");
	return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

/** Seconds as a screen reader should say them. */
export function spoken(seconds) {
	const whole = Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0;
	const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor((whole % 3600) / 60), "minute"], [whole % 60, "second"]];
	const said = parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}${n === 1 ? "" : "s"}`);
	return said.join(" ") || "0 seconds";
}

/** Bytes as "3.4 MB". */
export function size(bytes) {
	const units = ["bytes", "kB", "MB", "GB", "TB"];
	let value = bytes, unit = 0;
	while (value >= 1000 && unit < units.length - 1) {
		value /= 1000;
		unit++;
	}
	return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A quality's name and rate: "High, 320 kbit/s". */
export function quality(name, bitsPerSecond) {
	const rate = `${Math.round(bitsPerSecond / 1000)} kbit/s`;
	return name ? `${name[0].toUpperCase()}${name.slice(1)}, ${rate}` : rate;
}
