// `npm run test:full`: the slow tests that the default suite leaves out, e.g. golden values of the full-size models.
import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

export default defineConfig({
  test: { ...base.test, include: ['{src,test}/**/*.full.test.ts'], exclude: ['node_modules'], testTimeout: 1_800_000 },
});
