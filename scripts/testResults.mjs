// What a test run came to, from vitest's JSON report: true counts even where a file did not load or the run died.
import { readFileSync } from 'node:fs';

/**
 * Counts of a finished run. A file that failed without a failed test counts as one failure, and so does a run that
 * exited with an error (an unhandled rejection, a crash) or left no report.
 */
export function countResults(path, exitCode) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + broken;
  const skipped = report.numPendingTests + report.numTodoTests;
  return { passed: report.numPassedTests, failed: failed || (exitCode === 0 ? 0 : 1), skipped };
}
