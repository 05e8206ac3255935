// Skills that the tests give to real agents, known by what stands in them.

import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** More of a head: what no machine has. */
export const lacking = 'metadata: {"homer":{"requires":{"bins":["no-such-program"]}}}\n';

/** A skill called as its folder, with a file beside it. */
export async function writeSkill(folder: string, description: string, more = ''): Promise<void> {
  await mkdir(folder, { recursive: true });
  const name = basename(folder);
  const text = `---\nname: ${name}\ndescription: ${description}\n${more}---\nBODY-OF-${name}\n`;
  await writeFile(join(folder, 'SKILL.md'), text);
  await writeFile(join(folder, 'more.txt'), `MORE-OF-${name}`);
}
