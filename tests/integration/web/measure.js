// SPDX-License-Identifier: MIT
// Runs in the page: what an audio element does, measured from outside the player.

const audio = document.getElementById("audio");
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Resolves when IS_SO() is true; rejects after MS. */
async function until(isSo, ms, what) {
	for (const end = performance.now() + ms; !isSo();) {
		if (performance.now() > end)
			throw new Error(`${what}: not after ${ms} ms; at ${audio.currentTime}, ready ${audio.readyState}, ` +
				`buffered ${JSON.stringify(bufferedRanges())}, error ${audio.error?.message}`);
		await pause(20);
	}
}

function bufferedRanges() {
	const {buffered} = audio;
	return Array.from({length: buffered.length}, (_, i) => [buffered.start(i), buffered.end(i)]);
}

/* Sound is taken from the element by Web Audio, so that silence cannot pass for playing. */
let analyser;
async function listen(ms) {
	if (!analyser) {
		const context = new AudioContext();
		await context.resume();
		analyser = context.createAnalyser();
		context.createMediaElementSource(audio).connect(analyser);
		analyser.connect(context.destination);
	}
	const samples = new Float32Array(analyser.fftSize);
	let loudest = 0;
	for (const end = performance.now() + ms; performance.now() < end;) {
		analyser.getFloatTimeDomainData(samples);
		loudest = Math.max(loudest, Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length));
		await pause(20);
	}
	return loudest;
}

/** Notes, until stop() is called: waits, steps back in time, holes in what is buffered around the playhead. */
function observe() {
	const seen = {waits: 0, back: 0, holes: 0};
	let last = audio.currentTime;
	const onWaiting = () => seen.waits++;
	audio.addEventListener("waiting", onWaiting);
	const timer = setInterval(() => {
		if (audio.currentTime < last)
			seen.back++;
		last = audio.currentTime;
		if (audio.buffered.length > 1)
			seen.holes++;
	}, 20);
	return {
		stop() {
			clearInterval(timer);
			audio.removeEventListener("waiting", onWaiting);
			return seen;
		},
	};
}

/** Time advances by SECONDS. */
async function advances(seconds, ms) {
	const from = audio.currentTime;
	await until(() => audio.currentTime >= from + seconds, ms, `playing ${seconds} s on`);
	return audio.currentTime - from;
}

/** Where the element stands when a seek to AT is done, and that it plays on from there. */
async function seek(at) {
	const done = new Promise(resolve => audio.addEventListener("seeked", resolve, {once: true}));
	audio.currentTime = at;
	await Promise.race([done, pause(10000).then(() => { throw new Error("the seek never ended"); })]);
	const landed = audio.currentTime;
	await advances(0.5, 10000);
	return landed;
}

/** Where Media Source says the sound of ADDRESS begins and ends, the whole file appended. */
async function bufferedBySource(address, type) {
	const bytes = await (await fetch(address)).arrayBuffer();
	const source = new MediaSource();
	const element = new Audio(URL.createObjectURL(source));
	await new Promise(resolve => source.addEventListener("sourceopen", resolve, {once: true}));
	const buffer = source.addSourceBuffer(type);
	const ended = new Promise((resolve, reject) => {
		buffer.addEventListener("updateend", resolve, {once: true});
		buffer.addEventListener("error", () => reject(new Error("the file cannot be appended")), {once: true});
	});
	buffer.appendBuffer(bytes);
	await ended;
	const ranges = {length: buffer.buffered.length, start: buffer.buffered.start(0), end: buffer.buffered.end(0)};
	element.removeAttribute("src");
	return ranges;
}

window.measure = {audio, until, bufferedRanges, listen, observe, advances, seek, bufferedBySource};
