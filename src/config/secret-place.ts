// Where in config.yaml a secret may stand as text.

const places = [
  'alerts.ping',
  'alerts.to.*.webhook',
  'alerts.to.*.ntfy',
  'alerts.to.*.token',
  'engine.url',
  'executors.*.setEnv.*',
  'skills.entries.*.apiKey',
  'skills.entries.*.env.*',
  'telegram.token',
  'telegram.secret',
  'webhooks.*.secret',
].map((place) => place.split('.'));

/** Whether this is the place of a secret, as config.yaml has it. Pure. */
export function isSecretPlace(path: readonly PropertyKey[]): boolean {
  return places.some(
    (place) =>
      place.length === path.length &&
      place.every((part, index) => part === '*' || part === String(path[index])),
  );
}
