// The session of an ACP agent, as it announces what it can do with one.

import { request } from './acp-protocol.ts';
import { fieldsOf, itemsOf, textOf, type Fields } from './json-fields.ts';

/** One more request, made when its id is known. */
export type Request = (id: number) => string;

/** The method that goes on in a session, of those the agent has: resuming replays nothing, loading the whole history. */
export function openingOf(capabilities: Fields): 'session/resume' | 'session/load' | null {
  if (fieldsOf(fieldsOf(capabilities['sessionCapabilities'])?.['resume']) !== null) return 'session/resume';
  return capabilities['loadSession'] === true ? 'session/load' : null;
}

export interface Wanted {
  /** Null: whatever mode the session is in. */
  readonly mode: string | null;
  /** Null: the agent's own choice. */
  readonly model: string | null;
}

/**
 * What has to be set before the prompt, since the session (the answer that opened it) has it otherwise; or the rest of a
 * sentence on what cannot be set.
 */
export function settingsFor(
  session: Fields,
  sessionId: string,
  wanted: Wanted,
): readonly Request[] | { readonly problem: string } {
  const requests: Request[] = [];
  const mode = wanted.mode;
  if (mode !== null && offersMode(session, mode))
    requests.push((id) => request(id, 'session/set_mode', { sessionId, modeId: mode }));
  const model = wanted.model;
  if (model === null || model === modelOf(session)) return requests;
  const option = modelOption(session);
  const configId = textOf(option?.['id']);
  if (option === null || configId === null) return { problem: 'offers no choice of a model.' };
  const offered = itemsOf(option['options']).map((choice) => textOf(choice['value']) ?? '');
  if (!offered.includes(model))
    return { problem: `does not offer the model ${model}; it has ${offered.slice(0, 20).join(', ')}.` };
  requests.push((id) => request(id, 'session/set_config_option', { sessionId, configId, value: model }));
  return requests;
}

/** The model the session is with; null when it is not told. */
export function modelOf(session: Fields): string | null {
  return (
    textOf(modelOption(session)?.['currentValue']) ?? textOf(fieldsOf(session['models'])?.['currentModelId'])
  );
}

function modelOption(session: Fields): Fields | null {
  return itemsOf(session['configOptions']).find((option) => option['category'] === 'model') ?? null;
}

function offersMode(session: Fields, mode: string): boolean {
  const modes = fieldsOf(session['modes']) ?? {};
  if (modes['currentModeId'] === mode) return false;
  return itemsOf(modes['availableModes']).some((offered) => offered['id'] === mode);
}
