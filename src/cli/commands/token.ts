// `homer token`: the owner's token for scripts, and tokens for others.

import { join } from 'node:path';
import { readToken, rotateToken, tokenFile } from '../../config/token.ts';
import { HomerError } from '../../core/errors.ts';
import { isScope, scopes, type Scope } from '../../core/scope.ts';
import { parseSpan } from '../../core/span.ts';
import type { TokenAnswer, TokensAnswer, TokenTextAnswer } from '../answers.ts';
import type { Client } from '../client.ts';
import { report, type Context } from '../context.ts';
import { age, count, table, timeLeft, type Cell } from '../format.ts';
import { locateDaemon } from '../locate.ts';
import { connectFrom, refuseInRun } from '../run-access.ts';

export type TokenAction = 'show' | 'path' | 'list' | 'add' | 'rotate' | 'revoke';

export interface TokenOptions {
  readonly scope?: string;
  readonly expires?: string;
  readonly all?: true;
}

export async function token(
  context: Context,
  action: TokenAction,
  name: string | undefined,
  options: TokenOptions,
): Promise<number> {
  const path = join(context.home, tokenFile);
  if (action === 'path') {
    report(context, { path }, [path]);
    return 0;
  }
  refuseInRun(context, "use the owner's token, or make others");
  if (action === 'show') return show(context, path);
  if (action === 'rotate' && (name === undefined || name === 'owner')) return rotateOwner(context, path);
  if (action === 'list') return list(context, await connectFrom(context), options.all === true);
  if (name === undefined)
    throw new HomerError('HOMER_USAGE', 'Which token?', { hint: `homer token ${action} NAME` });
  if (action === 'add') return add(context, name, options);
  const client = await connectFrom(context);
  return action === 'rotate' ? rotate(context, client, name) : revoke(context, client, name);
}

function show(context: Context, path: string): number {
  const text = readToken(context.home);
  if (text === null)
    throw new HomerError(
      'HOMER_NOT_RUNNING',
      `There is no token in ${context.home} yet; the first start makes one.`,
    );
  report(context, { token: text, path }, [text]);
  return 0;
}

async function list(context: Context, client: Client, all: boolean): Promise<number> {
  const answer = await client.call<TokensAnswer>('tokens.list');
  const shown = all
    ? answer.tokens
    : answer.tokens.filter(({ state }) => state === 'good' || state === 'held');
  const { palette, columns } = context.terminal;
  const head = ['name', 'kind', 'may', 'made by', 'used', 'ends', 'id'].map((text): Cell => ({
    text,
    paint: palette.dim,
  }));
  const names = new Map(answer.tokens.map((each) => [each.id, each.name]));
  const now = Date.now();
  const rows = shown.map((each): Cell[] => [
    { text: each.name },
    { text: each.kind },
    { text: each.scopes.join(' ') },
    { text: each.parent === null ? '' : (names.get(each.parent) ?? each.parent) },
    { text: each.lastUsedAt === null ? '' : age(each.lastUsedAt, now) },
    { text: endOf(each, now), ...(each.state === 'good' ? {} : { paint: palette.bad }) },
    { text: each.id, paint: palette.dim },
  ]);
  report(context, answer, table([head, ...rows], columns));
  return 0;
}

function endOf({ state, expiresAt }: TokenAnswer, now: number): string {
  if (state !== 'good') return state;
  return expiresAt === null ? 'never' : `in ${timeLeft(expiresAt, now)}`;
}

async function add(context: Context, name: string, options: TokenOptions): Promise<number> {
  const body = { name, scopes: readScopes(options.scope), expiresAt: readEnd(options.expires) };
  const client = await connectFrom(context);
  const answer = await client.call<TokenTextAnswer>('tokens.create', { body });
  tellText(context, answer, `It may ${answer.token.scopes.join(', ')}. Told this once:`);
  return 0;
}

function readScopes(text: string | undefined): readonly Scope[] {
  const asked = (text ?? '').split(',').map((each) => each.trim());
  const known = asked.filter(isScope);
  if (known.length > 0 && known.length === asked.length) return known;
  throw new HomerError('HOMER_USAGE', text === undefined ? 'What may it do?' : `"${text}" names no scopes.`, {
    hint: `--scope takes ${scopes.join(', ')}, several with commas; operate has read and chat in it.`,
  });
}

function readEnd(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ms = parseSpan(text);
  if (ms !== null) return new Date(Date.now() + ms).toISOString();
  throw new HomerError('HOMER_USAGE', `"${text}" is no time.`, {
    hint: '--expires takes 12h, 30d and the like.',
  });
}

async function rotate(context: Context, client: Client, name: string): Promise<number> {
  const answer = await client.call<TokenTextAnswer>('tokens.rotate', { params: { id: name } });
  tellText(context, answer, 'The old one is void now. The new one, told this once:');
  return 0;
}

/** Works without a daemon too: the next start reads the file. */
async function rotateOwner(context: Context, path: string): Promise<number> {
  const { state } = await locateDaemon(context.home);
  const { say, errorPalette } = context.terminal;
  let text: string;
  if (state === 'stopped') text = rotateToken(context.home);
  else
    ({ text } = await (
      await connectFrom(context)
    ).call<TokenTextAnswer>('tokens.rotate', { params: { id: 'owner' } }));
  if (!context.json) say(errorPalette.dim(`The old one is void now. The new one, also in ${path}:`));
  report(context, { token: text, path }, [text]);
  return 0;
}

async function revoke(context: Context, client: Client, name: string): Promise<number> {
  const answer = await client.call<{ readonly revoked: number }>('tokens.revoke', { params: { id: name } });
  const others = answer.revoked - 1;
  const more = others > 0 ? `, and ${count(others, 'other')} that it made` : '';
  report(context, answer, [`The token "${name}" is revoked${more}.`]);
  return 0;
}

function tellText(context: Context, answer: TokenTextAnswer, line: string): void {
  const { say, errorPalette } = context.terminal;
  if (!context.json) say(errorPalette.dim(line));
  report(context, answer, [answer.text]);
}
