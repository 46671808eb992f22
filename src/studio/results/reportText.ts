// What a report says of itself before its figures: title, paragraphs, command.

/** The parts of `report.md` that stand before its first table, picture or heading. */
export interface ReportText {
  title: string | undefined;
  about: string[];
  command: string | null;
}

const plain = (text: string) => text.replace(/\*\*([^*]+)\*\*/g, '$1').replace(/`([^`]+)`/g, '$1');

/** Reads them. */
export function readReport(markdown: string): ReportText {
  const [, title] = /^# (.+)$/m.exec(markdown) ?? [];
  const [, command] = /^```sh\n([^]*?)\n```$/m.exec(markdown) ?? [];
  const opening = markdown.replace(/^# .+$/m, '').replace(/^```sh\n[^]*?\n```$/m, '').split(/^(?:## |\||!\[|```)/m)[0]!; // prettier-ignore
  const about = opening.split('\n\n').map((part) => plain(part.trim())).filter(Boolean); // prettier-ignore
  return { title, about, command: command ?? null };
}
