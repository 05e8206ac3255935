// The one message a runner gets from its daemon before it starts: environment and secrets, on standard input, so that
// they are never on disk and never in an argv.

import { readSync } from 'node:fs';
import type { SecretFrame } from './files.ts';

const lengthBytes = 4;
/** More than an environment can hold (ARG_MAX is 2 MiB on Linux, 1 MiB on macOS). */
const maxFrameBytes = 16 * 1024 * 1024;

/** The frame as it is written to the runner's standard input; close the input after it. */
export function encodeFrame(frame: SecretFrame): Buffer {
  const body = Buffer.from(JSON.stringify(frame), 'utf8');
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** Reads one frame, waiting for it; null when it is short (the daemon died while writing) or not a frame. */
export function readFrame(fd: number): SecretFrame | null {
  const length = readBytes(fd, lengthBytes)?.readUInt32BE();
  if (length === undefined || length > maxFrameBytes) return null;
  const body = readBytes(fd, length);
  if (body === null) return null;
  try {
    const value = JSON.parse(body.toString('utf8')) as Partial<SecretFrame> | null;
    const whole = typeof value?.env === 'object' && value.env !== null && Array.isArray(value.secrets);
    return whole ? { env: value.env, secrets: value.secrets } : null;
  } catch {
    // Not JSON: not from a daemon of ours.
    return null;
  }
}

function readBytes(fd: number, count: number): Buffer | null {
  const bytes = Buffer.alloc(count);
  for (let at = 0; at < count;) {
    const read = readSync(fd, bytes, at, count - at, null);
    if (read === 0) return null;
    at += read;
  }
  return bytes;
}
