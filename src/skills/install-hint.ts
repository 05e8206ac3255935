// How an author says that what a skill needs can be had. Only what can safely be shown as a command line is kept.

import { isMapping, listOf, own, stringOf } from './loose-value.ts';
import type { Mapping } from './loose-value.ts';
import type { InstallHint } from './skill.ts';

// No spaces, no quotes, nothing a shell would read, and no dash at the beginning.
const word = /^[A-Za-z0-9@][A-Za-z0-9@+._~/[\]=-]*$/;

const commands: Readonly<Record<InstallHint['kind'], (spec: Mapping) => string | null>> = {
  brew: (spec) =>
    command('brew install', own(spec, 'formula')) ?? command('brew install --cask', own(spec, 'cask')),
  node: (spec) => command('npm install -g', own(spec, 'package')),
  go: (spec) => command('go install', own(spec, 'module')),
  uv: (spec) => command('uv tool install', own(spec, 'package')),
  download: (spec) => address(own(spec, 'url')),
};

/** The hints that are understood, in their order; the others are dropped without a word, since nothing hangs on them. */
export function readInstallHints(value: unknown): readonly InstallHint[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((spec: unknown): InstallHint[] => {
    if (!isMapping(spec)) return [];
    const kind = (stringOf(own(spec, 'kind')) ?? stringOf(own(spec, 'type')) ?? '').toLowerCase();
    if (!isKind(kind)) return [];
    const text = commands[kind](spec);
    if (text === null) return [];
    return [{ kind, text, bins: listOf(own(spec, 'bins')) ?? [], os: listOf(own(spec, 'os')) ?? [] }];
  });
}

function isKind(text: string): text is InstallHint['kind'] {
  return Object.hasOwn(commands, text);
}

function command(start: string, value: unknown): string | null {
  const text = stringOf(value);
  return text !== null && word.test(text) && !text.includes('..') ? `${start} ${text}` : null;
}

function address(value: unknown): string | null {
  const text = stringOf(value) ?? '';
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === 'http:' ? `download ${url.href}` : null;
}
