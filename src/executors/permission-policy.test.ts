import { expect, test } from 'vitest';
import type { Permissions } from '../core/agent.ts';
import { decidePermission, type ToolEffect } from './permission-policy.ts';

const decided = (permissions: Permissions): Record<ToolEffect, string> => {
  const does = (effect: ToolEffect): string => decidePermission('kimi', permissions, 'Bash', effect).do;
  return { read: does('read'), edit: does('edit'), other: does('other') };
};

test('what a setting allows is allowed at once', () => {
  expect(decided('all')).toEqual({ read: 'allow', edit: 'allow', other: 'allow' });
  expect(decided('edits')).toMatchObject({ read: 'allow', edit: 'allow' });
});

test('what a setting does not allow waits for a person', () => {
  expect(decided('ask')).toEqual({ read: 'wait', edit: 'wait', other: 'wait' });
  expect(decided('edits')).toMatchObject({ other: 'wait' });
});

test('none is a hard limit, but for reading', () => {
  expect(decided('none')).toEqual({ read: 'allow', edit: 'deny', other: 'deny' });
});

test('a tool of which nothing is told counts as one that has effects', () => {
  expect(decidePermission('kimi', 'edits', 'Bash')).toEqual(
    decidePermission('kimi', 'edits', 'Bash', 'other'),
  );
});
