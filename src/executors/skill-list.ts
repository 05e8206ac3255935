// The skills of a turn as text, for agents that cannot be handed a folder of skills in their own way.

import type { OfferedSkill } from '../core/skill.ts';

/** A list that is longer would crowd out the task. */
const mostBytes = 24 * 1024;
const longestDescription = 300;

const rule =
  'Skills: folders of instructions for certain kinds of task. When the task below fits the description of one, read its ' +
  'SKILL.md first and follow it; paths in it are relative to its folder. Only these are there now:';

/** What is said before the prompt; null when there is nothing to offer. Descriptions are cut, and so is a list that is too long. */
export function writeSkillList(skills: readonly OfferedSkill[]): string | null {
  if (skills.length === 0) return null;
  const lines = [rule];
  let bytes = 0;
  for (const [index, skill] of skills.entries()) {
    const line = `- ${oneLine(skill.name)}: ${shorten(oneLine(skill.description))} (${skill.path})`;
    bytes += Buffer.byteLength(line, 'utf8') + 1;
    if (bytes > mostBytes) {
      lines.push(`- and ${skills.length - index} more, in the folders beside these`);
      break;
    }
    lines.push(line);
  }
  return lines.join('\n');
}

/** A description is data: it stays on its line and cannot begin another. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

function shorten(text: string): string {
  if (text.length <= longestDescription) return text;
  // Not in the middle of a letter that takes two.
  return `${text.slice(0, longestDescription - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
