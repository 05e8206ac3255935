// Ending processes of a test.

/** False when it was gone already. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    // It ended by itself a moment before; what is tested is that nobody cares who was first.
    return false;
  }
}
