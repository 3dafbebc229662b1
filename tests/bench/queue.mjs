// SPDX-License-Identifier: MIT
// Claiming a job from a long queue, and a page of its list, against the same of a short queue, by the same program.
import {mkdtemp, rm} from "node:fs/promises";
import {join} from "node:path";
import {pair, run} from "./measure.mjs";

export async function measureQueue({build, folder, rounds = 3}) {
	const claim = async (jobs, claims) => {
		const place = await mkdtemp(join(folder, "claim-"));
		const {out} = await run(join(build, "tests", "bench", "claim_bench"), [place, String(jobs), String(claims)]);
		await rm(place, {recursive: true});
		return JSON.parse(out);
	};
	return pair(() => claim(100000, 2000), () => claim(2100, 2000), rounds);
}
