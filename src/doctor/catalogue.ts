// Every check there is. What it says of each stands in docs/doctor.md, which a test holds to this both ways.

import { agentEntries } from './agent-entries.ts';
import type { Check, CheckEntry } from './check.ts';
import { backupChecks } from './checks/backups.ts';
import { configChecks } from './checks/config.ts';
import { containmentChecks } from './checks/containment.ts';
import { daemonChecks } from './checks/daemon.ts';
import { engineChecks } from './checks/engine.ts';
import { homeChecks } from './checks/home.ts';
import { jobChecks } from './checks/jobs.ts';
import { ledgerChecks } from './checks/ledger.ts';
import { logChecks } from './checks/logs.ts';
import { machineChecks } from './checks/machine.ts';
import { serviceChecks } from './checks/service.ts';
import { telegramChecks } from './checks/telegram.ts';
import { tokenChecks } from './checks/tokens.ts';
import { webhookChecks } from './checks/webhooks.ts';

/** In the order in which they are shown. */
export const checks: readonly Check[] = [
  ...daemonChecks,
  ...homeChecks,
  ...configChecks,
  ...ledgerChecks,
  ...backupChecks,
  ...jobChecks,
  ...engineChecks,
  ...telegramChecks,
  ...webhookChecks,
  ...tokenChecks,
  ...serviceChecks,
  ...machineChecks,
  ...logChecks,
  ...containmentChecks,
];

export const noAgent: CheckEntry = {
  id: 'agents-none',
  about: 'agents',
  severity: 'problem',
  why: 'Without an agent only commands can run.',
};

export const unseenAgent: CheckEntry = {
  id: 'agents-unseen',
  about: 'daemon',
  severity: 'problem',
  why: 'A daemon has the PATH of its start: what was installed elsewhere since is not used.',
};

/** With those that need more than a look: at each agent, and at all of them. */
export const catalogue: readonly CheckEntry[] = [
  ...checks,
  ...Object.values(agentEntries),
  noAgent,
  unseenAgent,
];
