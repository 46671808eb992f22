// Words of a command line as a shell takes them.

/** A word as it can be pasted into a POSIX shell: in quotes where it has other than plain characters. */
export function shellWord(text: string): string {
  return /^[\w./:,=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Words as one line for a POSIX shell. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
