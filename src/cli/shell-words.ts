// Commands as text for a POSIX shell.

/** `cd DIR && …`, every word quoted where it has to be. */
export function shellCommand(cwd: string, argv: readonly string[]): string {
  return `cd ${quote(cwd)} && ${shellWords(argv)}`;
}

/** Every word quoted where it has to be. */
export function shellWords(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}

function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
