// npm run test:launchers [-- launch torchrun debian slurm mpi kubernetes deploy]: the launchers that start Scalewise, really started,
// two processes each, and the files in deploy/ under their own linters. Slow, and installs Debian packages where it is root; not part of
// `npm test`. What this machine lacks is said. Last line: "N passed, N failed".
import { counts, LeftOut } from './launchers/run.mjs';
import { orExplain, setup } from './setup.mjs';
import * as suites from './launchers/suites.mjs';

orExplain(() => setup());
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in suites));
if (unknown.length) {
  console.error(`test:launchers: ${unknown.join(', ')}: expected some of ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}
const began = Date.now();
for (const [name, suite] of Object.entries(suites)) {
  if (asked.length && !asked.includes(name)) continue;
  console.log(`== ${name}`);
  try {
    await suite();
  } catch (error) {
    if (!(error instanceof LeftOut)) throw error;
    console.log(`left out: ${name}: ${error.message}`);
  }
}
console.log(`${((Date.now() - began) / 1000).toFixed(0)} s`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed ? 1 : 0;
