// Why a program that was found could not be started all the same, from what its wrapper complained.

/** One sentence. Since it was looked for outside of the sandbox, what is missing inside is hidden by it. */
export function startFailure(complaint: string, isSandboxed: boolean): string {
  const hidden = /^bwrap: execvp (.*): No such file or directory$/.exec(complaint)?.[1];
  if (!isSandboxed || hidden === undefined) return `The program cannot be started: ${complaint}.`;
  return `The program ${hidden} (or what it runs on) is hidden by the sandbox, in which /tmp, /run and Homer's state directory are empty; install it elsewhere, or name its directory in \`writable\` of the executor.`;
}
