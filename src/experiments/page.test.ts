// A report in both forms: same content, and an HTML file that needs nothing beside it.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Page, pageMarkdown, writePage } from './page.js';

const page: Page = {
  title: 'A & B',
  blocks: [
    { heading: 'Result' },
    { text: 'The value of `gamma` is **small**: a < b.' },
    { command: 'scalewise experiment gamma' },
    { list: ['one', 'two'] },
    { table: { header: ['arm', 'FCD'], rows: [['a|b', '1.0']] } },
    { picture: 'figure', caption: 'a "figure"', kind: 'svg' },
  ],
};

test('Markdown', () => {
  const text = pageMarkdown(page);
  expect(text).toContain('# A & B\n\n## Result\n\nThe value of `gamma` is **small**: a < b.');
  expect(text).toContain('| arm | FCD |\n| --- | --- |\n| a\\|b | 1.0 |');
  expect(text).toContain('![a "figure"](figure.svg)');
});

test('HTML holds its pictures and escapes what it shows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-page-'));
  writeFileSync(join(folder, 'figure.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writePage(folder, page);
  const html = readFileSync(join(folder, 'report.html'), 'utf8');
  expect(html).toContain('<h1>A &amp; B</h1>');
  expect(html).toContain('<code>gamma</code> is <strong>small</strong>: a &lt; b.');
  expect(html).toContain('alt="a &quot;figure&quot;" src="data:image/svg+xml;base64,');
  expect(html).not.toMatch(/(src|href)="(?!data:)/);
  expect(readFileSync(join(folder, 'report.md'), 'utf8')).toBe(pageMarkdown(page));
});
