// Text of an untrusted file in a sentence: short, on one line, and without what a terminal would obey.

/** The text in quotes; control characters and whatever is not plain ASCII escaped, the rest cut off where it is long. */
export function quoted(text: string): string {
  const cut = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  const escaped = cut.replace(/[^ -~…]|['\\]/g, (c) =>
    c === "'" || c === '\\' ? `\\${c}` : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `'${escaped}'`;
}
