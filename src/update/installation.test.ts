import { expect, test } from 'vitest';
import { compareVersions, readManifest } from './installation.ts';

test('the newest of the tags is found by its numbers', () => {
  const tags = ['v0.10.0', '0.2.9', 'latest', 'v0.2.10', '0.9.1'];
  expect(tags.toSorted(compareVersions)).toEqual(['latest', '0.2.9', 'v0.2.10', '0.9.1', 'v0.10.0']);
});

test('a package of the same name that does not know trials is told from ours', () => {
  const manifest = { name: 'homer', version: '1.0.0' };
  expect(readManifest(JSON.stringify(manifest))?.knowsTrial).toBe(false);
  expect(readManifest(JSON.stringify({ ...manifest, homer: { trial: 1 } }))?.knowsTrial).toBe(true);
  for (const text of ['', 'null', '[]', '{"name":1}']) expect(readManifest(text)).toBe(null);
});
