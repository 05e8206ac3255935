// One line that tells a person what a tool call is about.

import { fieldsOf, itemsOf, textOf } from './json-fields.ts';

const maxCharacters = 160;
/** Enough that a secret which begins in what is shown also ends in it. */
const hiddenCharacters = 64 * 1024;

/** Takes secrets out of a text. */
type Hide = (text: string) => string;
const shown: Hide = (text) => text;

// What names a call best, first match wins; the names are those of Claude Code's tools and of most MCP servers.
const tellingFields = [
  'command',
  'file_path',
  'notebook_path',
  'path',
  'url',
  'query',
  'pattern',
  'description',
];

/** The command, the file, the address …; empty when the input tells nothing in one line. */
export function summariseInput(input: unknown, hide: Hide = shown): string {
  const fields = fieldsOf(input) ?? {};
  for (const name of tellingFields) {
    const text = textOf(fields[name]);
    if (text !== null && text.trim() !== '') return oneLine(text, hide);
  }
  const first = Object.values(fields).find((value) => typeof value === 'string' && value.trim() !== '');
  return oneLine(textOf(first) ?? '', hide);
}

/** The first line of what a tool gave back, given as text or as a list of content blocks. */
export function summariseOutput(content: unknown, hide: Hide = shown): string {
  const text =
    textOf(content) ?? textOf(itemsOf(content).find((block) => block['type'] === 'text')?.['text']);
  return oneLine(text ?? '', hide);
}

function oneLine(text: string, hide: Hide): string {
  // Only the start is looked at: tools give back megabytes.
  // Secrets are taken out before what is left is cut.
  const lines = hide(text.slice(0, hiddenCharacters))
    .slice(0, 4 * maxCharacters)
    .trim()
    .split('\n');
  const line = (lines[0] ?? '').trimEnd();
  if (line.length > maxCharacters) return `${line.slice(0, maxCharacters - 1)}…`;
  return lines.length > 1 ? `${line} …` : line;
}
