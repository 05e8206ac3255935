// What Telegram asks of the house, through the one port it has: operations by name, with the rights of a chat.

import { isHomerError, messageOf } from '../../core/errors.ts';

/** `source`: `telegram:CHAT`. `commands`: `command` executors that chats may use. */
export type Ask = (
  name: string,
  input: Readonly<Record<string, unknown>>,
  sender: { readonly source: string; readonly commands: readonly string[] },
) => Promise<unknown>;

/** As much of a job as is told in a chat. */
export interface SeenJob {
  readonly id: string;
  readonly state: string;
  readonly lane: string;
  readonly executor: string;
  readonly source: string;
  readonly prompt: string;
  readonly createdAt: string | null;
  readonly result: { readonly text: string } | null;
  readonly error: { readonly message: string; readonly hint: string } | null;
}

/** For a chat: what happened, and what to do. */
export function sayError(error: unknown): string {
  if (isHomerError(error, 'HOMER_ROUTE_UNKNOWN')) return 'This Homer cannot do that.';
  if (!isHomerError(error)) return `That went wrong: ${messageOf(error)}`;
  return `${error.message}${error.hint === '' ? '' : `\n${error.hint}`}`;
}

/** The last characters of an id are the ones that differ. */
export const shortId = (id: string): string => id.slice(-6);

/** One line of a text. */
export function brief(text: string, longest = 70): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

/** Data in Markdown: none of it is a mark. */
export function literal(text: string): string {
  return text.replace(/[\\*_`~[\]]/g, '\\$&');
}
