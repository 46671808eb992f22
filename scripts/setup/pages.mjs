// The web pages: each folder of web/ with a `vite.config.mjs` is one. As a program: builds them all.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { changed, newest } from './packages.mjs';
import { must, say, SetupError } from './run.mjs';

/** @param failed told of a page that cannot be built */
function build(project, failed) {
  const started = new Date();
  const vite = join(project, 'node_modules', 'vite', 'bin', 'vite.js');
  const web = join(project, 'web');
  let whole = true;
  for (const name of readdirSync(web)) {
    if (!existsSync(join(web, name, 'vite.config.mjs'))) continue;
    try {
      must('vite', process.execPath, [vite, 'build', join(web, name)], { cwd: project });
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      whole = false;
      failed(name, error);
    }
  }
  if (!whole) return;
  mkdirSync(join(project, 'dist'), { recursive: true });
  writeFileSync(join(project, 'dist', '.pages-built'), `${started.toISOString()}\n`);
}

/** Builds the pages, unless what was built last is newer than their sources. The command line does without one that cannot be built. */
export function buildPages(project) {
  const web = join(project, 'web');
  if (!existsSync(web)) return; // installed as a package: dist/ came with it
  const before = Math.max(newest(web), changed(join(project, 'package-lock.json')));
  if (changed(join(project, 'dist', '.pages-built')) > before) return;
  say('building the web pages');
  build(project, (name) => {
    say(`left out: the web page of web/${name}, which cannot be built; all else works without it, and \`npm run build\` says why`); // prettier-ignore
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    build(join(import.meta.dirname, '..', '..'), (_, error) => {
      throw error;
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
