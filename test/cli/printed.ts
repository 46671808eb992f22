// What commands print that a test runs in its own process: collected, and not shown.
import { afterEach, beforeEach, vi } from 'vitest';

/** Lines of standard output, and what went to standard error, of the test that runs. */
export interface Printed {
  out: string[];
  told: string[];
}

/**
 * Collects what is printed, anew for each test of the file; all mocks and the exit code are put back after each.
 * @param progress whether what is written to standard error without being a line of the console's is collected as well
 */
export function collectPrinted({ progress = true } = {}): Printed {
  const printed: Printed = { out: [], told: [] };
  beforeEach(() => {
    printed.out.length = printed.told.length = 0;
    process.exitCode = 0;
    vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.out.push(line));
    vi.spyOn(console, 'error').mockImplementation((line: string) => void printed.told.push(line));
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      if (progress) printed.told.push(String(text));
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = 0;
  });
  return printed;
}
