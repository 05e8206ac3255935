// A line in each file that Homer writes for a keeper of services. It says whose the file is and for which state directory, and
// shows when somebody has edited it since: such a file is not replaced, nor is one without the line.

import { createHash } from 'node:crypto';

export interface Signature {
  /** Absolute path of the state directory. */
  readonly home: string;
  /** Somebody has changed the text since Homer wrote it. */
  readonly isEdited: boolean;
}

const line = /^.*homer-service home=(\S+) sha256=([0-9a-f]{64}).*\n/m;
const place = '@signature@';

/** `draft` makes the text around the line, which it is given without its end and has to put on a line of its own. */
export function signed(home: string, draft: (line: string) => string): string {
  const hash = hashOf(draft(place).replace(new RegExp(`^.*${place}.*\n`, 'm'), ''));
  return draft(`homer-service home=${written(home)} sha256=${hash}`);
}

/** Null: Homer did not write it. */
export function signatureOf(text: string): Signature | null {
  const [, home, hash] = line.exec(text) ?? [];
  if (home === undefined || hash === undefined) return null;
  try {
    return { home: decodeURI(home), isEdited: hashOf(text.replace(line, '')) !== hash };
  } catch {
    // Not as Homer writes it: somebody has been at the line itself.
    return null;
  }
}

/** Without spaces, and without the two dashes that no comment of XML may hold. */
function written(home: string): string {
  return encodeURI(home).replaceAll('--', '-%2D');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
