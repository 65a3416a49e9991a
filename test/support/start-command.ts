import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const Package = z.object({ scripts: z.object({ start: z.string() }) });
const { scripts } = Package.parse(JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")));

/** `npm start`, in words: what everything that is tested or measured is started with. */
export const startCommand: readonly string[] = scripts.start.split(" ");

/** The options of Node in it. */
export const nodeOptions: readonly string[] = startCommand.slice(1, startCommand.indexOf("src/main.ts"));
