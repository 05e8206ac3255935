// Who may ask Homer for what, and whether anybody still needs to.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readToken } from '../../config/token.ts';
import { type Check, factsOf } from '../check.ts';
import { namesIn, readText } from '../files.ts';
import { note, ok, problem, quoted } from '../report.ts';

const about = 'tokens';
const dayMs = 86_400_000;
const unusedMs = 90 * dayMs;
const oldMs = 365 * dayMs;
const manyAdmins = 3;
const manyRefused = 100;

export const tokenChecks: readonly Check[] = [
  {
    id: 'token-owner',
    about,
    severity: 'problem',
    security: true,
    why: 'The owner’s token may do everything; a short one can be guessed, and without one the command line is a stranger.',
    look({ home, isRunning }) {
      const text = readText(home, 'token');
      if (text === null)
        return isRunning
          ? problem('There is no token beside a Homer that runs.', { command: 'homer restart' })
          : null;
      if (readToken(home) === null)
        return problem(`${join(home, 'token')} holds no usable token.`, { command: 'homer restart' });
      return ok('The owner’s token is long enough.');
    },
  },
  {
    id: 'token-owner-age',
    about,
    severity: 'note',
    security: true,
    deep: true,
    why: 'A token that is a year old has been on more screens and in more scripts than you remember.',
    look({ home, now }) {
      const made = statSync(join(home, 'token'), { throwIfNoEntry: false })?.mtimeMs;
      if (made === undefined) return null;
      const days = Math.floor((now - made) / dayMs);
      return now - made <= oldMs
        ? ok(`The owner’s token is ${days} days old.`)
        : note(`The owner’s token is ${days} days old.`, { command: 'homer token rotate' });
    },
  },
  {
    id: 'tokens-unused',
    about,
    severity: 'note',
    security: true,
    why: 'A token that nobody uses is of use only to whoever finds it.',
    look(around) {
      const tokens = factsOf(around)?.tokens;
      if (tokens === undefined || tokens.length === 0) return null;
      const { now } = around;
      const unused = tokens.filter(
        ({ lastUsedAt, createdAt, expiresAt }) =>
          (expiresAt ?? Infinity) > now && now - (lastUsedAt ?? createdAt) > unusedMs,
      );
      return unused.length === 0
        ? ok(`Each of the ${tokens.length} tokens was used within 90 days.`)
        : unused.map(({ name }) =>
            note(`The token ${name} was not used for 90 days.`, {
              command: `homer token revoke ${quoted(name)}`,
            }),
          );
    },
  },
  {
    id: 'tokens-admin',
    about,
    severity: 'note',
    security: true,
    why: 'Whoever has `admin` may change what programs Homer runs; each of these is a key to this account.',
    look(around) {
      const tokens = factsOf(around)?.tokens;
      if (tokens === undefined || tokens.length === 0) return null;
      const admins = tokens.filter(
        ({ scopes, expiresAt }) => scopes.includes('admin') && (expiresAt ?? Infinity) > around.now,
      );
      if (admins.length <= manyAdmins) return ok(`Tokens that may do everything: ${admins.length}.`);
      return note(
        `Tokens that may do everything: ${admins.map(({ name }) => name).join(', ')}.`,
        'Give each only what it needs: `homer token add NAME --scope operate`, then revoke the old one.',
      );
    },
  },
  {
    id: 'tokens-endless',
    about,
    severity: 'note',
    security: true,
    deep: true,
    why: 'A token without an end outlives the reason for which it was made.',
    look(around) {
      const tokens = factsOf(around)?.tokens;
      if (tokens === undefined || tokens.length === 0) return null;
      const endless = tokens.filter(
        ({ expiresAt, createdAt }) => expiresAt === null && around.now - createdAt > oldMs,
      );
      return endless.length === 0
        ? ok('No token without an end is older than a year.')
        : endless.map(({ name }) =>
            note(
              `The token ${name} has no end and is older than a year.`,
              `Make another: \`homer token rotate ${quoted(name)}\`.`,
            ),
          );
    },
  },
  {
    id: 'tokens-refused',
    about,
    severity: 'note',
    security: true,
    why: 'Many refusals are a script with an old token, or somebody who tries.',
    look(around) {
      const refused = factsOf(around)?.refused;
      if (refused === undefined) return null;
      return refused <= manyRefused
        ? ok(`Refused within a day: ${refused}.`)
        : note(`Refused within a day: ${refused}.`, { command: 'homer audit --refused' });
    },
  },
  {
    id: 'telegram-strangers',
    about: 'telegram',
    severity: 'note',
    security: true,
    why: 'A bot that nobody may talk to answers nobody; and who may talk to it may have your agents work.',
    look(around) {
      const { config } = around;
      const paired = factsOf(around)?.pairedChats;
      const allowed = config?.telegram?.allow.length;
      if (allowed === undefined || paired === undefined) return null;
      if (allowed + paired === 0)
        return note('Nobody may talk to the bot yet.', { command: 'homer telegram pair' });
      return ok(`Chats and people that may talk to the bot: ${allowed + paired}.`);
    },
  },
  {
    id: 'skills-writable',
    about: 'skills',
    severity: 'problem',
    security: true,
    why: 'Whoever may write to a skill decides what your agents read as instructions.',
    look: ({ home, config }) => {
      const roots = [join(home, 'skills'), ...(config?.skills.extraDirs ?? [])];
      const open = roots.flatMap((root) => writableBelow(root, 2));
      return open.length === 0
        ? ok('Nobody else may write to your skills.')
        : open.map((path) =>
            problem(`Everybody may write to ${path}.`, { command: `chmod -R o-w ${quoted(path)}` }),
          );
    },
  },
  {
    id: 'workspaces-writable',
    about: 'workspaces',
    severity: 'problem',
    security: true,
    why: 'Files that others may change are files whose words your agents take for yours.',
    look: ({ home }) => {
      const open = writableBelow(join(home, 'workspaces'), 1);
      return open.length === 0
        ? ok('Nobody else may write to the workspaces.')
        : open.map((path) =>
            problem(`Everybody may write to ${path}.`, { command: `chmod -R o-w ${quoted(path)}` }),
          );
    },
  },
];

/** Those that everybody may write to, down to so many levels; a link is not followed. */
function writableBelow(path: string, levels: number): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if ((found.mode & 0o002) !== 0 && (found.mode & 0o1000) === 0) return [path];
  if (!found.isDirectory() || levels === 0) return [];
  return namesIn(path)
    .slice(0, 1_000)
    .flatMap((name) => writableBelow(join(path, name), levels - 1));
}
