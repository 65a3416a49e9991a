// Reads vitest's JSON report: "passed failed skipped" to stdout, what failed and how it begins to say why to stderr.
// A file that broke before its first test counts as one failure.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const broken = [];
for (const file of report.testResults.filter(({ status }) => status === "failed")) {
  const failed = file.assertionResults.filter(({ status }) => status === "failed");
  for (const test of failed) tell(test.fullName, test.failureMessages.join("\n"));
  if (failed.length > 0) continue;
  broken.push(file);
  tell(relative(process.cwd(), file.name), file.message);
}
process.stdout.write(`${report.numPassedTests} ${report.numFailedTests + broken.length} ${report.numPendingTests}\n`);

/** Short, as only the last lines of a run may be left to read; the whole of it stands above. */
function tell(name, message) {
  const first = message.split("\n").slice(0, 8).join("\n");
  process.stderr.write(`FAILED: ${name}\n${first.slice(0, 600)}\n`);
}
