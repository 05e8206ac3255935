// The option --tz, looked at before anybody is asked: what is wrong with it is said in the words of the command line.

import { nearest } from '../config/nearest.ts';
import { HomerError } from '../core/errors.ts';
import { isTimeZone } from '../core/wall-clock.ts';

/** HOMER_INPUT_INVALID for what is no zone, with the one that was probably meant. */
export function checkZone(zone: string | undefined): void {
  if (zone === undefined || isTimeZone(zone)) return;
  const known = Intl.supportedValuesOf('timeZone');
  const lower = zone.toLowerCase().replaceAll(' ', '_');
  const meant =
    known.find((each) => each.toLowerCase().endsWith(`/${lower}`)) ?? nearest(zone.slice(0, 64), known);
  throw new HomerError('HOMER_INPUT_INVALID', `--tz: there is no time zone ${JSON.stringify(zone)}.`, {
    hint: meant === null ? 'Zones have names like Europe/Berlin, or UTC.' : `Did you mean --tz ${meant}?`,
  });
}
