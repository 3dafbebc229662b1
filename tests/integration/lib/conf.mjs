// SPDX-License-Identifier: MIT
// tonearm.conf out of {section: {option: value}}, as libconfig reads it: a list of objects becomes a list of groups.

import {keepConfigured} from "./evidence.mjs";

const setting = value => Array.isArray(value) && typeof value[0] === "object"
	? `( ${value.map(group => `{ ${members(group, " ")}}`).join(", ")} )` : JSON.stringify(value);

const members = (values, end) => Object.entries(values).map(([key, value]) => `${key} = ${setting(value)};${end}`).join("");

export const confText = sections => {
	keepConfigured(sections);
	return Object.entries(sections).map(([name, values]) => `${name}:\n{\n${members(values, "\n")}};\n`).join("");
};
