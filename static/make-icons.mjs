// Writes img/icons.svg from Fluent UI System Icons.
//
//   npm install @fluentui/svg-icons
//   node static/make-icons.mjs > static/img/icons.svg        (run where node_modules is)
//
// Drawings of 24 px stand alone, in a disc or a list; those of 20 px beside text. Only the
// paths are taken. A page uses one by <use href="(address of icons.svg)#i-phone">.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const manifest = require.resolve('@fluentui/svg-icons/package.json');
const { version } = require('@fluentui/svg-icons/package.json');

const icons = {
  // kinds of contacts and methods
  phone: 'phone_24_regular',
  call: 'call_24_regular', // alternate phone
  computer: 'desktop_24_regular',
  desk: 'fax_20_regular', // office phone
  mail: 'mail_24_regular',
  shield: 'shield_checkmark_24_regular', // Authenticator
  codeapp: 'phone_screen_time_24_regular',
  token: 'password_clock_24_regular',
  finger: 'fingerprint_24_regular', // Windows Hello
  passkey: 'person_passkey_24_regular',
  key: 'key_24_regular',
  ticket: 'ticket_diagonal_24_regular', // Temporary Access Pass
  unknown: 'question_circle_24_regular',
  chat: 'chat_24_regular', // text message
  // states
  check: 'checkmark_circle_20_filled',
  clock: 'clock_20_regular',
  warn: 'warning_20_filled',
  error: 'error_circle_20_filled',
  info: 'info_20_regular',
  cross: 'dismiss_circle_20_filled',
  minus: 'subtract_circle_20_regular',
  keep: 'lock_closed_20_regular',
  // how far something is
  done: 'checkmark_circle_24_filled',
  now: 'arrow_circle_right_24_filled',
  sync: 'arrow_sync_24_regular',
  circle: 'circle_24_regular',
  // what one can do
  back: 'chevron_left_20_regular',
  next: 'chevron_right_20_regular',
  move: 'phone_arrow_right_24_regular',
  out: 'sign_out_24_regular',
  lock: 'lock_closed_24_regular',
  refresh: 'arrow_clockwise_20_regular',
};

const symbol = ([id, file]) => {
  const drawing = readFileSync(join(dirname(manifest), 'icons', `${file}.svg`), 'utf8');
  const size = /viewBox="([\d. ]+)"/.exec(drawing)[1];
  const paths = [...drawing.matchAll(/<path [^>]*?\bd="([^"]+)"/g)].map(([, d]) => `<path d="${d}"/>`);
  return `<symbol id="i-${id}" viewBox="${size}">${paths.join('')}</symbol>`;
};

// Rekey's own sign, a phone with a keyhole: for an organisation without one of its own.
const sign = '<symbol id="i-sign" viewBox="0 0 28 28"><path d="M10.5 1.5h7A3.5 3.5 0 0 1 21 5v18a3.5 3.5 0 0 1-3.5 3.5h-7A3.5 3.5 0 0 1 7 23V5a3.5 3.5 0 0 1 3.5-3.5ZM14 8a3.25 3.25 0 0 0-1.85 5.92L11 19.25h6l-1.15-5.33A3.25 3.25 0 0 0 14 8Z" fill-rule="evenodd"/></symbol>';

process.stdout.write([
  '<svg xmlns="http://www.w3.org/2000/svg">',
  `<!-- Fluent UI System Icons ${version}, copyright (c) 2020 Microsoft Corporation, MIT licence. Made by make-icons.mjs. -->`,
  ...Object.entries(icons).map(symbol),
  sign,
  '</svg>',
].join('\n') + '\n');
