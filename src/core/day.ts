// The calendar day of this host, by which budgets are counted. It may have 23 or 25 hours.

/** "2026-03-01", in local time. */
export function dayOf(at: number): string {
  const time = new Date(at);
  const digits = (value: number, width: number): string => String(value).padStart(width, '0');
  return `${digits(time.getFullYear(), 4)}-${digits(time.getMonth() + 1, 2)}-${digits(time.getDate(), 2)}`;
}

/** When the next day begins, ms since the epoch. */
export function nextDayAt(at: number): number {
  const time = new Date(at);
  return new Date(time.getFullYear(), time.getMonth(), time.getDate() + 1).getTime();
}
