#!/usr/bin/env node
// The command line's door: everything is in dist/, which set-up builds. `doctor` is loaded without the rest, as it looks
// into what keeps that from loading, and so are `launch`, which needs none of it, and `studio`, whose workers load it.
import { existsSync } from 'node:fs';

// waiting threads of an operator sleep instead of spinning: beside other work spinning makes every step ten times as long
process.env.OMP_WAIT_POLICY ??= 'PASSIVE';

const entry = ['doctor', 'launch', 'studio'].includes(process.argv[2]) ? 'alone' : 'main';
const file = new URL(`../dist/cli/${entry}.js`, import.meta.url);
if (existsSync(file)) {
  try {
    const { run } = await import(file.href);
    await run(process.argv);
  } catch (error) {
    if (error.name !== 'UsageError') throw error; // e.g. an addon that does not load
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  }
} else {
  console.error('error: scalewise is not built yet: run `npm run setup` in its folder first');
  process.exitCode = 2;
}
