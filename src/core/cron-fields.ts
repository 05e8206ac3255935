// Whether a text is a cron expression: told without the library that reads it, so that the configuration can be checked alone.

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const second: Field = { name: 'second', min: 0, max: 59 };
const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of the month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: months },
  // 7 is Sunday too.
  { name: 'day of the week', min: 0, max: 7, names: weekdays },
];

const longest = 200;

/**
 * Null when it is one, else what is wrong, to stand behind the expression. Five fields, or six with seconds first; lists, ranges,
 * steps, names of months and weekdays, `L` for the last day of a month, `FRI#2` and `FRI#L` for the second and last Friday.
 */
export function cronProblem(text: string): string | null {
  if (text.length > longest) return `is longer than ${longest} characters`;
  const parts = text.trim().split(/ +/);
  if (parts.length !== 5 && parts.length !== 6)
    return 'is not a cron expression of five fields (minute hour day month weekday), or six with seconds first';
  const known = parts.length === 6 ? [second, ...fields] : fields;
  for (const [index, field] of known.entries()) {
    const part = parts[index] ?? '';
    if (!part.split(',').every((each) => isEntry(each, field)))
      return `has "${part}" as its ${field.name}, which is not possible there`;
  }
  return null;
}

function isEntry(text: string, field: Field): boolean {
  if (field.name === 'day of the month' && text === 'L') return true;
  const nth = field.name === 'day of the week' ? /^([A-Za-z0-9]+)#([1-5L])$/.exec(text) : null;
  if (nth !== null) return valueOf(nth[1] ?? '', field) !== null;
  const [, range = '', step] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (step !== undefined && (Number(step) < 1 || Number(step) > field.max)) return false;
  if (range === '*') return true;
  const [, from = '', to] = /^([A-Za-z0-9]+)(?:-([A-Za-z0-9]+))?$/.exec(range) ?? [];
  const first = valueOf(from, field);
  if (first === null) return false;
  // A step needs something to step through.
  if (to === undefined) return step === undefined;
  const last = valueOf(to, field);
  return last !== null && last >= first;
}

function valueOf(text: string, { min, max, names }: Field): number | null {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  const value = named >= 0 ? named + min : /^\d{1,2}$/.test(text) ? Number(text) : -1;
  return value >= min && value <= max ? value : null;
}
