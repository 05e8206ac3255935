// Errors of looking at skills and installing them.

import type { ErrorEntry } from './error-entry.ts';

export const skillErrors = {
  HOMER_SKILL_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such skill',
    hint: '`homer skills` lists those that were found; -C DIR looks from another directory.',
  },
  HOMER_SKILL_SOURCE: {
    status: 400,
    exit: 1,
    title: 'There is nothing here that could be installed',
    hint: 'Name a folder, a checkout or a tarball (.tar, .tar.gz) that can be read.',
  },
  HOMER_SKILL_INVALID: {
    status: 400,
    exit: 1,
    title: 'This is not a skill',
    hint: 'A skill is a folder with a SKILL.md whose head gives a name and a description.',
  },
  HOMER_SKILL_PATH: {
    status: 400,
    exit: 1,
    title: 'The skill holds a path that leads out of it or means trouble',
    hint: 'Do not trust it: nothing was written. Ask its author for one with plain relative names.',
  },
  HOMER_SKILL_LINK: {
    status: 400,
    exit: 1,
    title: 'The skill holds a link that is not one to its own files',
    hint: 'Nothing was written. Replace the link by the file it should be.',
  },
  HOMER_SKILL_SPECIAL_FILE: {
    status: 400,
    exit: 1,
    title: 'The skill holds a device, a pipe or another thing that is not a file',
    hint: 'Do not trust it: nothing was written.',
  },
  HOMER_SKILL_TOO_LARGE: {
    status: 413,
    exit: 1,
    title: 'The skill is too large to be one',
    hint: 'Nothing was written. docs/skills.md has the limits; large data belongs outside of a skill.',
  },
  HOMER_SKILL_EXISTS: {
    status: 409,
    exit: 1,
    title: 'Another skill is installed under this name',
    hint: 'Choose another with --name, or remove the folder that is named.',
  },
  HOMER_SKILL_KEPT: {
    status: 409,
    exit: 1,
    title: 'The skill is not as Homer installed it',
    hint: 'Nothing was removed. Look at what is in the folder, and remove it yourself.',
  },
} as const satisfies Record<string, ErrorEntry>;
