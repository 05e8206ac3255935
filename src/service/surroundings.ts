// What a service has to be told because it is started by nobody who is logged in: whose it is, and where programs are found.

import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { baseVariables } from '../config/run-variables.ts';
import { HomerError } from '../core/errors.ts';
import { askKeeper, order } from './ask-keeper.ts';
import type { Account } from './blueprint.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The account of this process. */
export function ownAccount(userHome: string): Account {
  const { username, uid } = userInfo();
  return { name: username, uid, home: userHome };
}

/** An account of this machine; HOMER_USAGE when there is none of that name. */
export async function accountNamed(name: string): Promise<Account> {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*\$?$/.test(name))
    throw new HomerError('HOMER_USAGE', `${name} is no name of an account.`);
  const { code, output } = await askKeeper(['getent', 'passwd', name]);
  // passwd(5): name, password, uid, gid, comment, home, shell.
  const [, , uid, , , home] = output.trim().split(':');
  if (code !== 0 || uid === undefined || home === undefined)
    throw new HomerError('HOMER_USAGE', `There is no account ${name} on this machine.`);
  return { name, uid: Number(uid), home };
}

/** The PATH of an account as its login shell sets it; only root may look at that of another. */
export async function loginPath(account: Account): Promise<string> {
  const printed = await order(['su', '-l', account.name, '-c', 'printenv PATH']);
  // What the shell's own files print comes first.
  return printed.trimEnd().split('\n').at(-1) ?? '';
}

/** Where every system has its programs, after all that the caller's PATH names. */
const usualPlaces = ['/usr/local/bin', '/usr/bin', '/bin'];

/** Absolute directories only, each once, and none that npm puts there for as long as a script of its runs. */
export function recordedPath(path: string): string {
  const places = path.split(':').filter((place) => isAbsolute(place) && !place.includes('/node_modules/'));
  return [...new Set([...places, ...usualPlaces])].join(':');
}

/** What of the contract's base list is not given by the keeper itself, and stays right when nobody is logged in. */
const notRecorded = new Set<string>(['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'SSH_AUTH_SOCK']);
const ownVariables = ['HOMER_PORT', 'HOMER_LOG'];

/**
 * What of the caller's environment the service is given, PATH first. `withheld` names what it is not: a proxy with a password, in a
 * file that others may read.
 */
export function recordedVariables(
  path: string,
  env: Environment,
): { readonly variables: Readonly<Record<string, string>>; readonly withheld: readonly string[] } {
  const found = [...baseVariables.filter((name) => !notRecorded.has(name)), ...ownVariables].flatMap(
    (name) => {
      const value = env[name];
      return value === undefined || value === '' || /[\r\n]/.test(value) ? [] : [[name, value] as const];
    },
  );
  const isSecret = ([, value]: readonly [string, string]): boolean => /:\/\/[^/]*@/.test(value);
  return {
    variables: { PATH: recordedPath(path), ...Object.fromEntries(found.filter((each) => !isSecret(each))) },
    withheld: found.filter(isSecret).map(([name]) => name),
  };
}
