// The README's tables are whole: every command of the program and every folder of the sources has its line, and every
// link of the pages beside it leads to a file.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { program } from '../src/cli/main.js';

const project = fileURLToPath(new URL('..', import.meta.url));
const text = readFileSync(join(project, 'README.md'), 'utf8');
const below = (folder: string) =>
  readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
const documents = below('docs').filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'experiments/LOG.md', ...documents];
const firstCells = Array.from(text.matchAll(/^\| (`[^|]*(?:\\\|[^|]*)*)\|/gm), ([, cell]) => cell!);

test('every command has its line', () => {
  const named = (name: string) => firstCells.some((cell) => new RegExp(`\`(scalewise )?${name}\\b`).test(cell));
  const names = program().commands.map((command) => command.name());
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !named(name))).toEqual([]);
});

test('every folder of the sources has its line', () => {
  const folders = readdirSync(join(project, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => `src/${name}/`).filter((folder) => !firstCells.some((cell) => cell.includes(`\`${folder}\``)))).toEqual([]); // prettier-ignore
});

test.for(pages)('every link of %s leads to a file', (page) => {
  const links = readFileSync(join(project, page), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g);
  const missing = Array.from(links, ([, to]) => to!).filter((to) => !existsSync(join(project, dirname(page), to)));
  expect(missing).toEqual([]);
});
