// What of an agent's end goes into exit.json: redacted first, then cut, so that the record is never larger than one may be.

import type { EndEvent } from '../core/agent.ts';
import { type Exit, resultBytes } from './files.ts';
import type { Redactor } from './redaction.ts';
import type { TreeProof } from './tree.ts';

/** As JSON; a record has 8 MiB for all. */
const dataBytes = 4 * 1024 * 1024;
const messageBytes = 64 * 1024;

/** The part of an exit that the agent's end and the proof of its tree decide. Data that is too large is left out whole. */
export function resultOf(
  end: EndEvent,
  proof: TreeProof,
  redactor: Redactor,
): Pick<Exit, 'verdict' | 'text' | 'data' | 'message' | 'until'> {
  const data = end.data === undefined ? null : redactor.value(end.data);
  const fits = Buffer.byteLength(JSON.stringify(data)) <= dataBytes;
  const remarks = [
    end.message === undefined ? null : cutBytes(redactor.text(end.message), messageBytes),
    fits ? null : 'The data of the answer was larger than 4 MiB and was left out.',
    proof.tree === 'unproven' ? `Processes that could not be seen to end: ${proof.pids.join(', ')}.` : null,
  ];
  const message = remarks.filter((remark) => remark !== null).join(' ');
  return {
    verdict: end.verdict,
    text: end.text === undefined ? null : cutBytes(redactor.text(end.text), resultBytes),
    data: fits ? data : null,
    message: message === '' ? null : message,
    until: end.until ?? null,
  };
}

/** Cuts to bytes of UTF-8 and never through a character. */
export function cutBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text, 'utf8');
  if (whole.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--;
  return whole.toString('utf8', 0, end);
}
