// Commands as text for a POSIX shell.

/** `cd DIR && …`, every word quoted where it has to be. */
export function shellCommand(cwd: string, argv: readonly string[]): string {
  return `cd ${shellWord(cwd)} && ${shellWords(argv)}`;
}

/** Every word quoted where it has to be. */
export function shellWords(argv: readonly string[]): string {
  return argv.map(shellWord).join(' ');
}

/** Quoted where it has to be. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
