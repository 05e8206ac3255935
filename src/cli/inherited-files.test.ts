import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-inherited-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Closes what it was given and opens a file; at each line of its input it goes a step further, and says what it has open. */
const program = `
  const { closeInheritedFiles } = await import(${JSON.stringify(join(import.meta.dirname, 'inherited-files.ts'))});
  const { openSync, readlinkSync } = await import('node:fs');
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  // With it Node begins to read the certificates.
  await import('node:tls');
  await lines.next();
  closeInheritedFiles();
  const lock = openSync(process.argv[1], 'w');
  const say = () => {
    try { console.log(readlinkSync('/proc/self/fd/' + lock)); } catch { console.log('closed'); }
  };
  say();
  await lines.next();
  // The thread that reads them is waited for.
  (await import('node:tls')).getCACertificates('extra');
  say();
  process.exit();
`;

test.skipIf(process.platform !== 'linux')(
  'the certificates that another thread of Node reads stay open: it would close the lock in their place',
  async () => {
    const certificates = join(directory, 'certificates.pem');
    const lock = join(directory, 'lock');
    // A pipe is read for as long as this test wants.
    execFileSync('mkfifo', [certificates]);
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, lock], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificates },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async (): Promise<string> => String((await lines.next()).value);
    const writer = createWriteStream(certificates);
    // Once somebody reads.
    await once(writer, 'open');
    child.stdin.write('it is being read\n');
    expect(await line()).toBe(lock);
    writer.end();
    await once(writer, 'close');
    child.stdin.write('it is read\n');
    expect(await line()).toBe(lock);
    await once(child, 'exit');
  },
);
