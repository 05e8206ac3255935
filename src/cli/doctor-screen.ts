// What `homer doctor` found, for people: what to mend first, then the agents, then the machine.

import type { AgentFinding, DoctorReport } from '../doctor/report.ts';
import { count, fold, oneLine, table, type Cell } from './format.ts';
import type { Terminal } from './terminal.ts';

const labelWidth = 15;

/** The lines of the screen. */
export function drawDoctor(found: DoctorReport, { palette, columns }: Terminal): string[] {
  const all = [...found.findings, ...found.agents.flatMap(({ findings }) => findings)];
  const problems = all.filter(({ level }) => level === 'problem');
  const headline =
    problems.length === 0 ? 'All that is needed is there.' : `${count(problems.length, 'thing')} to mend.`;
  const dot = columns === null ? '' : `${problems.length === 0 ? palette.ok('●') : palette.bad('●')} `;
  const step = (text: string | null, indent: string): string[] =>
    text === null ? [] : fold(oneLine(text), columns, indent).map(palette.dim);
  const withLines = (text: string): string[] =>
    text.split('\n').flatMap((line, index) => fold(oneLine(line), columns, index === 0 ? '  ' : '    '));
  const lines = [`${dot}${palette.bold(headline)}`];
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push('', palette.dim(title), ...body);
  };

  section(
    'To mend',
    problems.flatMap((problem) => [
      ...withLines(`${problem.about}: ${problem.text}`).map(palette.bad),
      ...step(problem.step, '    '),
    ]),
  );
  const rows = found.agents.map((agent): Cell[] => [
    { text: oneLine(agent.name), paint: agent.path === null ? palette.dim : palette.bold },
    { text: oneLine(agent.version ?? (agent.path === null ? 'not found' : '')) },
    { text: signInText(agent), paint: agent.signedIn === 'yes' ? palette.ok : palette.needs },
    { text: agent.sandbox === 'workspace' ? 'sandbox' : '', paint: palette.ok },
    { text: oneLine(whereText(agent)), paint: palette.dim },
  ]);
  const drawn = table(rows, columns, '  ');
  const bare = table(
    rows.map((row) => row.slice(0, -1)),
    columns,
    '  ',
  );
  section(
    'Agents',
    found.agents.flatMap((agent, index) => {
      const line = drawn[index] ?? '';
      const toCopy = agent.path === null && agent.install !== null ? whereText(agent) : '';
      // What is to be copied is whole or of no use: where it does not fit it has a line of its own, and is never cut.
      return line.includes(toCopy) ? [line] : [bare[index] ?? '', `    ${palette.dim(toCopy)}`];
    }),
  );
  const notes = all.filter(({ level }) => level === 'note');
  section(
    'Good to know',
    notes.flatMap((note) => [...withLines(`${note.about}: ${note.text}`), ...step(note.step, '    ')]),
  );
  const well = Map.groupBy(
    found.findings.filter(({ level }) => level === 'ok'),
    ({ about }) => about,
  );
  section(
    'In order',
    [...well].flatMap(([about, findings]) => {
      const text = findings.map((each) => oneLine(each.text)).join(' ');
      const [first = '', ...more] = fold(text, columns, ' '.repeat(labelWidth));
      return [`  ${palette.dim(about.padEnd(labelWidth - 2))}${first.trimStart()}`, ...more];
    }),
  );
  if (all.some(({ fixable }) => fixable)) lines.push('', 'Some of this `homer doctor --fix` mends.');
  return lines;
}

function signInText({ kind, path, signedIn, signedInBy }: AgentFinding): string {
  if (path === null) return '';
  if (signedIn === 'yes') return `signed in by ${signedInBy ?? 'itself'}`;
  if (signedIn === 'no') return 'not signed in';
  return kind === 'command' ? '' : 'sign-in not known';
}

function whereText({ path, node, install, isDefault }: AgentFinding): string {
  if (path === null) return install === null ? '' : `install: ${install}`;
  const runsOn = node === null ? '' : ` (Node ${node.version ?? 'not found'}${needsText(node.needs)})`;
  return `${path}${runsOn}${isDefault ? ', the default' : ''}`;
}

function needsText(range: string | null): string {
  return range === null ? '' : `, needs ${range}`;
}
