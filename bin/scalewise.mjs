#!/usr/bin/env node
// The command line's door: everything is in dist/, which set-up builds.
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  const { run } = await import(main.href);
  await run(process.argv);
} else {
  console.error('scalewise is not built yet: run `npm run setup` in its folder first');
  process.exitCode = 2;
}
