#!/usr/bin/env node
// npm run setup [-- --libtorch auto|wheel|apt|system|environment|FOLDER] [--build FILE]
// Does what is still missing for everything else to run: npm packages, libtorch, the native addon, the TypeScript build, the web pages. Nothing twice.
import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as util from 'node:util';
import { prepareLibtorch } from './setup/build.mjs';
import { locked } from './setup/lock.mjs';
import { buildTypeScript, installNpmPackages } from './setup/packages.mjs';
import { buildPages } from './setup/pages.mjs';
import { say, SetupError } from './setup/run.mjs';
import { checkNode } from './setup/tools.mjs';

const file = fileURLToPath(import.meta.url);
const project = join(dirname(file), '..');

/** The file that says which libtorch is in use. */
export const defaultBuild = process.env.SCALEWISE_LIBTORCH_BUILD ?? join(project, 'build', 'libtorch.json');

const help = `npm run setup [-- --libtorch auto|wheel|apt|system|environment|FOLDER] [--build FILE]

Installs what is missing: npm packages, libtorch, the native addon, the TypeScript build, the web pages.
  --libtorch  auto (default): what is in use already; else the first of these that works
              environment  the folder that the variable LIBTORCH names
              system       the PyTorch (2.1 or newer) of the python3 on the PATH
              wheel        PyTorch's wheel, fetched by pip into .libtorch/
              apt          Debian's or Ubuntu's libtorch-dev with OpenBLAS
              FOLDER       a folder that holds libtorch's include/ and lib/
  --build     where to write which libtorch is in use (build/libtorch.json)

Example: npm run setup -- --libtorch wheel`;

/** Everything that is still missing; throws a SetupError with one sentence where something cannot be had. */
export function setup({ libtorch = 'auto', build = defaultBuild, load = false } = {}) {
  checkNode(project);
  locked(join(project, 'build', 'setup.lock'), () => {
    installNpmPackages(project);
    prepareLibtorch(project, libtorch, resolve(project, build), load);
    buildTypeScript(project);
    buildPages(project);
  });
}

/** Runs `body` and ends the process with one line and exit code 2 where set-up cannot go on. */
export function orExplain(body) {
  try {
    return body();
  } catch (error) {
    const full = error.code === 'ENOSPC' || error.code === 'EDQUOT';
    if (!(error instanceof SetupError) && !full) throw error;
    console.error(`set-up: ${full ? `the disk is full (${error.path ?? project})` : error.message}`);
    return process.exit(2);
  }
}

function options() {
  try {
    const option = { type: 'string' };
    const { values } = util.parseArgs({
      options: { libtorch: option, build: option, help: { type: 'boolean', short: 'h' } },
    });
    return values;
  } catch (error) {
    throw new SetupError(`${error.message}; see npm run setup -- --help`);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === file)
  orExplain(() => {
    const values = options();
    if (values.help) {
      console.log(help);
      return;
    }
    setup({ ...values, load: true });
    say('ready: npx scalewise --help');
  });
