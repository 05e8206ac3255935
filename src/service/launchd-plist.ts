// The text of the launchd agent, launchd.plist(5). launchd starts again when any of several conditions of KeepAlive holds, so there is
// only one: an exit that was no success. It has no list of exit codes; `--standby` keeps a second instance from ending at all.

import { serveArguments, type Blueprint } from './blueprint.ts';
import { signed } from './signed-text.ts';

/** After the drain: what is closed then, with time to spare. */
const closingSeconds = 60;

export function renderPlist(label: string, blueprint: Blueprint): string {
  const { home, launcher, variables, drainMs } = blueprint;
  const log = text(`${home}/logs/daemon.log`);
  const entries = Object.entries(variables).map(([name, value]) => `    ${key(name)}${text(value)}`);
  return signed(home, (signature) =>
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
      `<!-- ${signature} -->`,
      '<plist version="1.0">',
      '<dict>',
      `  ${key('Label')}${text(label)}`,
      `  ${key('ProgramArguments')}`,
      '  <array>',
      ...[launcher, ...serveArguments(home)].map((word) => `    ${text(word)}`),
      '  </array>',
      `  ${key('EnvironmentVariables')}`,
      '  <dict>',
      ...entries,
      '  </dict>',
      `  ${key('RunAtLoad')}<true/>`,
      `  ${key('KeepAlive')}`,
      '  <dict>',
      `    ${key('SuccessfulExit')}<false/>`,
      '  </dict>',
      `  ${key('ThrottleInterval')}<integer>30</integer>`,
      `  ${key('ExitTimeOut')}<integer>${Math.ceil(drainMs / 1000) + closingSeconds}</integer>`,
      `  ${key('AbandonProcessGroup')}<true/>`,
      `  ${key('ProcessType')}<string>Interactive</string>`,
      `  ${key('StandardOutPath')}${log}`,
      `  ${key('StandardErrorPath')}${log}`,
      '</dict>',
      '</plist>',
      '',
    ].join('\n'),
  );
}

function key(name: string): string {
  return `<key>${escaped(name)}</key>`;
}

function text(value: string): string {
  return `<string>${escaped(value)}</string>`;
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
