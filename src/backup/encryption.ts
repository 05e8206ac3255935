// Encrypted backups are age files (https://age-encryption.org/v1): the `age` program opens them as well.

import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HomerError, messageOf } from '../core/errors.ts';

/** Writes `to`, which must not be there, for whoever has an identity of one of the recipients. Rejects as the file system does. */
export async function encryptFile(from: string, to: string, recipients: readonly string[]): Promise<void> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  await pipeThrough(from, to, (plain) => encrypter.encrypt(plain));
}

/** The reverse, with a file of identities as `age-keygen` writes it. HOMER_BACKUP_ENCRYPTED when none of them fits, or none is given. */
export async function decryptFile(from: string, to: string, identityFile: string | null): Promise<void> {
  if (identityFile === null) throw new HomerError('HOMER_BACKUP_ENCRYPTED', `${from} is encrypted.`);
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  try {
    for (const identity of readIdentities(identityFile)) decrypter.addIdentity(identity);
  } catch (error) {
    throw new HomerError(
      'HOMER_BACKUP_ENCRYPTED',
      `${identityFile} holds no identity: ${messageOf(error)}.`,
      {
        cause: error,
      },
    );
  }
  try {
    await pipeThrough(from, to, (encrypted) => decrypter.decrypt(encrypted));
  } catch (error) {
    // The system's own errors have a code; what is left is about the file.
    if (error instanceof Error && 'code' in error) throw error;
    throw new HomerError('HOMER_BACKUP_ENCRYPTED', `${from} cannot be decrypted: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** Comments and blank lines are left out. */
function readIdentities(file: string): string[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw new Error('it is empty');
  return lines;
}

type Bytes = ReadableStream<Uint8Array>;

async function pipeThrough(
  from: string,
  to: string,
  change: (bytes: Bytes) => Promise<Bytes>,
): Promise<void> {
  const changed = await change(Readable.toWeb(createReadStream(from)) as Bytes);
  const out = createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true });
  await pipeline(Readable.fromWeb(changed as Parameters<typeof Readable.fromWeb>[0]), out);
}
