import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostBootId } from './process-identity.ts';

const bwrap = ['bwrap', '--dev-bind', '/', '/', '--unshare-pid', '--proc', '/proc', '--'] as const;
const hasNamespaces = spawnSync(bwrap[0], [...bwrap.slice(1), 'true']).status === 0;

test('the boot is the same for every process that sees the same ones', () => {
  const [file, ...args] = askForBoot();
  expect(execFileSync(file, args, { encoding: 'utf8' })).toBe(hostBootId() ?? 'null');
});

test.runIf(hasNamespaces)('a container that was started anew has booted', () => {
  const inside = (): string =>
    execFileSync(bwrap[0], [...bwrap.slice(1), ...askForBoot()], { encoding: 'utf8' });
  const [first, second] = [inside(), inside()];
  expect(first).not.toBe(second);
  const boot = hostBootId()?.split('/', 1)[0];
  for (const id of [first, second]) expect(id).toMatch(new RegExp(`^${boot}/\\d+$`));
});

function askForBoot(): readonly [string, ...string[]] {
  const module = join(import.meta.dirname, 'process-identity.ts');
  const script = `import { hostBootId } from '${module}'; process.stdout.write(String(hostBootId()))`;
  return [process.execPath, '--input-type=module', '-e', script];
}
