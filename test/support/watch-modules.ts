import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

/*
 * Loaded before anything else by `node --import`: writes the URL of every module that is loaded, required or imported, as
 * a line into the file that WATCH_MODULES names.
 */
const file = process.env.WATCH_MODULES;
if (file === undefined) throw new Error("expected WATCH_MODULES to name a file");

registerHooks({
  load(url, context, next) {
    appendFileSync(file, `${url}\n`);
    return next(url, context);
  },
});
