import { expect, test } from 'vitest';
import type { AgentFinding, DoctorReport } from '../doctor/report.ts';
import { drawDoctor } from './doctor-screen.ts';
import type { Palette, Terminal } from './terminal.ts';

const text = (value: string): string => value;
const palette: Palette = { dim: text, bold: text, ok: text, needs: text, bad: text, live: text };

const agent = (over: Partial<AgentFinding>): AgentFinding => ({
  name: 'pi',
  kind: 'pi',
  configured: false,
  isDefault: false,
  path: null,
  version: null,
  node: null,
  signedIn: null,
  signedInBy: null,
  sandbox: 'none',
  install: 'npm install -g @earendil-works/pi-coding-agent',
  findings: [],
  ...over,
});

test('the command that installs an agent is never cut, however narrow the terminal', () => {
  const long = agent({
    name: 'claude',
    version: '2.1.330',
    path: '/bin/claude',
    install: null,
    signedIn: 'yes',
  });
  const found: DoctorReport = {
    isolation: 'sweep',
    agents: [{ ...long, signedInBy: '~/.claude/.credentials.json' }, agent({})],
    findings: [],
  };
  for (const columns of [200, 80, 30]) {
    const lines = drawDoctor(found, { palette, columns } as Terminal);
    expect(lines.join('\n')).toContain('install: npm install -g @earendil-works/pi-coding-agent');
    expect(lines.some((line) => line.startsWith('  pi') && line.includes('not found'))).toBe(true);
  }
});
