// The text of the systemd unit. What is set is measured (docs/decisions/0038), and so is what is left out: a setting that lays something
// over /proc, hides the homes or forbids namespaces would take the agents' sandboxes from them.

import { serveArguments, serviceName, type Blueprint } from './blueprint.ts';
import { signed } from './signed-text.ts';

/** The unit as systemd.unit(5), systemd.service(5) and systemd.exec(5) have it. */
export function renderUnit(blueprint: Blueprint): string {
  const { home, scope, account, launcher, variables, systemdVersion } = blueprint;
  const isSystem = scope === 'system';
  const edit = isSystem ? 'systemctl edit' : 'systemctl --user edit';
  // A dollar begins a variable in all but the first word.
  const given = serveArguments(home).map((word) => quoted(word).replaceAll('$', '$$$$'));
  return signed(home, (signature) =>
    lines([
      `# ${signature}`,
      `# Written by \`homer service install\`, which replaces it only while it is as it was written. For changes of your own: ${edit} ${serviceName(home, account)}`,
      '[Unit]',
      `Description=Homer, a personal agent daemon (${literal(home)})`,
      ...(isSystem ? ['Wants=network-online.target', 'After=network-online.target'] : []),
      '# Homer slows itself down when it crashes again and again, and stays reachable meanwhile.',
      'StartLimitIntervalSec=0',
      '',
      '[Service]',
      'Type=notify',
      '# Its messages are sent by a program that Homer starts, systemd-notify(1).',
      'NotifyAccess=all',
      `ExecStart=${[quoted(launcher), ...given].join(' ')}`,
      'ExecReload=/bin/kill -HUP $MAINPID',
      ...(isSystem ? [`User=${account.name}`, 'WorkingDirectory=-~'] : []),
      ...Object.entries(variables).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
      `EnvironmentFile=-${literal(environmentFile(blueprint))}`,
      '',
      '# `homer stop` is meant: 0 is not started again. Nor is what another start cannot mend: usage, a held lock, configuration.',
      'Restart=on-failure',
      'RestartPreventExitStatus=75 78',
      'RestartPreventExitStatus=0 2',
      'RestartSec=5',
      ...((systemdVersion ?? 0) >= 254 ? ['RestartSteps=6', 'RestartMaxDelaySec=300'] : []),
      '# Runs outlive a restart and are adopted by the next start; Homer ends what must end.',
      'KillMode=process',
      '# Homer asks for more when a start or a stop takes longer. The first start may bring a Node and packages.',
      'TimeoutStartSec=600',
      'TimeoutStopSec=90',
      'WatchdogSec=90',
      'WatchdogSignal=SIGKILL',
      '# An agent that takes too much memory is not the end of all others.',
      'OOMPolicy=continue',
      '',
      'NoNewPrivileges=yes',
      'RestrictRealtime=yes',
      ...(isSystem ? ['ProtectSystem=full', 'ProtectKernelModules=yes', 'ProtectClock=yes'] : []),
      '',
      '[Install]',
      `WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}`,
    ]),
  );
}

/** Where a person keeps variables that are nobody else's to read. That of the machine's systemd is read by root: no account chooses it. */
export function environmentFile({
  scope,
  home,
  account,
}: Pick<Blueprint, 'scope' | 'home' | 'account'>): string {
  return scope === 'system' ? `/etc/default/${serviceName(home, account)}` : `${home}/service.env`;
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

/** One word, in the quotes of systemd.syntax(7); `%` begins a specifier everywhere. */
function quoted(word: string): string {
  return `"${literal(word.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;
}

function literal(text: string): string {
  return text.replaceAll('%', '%%');
}
