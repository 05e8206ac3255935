// Opens an address in the person's own browser.

import { spawn } from 'node:child_process';

/** False when there is no screen, or nothing that could open it. */
export async function openBrowser(url: string): Promise<boolean> {
  const { DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION } = process.env;
  const isMac = process.platform === 'darwin';
  const hasScreen = isMac ? SSH_CONNECTION === undefined : (DISPLAY ?? WAYLAND_DISPLAY) !== undefined;
  if (!hasScreen) return false;
  return new Promise((resolve) => {
    const child = spawn(isMac ? 'open' : 'xdg-open', [url], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
