// A report as blocks, written as Markdown (pictures beside it) and as one HTML file that holds everything and needs nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../util/files.js';

/** A table; cells are text. */
export interface Table {
  header: readonly string[];
  rows: readonly (readonly string[])[];
}

/** One piece of a report, in order. */
export type Block =
  | { heading: string }
  /** A paragraph. `code` between backticks, **bold** between asterisks. */
  | { text: string }
  | { command: string }
  | { list: readonly string[] }
  | { table: Table }
  /** A picture of the report's folder: `name.svg` is shown where it is there, `name.png` else. */
  | { picture: string; caption: string; kind: 'svg' | 'png' };

/** A report. */
export interface Page {
  title: string;
  blocks: readonly Block[];
}

const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function blockToMarkdown(block: Block): string {
  if ('heading' in block) return `## ${block.heading}`;
  if ('text' in block) return block.text;
  if ('command' in block) return `\`\`\`sh\n${block.command}\n\`\`\``;
  if ('list' in block) return block.list.map((item) => `- ${item}`).join('\n');
  if ('picture' in block) return `![${block.caption}](${block.picture}.${block.kind})`;
  const { header, rows } = block.table;
  return [row(header), row(header.map(() => '---')), ...rows.map(row)].join('\n');
}

/** The report as Markdown. */
export function pageMarkdown({ title, blocks }: Page): string {
  return `# ${title}\n\n${blocks.map(blockToMarkdown).join('\n\n')}\n`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string) => text.replace(/[&<>"]/g, (one) => entities[one]!);
const inline = (text: string) =>
  escape(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');

function tableToHtml({ header, rows }: Table): string {
  const cells = (tag: string, texts: readonly string[]) =>
    texts.map((text) => `<${tag}>${inline(text)}</${tag}>`).join('');
  const body = rows.map((texts) => `<tr>${cells('td', texts)}</tr>`).join('\n');
  return `<div class="wide"><table><thead><tr>${cells('th', header)}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function pictureToHtml(folder: string, picture: string, caption: string, kind: 'svg' | 'png'): string {
  const type = kind === 'svg' ? 'image/svg+xml' : 'image/png';
  const data = readFileSync(join(folder, `${picture}.${kind}`)).toString('base64');
  const source = `data:${type};base64,${data}`;
  return `<figure><img alt="${escape(caption)}" src="${source}"><figcaption>${inline(caption)}</figcaption></figure>`;
}

function blockToHtml(folder: string, block: Block): string {
  if ('heading' in block) return `<h2>${inline(block.heading)}</h2>`;
  if ('text' in block) return `<p>${inline(block.text)}</p>`;
  if ('command' in block) return `<pre>${escape(block.command)}</pre>`;
  if ('list' in block) return `<ul>${block.list.map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`;
  if ('picture' in block) return pictureToHtml(folder, block.picture, block.caption, block.kind);
  return tableToHtml(block.table);
}

const style = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; text-align: left; border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
pre { overflow-x: auto; padding: .75rem; background: color-mix(in srgb, currentColor 8%, transparent); }
figure { margin: 1.5rem 0; }
img { max-width: 100%; height: auto; background: #fff; }
figcaption { font-size: .9rem; opacity: .8; }`;

/** The report as one HTML file; pictures are read from `folder`. */
export function pageHtml(folder: string, { title, blocks }: Page): string {
  const body = blocks.map((block) => blockToHtml(folder, block)).join('\n');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${style}</style></head>
<body><h1>${inline(title)}</h1>
${body}
</body></html>
`;
}

/** Writes `report.md` and `report.html` into a folder that holds the pictures. */
export function writePage(folder: string, page: Page): void {
  writeFileAtomic(join(folder, 'report.md'), pageMarkdown(page));
  writeFileAtomic(join(folder, 'report.html'), pageHtml(folder, page));
}
