// SPDX-License-Identifier: MIT
// The default ladder by the worker against ffmpeg with the same outputs: in one command with one decode, or in a command
// for each output; by itself, or with loudness and a waveform as every upload has them.
import {join} from "node:path";
import {pair, pairAll, run, timed, timedTogether, withFiles} from "./measure.mjs";

const ladder = [["high", 320000], ["medium", 192000], ["low", 128000], ["mobile", 96000]];
const aacs = ladder.map(([quality, bit_rate]) => ({quality, codec: "aac", bit_rate, sample_rate: 44100, channels: 2}));

// Four minutes that keep an encoder as busy as music does: pink noise under a chord that moves.
export async function synthesise(path, seconds) {
	await run("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", `anoisesrc=color=pink:amplitude=0.2:seed=1:duration=${seconds}`,
		"-f", "lavfi", "-i", `aevalsrc=0.2*sin(440*2*PI*t+8*sin(t))|0.2*sin(554*2*PI*t+5*sin(t/3)):duration=${seconds}`,
		"-filter_complex", "[0:a][1:a]amix=inputs=2", "-ac", "2", "-ar", "44100", "-c:a", "pcm_s16le", path]);
}

// The source and the outputs in FOLDER, and how the worker makes these of that; COMMAND goes before the worker's.
async function prepare({build, folder, seconds, measured = false, renditions = aacs}) {
	const source = join(folder, "ladder.wav");
	await synthesise(source, seconds);
	const outputs = renditions.map(({quality}) => join(folder, `${quality}.mp4`));
	const waveform = join(folder, "waveform.dat");
	const job = JSON.stringify({
		source_name: "ladder.wav",
		segment_ms: 4000,
		limits: {duration_s: 43200, memory: 1 << 30, cpu_s: 7200, output: 2 ** 32, nice: 0},
		renditions,
		...measured && {
			extras: [{role: "waveform", fd: 5 + renditions.length}],
			sound: {loudness: "tags", target_lufs: -14, true_peak_dbtp: -1, limiter: false},
		},
	});
	const files = [[source, "r"], ["/dev/null", "w"], ...outputs.map(path => [path, "w+"]),
		...measured ? [[waveform, "w+"]] : []];
	const work = (...command) => {
		const [program, ...args] = [...command, join(build, "tonearm-worker")];
		return withFiles(files, descriptors => timed(program, args, {stdio: descriptors, input: job}));
	};
	return {source, outputs, work};
}

const FFMPEG = ["ffmpeg", "-v", "error", "-nostdin", "-y"];
const encoder = (rate, output) => ["-c:a", "aac", "-b:a", String(rate), "-ar", "44100", "-ac", "2", "-f", "mp4", output];
const METER = "ebur128=peak=true:framelog=verbose";
/* The nearest that ffmpeg has to a waveform: a picture of one. */
const PICTURE = "showwavespic=s=1800x140";

// One command that makes all OUTPUTS of SOURCE, and measures and draws it when that is MEASURED.
function oneCommand({source, outputs, picture, measured}) {
	const ladders = map => ladder.flatMap(([, rate], i) => ["-map", map(i), ...encoder(rate, outputs[i])]);
	if (!measured)
		return [...FFMPEG, "-i", source, ...ladders(() => "0:a")];
	return [...FFMPEG, "-i", source, "-filter_complex", `[0:a]asplit=2[m][p];[m]${METER}[n];[p]${PICTURE}[w]`,
		...ladders(() => "0:a"), "-map", "[n]", "-f", "null", "-", "-map", "[w]", "-frames:v", "1", picture];
}

// The same as commands of their own, the longest first.
const separateCommands = ({source, outputs, picture}) => [
	...ladder.map(([, rate], i) => [...FFMPEG, "-i", source, ...encoder(rate, outputs[i])]),
	[...FFMPEG, "-i", source, "-af", METER, "-f", "null", "-"],
	[...FFMPEG, "-i", source, "-filter_complex", PICTURE, "-frames:v", "1", picture],
];

export async function measureLadder({build, folder, seconds = 240, rounds = 3}) {
	const {source, outputs, work} = await prepare({build, folder, seconds});
	const [program, ...args] = oneCommand({source, outputs});
	return pair(() => work(), () => timed(program, args), rounds);
}

// With loudness and a waveform: against ONE command, and against SEPARATE ones of which two run at a time.
export async function measureWhole({build, folder, seconds = 240, rounds = 3}) {
	const {source, outputs, work} = await prepare({build, folder, seconds, measured: true});
	const place = {source, outputs, picture: join(folder, "waveform.png"), measured: true};
	const [program, ...args] = oneCommand(place), commands = separateCommands(place);
	const ours = () => work();
	return pairAll({
		one: [ours, () => timed(program, args)],
		separate: [ours, () => timedTogether(commands, 2)],
	}, rounds);
}

// The worker held to one core against the same on two, for the ladder or for RENDITIONS.
export async function measureScaling({build, folder, seconds = 240, rounds = 3, renditions}) {
	const {work} = await prepare({build, folder, seconds, renditions});
	return pair(() => work("taskset", "-c", "0"), () => work("taskset", "-c", "0,1"), rounds);
}
