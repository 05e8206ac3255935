// Text piped into a command. The trap: a program that started us may have left a pipe open that it will never write to.

import { fstatSync } from 'node:fs';

const noticeMs = 3_000;

export interface PipedInput {
  /** Told when the input has kept us waiting for a while. */
  readonly onWait: (line: string) => void;
  /** There is a prompt without it, so an input that stays silent may be left out. */
  readonly isOptional: boolean;
}

/**
 * The text on standard input; empty when it is a terminal, /dev/null or closed. A shell's pipe and a file are read to
 * their end. A socket is what Node and ssh give a program whether or not anything will come: if it is silent for three
 * seconds and there is a prompt already, it is left out, and that is said.
 */
export async function readPipedInput({ onWait, isOptional }: PipedInput): Promise<string> {
  const kind = inputKind();
  if (kind === 'none') return '';
  const { stdin } = process;
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(silence);
      stdin.removeAllListeners();
      // It must not keep the process alive, nor be read any further.
      stdin.destroy();
      resolve(Buffer.concat(chunks).toString('utf8'));
    };
    const silence = setTimeout(() => {
      if (kind === 'socket' && isOptional) {
        onWait(
          'Nothing came on standard input for 3 s; going on without it (`< /dev/null` avoids the wait).',
        );
        finish();
      } else {
        onWait('Waiting for the text on standard input to end.');
      }
    }, noticeMs);
    stdin.on('data', (chunk: Buffer) => {
      clearTimeout(silence);
      chunks.push(chunk);
    });
    stdin.once('end', finish);
    stdin.once('error', reject);
  });
}

function inputKind(): 'none' | 'pipe' | 'socket' {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() ? 'pipe' : stat.isSocket() ? 'socket' : 'none';
  } catch {
    // EBADF: it was closed by whoever started us.
    return 'none';
  }
}
