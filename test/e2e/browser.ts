// A real browser that looks at Homer's pages, and tells what it was not allowed to do there.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

export interface Visit {
  readonly page: Page;
  /** What its console complained of, requests that failed, and requests to other hosts; in order. */
  readonly complaints: string[];
}

export interface TestBrowser {
  /** A page in a browser that knows nothing yet. */
  visit(url: string): Promise<Visit>;
  close(): Promise<void>;
}

/** The system's Chromium, with a profile of its own and quiet in the background; as root it has no sandbox. */
export async function openBrowser(): Promise<TestBrowser> {
  const home = mkdtempSync(join(tmpdir(), 'homer-browser-'));
  const browser: Browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    env: { PATH: process.env['PATH'] ?? '', HOME: home },
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    async visit(url) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const complaints: string[] = [];
      const { host } = new URL(url);
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('requestfailed', (request) => {
        const why = request.failure()?.errorText ?? '';
        // Whoever goes on to another page wants no answer any more.
        if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()} ${why}`);
      });
      page.on('request', (request) => {
        const wanted = new URL(request.url());
        if (wanted.protocol.startsWith('http') && wanted.host !== host) complaints.push(request.url());
      });
      await page.goto(url);
      return { page, complaints };
    },
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
