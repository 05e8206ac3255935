// How a service is, for people and as a document.

import type { Installation, InstalledService, ServiceCondition } from '../service/open.ts';
import { count, oneLine, sentence } from './format.ts';

/** What installing would do. */
export function drawInstallation({ draft, text, change }: Installation): string[] {
  const said = {
    new: 'This would be written, and started at once:',
    changed: 'This would be written instead of what Homer wrote there before:',
    same: 'This is written there already:',
  };
  return [
    draft.file,
    said[change],
    '',
    ...text
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '',
    ...(draft.withheld.length === 0
      ? []
      : [
          `Not in it, since passwords are: ${draft.withheld.join(', ')}. Put them into ${draft.privateFile} (mode 0600).`,
        ]),
  ];
}

export interface ServiceDocument extends ServiceCondition {
  readonly name: string;
  readonly keeper: 'systemd' | 'launchd';
  readonly scope: 'user' | 'system';
  readonly file: string;
  readonly home: string;
}

export function serviceDocument(service: InstalledService, condition: ServiceCondition): ServiceDocument {
  const { name, keeper, scope, file, home } = service;
  return { name, keeper, scope, file, home, ...condition };
}

const words: Readonly<Record<ServiceCondition['state'], string>> = {
  running: 'runs',
  standby: 'stands by and takes over when the Homer that runs ends',
  starting: 'is starting',
  stopping: 'is stopping',
  stopped: 'is stopped',
  failed: 'has failed and is not started again',
};

export function serviceLines(service: InstalledService, condition: ServiceCondition): string[] {
  const { name, scope, keeper, file } = service;
  const { state, failure, restarts, isEnabled, isLingering, says } = condition;
  const whose = scope === 'system' ? 'of the machine' : 'of your account';
  const again = restarts === null || restarts === 0 ? '' : ` It was restarted ${count(restarts, 'time')}.`;
  const why = failure === null ? '' : ` (${oneLine(failure)})`;
  return [
    `The service ${name} (${keeper}, ${whose}) ${words[state]}${why}.${again}`,
    ...(says === '' || state === 'stopped' || state === 'failed' ? [] : [`  ${sentence(oneLine(says))}`]),
    `  ${file}`,
    `  ${begins(scope, isEnabled, isLingering)}`,
  ];
}

function begins(scope: 'user' | 'system', isEnabled: boolean, isLingering: boolean | null): string {
  if (!isEnabled) return 'It is not started by itself: it is not enabled.';
  if (scope === 'system') return 'It is started at boot.';
  if (isLingering === true)
    return 'It is started at boot and runs also while you are not logged in (lingering).';
  return 'It runs while you are logged in, and ends with your last session; `homer service install --linger` has it from boot on.';
}
