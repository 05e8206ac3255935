// What a benchmark found, as a table for a person or as JSON.

export interface Line {
  readonly title: string;
  readonly values: readonly { readonly name: string; readonly value: number; readonly unit: string }[];
  /** The ratios, in words. */
  readonly verdict?: string;
  readonly aim?: string;
  readonly reached?: boolean;
}

export const ratio = (times: number): string => `${times.toFixed(2)} ×`;

export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export function formatLine({ title, values, verdict, aim, reached }: Line): string {
  const figures = values.map(({ name, value, unit }) => `${name} ${formatNumber(value)}${unit}`).join(' · ');
  const parts = [figures, verdict].filter((part) => part !== undefined);
  if (aim !== undefined) parts.push(`${reached === true ? 'reached' : 'FALLS SHORT'} (${aim})`);
  return `${title}\n    ${parts.join('\n    ')}`;
}
