import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/**/*.test.ts'],
    exclude: ['**/*.full.test.ts'], // vitest.full.config.ts has these
    pool: 'forks', // native memory does not leak from file to file
    maxWorkers: 1, // two cores: libtorch takes both
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
