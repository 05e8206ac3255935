// Files that came from whoever called us. A daemon in the background must not keep them: a lock (flock), a pipe whose
// end somebody waits for, a file on a disk that is to be unmounted.

import { closeSync, fstatSync, readdirSync, readFileSync, statSync } from 'node:fs';

/**
 * Closes every file above standard error that would be passed on to a program (no O_CLOEXEC): that is what a caller
 * left open, since Node opens all of its own with it but one: the certificates of NODE_EXTRA_CA_CERTS, which another thread
 * reads meanwhile. Were that closed, the next file to be opened, the lock, would have its number, and the thread would close it. Node itself marks inherited files only up to the first gap in
 * their numbers. Only Linux says which files these are; on macOS libuv starts programs without them
 * (POSIX_SPAWN_CLOEXEC_DEFAULT).
 */
export function closeInheritedFiles(): void {
  if (process.platform !== 'linux') return;
  const certificates = identityOf(() => statSync(process.env['NODE_EXTRA_CA_CERTS'] ?? ''));
  for (const name of readdirSync('/proc/self/fd')) {
    const descriptor = Number(name);
    if (descriptor <= 2 || !isPassedOn(name)) continue;
    if (certificates !== null && identityOf(() => fstatSync(descriptor)) === certificates) continue;
    try {
      closeSync(descriptor);
    } catch {
      // Closed by the kernel all the same (close(2)); what it could not write was not ours.
    }
  }
}

/** O_CLOEXEC, 02000000, in the `flags` of proc_pid_fdinfo(5). */
function isPassedOn(descriptor: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & 0o2000000) === 0;
  } catch {
    // The one by which the list was read is gone by now.
    return false;
  }
}

/** `device:inode`; null for what is not there. */
function identityOf(look: () => { readonly dev: number; readonly ino: number }): string | null {
  try {
    const { dev, ino } = look();
    return `${dev}:${ino}`;
  } catch {
    // No such file, or no such descriptor any more: it is not the one that is looked for.
    return null;
  }
}
