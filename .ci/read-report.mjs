// Reads vitest's JSON report: "passed failed skipped" to stdout, what failed and why to stderr.
// A file that broke before its first test counts as one failure.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const failedFiles = report.testResults
  .filter((file) => file.status === "failed")
  .map((file) => ({ ...file, failedTests: file.assertionResults.filter((test) => test.status === "failed") }));
const broken = failedFiles.filter((file) => file.failedTests.length === 0);
process.stdout.write(`${report.numPassedTests} ${report.numFailedTests + broken.length} ${report.numPendingTests}\n`);

for (const file of failedFiles) {
  process.stderr.write(`FAILED: ${relative(process.cwd(), file.name)}\n${file.message.slice(0, 2000)}\n`);
  for (const test of file.failedTests) {
    process.stderr.write(`FAILED: ${test.fullName}\n${test.failureMessages.join("\n").slice(0, 4000)}\n`);
  }
}
