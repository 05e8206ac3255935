// Where secrets come from: asked for when a run starts, held in memory, never written.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { HomerError } from '../core/errors.ts';
import { variableIn, type Variables } from '../core/variable.ts';
import type { SecretRef } from './config.ts';

const largestBytes = 64 * 1024;
const longestExecMs = 10_000;

/**
 * The value behind the reference, without its last line end. An empty or missing one throws HOMER_SECRET_MISSING,
 * which names what is missing and never shows a value. Programs (`exec`) run without a shell, with `env` as their
 * environment, for at most `execTimeoutMs`.
 */
export async function resolveSecret(
  ref: SecretRef,
  env: Variables,
  execTimeoutMs = longestExecMs,
): Promise<string> {
  if ('text' in ref) return ref.text;
  if ('env' in ref)
    return usable(variableIn(env, ref.env) ?? '', `The environment variable ${ref.env}`, 'is not set');
  if ('file' in ref) return usable(await readSecret(ref.file), `The file ${ref.file}`, 'is empty');
  return usable(
    await runSecret(ref.exec, env, execTimeoutMs),
    `The output of ${ref.exec[0] ?? ''}`,
    'is empty',
  );
}

function usable(text: string, what: string, whenEmpty: string): string {
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw missing(`${what} ${whenEmpty}.`);
  if (value.includes('\0')) throw missing(`${what} holds a NUL character.`);
  return value;
}

async function readSecret(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new Error('it is not a file');
      if (found.size > largestBytes) throw new Error('it is larger than 64 KiB');
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    throw missing(`The file ${path} cannot be read.`, error);
  }
}

/** Without a descriptor left (EMFILE) there is no stdout, only the error that follows. */
type Started = Omit<ChildProcessByStdio<null, Readable, null>, 'stdout'> & {
  readonly stdout: Readable | null | undefined;
};

function runSecret(argv: readonly string[], env: Variables, timeoutMs: number): Promise<string> {
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    // A group of its own: what the program leaves behind must not outlive it.
    const child: Started = spawn(file, args, {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: false,
      detached: true,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    const fail = (detail: string, cause?: unknown): void => {
      clearTimeout(timer);
      child.stdout?.destroy();
      if (child.pid !== undefined) killGroup(child.pid);
      reject(missing(`${file} ${detail}.`, cause));
    };
    const timer = setTimeout(() => fail(`gave no secret within ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > largestBytes) fail('wrote more than 64 KiB');
      else chunks.push(chunk);
    });
    child.once('error', (error) => fail('cannot be started', error));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (child.pid !== undefined) killGroup(child.pid);
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(missing(`${file} ended with ${code === null ? `signal ${signal}` : `code ${code}`}.`));
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has gone by itself, which is what was wanted.
  }
}

function missing(detail: string, cause?: unknown): HomerError {
  return new HomerError('HOMER_SECRET_MISSING', detail, { cause });
}
