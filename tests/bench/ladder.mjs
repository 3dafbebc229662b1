// SPDX-License-Identifier: MIT
// The default ladder by the worker against one ffmpeg command with one decode and the same outputs.
import {join} from "node:path";
import {pair, run, timed, withFiles} from "./measure.mjs";

const ladder = [["high", 320000], ["medium", 192000], ["low", 128000], ["mobile", 96000]];

// Four minutes that keep an encoder as busy as music does: pink noise under a chord that moves.
export async function synthesise(path, seconds) {
	await run("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", `anoisesrc=color=pink:amplitude=0.2:seed=1:duration=${seconds}`,
		"-f", "lavfi", "-i", `aevalsrc=0.2*sin(440*2*PI*t+8*sin(t))|0.2*sin(554*2*PI*t+5*sin(t/3)):duration=${seconds}`,
		"-filter_complex", "[0:a][1:a]amix=inputs=2", "-ac", "2", "-ar", "44100", "-c:a", "pcm_s16le", path]);
}

// The source and the outputs in FOLDER, and how the worker makes these of that; COMMAND goes before the worker's.
async function prepare({build, folder, seconds}) {
	const source = join(folder, "ladder.wav");
	await synthesise(source, seconds);
	const job = JSON.stringify({
		source_name: "ladder.wav",
		segment_ms: 4000,
		limits: {duration_s: 43200, memory: 1 << 30, cpu_s: 7200, output: 2 ** 32, nice: 0},
		renditions: ladder.map(([quality, bit_rate]) => ({quality, codec: "aac", bit_rate, sample_rate: 44100, channels: 2})),
	});
	const outputs = ladder.map(([quality]) => join(folder, `${quality}.mp4`));
	const work = (...command) => {
		const [program, ...args] = [...command, join(build, "tonearm-worker")];
		return withFiles([[source, "r"], ["/dev/null", "w"], ...outputs.map(path => [path, "w+"])],
			descriptors => timed(program, args, {stdio: descriptors, input: job}));
	};
	return {source, outputs, work};
}

export async function measureLadder({build, folder, seconds = 240, rounds = 3}) {
	const {source, outputs, work} = await prepare({build, folder, seconds});
	const peer = () => timed("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", source, ...ladder.flatMap(([, rate], i) =>
		["-map", "0:a", "-c:a", "aac", "-b:a", String(rate), "-ar", "44100", "-ac", "2", "-f", "mp4", outputs[i]])]);
	return pair(() => work(), peer, rounds);
}

// The worker held to one core against the same on two.
export async function measureScaling({build, folder, seconds = 240, rounds = 3}) {
	const {work} = await prepare({build, folder, seconds});
	return pair(() => work("taskset", "-c", "0"), () => work("taskset", "-c", "0,1"), rounds);
}
