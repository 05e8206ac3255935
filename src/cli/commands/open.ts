// `homer open`: logs a browser in.

import type { LoginAnswer } from '../answers.ts';
import { openBrowser } from '../browser.ts';
import { report, type Context } from '../context.ts';
import { connectFrom, refuseInRun } from '../run-access.ts';

export async function open(context: Context, isToPrint: boolean): Promise<number> {
  refuseInRun(context, 'log a browser in');
  const client = await connectFrom(context);
  const { url, expiresAt } = await client.call<LoginAnswer>('logins.offer');
  const isOpened = !isToPrint && !context.json && (await openBrowser(url));
  const { say, errorPalette } = context.terminal;
  if (!context.json)
    say(
      errorPalette.dim(
        isOpened
          ? 'Opening the browser. If nothing comes, open this:'
          : `${isToPrint ? '' : 'There is no browser that can be opened here. '}Open this in a browser:`,
      ),
    );
  report(context, { url, expiresAt }, [url]);
  if (!context.json) say(errorPalette.dim('It is good once, for a minute.'));
  return 0;
}
