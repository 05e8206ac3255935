// What a person should know of a skill before it is installed.

import type { InstallPreview } from '../skills/open.ts';
import { count, fold, oneLine, table, type Cell } from './format.ts';
import type { Terminal } from './terminal.ts';

const mostShown = 40;

/** The preview as a document: all of it but the bytes. */
export function previewDocument(preview: InstallPreview): Record<string, unknown> {
  const { head, content, origin, runnables, open, place, eligibility, hints, stronger, weaker } = preview;
  return {
    name: head.name,
    description: head.description,
    from: origin,
    path: place.path,
    digest: content.digest,
    bytes: content.bytes,
    files: content.files,
    links: content.links,
    requires: head.requires,
    eligible: eligibility.eligible,
    missing: eligibility.missing,
    install: hints,
    runs: runnables,
    worldWritable: open,
    hiddenBy: stronger,
    hides: weaker,
  };
}

export function previewLines(preview: InstallPreview, { palette, columns }: Terminal): string[] {
  const { head, content, origin, place } = preview;
  const heading = (text: string): string[] => ['', palette.dim(text)];
  const rows = content.files
    .slice(0, mostShown)
    .map(({ path, size, executable }): Cell[] => [
      { text: `${size} B`.padStart(12) },
      { text: oneLine(path) + (executable ? '  (executable)' : '') },
    ]);
  const more = content.files.length - rows.length;
  return [
    `${palette.bold(oneLine(head.name))} from the ${origin.kind} ${oneLine(origin.path)}${origin.commit === null ? '' : ` at ${origin.commit}`}`,
    ...fold(oneLine(head.description), columns),
    ...heading(`${count(content.files.length, 'file')}, ${content.bytes} bytes, ${content.digest}`),
    ...table(rows, columns),
    ...(more > 0 ? [`              … and ${more} more`] : []),
    ...content.links.map(({ path, target }) => oneLine(`              ${path} → ${target}`)),
    ...section(heading('it could run'), runLines(preview)),
    ...section(heading('it needs'), needLines(preview)),
    ...section(heading('think about this'), doubtLines(preview).map(palette.needs)),
    ...heading('it goes to'),
    `  ${place.path}`,
    '',
  ];
}

function section(heading: readonly string[], lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...heading, ...lines.map((line) => `  ${line}`)];
}

function runLines({ runnables }: InstallPreview): string[] {
  const { scripts, commands, allowedTools, hooks } = runnables;
  return [
    ...commands.map((command) => `at once, when it is read: ${oneLine(command)}`),
    ...(hooks ? ['hooks, at every step of the agent'] : []),
    ...(allowedTools === null ? [] : [`tools without being asked: ${oneLine(allowedTools)}`]),
    // All of them: what is not shown here is what somebody would hide.
    ...scripts.map(oneLine),
  ];
}

function needLines({ head, eligibility, hints }: InstallPreview): string[] {
  const { missing } = eligibility;
  const state = (lacks: boolean): string => (lacks ? 'missing here' : 'here');
  const { bins, anyBins, env, config, os } = head.requires;
  return [
    ...bins.map((name) => `program ${name}: ${state(missing.bins.includes(name))}`),
    ...(anyBins.length === 0 ? [] : [`one of ${anyBins.join(', ')}: ${state(missing.anyBins.length > 0)}`]),
    ...env.map((name) => `variable ${name}: ${state(missing.env.includes(name))}`),
    ...config.map((path) => `${path} in \`skills.config\`: ${state(missing.config.includes(path))}`),
    ...(os.length === 0
      ? []
      : [`${os.join(' or ')}: ${missing.os.length > 0 ? 'not this system' : 'this system'}`]),
    ...hints.map(({ text }) => `its author suggests: ${text}`),
  ].map(oneLine);
}

function doubtLines({ open, stronger, weaker }: InstallPreview): string[] {
  return [
    ...open.map(
      (path) => `${path === '' ? 'its folder' : path} can be changed by every user of this machine`,
    ),
    ...stronger.map((path) => `it will not be used: ${path} has the same name and a higher precedence`),
    ...weaker.map((path) => `it takes the place of ${path}`),
  ].map(oneLine);
}
