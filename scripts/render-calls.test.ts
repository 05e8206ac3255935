import { expect, test } from 'vitest';
import { renderCalls } from './render-calls.ts';

test('the types of homer/client are those of the registry', async () => {
  await expect(renderCalls()).toMatchFileSnapshot('../src/client/calls.ts');
});
