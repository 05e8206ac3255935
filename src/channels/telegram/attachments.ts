// Files that people send: fetched, bounded, and put into the workspace of their session under a name that is safe.

import { constants } from 'node:fs';
import { lstat, mkdir, open, realpath, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { TelegramApi } from './api.ts';
import type { Attachment } from './incoming.ts';

/** A bot can fetch no larger file (core.telegram.org/bots/api#getfile). */
const largestBytes = 20 * 1024 * 1024;
const fetchMs = 60_000;
const inboxName = 'inbox';

/** One line for the prompt: where the file is, or why it is not there. */
export async function keepAttachment(
  api: TelegramApi,
  workspace: string,
  messageId: string,
  attachment: Attachment,
  signal: AbortSignal,
): Promise<string> {
  const { kind, name: called, size } = attachment;
  const name = `${messageId}-${safeName(called)}`;
  const missing = (why: string): string => `[A ${kind} came along, but ${why}.]`;
  if (size !== null && size > largestBytes)
    return missing('it is larger than 20 MB, which Telegram does not hand out');
  const limit = AbortSignal.any([signal, AbortSignal.timeout(fetchMs)]);
  const found = await api.call((bot, own) => bot.getFile(attachment.fileId, own), limit);
  if (!found.ok || found.value.file_path === undefined) return missing('Telegram did not hand it out');
  const bytes = await api.download(found.value.file_path, largestBytes, limit);
  if (bytes === null) return missing('it could not be fetched');
  try {
    await store(workspace, name, bytes);
  } catch (error) {
    return missing(`it could not be stored: ${messageOf(error)}`);
  }
  return `[A ${kind} came along: ${inboxName}/${name}]`;
}

/** Letters, digits and a few marks; no path, no dot at the beginning, at most 80 characters. */
export function safeName(name: string): string {
  const safe = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '_')
    .replace(/^[._-]+/, '')
    .slice(-80);
  return safe === '' ? 'file' : safe;
}

/** Written whole or not at all; never through a link that somebody put in the way. */
async function store(workspace: string, name: string, bytes: Uint8Array): Promise<void> {
  const inbox = join(workspace, inboxName);
  await mkdir(inbox, { recursive: true, mode: 0o700 });
  if (
    !(await lstat(inbox)).isDirectory() ||
    (await realpath(inbox)) !== join(await realpath(workspace), inboxName)
  )
    throw new Error(`${inboxName} is no directory of the workspace`);
  const part = join(inbox, `.${name}.part`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  const file = await open(part, flags, 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, join(inbox, name));
}
