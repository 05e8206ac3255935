// Opens the worker of this host, as the command line asks for it.

import { loadConfig } from '../config/load.ts';
import { wireOf } from '../engine/open.ts';
import type { Lock } from '../lifecycle/lock.ts';
import type { RunnerCommand } from '../worker/runner-process.ts';
import { runHost } from './host.ts';
import { settleSettings, type GivenSettings } from './settings.ts';

export interface OpenHostOptions {
  readonly lock: Lock;
  readonly home: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userHome: string;
  readonly given: GivenSettings;
  readonly readInput: () => Promise<string | null>;
  readonly runner?: RunnerCommand;
}

/** Runs until it is stopped; resolves with the exit code. Throws what `settleSettings` and a bad configuration throw. */
export async function openHost({ given, readInput, ...options }: OpenHostOptions): Promise<number> {
  const { config } = loadConfig(options.home, options);
  const settings = await settleSettings(options.home, given, config.engine, readInput);
  const openWire = wireOf(settings.engine, options.env);
  if (openWire === null) throw new Error('The engine of a worker reaches its daemon.');
  return runHost({ ...options, ...settings, openWire });
}
